"""Load mutated model files: each must be refused with a ModelFileError, or score as it should.

    python tests/fuzz_model_file.py --n 20000 --seed 0
    python tests/fuzz_model_file.py --n 20000 --file tests/golden/model-layout-4.npz

The files are the golden ones and the shipped one: with bytes changed anywhere, or with the arrays
or the header changed inside and the archive put together again, under the old checksum or a right
one. Of each file that loads:

- under a checksum that was not made anew, it holds what the original does, and scores the same;
- otherwise `score`, `score_many` and `explain` give strengths in [0, 1], and it can be saved.

Loading raises nothing but `ModelFileError`, does nothing but read the file (an audit hook watches),
and takes bounded time and memory. A case is made from the seed and its number alone: `--only 17`
runs it again. A failing file is kept, and its path printed. Memory is measured on Linux only.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import math
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import headline_score
from headline_score import Model, ModelFileError
from headline_score.arrays import KINDS, Archive, Member, array, assembled, deflated, npy
from headline_score.model_file import sealed

GOLDEN = Path(__file__).with_name("golden")
SHIPPED = Path(headline_score.__file__).with_name("model.npz")
SHARES = {  # of the files; the shipped one is thirty times as large
    GOLDEN / "model-layout-3.npz": 0.5,
    GOLDEN / "model-layout-4.npz": 0.35,
    SHIPPED: 0.15,
}
MOST_MEMORY = 200  # MiB that loading may take
HUNG = 60.0  # seconds after which a case ends the run

TEXTS = [
    "",
    "港口",
    "Why the mayor may close the harbour - report",
    "SHOCKING ferry fiasco: you won't BELIEVE these 10 reasons!!! | The Daily Example",
    "Is this the end of “naïve” bus fares, or could it be a hoax?",
    " ".join(["you may see why they say this will be so ?"] * 9),
]
EXTREMES = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 5e-324, 1e-30, 1e6, 1e7, 1e300]
VALUES: list[Any] = [
    *("unicode", "l1", "softmax", "normalised", [1, 2], [1, 10], [1, 10**9], 2, 3, 4, "tfidf-1"),
    *(None, True, False, -1, 0, 1, 2**31, 2**64, 10**30, 1.5, 1e300, math.nan, "", "a", "a\nb"),
    *("\0", "\x1b[2J", "\ud83d", "coverage", "to_dict", "\u202e", [], [[]], {}, {"a": 1}, [1, "a"]),
    *(["a"], ["a", "a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "text"], {"a": "b"}, "x" * 10**5),
]
LETTERS = [b"\n", b"\0", b" ", b"\t", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"<name>"]

Arrays = dict[str, "memoryview[Any]"]


@dataclass(frozen=True)
class Base:
    """A good model file to mutate."""

    name: str
    data: bytes
    members: list[Member]
    arrays: Arrays
    lists: list[str]  # those of words
    body: bytes  # the header without its checksum
    scores: list[object]

    @classmethod
    def of(cls, path: Path) -> Base:
        data = path.read_bytes()
        archive = Archive(data)
        arrays = {name: archive.read(name) for name in archive.names}
        header = json.loads(arrays.pop("header").tobytes())
        del header["sha256"]
        body = json.dumps(header).encode()
        members = list(archive.members.values())
        assert assembled(members) == data
        model = Model.load(path)
        lists = list(model.parameters.MOST_WORDS)
        return cls(path.name, data, members, arrays, lists, body, scores(model))


class Case(NamedTuple):
    """A mutated file."""

    base: Base
    what: str
    data: bytes
    sealed: bool  # its checksum is right, whatever it holds


def scores(model: Model) -> list[object]:
    """Return all that a model says of some texts; fail if a strength is not in [0, 1]."""
    columns = model.score_many(TEXTS, coverage=True)
    found: list[object] = []
    for i, text in enumerate(TEXTS):
        one, why = model.score(text), model.explain(text)
        many = [float(columns[target][i]) for target in model.targets]
        for strength in (*one.strengths, *many, *(part.strength for part in why.parts)):
            assert 0 <= strength <= 1, f"{text!r:.40}: a strength of {strength}"
        assert 0 <= one.coverage <= 1
        assert one.coverage == columns["coverage"][i] == why.coverage
        # Numbers of millions have fewer digits after the point to be alike in.
        usual = all(max(map(abs, (part.logit, *part.calibration))) < 100 for part in why.parts)
        apart = max(abs(a - b) for a, b in zip(one.strengths, many, strict=True))
        assert apart < (1e-12 if usual else 1e-3), f"{text!r:.40}: score and score_many differ"
        json.loads(one.to_json())
        found.append((one.to_dict(), many, why.to_dict(), str(one), one.flags(), str(why)))
    return found


def part(data: bytes, chosen: Random) -> tuple[int, int]:
    """Return a range of bytes, mostly a short one."""
    length = min(len(data), int(2 ** chosen.uniform(0, math.log2(len(data) + 1))))
    start = chosen.randrange(len(data) - length + 1)
    return start, start + length


def flip(data: bytes, chosen: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chosen.choice([1, 1, 1, 2, 8])):
        changed[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
    return bytes(changed)


def put(data: bytes, chosen: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chosen.choice([1, 2, 8])):
        changed[chosen.randrange(len(data))] = chosen.choice([0, 1, 10, 127, 128, 255])
    return bytes(changed)


def truncate(data: bytes, chosen: Random) -> bytes:
    at = chosen.randrange(len(data))
    return data[at:] if chosen.random() < 0.2 else data[:at]


def zero(data: bytes, chosen: Random) -> bytes:
    start, end = part(data, chosen)
    return data[:start] + bytes(end - start) + data[end:]


def remove(data: bytes, chosen: Random) -> bytes:
    start, end = part(data, chosen)
    return data[:start] + data[end:]


def insert(data: bytes, chosen: Random) -> bytes:
    at = chosen.randrange(len(data) + 1)
    more = chosen.choice([*LETTERS, chosen.randbytes(chosen.randrange(1, 50))])
    return data[:at] + more + data[at:]


def splice(data: bytes, chosen: Random) -> bytes:
    (start, end), (first, last) = part(data, chosen), part(data, chosen)
    return data[:start] + data[first:last] + data[end:]


def number(data: bytes, chosen: Random) -> bytes:
    """Put another number in a place where one may be."""
    kind = chosen.choice(["<i", "<I", "<H", "<f", "<d", "b"])
    size = struct.calcsize(kind)
    if len(data) < size:
        return data
    if kind in ("<f", "<d"):
        value = chosen.choice([*EXTREMES, chosen.gauss(0, 1), 10 ** chosen.uniform(-40, 40)])
        value = math.copysign(math.inf, value) if kind == "<f" and abs(value) > 3e38 else value
    else:
        low, high = (0, 256**size) if kind[-1] in "IH" else (-(256**size) // 2, 256**size // 2)
        value = chosen.choice([low, high - 1, chosen.randrange(low, high), max(low, -1), 0, 1, 2])
    at = chosen.randrange(len(data) // size) * size
    return data[:at] + struct.pack(kind, value) + data[at + size :]


MUTATIONS = [flip, put, truncate, zero, remove, insert, splice, number]
SAME_LENGTH = [flip, flip, put, zero, number, number]


def file_bytes(base: Base, chosen: Random) -> Case:
    """Change the file's bytes anywhere."""
    mutation = chosen.choice(MUTATIONS)
    data = mutation(base.data, chosen)
    if chosen.random() < 0.1:
        data = chosen.choice(MUTATIONS)(data or b"\0", chosen)
    return Case(base, mutation.__name__, data, False)


