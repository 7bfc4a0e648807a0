"""The model file: an `.npz` archive of plain arrays, read without pickle and checked.

Each layout goes with a feature recipe: layout 3 with that of `features`, layout 4 with that of
`tfidf` (see `tfidf_file`). All have:

- `header`: uint8, UTF-8 JSON: magic, layout, feature recipe, target names, version, provenance;
  last `sha256`, the checksum: of the name, type, shape and bytes of each other array in the order
  below, and then of the header up to the comma before it
- the layout's lists of words, each uint8: the words as UTF-8, parted by newlines
- the layout's arrays
- for t targets `bias`, `base_rates`, `thresholds`, `precise_thresholds`: float64 (t,); and
  `calibration`: float64 (3, t), the coefficients that `calibration.calibrated` takes

Layout 3 (n terms, words first, then pairs; s shape features) has of its own:

- `words`, sorted; `names`, those that count as names; `cues`, the most telling first
- `starts`: int32 (left members + 1,), and `rights`: int32 (pairs,), as `vocabulary` takes them
- `idf`: float32 (n,)
- `codes`: int8 (n, t), and `scale`: float64 (t,): a weight is scale * sign(code) * (code / 127)^2
- `shape_weights`: float64 (s, t)

Anyone may have made a file, checksum included, so everything that scoring relies on is checked too:
what loads scores in [0, 1]. Files of later versions stay archives with a `header` of JSON, so that
this one can say what they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from itertools import compress, count, pairwise
from math import frexp, ldexp, sqrt
from operator import ge
from typing import TYPE_CHECKING, Any, ClassVar

from headline_score.arrays import LARGEST, Archive, array, packed
from headline_score.errors import ModelFileError
from headline_score.features import END, NAME, RECIPE, SHAPE, START
from headline_score.files import atomic_write
from headline_score.result import is_line, is_target
from headline_score.vocabulary import BOUNDARY, FIRST_WORD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = "headline-score model"
LAYOUT = 3
LISTS = ("words", "names", "cues")
SHARED = ("bias", "base_rates", "thresholds", "precise_thresholds", "calibration")
"""Arrays that every layout ends with."""
ARRAYS = ("starts", "rights", "idf", "codes", "shape_weights", "scale", *SHARED)
TFIDF = (4, "tfidf-1")
"""Layout and recipe of `tfidf_file`, which is imported for such a file only."""
TOP_CODE = 127
MOST_IDF = 32
MOST = 10**6  # far beyond any weight, so that no sum leaves the range of floats
MOST_TARGETS = 1000
# What bounds memory and time, and is far beyond any model too: of cues there is a square table.
MOST_WORDS = {"words": 2**19, "names": 2**18, "cues": 2**12}
MOST_WEIGHTS = 2**24  # of terms, for all targets
MOST_LETTERS = 2**24  # bytes of all words of a list
LONGEST_WORD = 2**16  # letters of one
MOST_HEADER = 2**16  # bytes


@dataclass(frozen=True)
class Header:
    """What a model says of itself."""

    targets: tuple[str, ...]
    """Target names, in the order of every array's last axis."""

    version: str = "unversioned"
    """The model's own version."""

    rows: int = 0
    """Number of headlines it was trained on."""

    data_sha256: str = ""
    """SHA-256 of the training data, as `headline_score.training.data_sha256` computes it."""

    trained_with: dict[str, str] = field(default_factory=dict)
    """Versions of the libraries it was trained with, by name."""


