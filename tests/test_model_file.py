import io
import json
import pickle
import random
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import headline_score
from headline_score import Model, ModelFileError
from headline_score.model_file import ARRAYS, LISTS

SHIPPED = Path(headline_score.__file__).with_name("model.npz")
Arrays = dict[str, NDArray[Any]]
Damage = Callable[[Arrays], Arrays]
PAIRS = ("starts", "rights")


@pytest.fixture(scope="module")
def saved(small: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.npz"
    small.save(path)
    return path


def same_scores(one: Model, other: Model, headlines: list[str]) -> bool:
    ours, theirs = one.score_many(headlines), other.score_many(headlines)
    return list(ours) == list(theirs) and all(np.array_equal(ours[t], theirs[t]) for t in ours)


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


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"Ferry service resumes\n",
        pickle.dumps(Bomb()),
        as_file(lambda file: np.save(file, np.zeros(3))),
        as_file(lambda file: np.savez(file, header=np.array([Bomb()], dtype=object))),
        as_file(lambda file: zipfile.ZipFile(file, "w").writestr("header.npy", "no array")),
        b"\x93NUMPY",
        b"PK\x03\x04",
        b"PK\x05\x06" + bytes(18),
    ],
)
def test_what_is_no_model_file_is_refused(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(contents)
    with pytest.raises(ModelFileError, match=r"other\.npz"):
        Model.load(path)


def without(name: str) -> Damage:
    return lambda arrays: {key: array for key, array in arrays.items() if key != name}


def changed(name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Damage:
    return lambda arrays: {**arrays, name: change(arrays[name])}


def as_bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def header(**values: object) -> Damage:
    def change(array: NDArray[Any]) -> NDArray[np.uint8]:
        return as_bytes(json.dumps({**json.loads(array.tobytes()), **values}))

    return changed("header", change)


def twice(array: NDArray[Any]) -> NDArray[Any]:
    """Put the first line, of some letters, in the second one's place too."""
    first, second, *others = array.tobytes().split(b"\n")
    assert first != second
    return as_bytes(b"\n".join([first, first, *others]).decode())


def with_nan(array: NDArray[Any]) -> NDArray[Any]:
    array.flat[0] = np.nan
    return array


FLOATS = [name for name in ARRAYS if name not in ("starts", "rights", "codes")]
DAMAGES: dict[str, Damage] = {
    **{f"no {name}": without(name) for name in ("header", *LISTS, *ARRAYS)},
    **{f"{name} of other type": changed(name, lambda a: a.astype("f2")) for name in ARRAYS},
    **{f"{name} of other shape": changed(name, lambda a: a[:-1]) for name in ARRAYS},
    **{f"NaN in {name}": changed(name, with_nan) for name in FLOATS},
    **{f"{name} of no place": changed(name, lambda a: a + 2**20) for name in PAIRS},
    **{f"{name} of negative place": changed(name, lambda a: a - 2**20) for name in PAIRS},
    "starts out of order": changed("starts", lambda a: a[::-1]),
    "starts late": changed("starts", lambda a: np.maximum(a, 1)),
    "idf too large": changed("idf", lambda a: a + np.float32(32)),
    "idf negative": changed("idf", lambda a: -a),
    **{f"{name} twice": changed(name, twice) for name in LISTS},
    "huge scale": changed("scale", lambda a: a * 1e9),
    "infinite bias": changed("bias", lambda a: a + np.inf),
    "one more array": lambda arrays: {**arrays, "more": np.zeros(1)},
    "other magic": header(magic="some other model"),
    "other layout": header(layout=99),
    "other features": header(recipe=0),
    "fewer words": changed("words", lambda a: a[: a.size // 2]),
    "no target": header(targets=[]),
    "a target twice": header(targets=["loud", "loud"]),
    "targets without names": header(targets=[0, 1]),
    "one target less": header(targets=["loud"]),
    "targets of other type": header(targets=7),
    "unknown header field": header(colour="red"),
    "header not JSON": changed("header", lambda _: as_bytes("{")),
    "header not UTF-8": changed("header", lambda _: np.array([255, 254], np.uint8)),
    "header a list": changed("header", lambda _: as_bytes("[1]")),
    "header a number": changed("header", lambda _: as_bytes("1")),
    "header too deep": changed("header", lambda _: as_bytes("[" * 200_000)),
    "words not UTF-8": changed("words", lambda a: np.where(a == 10, a, 255).astype(np.uint8)),
    "no word for names": changed(
        "words", lambda a: as_bytes(a.tobytes().decode().replace("<", "["))
    ),
    "base rate 0": changed("base_rates", lambda a: a * 0),
    "falling calibration": changed("calibration", lambda a: -a),
    "base rate 1": changed("base_rates", lambda a: a * 0 + 1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_model_file_with_wrong_contents_is_refused(
    saved: Path, tmp_path: Path, damage: Damage
) -> None:
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files}
    path = tmp_path / "damaged.npz"
    np.savez(path, **damage(arrays))  # type: ignore[arg-type]
    with pytest.raises(ModelFileError, match=r"damaged\.npz"):
        Model.load(path)


def test_an_array_that_claims_a_huge_shape_is_refused(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "huge.npz"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "idf.npy":
                claim = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**15},), }}\n"
                data = b"\x93NUMPY\x01\x00" + len(claim).to_bytes(2, "little") + claim.encode()
            new.writestr(name, data)
    with pytest.raises(ModelFileError, match=r"huge\.npz"):
        Model.load(path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_a_truncated_file_is_refused(saved: Path, tmp_path: Path, share: float) -> None:
    whole = saved.read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelFileError, match=r"cut\.npz"):
        Model.load(path)


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
    nameless = Model(replace(small.parameters, names=[]))
    nameless.save(tmp_path / "model.npz")
    assert Model.load(tmp_path / "model.npz").names == nameless.names