def frame(base: Base, chosen: Random) -> Case:
    """Change what stands around the deflated bytes."""
    whole, at = base.data, 0
    places: list[int] = []
    for member in base.members:
        end = at + 30 + len(member.name)
        places += range(at, end)
        at = end + len(member.packed)
    places += range(at, len(whole))
    changed = bytearray(whole)
    for _ in range(chosen.choice([1, 1, 2, 4])):
        place = chosen.choice(places)
        changed[place] = chosen.choice([changed[place] ^ (1 << chosen.randrange(8)), 0, 255, 1])
    return Case(base, "zip fields", bytes(changed), False)


def claims(base: Base, chosen: Random) -> Case:
    """Give files in the archive wrong sizes, checksums, names, places or bytes."""
    members = list(base.members)
    for _ in range(chosen.choice([1, 1, 2])):
        i = chosen.randrange(len(members))
        one, other = members[i], chosen.choice(members)
        size = chosen.choice([0, 1, one.size - 1, one.size + 1, 2**26, 2**31, 2**32 - 1])
        name = chosen.choice(
            [b"../a.npy", b"/a.npy", b"a.pkl", b"", b"a\0.npy", other.name, b"\xff"]
        )
        packed = chosen.choice([b"", other.packed, bytes(one.packed) * 2, bytes(2**16)])
        members[i] = chosen.choice(
            [
                one._replace(size=size),
                one._replace(name=name),
                one._replace(packed=packed),
                one._replace(packed=chosen.choice(MUTATIONS)(bytes(one.packed) or b"\0", chosen)),
                one._replace(crc=chosen.randrange(2**32)),
                bomb(one, chosen),
                other,
            ]
        )
    if chosen.random() < 0.2:
        members.pop(chosen.randrange(len(members)))
    if chosen.random() < 0.1:
        members.insert(chosen.randrange(len(members) + 1), chosen.choice(members))
    return Case(base, "zip members", assembled(members), False)