@dataclass(frozen=True)
class Stored:
    """What a model is made of, as in its file, of any layout: arrays are read-only memoryviews.

    `numpy.asarray` takes them as they are.
    """

    MADE_BY: ClassVar[tuple[int, int | str]]
    """Numbers of layout and feature recipe."""
    MOST_WORDS: ClassVar[dict[str, int]]
    """Of each list of words in the file how many it may have."""
    ARRAYS: ClassVar[tuple[str, ...]]
    """The arrays in the file."""

    header: Header
    bias: memoryview[Any]
    base_rates: memoryview[Any]
    thresholds: memoryview[Any]
    precise_thresholds: memoryview[Any]
    calibration: memoryview[Any]

    @property
    def terms(self) -> list[str]:
        """The terms in the order of their weights."""
        raise NotImplementedError

    @property
    def described(self) -> dict[str, Any]:
        """What the file's header says beside layout and recipe."""
        return asdict(self.header)

    @classmethod
    def checked(cls, described: dict[str, Any], arrays: dict[str, memoryview[Any]]) -> Stored:
        """Return what a header and arrays of the right names make.

        Raises:
            ValueError: anything in them is not as scoring relies on.
        """
        raise NotImplementedError

    def arrays(self) -> dict[str, memoryview[Any]]:
        """Return lists and arrays as they stand in the file."""
        return {
            name: memoryview("\n".join(getattr(self, name)).encode()) for name in self.MOST_WORDS
        } | {name: memoryview(getattr(self, name)) for name in self.ARRAYS}

    def __reduce__(self) -> tuple[Any, ...]:
        values: list[Any] = [getattr(self, each.name) for each in fields(self)]
        return _unpacked, (
            type(self),
            *(
                (value.tobytes(), value.format, value.shape)
                if isinstance(value, memoryview)
                else value
                for value in values
            ),
        )


@dataclass(frozen=True)
class Parameters(Stored):
    """What a model of the recipe in `features` is made of."""

    MADE_BY = (LAYOUT, RECIPE)
    MOST_WORDS = MOST_WORDS
    ARRAYS = ARRAYS

    words: list[str]
    names: list[str]
    cues: list[str]
    starts: memoryview[Any]
    rights: memoryview[Any]
    idf: memoryview[Any]
    codes: memoryview[Any]
    scale: memoryview[Any]
    shape_weights: memoryview[Any]

    @property
    def terms(self) -> list[str]:
        """The terms in the order of their weights, as `features` writes them."""
        words = [*[""] * FIRST_WORD, *self.words]  # by row
        found = list(self.words)
        for left, (start, end) in enumerate(pairwise(self.starts.tolist())):
            rights = self.rights[start:end].tolist()
            if left < len(words):
                found += [f"{words[left] or START} {words[right] or END}" for right in rights]
            else:
                cue = self.cues[left - len(words)]
                found += [f"{cue} + {self.cues[right]}" for right in rights]
        return found

    @classmethod
    def checked(cls, described: dict[str, Any], arrays: dict[str, memoryview[Any]]) -> Parameters:
        """Return what a header and arrays make, or raise a `ValueError`."""
        header = checked_header(described)
        # What is quick to find comes first.
        lists = cls.MOST_WORDS
        numbers = {name: number_of_words(name, arrays[name], most) for name, most in lists.items()}
        _check_arrays(arrays, numbers, len(header.targets))
        parts: dict[str, Any] = arrays | {name: words(name, arrays[name]) for name in lists}
        if NAME not in parts["words"]:
            raise ValueError(f"its words lack {NAME}")
        name = FIRST_WORD + parts["words"].index(NAME)
        first_pair, cues = FIRST_WORD + numbers["words"], numbers["cues"]
        _check_pairs(arrays["starts"].tolist(), arrays["rights"].tolist(), name, first_pair, cues)
        return cls(header=header, **parts)


class FixedPoint:
    """How to add up what terms add, in whole numbers: sums are exact, whatever their order.

    A row's addends are its part of the squared norm, and of each target's log-odds before the norm
    divides them. As integers they are so large that the sum of all rows just fits into 64 bits.
    """

    def __init__(self, parameters: Parameters) -> None:
        bits = 62 - len(parameters.idf).bit_length()
        scale = parameters.scale.tolist()
        self.square_bits = bits - 2 * frexp(MOST_IDF)[1]
        """Bits after the binary point of an addend to the squared norm."""
        self.bits = bits - frexp(MOST_IDF * max(1e-9, *scale))[1]
        """Likewise of one to the log-odds."""
        self.unit = ldexp(1, self.bits) / sqrt(ldexp(1, self.square_bits))
        """What the root of a sum of squares is multiplied by, to divide sums to log-odds."""
        self.weights = _weights_of_codes(scale)
        """For each target the weight of each code from -128 on."""


