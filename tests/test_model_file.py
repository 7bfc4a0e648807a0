import io
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray

import headline_score
from headline_score import Model, ModelFileError
from headline_score.arrays import LARGEST, Archive, Member, array, assembled, deflated, npy
from headline_score.features import NAME
from headline_score.lookup import SCATTER
from headline_score.model_file import (
    ARRAYS,
    LISTS,
    MOST_HEADER,
    MOST_WORDS,
    SHARED,
    TFIDF,
    Header,
    Parameters,
    sealed,
    write,
)
from headline_score.result import Explanation, Score
from headline_score.tfidf import Options
from headline_score.tfidf_file import TfidfParameters
from headline_score.vocabulary import FIRST_WORD

SHIPPED = Path(headline_score.__file__).with_name("model.npz")
Arrays = dict[str, NDArray[Any]]
Damage = Callable[[Arrays], Arrays]
PAIRS = ("starts", "rights")
GOLDEN = Path(__file__).with_name("golden")
FUZZ = Path(__file__).with_name("fuzz_model_file.py")


@pytest.fixture(scope="module")
def saved(small: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.npz"
    small.save(path)
    return path


def same_scores(one: Model, other: Model, headlines: list[str]) -> bool:
    ours, theirs = one.score_many(headlines), other.score_many(headlines)
    return list(ours) == list(theirs) and all(np.array_equal(ours[t], theirs[t]) for t in ours)


def test_a_number_is_no_path_and_no_open_file_is_closed(small: Model) -> None:
    with tempfile.TemporaryFile() as file:
        numbers: list[Any] = [file.fileno(), True, None]
        for number in numbers:
            with pytest.raises(TypeError, match="PathLike"):
                Model.load(number)
            with pytest.raises(TypeError, match="PathLike"):
                small.save(number)
        os.fstat(file.fileno())


def test_a_saved_model_scores_alike_to_the_last_bit(
    small: Model, saved: Path, headlines: list[str]
) -> None:
    loaded = Model.load(saved)
    assert same_scores(loaded, small, headlines)
    assert loaded.header == small.header
    assert loaded.base_rates == small.base_rates
    assert loaded.thresholds == small.thresholds
    assert loaded.precise_thresholds == small.precise_thresholds
    assert loaded.explain(headlines[0]) == small.explain(headlines[0])


def test_a_model_has_one_file(small: Model, saved: Path, tmp_path: Path) -> None:
    small.save(tmp_path / "again.npz")
    Model.load(saved).save(tmp_path / "reloaded.npz")
    assert (tmp_path / "again.npz").read_bytes() == saved.read_bytes()
    assert (tmp_path / "reloaded.npz").read_bytes() == saved.read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_model_files_hold_plain_arrays(saved: Path) -> None:
    for path in (SHIPPED, saved):
        with np.load(path, allow_pickle=False) as archive:
            assert {archive[name].dtype.kind for name in archive.files} == {"u", "i", "f"}


def test_numpy_reads_the_arrays_as_they_are(saved: Path) -> None:
    archive = Archive(saved.read_bytes())
    with np.load(saved, allow_pickle=False) as read:
        assert read.files == archive.names
        for name in read.files:
            ours = np.asarray(archive.read(name))
            assert (ours.dtype, ours.shape) == (read[name].dtype, read[name].shape)
            assert np.array_equal(ours, read[name])
    with zipfile.ZipFile(saved) as members:
        assert members.testzip() is None


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.npz")), ids=lambda path: path.stem)
def test_every_version_reads_the_golden_files(path: Path) -> None:
    """See golden/README.md: they stay as they are once a version is out."""
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    model = Model.load(path)
    assert model.targets == tuple(expected["targets"])
    headlines = list(expected["scores"])
    assert len(headlines) >= 20
    columns = model.score_many(headlines, coverage=True)
    for i, (headline, scores) in enumerate(expected["scores"].items()):
        in_bulk = {name: column[i] for name, column in columns.items()}
        for found in (model.score(headline).to_dict(), in_bulk):
            assert found == pytest.approx(scores, abs=1e-12, rel=0), headline


@pytest.mark.parametrize("layout", [Parameters.MADE_BY[0], TFIDF[0]])
def test_there_is_a_golden_file_of_each_layout(layout: int) -> None:
    parameters = Model.load(GOLDEN / f"model-layout-{layout}.npz").parameters
    assert parameters.MADE_BY[0] == layout


def test_the_shipped_model_is_small_and_says_where_it_is_from() -> None:
    assert SHIPPED.stat().st_size <= 6_000_000
    model = Model.load(SHIPPED)
    assert model.targets == ("clickbait", "speculation", "sensationalism")
    assert all(0 < rate < 0.5 for rate in model.base_rates.values())
    for target, threshold in model.thresholds.items():
        assert 0 < threshold < model.precise_thresholds[target] < 1
    assert model.version not in ("", "unversioned")
    assert model.header.rows > 10_000
    assert len(bytes.fromhex(model.header.data_sha256)) == 32
    assert {"python", "numpy", "scikit-learn"} <= set(model.header.trained_with)


def test_a_missing_file_or_a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.npz: No such file"):
        Model.load(tmp_path / "none.npz")
    with pytest.raises(ModelFileError, match="directory"):
        Model.load(tmp_path)


class Bomb:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return pytest.fail, ("a pickle in a model file was run",)


def as_file(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def zipped(
    files: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
        archive.comment = comment
    return file.getvalue()


TORCH = [("archive/data.pkl", pickle.dumps(Bomb())), ("archive/version", b"3\n")]
OTHERS = {
    "nothing": b"",
    "text": b"Ferry service resumes\n",
    "pickle": pickle.dumps(Bomb()),
    "joblib": as_file(lambda file: joblib.dump(Bomb(), file)),
    "joblib, packed": as_file(lambda file: joblib.dump(Bomb(), file, compress=3)),
    "torch": zipped(TORCH, zipfile.ZIP_STORED),
    "one array": as_file(lambda file: np.save(file, np.zeros(3))),
    "objects": as_file(lambda file: np.savez(file, header=np.array([Bomb()], dtype=object))),
    "objects alone": as_file(lambda file: np.save(file, np.array([Bomb()], dtype=object))),
    "no array": zipped([("header.npy", b"no array")]),
    "array cut short": b"\x93NUMPY",
    "zip cut short": b"PK\x03\x04",
    "zip cut shorter": b"PK",
    "empty zip": b"PK\x05\x06" + bytes(18),
    "archive of a pickle": assembled([deflated("header.npy", pickle.dumps(Bomb()))]),
    "archive of nothing": assembled([]),
}


@pytest.mark.parametrize("contents", OTHERS.values(), ids=list(OTHERS))
def test_what_is_no_model_file_is_refused(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(contents)
    with pytest.raises(ModelFileError, match=r"other\.npz"):
        Model.load(path)


def members(path: Path) -> dict[str, bytes]:
    """Return the files of an archive, inflated."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def as_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    return assembled(deflated(name, content) for name, content in files)


def refused(contents: bytes, folder: Path) -> str:
    """Return why a model file is refused."""
    path = folder / "damaged.npz"
    path.write_bytes(contents)
    with pytest.raises(ModelFileError) as caught:
        Model.load(path)
    reason = str(caught.value)
    assert reason.isprintable()  # safe for any terminal, whatever the file holds
    assert len(reason) < 300 + len(str(path))
    return reason.removeprefix(str(path))


def test_an_archive_of_another_form_is_refused(saved: Path, tmp_path: Path) -> None:
    files = [*members(saved).items()]
    whole = saved.read_bytes()
    assert as_archive(files) == whole
    first, *others = files
    forms = [
        zipped(files, zipfile.ZIP_STORED),
        zipped(files, zipfile.ZIP_BZIP2),
        zipped(files, zipfile.ZIP_LZMA),
        zipped(files, comment=b"!"),
        as_archive([*files, first]),  # a name twice
        as_archive([first, first, *others]),
        as_archive([*files, ("../escaped.npy", first[1])]),
        as_archive([("../header.npy", first[1]), *others]),
        as_archive([("/header.npy", first[1]), *others]),
        as_archive([("header.npy\0", first[1]), *others]),
        as_archive([*files, ("payload.pkl", pickle.dumps(Bomb()))]),
        as_archive([*others, first]),  # in another order
        b"#!/bin/sh\n" + whole,
        whole + b"\n",
        whole + whole,
        whole[: whole.index(b"PK\x01\x02")],  # without its directory
        as_archive(files * 100),
    ]
    for place, value in ((6, 1), (8, 0), (8, 12), (8, 99)):  # encrypted; stored, bzip2, unknown
        for directory in (False, True):
            changed = bytearray(whole)
            changed[place] = value
            if directory:
                changed[whole.index(b"PK\x01\x02") + place + 2] = value
            forms.append(bytes(changed))
    for form in forms:
        refused(form, tmp_path)


MIB = 2**20


def bomb(size: int, claimed: int) -> Member:
    """Return an array of zeros that claims another size."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(MIB)
    packed = b"".join([*(deflater.compress(zeros) for _ in range(size // MIB)), deflater.flush()])
    return Member(b"header.npy", 0, claimed, packed)


def test_a_bomb_is_refused_in_bounded_memory(saved: Path, tmp_path: Path) -> None:
    whole = [deflated(name, content) for name, content in members(saved).items()]
    bombs = {
        "declared": [bomb(4 * MIB, 2**32 - 1), *whole[1:]],
        "undeclared": [bomb(500 * MIB, 1000), *whole[1:]],
        "shared": [*whole, *(whole[1]._replace(name=b"a" * n + b".npy") for n in range(1, 20))],
        "other": [*whole[:-1], bomb(500 * MIB, 500)._replace(name=whole[-1].name)],
    }
    half = LARGEST // 2 + 1
    bombs["both"] = [each._replace(size=half) if i < 2 else each for i, each in enumerate(whole)]
    for name, parts in bombs.items():
        (tmp_path / f"{name}.npz").write_bytes(assembled(parts))
    with (tmp_path / "long.npz").open("wb") as file:
        file.truncate(64 * LARGEST)  # a hole: takes no room on most disks
    code = """
import sys
from headline_score import Model, ModelFileError
for path in sys.argv[1:]:
    try:
        Model.load(path)
    except ModelFileError:
        status = open("/proc/self/status").read().split() if sys.platform == "linux" else []
        print(dict(zip(status, status[1:])).get("VmHWM:", 0))  # peak memory in KiB"""
    paths = [str(tmp_path / f"{name}.npz") for name in (*bombs, "long")]
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True
    )
    peaks = [int(line) / 1024 for line in done.stdout.splitlines()]
    assert len(peaks) == len(paths)
    assert max(peaks[:-1]) < 64
    assert peaks[-1] < 64 + LARGEST / MIB


def parts(path: Path) -> Arrays:
    """Return the arrays of a model file, its header without the checksum."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(arrays["header"].tobytes())
    del header["sha256"]
    return {**arrays, "header": as_bytes(json.dumps(header))}


def file_of(arrays: Arrays, original: Arrays) -> bytes:
    """Return the model file of changed arrays, with a right checksum."""
    views = {name: viewed(values) for name, values in {**original, **arrays}.items()}
    if "header" in arrays:
        text = np.frombuffer(sealed(views["header"].tobytes(), views), arrays["header"].dtype)
        arrays = {**arrays, "header": text.reshape(*arrays["header"].shape[:-1], -1)}
    return as_archive((f"{name}.npy", as_npy(array)) for name, array in arrays.items())


def viewed(values: NDArray[Any]) -> memoryview:
    values = np.asarray(values, order="C")
    if values.dtype.char in "Bbifd" and values.dtype.isnative:
        return values.data
    return memoryview(values.tobytes())


def as_npy(values: NDArray[Any]) -> bytes:
    if values.dtype.char in "Bbifd" and values.dtype.isnative:
        return npy(viewed(values))
    return as_file(lambda file: np.save(file, values))


def as_bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def without(name: str) -> Damage:
    return lambda arrays: {key: array for key, array in arrays.items() if key != name}


def changed(name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Damage:
    return lambda arrays: {**arrays, name: change(arrays[name].copy())}


def header_text(change: Callable[[str], str]) -> Damage:
    return changed("header", lambda array: as_bytes(change(array.tobytes().decode())))


def header(**values: object) -> Damage:
    return header_text(lambda text: json.dumps({**json.loads(text), **values}))


def header_without(name: str) -> Damage:
    def change(text: str) -> str:
        return json.dumps({key: value for key, value in json.loads(text).items() if key != name})

    return header_text(change)


def lines(name: str, change: Callable[[list[bytes]], list[bytes]]) -> Damage:
    """Change the words of a list, any but `NAME`."""

    def changing(array: NDArray[Any]) -> NDArray[Any]:
        words = array.tobytes().split(b"\n")
        kept = [word for word in words if word == NAME.encode()]
        found = change([word for word in words if word not in kept])
        return np.frombuffer(b"\n".join(kept + found), np.uint8)

    return changed(name, changing)


def first(name: str, word: bytes) -> Damage:
    """Put bytes in the place of the first word of a list, whatever they are."""
    return lines(name, lambda words: [word, *words[1:]])


def item(name: str, value: object, place: int = 0) -> Damage:
    def change(array: NDArray[Any]) -> NDArray[Any]:
        array.flat[place] = value
        return array

    return changed(name, change)


def all_of(name: str, value: object) -> Damage:
    return changed(name, lambda array: np.full_like(array, value))


def rights(of_cue: bool, change: Callable[[NDArray[Any]], object]) -> Damage:
    """Change in place the right members of that left one, word or cue, that has most."""

    def changing(arrays: Arrays) -> Arrays:
        starts, found = arrays["starts"], arrays["rights"].copy()
        lengths, words = np.diff(starts), 2 + len(arrays["words"].tobytes().split(b"\n"))
        left = words + np.argmax(lengths[words:]) if of_cue else np.argmax(lengths[:words])
        assert lengths[left] > 1
        change(found[starts[left] : starts[left + 1]])
        return {**arrays, "rights": found}

    return changing


def put(place: int, value: int) -> Callable[[NDArray[Any]], object]:
    def change(array: NDArray[Any]) -> None:
        array[place] = value

    return change


def swap(array: NDArray[Any]) -> None:
    array[:2] = array[1::-1].copy()


def double(array: NDArray[Any]) -> None:
    array[1] = array[0]


FLOATS = [name for name in ARRAYS if name not in ("starts", "rights", "codes")]
DOUBLES = [name for name in FLOATS if name != "idf"]
NO_TARGETS = (
    *(
        "",
        "a\nb",
        "a\rb",
        "a\tb",
        "\0",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\u2028",
        "\u202e",
        "\u200f",
        "\ud83d",
    ),
    *("a" * 10**4, None, True, 1.5, ["loud"], {"loud": 1}),
    *("headline", "coverage", "to_dict", "to_json", "flags", "keys", "get", "text", "__class__"),
    *sorted({field.name for result in (Score, Explanation) for field in fields(result)}),
)
NO_VALUES: tuple[object, ...] = (
    None,
    7.5,
    [7],
    {"a": 7},
    {"": {}},
    True,
    -1,
    10**30,
    "a\nb",
    "\x1b]0;x\x07",
)


def pair_of_names(arrays: Arrays) -> Arrays:
    words = arrays["words"].tobytes().decode().split("\n")
    row, rights = FIRST_WORD + words.index(NAME), arrays["rights"].copy()
    start, end = arrays["starts"][row : row + 2]
    rights[min(start + np.searchsorted(rights[start:end], row), end - 1)] = row
    return {**arrays, "rights": rights}


DAMAGES: dict[str, Damage] = {
    "other magic": header(magic="some other model"),
    "magic of other type": header(magic=["headline-score model"]),
    "no magic": header_without("magic"),
    "no target": header(targets=[]),
    "a target twice": header(targets=["loud", "loud"]),
    "targets without names": header(targets=[0, 1]),
    "one target less": header(targets=["loud"]),
    "too many targets": header(targets=[f"t{i}" for i in range(5000)]),
    "targets of other type": header(targets=7),
    "a text as targets": header(targets="ab"),
    "an object as targets": header(targets={"loud": 1, "open": 2}),
    **{f"target {name!a:.20}": header(targets=["loud", name]) for name in NO_TARGETS},
    **{
        f"{field.name} {value!a}": header(**{field.name: value})
        for field in fields(Header)
        for value in NO_VALUES
    },
    **{f"no {field.name} in header": header_without(field.name) for field in fields(Header)},
    "libraries with lines": header(trained_with={"a\nb": "1"}),
    "libraries of numbers": header(trained_with={"numpy": 2}),
    "unknown header field": header(colour="red"),
    "header field twice": header_text(lambda text: text[:-1] + ', "rows": 1}'),
    "magic twice": header_text(lambda text: '{"magic": "other", ' + text[1:]),
    "inner field twice": header_text(lambda text: text.replace('"numpy"', '"scipy"')),
    "header with NaN": header(rows=float("nan")),
    "header with infinity": header(rows=float("-inf")),
    "header with a huge number": header(rows=10**4000),
    "header with a huger number": header_text(
        lambda text: text.replace(": 400", ": " + "9" * 10**4)
    ),
    "header with a huge float": header_text(lambda text: text.replace("400", "1e999")),
    "header not JSON": changed("header", lambda _: as_bytes("{{")),
    "header empty": changed("header", lambda _: as_bytes("")),
    "header a list": header_text(lambda _: "[1]"),
    "header a number": header_text(lambda _: "1"),
    "header null": header_text(lambda _: "null"),
    "header too deep": header_text(lambda _: "[" * 60_000),
    "header deep within": header_text(lambda text: text[:-1] + ', "a": ' + '{"a": ' * 9_000),
    "header too long": header_text(lambda text: " " * MOST_HEADER + text),
    "header with a mark": header_text(lambda text: "\ufeff" + text),
    "header UTF-16": changed(
        "header", lambda array: np.frombuffer(array.tobytes().decode().encode("utf-16"), np.uint8)
    ),
    "header not UTF-8": changed("header", lambda _: np.array([255, 254], np.uint8)),
    "header of other type": changed("header", lambda array: array.view(np.int8)),
    "header of other shape": changed("header", lambda array: array[None]),
    **{f"no {name}": without(name) for name in ("header", *LISTS, *ARRAYS)},
    **{f"{name} of other type": changed(name, lambda a: a.astype("f2")) for name in ARRAYS},
    **{f"{name} of integers": changed(name, lambda a: a.astype("u1")) for name in ARRAYS},
    **{f"{name} of doubles": changed(name, lambda a: a.astype("f8")) for name in (*PAIRS, "idf")},
    **{f"{name} of longs": changed(name, lambda a: a.astype("i8")) for name in PAIRS},
    **{f"{name} big-endian": changed(name, lambda a: a.astype(">f8")) for name in DOUBLES},
    **{f"{name} of objects": changed(name, lambda a: a.astype(object)) for name in ARRAYS},
    **{f"{name} of complex numbers": changed(name, lambda a: a.astype("c16")) for name in DOUBLES},
    **{f"{name} shorter": changed(name, lambda a: a[:-1]) for name in ARRAYS},
    **{f"{name} longer": changed(name, lambda a: np.concatenate([a, a[:1]])) for name in ARRAYS},
    **{f"{name} empty": changed(name, lambda a: a.ravel()[:0]) for name in ARRAYS},
    **{f"{name} in one more dimension": changed(name, lambda a: a[None]) for name in ARRAYS},
    **{f"{name} a number": changed(name, lambda a: a.ravel()[0].reshape(())) for name in FLOATS},
    **{f"{name} turned": changed(name, lambda a: a.T) for name in ("codes", "shape_weights")},
    **{f"NaN in {name}": item(name, np.nan, -1) for name in FLOATS},
    **{f"infinity in {name}": item(name, np.inf) for name in FLOATS},
    **{f"-infinity in {name}": item(name, -np.inf) for name in FLOATS},
    **{f"1e300 in {name}": item(name, 1e300) for name in DOUBLES},
    **{f"{name} of no place": changed(name, lambda a: a + 2**20) for name in PAIRS},
    **{f"{name} of negative place": changed(name, lambda a: a - 2**20) for name in PAIRS},
    "starts out of order": changed("starts", lambda a: a[::-1]),
    "starts rise and fall": item("starts", 2**31 - 1, 5),
    "starts late": changed("starts", lambda a: np.maximum(a, 1)),
    "starts end early": changed("starts", lambda a: np.minimum(a, a[-1] - 1)),
    **{
        f"{'cue' if of_cue else 'word'} {name}": rights(of_cue, change)
        for of_cue in (False, True)
        for name, change in {
            "pairs out of order": swap,
            "pair twice": double,
            "pair of no right member": put(-1, 10**5),
            "pair of a negative one": put(0, -1),
        }.items()
    },
    "word pair of no word": rights(False, put(0, 0)),
    "pair without left member": changed("starts", lambda a: np.maximum(a, np.arange(len(a)) > 0)),
    "pair of names": pair_of_names,
    "too many weights": lambda arrays: header(targets=[f"t{i}" for i in range(1000)])(
        lines("words", lambda words: [*words, *(b"%d" % i for i in range(17_000))])(arrays)
    ),
    "idf too large": changed("idf", lambda a: a + np.float32(32)),
    "idf negative": changed("idf", lambda a: -a),
    "scale negative": item("scale", -1.0),
    "scale 0": item("scale", 0.0),
    "scale huge": changed("scale", lambda a: a * 1e9),
    "base rate 0": item("base_rates", 0.0),
    "base rate 1": item("base_rates", 1.0),
    "threshold above 1": all_of("thresholds", 1.01),
    "threshold below 0": item("thresholds", -0.01),
    "precise threshold above 1": item("precise_thresholds", 1.01),
    "precise threshold below the other": changed("precise_thresholds", lambda a: a * 0),
    "falling calibration": changed("calibration", lambda a: -a),
    "one more array": lambda arrays: {**arrays, "more": np.zeros(1)},
    "arrays in another order": lambda arrays: dict(reversed(arrays.items())),
    "no word": changed("words", lambda a: a[:0]),
    "fewer words": changed("words", lambda a: a[: a.size // 2]),
    "no word for names": changed(
        "words", lambda a: as_bytes(a.tobytes().decode().replace("<", "["))
    ),
    "too many names": lines("names", lambda _: [b"%d" % i for i in range(MOST_WORDS["names"] + 1)]),
    "too many cues": lines("cues", lambda _: [b"%d" % i for i in range(MOST_WORDS["cues"] + 1)]),
    **{
        f"{name} with {word!r:.20}": first(name, word)
        for name in LISTS
        for word in (
            *(b"", b"\0", b"a\0", b"a\tb", b"a\rb", b"\x1b[31m", b"\x7f", b"a" * 2**17),
            *(b"\xff", b"\xc0\x80", b"\xed\xa0\xbd", b"\xf4\x90\x80\x80", b"\xe2\x82"),
        )
    },
    **{f"{name} with one twice": lines(name, lambda words: [*words, words[0]]) for name in LISTS},
    **{f"{name} with a line more": lines(name, lambda words: [*words, b""]) for name in LISTS},
    **{f"{name} of other type": changed(name, lambda a: a.view(np.int8)) for name in LISTS},
    **{f"{name} of other shape": changed(name, lambda a: a[None]) for name in LISTS},
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_wrong_contents_are_refused_even_under_a_right_checksum(
    saved: Path, tmp_path: Path, damage: Damage
) -> None:
    original = parts(saved)
    assert file_of(original, original) == saved.read_bytes()
    assert "checksum" not in refused(file_of(damage(original), original), tmp_path)


def options(**values: object) -> Damage:
    """Change options of a file of layout 4; None: leave one out."""

    def change(text: str) -> str:
        head = json.loads(text)
        changed = {**head["options"], **values}
        head["options"] = {key: value for key, value in changed.items() if value != "out"}
        return json.dumps(head)

    return header_text(change)


TFIDF_FILE = GOLDEN / "model-layout-4.npz"
TFIDF_LISTS = tuple(TfidfParameters.MOST_WORDS)
TFIDF_ARRAYS = TfidfParameters.ARRAYS
DAMAGES_OF_TFIDF: dict[str, Damage] = {
    "no options": header_without("options"),
    "options of other type": header(options=[1, 2]),
    "an option more": options(token_pattern=r"(\w+)+$"),
    **{f"no {name}": options(**{name: "out"}) for name in Options.__dataclass_fields__},
    **{f"{name} of other type": options(**{name: 1.5}) for name in Options.__dataclass_fields__},
    **{f"{name} a list": options(**{name: [[]]}) for name in Options.__dataclass_fields__},
    "long n-grams": options(ngram_range=[1, 10**6]),
    "no n-grams": options(ngram_range=[2, 1]),
    "tokens of three letters": options(shortest=3),
    "another norm": options(norm="max"),
    "another link": options(link="probit"),
    "one target less": header(targets=["loud", "open"]),
    "a target twice": header(targets=["loud", "loud", "open"]),
    "unknown header field": header(colour="red"),
    **{f"no {name}": without(name) for name in (*TFIDF_LISTS, *TFIDF_ARRAYS)},
    **{f"{name} of floats": changed(name, lambda a: a.astype("f4")) for name in TFIDF_ARRAYS},
    **{f"{name} of objects": changed(name, lambda a: a.astype(object)) for name in TFIDF_ARRAYS},
    **{f"{name} shorter": changed(name, lambda a: a[:-1]) for name in TFIDF_ARRAYS},
    **{f"{name} empty": changed(name, lambda a: a.ravel()[:0]) for name in TFIDF_ARRAYS},
    **{f"{name} in one more dimension": changed(name, lambda a: a[None]) for name in TFIDF_ARRAYS},
    **{f"NaN in {name}": item(name, np.nan, -1) for name in TFIDF_ARRAYS},
    **{f"-infinity in {name}": item(name, -np.inf) for name in TFIDF_ARRAYS},
    **{f"1e300 in {name}": item(name, 1e300) for name in TFIDF_ARRAYS},
    "weights turned": changed("weights", lambda a: a.T),
    "base rate 1": item("base_rates", 1.0),
    "threshold above 1": all_of("thresholds", 1.01),
    "falling calibration": changed("calibration", lambda a: -a),
    "no word": lambda arrays: {
        **arrays,
        "words": arrays["words"][:0],
        "idf": arrays["idf"][:0],
        "weights": arrays["weights"].ravel()[:0],
    },
    "fewer words": changed("words", lambda a: a[: a.size // 2]),
    "too many stop words": lines("stop_words", lambda _: [b"%d" % i for i in range(2**16 + 1)]),
    **{
        f"{name} with {word!r:.20}": first(name, word)
        for name in TFIDF_LISTS
        for word in (b"", b"\0", b"a\tb", b"\x1b[31m", b"a" * 2**17, b"\xff", b"\xed\xa0\xbd")
    },
    **{
        f"{name} with one twice": lines(name, lambda words: [*words, words[0]])
        for name in TFIDF_LISTS
    },
}


@pytest.mark.parametrize("damage", DAMAGES_OF_TFIDF.values(), ids=list(DAMAGES_OF_TFIDF))
def test_wrong_contents_of_layout_4_are_refused(tmp_path: Path, damage: Damage) -> None:
    original = parts(TFIDF_FILE)
    assert file_of(original, original) == TFIDF_FILE.read_bytes()
    assert "checksum" not in refused(file_of(damage(original), original), tmp_path)


def test_a_target_alone_shares_no_chance(tmp_path: Path) -> None:
    original = parts(TFIDF_FILE)
    one = {
        name: array[..., :1] if array.ndim and name in (*SHARED, "weights") else array
        for name, array in original.items()
    }
    alone = header(targets=["loud"])(one)
    path = tmp_path / "one.npz"
    path.write_bytes(file_of(alone, original))
    assert Model.load(path).targets == ("loud",)
    for link in ("softmax", "normalised"):
        assert "one target" in refused(file_of(options(link=link)(alone), original), tmp_path)


@pytest.mark.parametrize(("field", "value"), [("layout", 5), ("recipe", 0), ("layout", "new")])
def test_a_file_of_another_version_says_so(
    saved: Path, tmp_path: Path, field: str, value: object
) -> None:
    original = parts(saved)
    head = {**json.loads(original["header"].tobytes()), field: value}
    # As it may look one day.
    arrays: Arrays = {"more": np.zeros(3), "header": as_bytes(json.dumps(head))}
    contents = as_archive((f"{name}.npy", as_npy(array)) for name, array in arrays.items())
    reason = refused(contents, tmp_path)
    assert "layout and feature recipe" in reason
    assert repr(value) in reason
    assert "upgrade" in reason


def test_damage_is_found_by_the_checksum(saved: Path, tmp_path: Path) -> None:
    original = parts(saved)
    with np.load(saved) as archive:
        intact = {name: archive[name] for name in archive.files}
    for name in (*LISTS, *ARRAYS):
        array = intact[name].copy()
        array.view(np.uint8).flat[array.nbytes // 2] ^= 1
        damaged = {**intact, name: array}
        contents = as_archive((f"{key}.npy", as_npy(value)) for key, value in damaged.items())
        assert "checksum" in refused(contents, tmp_path)
    for change in (
        {"header": original["header"]},  # without a checksum
        {"header": as_bytes(intact["header"].tobytes().decode().replace("small", "smalL"))},
        {"header": as_bytes(intact["header"].tobytes().decode().upper())},
        {"header": as_bytes(intact["header"].tobytes().decode() + " ")},
    ):
        contents = as_archive((f"{k}.npy", as_npy(v)) for k, v in {**intact, **change}.items())
        refused(contents, tmp_path)


def no_pairs(arrays: Arrays) -> Arrays:
    words = len(arrays["words"].tobytes().split(b"\n"))
    return {
        **arrays,
        "starts": np.zeros_like(arrays["starts"]),
        "rights": arrays["rights"][:0],
        "idf": arrays["idf"][:words],
        "codes": arrays["codes"][:words],
    }


def name_alone(arrays: Arrays) -> Arrays:
    return {
        **no_pairs(arrays),
        "words": as_bytes(NAME),
        "names": as_bytes(""),
        "cues": as_bytes(""),
        "starts": np.zeros(4, np.int32),
        "idf": arrays["idf"][:1],
        "codes": arrays["codes"][:1],
    }


def of_one_hash(count: int) -> list[bytes]:
    """Return words of letters that have one hash in twos, as `bulk_reader` hashes them."""
    multiplier, chosen = int(SCATTER), random.Random(3)
    found: list[bytes] = []
    met: dict[int, tuple[bytes, int]] = {}
    while len(found) < count:
        begin = bytes(chosen.choices(b"abcdefghijklmno", k=8))
        mixed = int.from_bytes(begin, "little") * multiplier % 2**64
        mixed ^= mixed >> 32
        other, before = met.setdefault(mixed & 0xF0F0F0F0F0F0F0F0, (begin, mixed))
        if other != begin:
            end = bytes(ord("p") ^ byte for byte in (mixed ^ before).to_bytes(8, "little"))
            if end.isalpha() and end.islower():
                found += [begin + b"pppppppp", other + end]
    return found


ODD: dict[str, Damage] = {
    "unchanged": lambda arrays: arrays,
    "no pairs": no_pairs,
    "no words but names": name_alone,
    "idf 0": all_of("idf", 0),
    "idf tiny": all_of("idf", 1e-40),
    "idf small": all_of("idf", 1e-7),
    "idf great": all_of("idf", 31.99),
    "codes lowest": all_of("codes", -128),
    "codes highest": all_of("codes", 127),
    "scale tiny": all_of("scale", 5e-324),
    "scale great": all_of("scale", 1e6),
    "scales unlike": item("scale", 1e6),
    "bias low": all_of("bias", -1e6),
    "bias high": all_of("bias", 1e6),
    "shape great": all_of("shape_weights", 1e6),
    "base rates low": all_of("base_rates", 5e-324),
    "base rates high": all_of("base_rates", 1 - 2**-53),
    "thresholds 0": all_of("thresholds", 0),
    "thresholds 1": lambda arrays: all_of("thresholds", 1)(all_of("precise_thresholds", 1)(arrays)),
    "calibration 0": all_of("calibration", 0),
    "calibration great": all_of("calibration", 1e6),
    "calibration falls": item("calibration", -1e6, -1),
    "words upside down": lines("words", lambda words: words[::-1]),
    "words of one hash": lines("words", lambda words: [*of_one_hash(6), *words[6:]]),
    "names of names": first("names", NAME.encode()),
    "marks as names": lines("names", lambda _: [b"?", b"!", b"-", b"0", b"the", b"''"]),
    "all words as names": lambda arrays: {**arrays, "names": arrays["words"]},
    "cues upside down": lines("cues", lambda words: words[::-1]),
    **{
        f"{name} with {word!r:.20}": first(name, word)
        for name in LISTS
        for word in (
            *(b" ", b"a b", b"a + b", b"<s>", b"</s>", b"'", b"\xc2\xa0", b"\xe2\x80\xa8", b"THE"),
            *("é".encode(), "порт".encode(), "\U0010ffff".encode(), b"7", b"a" * 65_000),
        )
    },
    "target with blanks": header(targets=["very loud", "0"]),
    "targets of any language": header(targets=["громко", "بلند‌تر"]),
    "no rows": header(rows=0, version="", data_sha256="", trained_with={}),
}
TEXTS = [
    *(
        "",
        " ",
        "@@@@",
        "?",
        "港口",
        "a",
        "the",
        "The THE the! Won't you?",
        "a" * 70_000,
        "é порт 7 THE",
    ),
    "Why the mayor may close the harbour – report",
    "SHOCKING ferry fiasco: you won't BELIEVE these 10 reasons!!! | The Daily Example",
    " ".join(["council", "may", "slam", "why", "you", "?", "won't", "reportedly"] * 20),
    " ".join(word.decode() for word in of_one_hash(6)),
]


ODD_TFIDF: dict[str, Damage] = {
    "unchanged": lambda arrays: arrays,
    **{
        f"{name} {value}": options(**{name: value})
        for name, values in {
            "lowercase": (False,),
            "strip_accents": ("ascii", None),
            "shortest": (2,),
            "ngram_range": ([1, 10], [10, 10]),
            "binary": (True,),
            "sublinear_tf": (False,),
            "norm": ("l1", None),
            "link": ("softmax", "normalised"),
        }.items()
        for value in values
    },
    "idf 0": all_of("idf", 0),
    "idf tiny": all_of("idf", 5e-324),
    "idf small": all_of("idf", 1e-162),
    "idf great": all_of("idf", -1e6),
    "great and tiny": lambda arrays: item("idf", 1e6)(all_of("idf", 5e-324)(arrays)),
    "no norm, great": lambda arrays: all_of("weights", 1e6)(
        all_of("idf", 1e6)(options(norm=None)(arrays))
    ),
    "softmax, great": lambda arrays: item("bias", -1e6)(
        all_of("weights", -1e6)(all_of("idf", 1e6)(options(norm=None, link="softmax")(arrays)))
    ),
    "normalised, low": lambda arrays: all_of("bias", -1e6)(options(link="normalised")(arrays)),
    "bias high": all_of("bias", 1e6),
    "base rates low": all_of("base_rates", 5e-324),
    "calibration great": all_of("calibration", 1e6),
    "no stop words": changed("stop_words", lambda a: a[:0]),
    "all words as stop words": lambda arrays: {**arrays, "stop_words": arrays["words"]},
    "words upside down": lines("words", lambda words: words[::-1]),
    **{
        f"words with {word!r:.20}": first("words", word)
        for word in (b" ", b"a  b", b"?", b"'", b"\xc2\xa0", b"THE", b"7", b"a" * 65_000)
    },
}


@pytest.mark.parametrize("change", ODD_TFIDF.values(), ids=list(ODD_TFIDF))
def test_what_loads_of_layout_4_scores_between_0_and_1(
    tmp_path: Path, headlines: list[str], change: Damage
) -> None:
    check_odd(TFIDF_FILE, change, tmp_path, headlines)


@pytest.mark.parametrize("change", ODD.values(), ids=list(ODD))
def test_what_loads_scores_between_0_and_1(
    saved: Path, tmp_path: Path, headlines: list[str], change: Damage
) -> None:
    check_odd(saved, change, tmp_path, headlines)


def check_odd(good: Path, change: Damage, tmp_path: Path, headlines: list[str]) -> None:
    original = parts(good)
    path = tmp_path / "odd.npz"
    path.write_bytes(file_of(change(original), original))
    model = Model.load(path)
    texts = [*TEXTS, *headlines[:40]]
    columns = model.score_many(texts, coverage=True)
    assert list(columns) == [*model.targets, "coverage"]
    for i, text in enumerate(texts):
        one, why = model.score(text), model.explain(text)
        for target in model.targets:
            assert 0 <= one[target] <= 1
            assert 0 <= columns[target][i] <= 1
            assert 0 <= why[target].strength <= 1
            # Numbers of millions have fewer digits after the point to be alike in.
            exact = abs(why[target].logit) < 100 and max(why[target].calibration) < 100
            assert abs(one[target] - columns[target][i]) < (1e-12 if exact else 1e-3)
        assert one.coverage == columns["coverage"][i] == why.coverage
        json.loads(one.to_json())
        str(one), str(why), one.flags(), one.flags(precise=True)
    model.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("claim", [10**15, 10**9 - 1, -1, 2**40, 0])
def test_an_array_that_claims_another_shape_is_refused(
    saved: Path, tmp_path: Path, claim: int
) -> None:
    files = members(saved)
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({claim},), }}".ljust(117) + "\n"
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    for more in (b"", bytes(4000)):
        contents = as_archive({**files, "idf.npy": data + more}.items())
        refused(contents, tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_a_truncated_file_is_refused(saved: Path, tmp_path: Path, share: float) -> None:
    whole = saved.read_bytes()
    refused(whole[: int(share * len(whole))], tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"names": ["ann\nlee"]},
        {"names": [""]},
        {"names": ["\ud83d"]},
        {"cues": ["you", "you"]},
        {"words": []},
        {"header": Header(targets=("loud", "a\nb"))},
        {"header": Header(targets=("loud", "coverage"))},
        {"header": Header(targets=("loud", "open"), version="\x1b")},
        {"header": Header(targets=("loud", "open"), trained_with={"numpy": "\n"})},
        {"scale": array(np.array([np.nan, 1.0]).tobytes(), "d", (2,))},
        {"idf": array(bytes(12), "f", (3,))},
    ],
    ids=lambda change: next(iter(change)),  # no addresses: they differ between processes
)
def test_a_model_that_could_not_be_read_is_not_written(
    small: Model, tmp_path: Path, change: dict[str, Any]
) -> None:
    wrong = replace(small.parameters, **change)
    with pytest.raises(ModelFileError, match=r"new\.npz"):
        write(tmp_path / "new.npz", wrong)
    assert not list(tmp_path.iterdir())


def test_a_quick_slice_of_the_fuzz_run() -> None:
    """`python tests/fuzz_model_file.py --n 20000` is the long run."""
    done = subprocess.run(
        [sys.executable, str(FUZZ), "--n", "300", "--seed", "1", "--seconds", "60"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 files" in done.stdout


def test_a_flipped_bit_is_noticed_or_harmless(
    small: Model, saved: Path, tmp_path: Path, headlines: list[str]
) -> None:
    whole = saved.read_bytes()
    path = tmp_path / "flipped.npz"
    directory = whole.index(b"PK\x01\x02")
    chosen = random.Random(7)
    noticed = 0
    for attempt in range(800):
        place = chosen.randrange(directory if attempt % 2 else 0, len(whole))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << chosen.randrange(8)
        path.write_bytes(flipped)
        try:
            loaded = Model.load(path)
        except ModelFileError:
            noticed += 1
        else:
            assert same_scores(loaded, small, headlines[:20]), f"byte {place}"
    assert noticed > 400


def test_a_model_without_names_is_read_as_it_was_written(small: Model, tmp_path: Path) -> None:
    assert isinstance(small.parameters, Parameters)
    nameless = Model(replace(small.parameters, names=[]))
    nameless.save(tmp_path / "model.npz")
    assert Model.load(tmp_path / "model.npz").names == nameless.names