def bomb(member: Member, chosen: Random) -> Member:
    """Return a file of zeros that claims its size, or a smaller one."""
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros, n = bytes(2**20), chosen.choice([1, 20])
    packed = b"".join([*(deflater.compress(zeros) for _ in range(n)), deflater.flush()])
    return member._replace(packed=packed, size=chosen.choice([member.size, n * 2**20]))


def raw_array(base: Base, chosen: Random) -> Case:
    """Change an `.npy` file inside the archive, its own header included."""
    i = chosen.randrange(len(base.members))
    content = zlib.decompress(base.members[i].packed, -zlib.MAX_WBITS)
    if chosen.random() < 0.5:
        mutation = chosen.choice(MUTATIONS)
        content = mutation(content[:128], chosen) + content[128:]
    else:
        mutation = chosen.choice(MUTATIONS)
        content = mutation(content, chosen)
    members = list(base.members)
    members[i] = deflated(members[i].name.decode(), content)
    return Case(base, f"{mutation.__name__} in .npy", assembled(members), False)


def contents(base: Base, chosen: Random) -> Case:
    """Change arrays, mostly one, under a right checksum or the old one."""
    arrays = dict(base.arrays)
    for _ in range(chosen.choice([1, 1, 1, 2])):
        name = chosen.choice(list(arrays))
        arrays[name] = changed_array(arrays[name], chosen)
    seal = chosen.random() < 0.8
    return rebuilt(base, "arrays", base.body, arrays, seal)


def changed_array(values: memoryview[Any], chosen: Random) -> memoryview[Any]:
    data, kind, shape = values.tobytes(), values.format, values.shape or ()
    way = chosen.random()
    if way < 0.4 and data:
        return array(plausible(data, kind, chosen), kind, shape)
    if way < 0.7:
        for _ in range(chosen.choice([1, 1, 3, 20])):
            data = chosen.choice(SAME_LENGTH)(data, chosen) if data else data
        return array(data, kind, shape)
    if way < 0.8:
        kind = chosen.choice(list(KINDS.values()))
    data = chosen.choice(MUTATIONS)(data, chosen) if data else data
    rows = len(data) // (struct.calcsize(kind) * math.prod(shape[1:]))
    shape = (rows, *shape[1:])
    if chosen.random() < 0.1:
        shape = (*shape, 1)
    data = data[: math.prod(shape) * struct.calcsize(kind)]
    return array(data, kind, shape if rows else (0,))