def coded(weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return codes and scale of weights, shape (n, t): the nearest that a model file can hold.

    A byte each: the root of a weight is rounded, so that small weights keep their order.
    """
    import numpy as np

    largest = np.abs(weights).max(axis=0, initial=0)
    scale = np.where(largest > 0, largest, 1)
    codes = np.rint(TOP_CODE * np.sign(weights) * np.sqrt(np.abs(weights) / scale))
    return codes.astype(np.int8), scale


def decoded(codes: NDArray[np.int8], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights that codes stand for, shape (n, t)."""
    import numpy as np

    tables = np.array(_weights_of_codes(scale.tolist()))
    places = codes.astype(np.intp) + TOP_CODE + 1
    return np.column_stack(
        [table.take(column) for table, column in zip(tables, places.T, strict=True)]
    )


def _weights_of_codes(scale: Sequence[float]) -> list[list[float]]:
    """Return for each target the weight of each code from -128 on."""
    roots = [code / TOP_CODE for code in range(-TOP_CODE - 1, TOP_CODE + 1)]
    return [[factor * root * abs(root) for root in roots] for factor in scale]


def write(path: str | os.PathLike[str], parameters: Stored) -> None:
    """Write a model file; a killed run leaves the old one or none.

    Raises:
        ModelFileError: `read` would refuse the file, or read something else.
        TypeError: `path` is no path.
    """
    path = os.fspath(path)  # a number would be taken for an open file, and that be closed
    try:
        data = _packed(parameters)
        found = _parsed(data)
        for name in (each.name for each in fields(parameters)):
            read_again = getattr(found, name)
            if isinstance(read_again, memoryview):
                continue
            if read_again != getattr(parameters, name):
                raise ValueError(f"its {name} can't be written as they are")
    except Exception as error:  # of hand-made parameters anything may be wrong
        raise ModelFileError(f"{path}: no model to be written: {_reason(error)}") from error
    with atomic_write(path) as file:
        file.write(data)


def read(path: str | os.PathLike[str]) -> Stored:
    """Read and check a model file.

    Raises:
        ModelFileError: the file is missing, no model file, damaged, or of another layout.
        TypeError: `path` is no path.
    """
    path = os.fspath(path)  # a number would be taken for an open file, and that be closed
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
        return _parsed(data)
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # ValueError; but no other may get through, whatever the file holds
        raise ModelFileError(
            f"{path}: not a headline-score model, or damaged: {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _packed(parameters: Stored) -> bytes:
    layout, recipe = parameters.MADE_BY
    header = {"magic": MAGIC, "layout": layout, "recipe": recipe, **parameters.described}
    arrays = parameters.arrays()
    letters = sealed(json.dumps(header).encode(), arrays)
    return packed({"header": memoryview(letters), **arrays})


def sealed(header: bytes, arrays: Mapping[str, memoryview[Any]]) -> bytes:
    """Return a header, a JSON object, with the checksum of itself and the other arrays, in order.

    An array of the name `header` does not count.
    """
    checksum = sha256()
    for name, values in arrays.items():
        if name != "header":
            checksum.update(f"{name} {values.format} {values.shape}\n".encode())
            checksum.update(values.cast("B"))
    body = header[:-1]
    checksum.update(body)
    return body + f', "sha256": "{checksum.hexdigest()}"}}'.encode()


_SEAL = len(', "sha256": ""}') + 64


def _parsed(data: bytes) -> Stored:
    archive = Archive(data)
    letters = _text("header", archive.read("header", MOST_HEADER))
    header = json.loads(letters.decode(), object_pairs_hook=_different, parse_constant=_no_constant)
    if not isinstance(header, dict) or header.pop("magic", None) != MAGIC:
        raise ValueError("its magic is another's")
    kind = _kind((header.pop("layout", None), header.pop("recipe", None)))
    names = (*kind.MOST_WORDS, *kind.ARRAYS)
    if archive.names != ["header", *names]:
        raise ValueError("its arrays are not those of a model")
    arrays = {
        name: archive.read(name, MOST_LETTERS if name in kind.MOST_WORDS else LARGEST)
        for name in names
    }
    if letters != sealed(letters[:-_SEAL] + b"}", arrays):
        raise ValueError("its contents do not have its checksum")
    del header["sha256"]
    return kind.checked(header, arrays)


def _kind(made_by: tuple[object, object]) -> type[Stored]:
    if made_by == Parameters.MADE_BY:
        return Parameters
    if made_by == TFIDF:
        from headline_score.tfidf_file import TfidfParameters  # not above: few have such a model

        return TfidfParameters
    raise ValueError(
        f"its layout and feature recipe are {made_by!a:.40}, and this version reads"
        f" {Parameters.MADE_BY} and {TFIDF}: upgrade headline-score, or train the model anew"
    )


def _text(name: str, letters: memoryview[Any]) -> bytes:
    if (letters.format, letters.ndim) != ("B", 1):
        raise ValueError(f"array {name} is no text")
    return letters.tobytes()


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field of its header is there twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"its header holds {name}")


def checked_header(values: dict[str, Any]) -> Header:
    """Return the header of these fields, or raise a `ValueError`."""
    if set(values) != set(Header.__dataclass_fields__):
        raise ValueError("its header has not the fields of a model")
    targets, libraries = values["targets"], values["trained_with"]
    if not isinstance(targets, list) or not 0 < len(targets) <= MOST_TARGETS:
        raise ValueError(f"it has not from 1 to {MOST_TARGETS:,} targets")
    if not all(map(is_target, targets)) or len(set(targets)) < len(targets):
        raise ValueError("its targets have no names, or none for a target, or one for two")
    if type(values["rows"]) is not int or not 0 <= values["rows"] < 2**63:
        raise ValueError("its number of rows is none")
    if not isinstance(libraries, dict):
        raise ValueError("its libraries have no names")
    texts = [values["version"], values["data_sha256"], *libraries, *libraries.values()]
    if not all(map(is_line, texts)):
        raise ValueError("its header has other things, or lines, where words belong")
    return Header(**{**values, "targets": tuple(targets)})


# Bytes of UTF-8 but ASCII's control characters, for `bytes.translate` to leave out; a newline parts
# words. (Two words must not differ in zeros at their end alone: `bulk_reader` could not tell.)
_LETTERS = bytes({10, *range(256)} - {*range(10), *range(11, 32), 127})


def number_of_words(name: str, letters: memoryview[Any], most: int) -> int:
    """Return how many words an array of letters has, or raise a `ValueError`: more than `most`."""
    text = _text(name, letters)
    if text.translate(None, _LETTERS):
        raise ValueError(f"one of its {name} has a control character")
    number = text.count(b"\n") + 1 if text else 0
    if number > most:
        raise ValueError(f"it has more than {most:,} {name}")
    return number


def words(name: str, letters: memoryview[Any]) -> list[str]:
    """Return the different words of an array of letters, or raise a `ValueError`."""
    text = letters.tobytes().decode()
    found = text.split("\n") if text else []
    if len(set(found)) < len(found) or "" in found:
        raise ValueError(f"one of its {name} is there twice, or empty")
    if max(map(len, found), default=0) > LONGEST_WORD:
        raise ValueError(f"one of its {name} has more than {LONGEST_WORD:,} letters")
    return found


def check_arrays(
    arrays: dict[str, memoryview[Any]], layout: dict[str, tuple[str, tuple[int, ...]]], t: int
) -> None:
    """Check arrays of t targets, given formats and shapes of those that only one layout has.

    Raises:
        ValueError: one has another type or shape, or a float64 one numbers beyond `MOST`; or what
            every layout has is out of range.
    """
    shared: dict[str, tuple[str, tuple[int, ...]]] = dict.fromkeys(SHARED, ("d", (t,)))
    for name, (kind, shape) in {**layout, **shared, "calibration": ("d", (3, t))}.items():
        found = arrays[name]
        if (found.format, found.shape) != (kind, shape):
            raise ValueError(f"array {name} is {found.format}{found.shape}, not {kind}{shape}")
        if kind == "d" and not all(abs(x) <= MOST for x in found.cast("B").cast("d")):
            raise ValueError(f"array {name} holds NaN, infinity or a number beyond {MOST:,}")
    if not all(0 < rate < 1 for rate in arrays["base_rates"]):
        raise ValueError("a base rate is outside (0, 1)")
    for low, high in zip(arrays["thresholds"], arrays["precise_thresholds"], strict=True):
        if not 0 <= low <= high <= 1:
            raise ValueError("thresholds are outside [0, 1], or the precise one is below the other")
    if min(arrays["calibration"][:2].cast("B").cast("d")) < 0:
        raise ValueError("its calibration is not monotonic")


def _check_arrays(arrays: dict[str, memoryview[Any]], numbers: dict[str, int], t: int) -> None:
    """Check types, shapes and values, but for pairs, given the numbers of words and targets."""
    pairs = len(arrays["rights"])
    n = numbers["words"] + pairs
    layout: dict[str, tuple[str, tuple[int, ...]]] = {
        "starts": ("i", (FIRST_WORD + numbers["words"] + numbers["cues"] + 1,)),
        "rights": ("i", (pairs,)),
        "idf": ("f", (n,)),
        "codes": ("b", (n, t)),
        "shape_weights": ("d", (len(SHAPE), t)),
        "scale": ("d", (t,)),
    }
    if n * t > MOST_WEIGHTS:
        raise ValueError(f"it has more than {MOST_WEIGHTS:,} weights")
    check_arrays(arrays, layout, t)
    # The highest bytes of float32 numbers: up to 0x41 they are from 0 to below 32.
    if arrays["idf"].tobytes()[3::4].translate(None, bytes(range(0x42))):
        raise ValueError(f"array idf holds what is not in [0, {MOST_IDF})")
    if not min(arrays["scale"]) > 0:
        raise ValueError("a scale is not above 0")


def _check_pairs(
    starts: list[int], rights: list[int], name: int, first_pair: int, cues: int
) -> None:
    """Check that each left member's right ones are there, and rise: so no pair is there twice."""
    if starts[0] != 0 or starts[-1] != len(rights) or starts != sorted(starts):
        raise ValueError("its pairs are not in order")
    places = {*starts}
    if not places.issuperset(compress(count(1), map(ge, rights, rights[1:]))):
        raise ValueError("a pair is out of order, or there twice")
    neighbours = starts[first_pair]
    for start, end in pairwise(sorted(places)):  # the least and the greatest of a left member
        least, most = (BOUNDARY, first_pair) if end <= neighbours else (0, cues)
        if rights[start] < least or rights[end - 1] >= most:
            raise ValueError("a pair has a member that is not there")
    if starts[BOUNDARY] or name in rights[starts[name] : starts[name + 1]]:
        raise ValueError("a pair is of what never has a neighbour: no word, or names with names")


def _unpacked(kind: type[Stored], *values: Any) -> Stored:
    """Return what was pickled: a memoryview as its bytes, format and shape."""
    parts: list[Any] = [array(*value) if isinstance(value, tuple) else value for value in values]
    return kind(*parts)