def plausible(data: bytes, kind: str, chosen: Random) -> bytes:
    """Put other numbers, as a model may have them, in some places."""
    size = struct.calcsize(kind)
    changed = bytearray(data)
    for _ in range(chosen.choice([1, 2, 10, len(data) // size])):
        at = chosen.randrange(len(data) // size) * size
        (old,) = struct.unpack_from(kind, data, at)
        new: Any
        if kind in "fd":
            new = chosen.choice([0.0, 1.0, chosen.random(), old / 2, old * 1.5, old * 1e-6, 31.9])
            new = 10 ** chosen.uniform(0, 6) if kind == "d" and chosen.random() < 0.2 else new
        elif kind == "i":
            new = max(old + chosen.choice([-1, 1]), 0)
        else:
            new = chosen.randrange(-128, 128) if kind == "b" else chosen.randrange(32, 127)
        struct.pack_into(kind, changed, at, new)
    return bytes(changed)


def words(base: Base, chosen: Random) -> Case:
    """Change the words of a list."""
    name = chosen.choice(base.lists)
    found = base.arrays[name].tobytes().split(b"\n")
    for _ in range(chosen.choice([1, 1, 5])):
        i = chosen.randrange(len(found))
        letters = chosen.choice(LETTERS)
        others = [b"", b"?", b"the", "é".encode(), b"a" * 10**5, letters, chosen.randbytes(3)]
        one = chosen.choice([*others, found[0], found[-1], found[i].upper(), found[i] + letters])
        found[i] = one if one or chosen.random() < 0.5 else found[i][::-1]
    if chosen.random() < 0.3:
        chosen.shuffle(found)
    arrays = {**base.arrays, name: memoryview(b"\n".join(found))}
    return rebuilt(base, "words", base.body, arrays, chosen.random() < 0.9)


def header(base: Base, chosen: Random) -> Case:
    """Change the header, as JSON or as text."""
    if chosen.random() < 0.3:
        body = chosen.choice(MUTATIONS)(base.body, chosen)
    else:
        values: dict[str, Any] = json.loads(base.body)
        for _ in range(chosen.choice([1, 1, 2])):
            within = values
            if isinstance(values.get("options"), dict) and chosen.random() < 0.5:
                within = values["options"] = dict(values["options"])
            field = chosen.choice([*within, "more", "sha256"])
            within[field] = chosen.choice(VALUES)
            if chosen.random() < 0.2:
                within.pop(chosen.choice(list(within)))
        body = json.dumps(values, ensure_ascii=chosen.random() < 0.5).encode(
            "utf-8", "surrogatepass"
        )
        if chosen.random() < 0.1:
            body = body[:-1] + chosen.choice([b', "rows": 1}', b"," + b"[" * 9999, b' , "a": 1}'])
    return rebuilt(base, "header", body, base.arrays, chosen.random() < 0.8)


def rebuilt(base: Base, what: str, body: bytes, arrays: Arrays, seal: bool) -> Case:
    """Put an archive together; only what changed is deflated anew."""
    old = sealed(base.body, base.arrays)
    letters = sealed(body, arrays) if seal else body[:-1] + old[len(base.body) - 1 :]
    files: Arrays = {"header": memoryview(letters), **arrays}
    members = list(base.members)
    for i, (name, values) in enumerate(files.items()):
        if values is not base.arrays.get(name):
            members[i] = deflated(members[i].name.decode(), npy(values))
    return Case(base, f"{what}, {'right' if seal else 'old'} checksum", assembled(members), seal)


MAKERS: list[Callable[[Base, Random], Case]] = [
    *(file_bytes, file_bytes, file_bytes, frame, claims, raw_array),
    *(contents, contents, contents, words, header, header),
]


class Watch:
    """What happens while a file is loaded: audit events, time and memory."""

    def __init__(self) -> None:
        self.on = False
        self.events: list[str] = []
        self.slowest = self.most = self.peak = 0.0
        sys.addaudithook(self._hook)

    def _hook(self, event: str, _: object) -> None:
        if self.on and event != "open":
            self.events.append(event)

    def load(self, path: Path) -> Model | ModelFileError:
        """Return the model, or why there is none."""
        self.events.clear()
        before = memory(reset=True)
        start = time.process_time()
        self.on = True
        try:
            return Model.load(path)
        except ModelFileError as error:
            return error
        finally:
            self.on = False
            self.seconds = time.process_time() - start
            peak = memory()
            self.memory, self.peak = peak - before, max(self.peak, peak)
            self.slowest = max(self.slowest, self.seconds)
            self.most = max(self.most, self.memory)


def memory(*, reset: bool = False) -> float:
    """Return this process's peak memory in MiB since it was reset; 0 where there is no telling."""
    if sys.platform != "linux":
        return 0.0
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def check(case: Case, watch: Watch, path: Path, seconds: float) -> str:
    """Return what became of a file; raise AssertionError if that is wrong."""
    path.write_bytes(case.data)
    found = watch.load(path)
    assert not watch.events, f"loading did more than read: {watch.events}"
    assert watch.seconds <= seconds, f"loading took {watch.seconds:.2f} s"
    assert watch.memory <= MOST_MEMORY, f"loading took {watch.memory:.0f} MiB"
    if isinstance(found, ModelFileError):
        assert str(found).isprintable(), "control characters in a message"
        assert len(str(found)) < 500, "a long message"
        return "refused"
    held = found.parameters.arrays()
    same = all(
        name in held and held[name].tobytes() == values.tobytes()
        for name, values in case.base.arrays.items()
    )
    assert same or case.sealed, "damage was not noticed"
    said = scores(found)
    if same and like(found, case.base):
        assert said == case.base.scores, "scores of the same arrays differ"
    found.save(path)
    if case.data == case.base.data:
        return "not changed"
    return "loaded, the same" if same else "loaded, other"


def like(model: Model, base: Base) -> bool:
    """Tell whether what a model's header says of scoring is what the original's does."""
    ours, theirs = model.parameters.described, json.loads(base.body)
    return all(
        json.dumps(ours.get(name)) == json.dumps(theirs.get(name))
        for name in ("targets", "options")
    )


def run(
    numbers: Iterable[int], seed: int, seconds: float, folder: Path, shares: dict[Path, float]
) -> int:
    """Try the cases of these numbers, print what became of them, and return how many failed."""
    bases = [Base.of(path) for path in shares]
    watch, counts, failed = Watch(), Counter[tuple[str, str]](), 0
    started = time.perf_counter()
    for i in numbers:
        chosen = Random(f"{seed} {i}")
        (base,) = chosen.choices(bases, list(shares.values()))
        case = chosen.choice(MAKERS)(base, chosen)
        path = folder / f"fuzz-{seed}-{i}.npz"
        faulthandler.dump_traceback_later(HUNG, exit=True)
        try:
            result = check(case, watch, path, seconds)
        except Exception as error:
            failed += 1
            result = "FAILED"
            print(f"case {i} ({base.name}, {case.what}): {type(error).__name__}: {error}")
            path = Path(tempfile.gettempdir()) / path.name
            path.write_bytes(case.data)
            print(f"  kept as {path}")
        finally:
            faulthandler.cancel_dump_traceback_later()
        (folder / f"fuzz-{seed}-{i}.npz").unlink(missing_ok=True)
        counts[case.what, result] += 1
    for (what, result), count in sorted(counts.items()):
        print(f"{what:32} {result:18} {count:7,}")
    totals = Counter[str]()
    for (_, result), count in counts.items():
        totals[result] += count
    print(
        f"{totals.total():,} files in {time.perf_counter() - started:.0f} s: "
        + ", ".join(f"{count:,} {result}" for result, count in totals.most_common())
        + f"; slowest to load or refuse {watch.slowest * 1000:.0f} ms,"
        f" most memory taken for one {watch.most:.1f} MiB, of {watch.peak:.0f} of the process"
    )
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=20000, help="how many files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="run the case of this number alone")
    parser.add_argument("--seconds", type=float, default=1.0, help="of the processor for loading")
    parser.add_argument("--file", type=Path, help="spoil this good file alone")
    arguments = parser.parse_args()
    shares = {arguments.file: 1.0} if arguments.file else SHARES
    numbers = range(arguments.n) if arguments.only is None else [arguments.only]
    with tempfile.TemporaryDirectory() as folder:
        failed = run(numbers, arguments.seed, arguments.seconds, Path(folder), shares)
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
