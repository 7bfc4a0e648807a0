"""The model file: an `.npz` archive of plain arrays, read without pickle and checked.

Layout, version 3 (t targets; n terms, words first, then pairs; s shape features):

- `header`: uint8, UTF-8 JSON: magic, layout, feature recipe, target names, version, provenance
- `words`: uint8, the words as UTF-8, parted by newlines, sorted; `names`, likewise, those that
  count as names; `cues`, likewise, the most telling first
- `starts`: int32 (left members + 1,), and `rights`: int32 (pairs,), as `vocabulary` takes them
- `idf`: float32 (n,)
- `codes`: int8 (n, t), and `scale`: float64 (t,): a weight is scale * sign(code) * (code / 127)^2
- `shape_weights`: float64 (s, t)
- `bias`, `base_rates`, `thresholds`, `precise_thresholds`: float64 (t,)
- `calibration`: float64 (3, t), the coefficients that `calibration.calibrated` takes
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import frexp, ldexp, sqrt
from operator import le
from typing import TYPE_CHECKING, Any

from headline_score.arrays import array, read_arrays
from headline_score.errors import ModelFileError
from headline_score.features import END, NAME, RECIPE, SHAPE, START
from headline_score.files import atomic_write
from headline_score.vocabulary import FIRST_WORD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = "headline-score model"
LAYOUT = 3
LISTS = ("words", "names", "cues")
BY_TARGET = ("scale", "bias", "base_rates", "thresholds", "precise_thresholds")
ARRAYS = ("starts", "rights", "idf", "codes", "shape_weights", *BY_TARGET, "calibration")
TOP_CODE = 127
MOST_IDF = 32
LARGEST = 10**6  # far beyond any weight, so that no sum leaves the range of floats


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
class Parameters:
    """Everything a model is made of, as in the file: arrays are read-only memoryviews.

    `numpy.asarray` takes them as they are.
    """

    header: Header
    words: list[str]
    names: list[str]
    cues: list[str]
    starts: memoryview[Any]
    rights: memoryview[Any]
    idf: memoryview[Any]
    codes: memoryview[Any]
    scale: memoryview[Any]
    shape_weights: memoryview[Any]
    bias: memoryview[Any]
    base_rates: memoryview[Any]
    thresholds: memoryview[Any]
    precise_thresholds: memoryview[Any]
    calibration: memoryview[Any]

    def __reduce__(self) -> tuple[Any, ...]:
        values: list[Any] = [getattr(self, name) for name in self.__dataclass_fields__]
        return _unpacked, tuple(
            (value.tobytes(), value.format, value.shape) if isinstance(value, memoryview) else value
            for value in values
        )

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
        roots = [code / TOP_CODE for code in range(-TOP_CODE - 1, TOP_CODE + 1)]
        self.weights = [[factor * root * abs(root) for root in roots] for factor in scale]
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

    roots = np.arange(-TOP_CODE - 1, TOP_CODE + 1) / TOP_CODE
    places = codes.astype(np.intp) + TOP_CODE + 1
    return np.column_stack(
        [
            (factor * roots * abs(roots)).take(column)
            for factor, column in zip(scale, places.T, strict=True)
        ]
    )


def write(path: str | os.PathLike[str], parameters: Parameters) -> None:
    """Write a model file; a killed run leaves the old one or none."""
    import numpy as np

    header = {"magic": MAGIC, "layout": LAYOUT, "recipe": RECIPE, **asdict(parameters.header)}
    texts = {name: "\n".join(getattr(parameters, name)) for name in LISTS}
    arrays: dict[str, Any] = {
        name: np.frombuffer(text.encode(), np.uint8)
        for name, text in {"header": json.dumps(header), **texts}.items()
    }
    arrays |= {name: np.asarray(getattr(parameters, name)) for name in ARRAYS}
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)


def read(path: str | os.PathLike[str]) -> Parameters:
    """Read and check a model file.

    Raises:
        ModelFileError: the file is missing, no model file, damaged, or of another layout.
    """
    try:
        with open(path, "rb") as file:
            return _parsed(read_arrays(file))
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # zipfile and zlib raise a dozen kinds on damaged bytes
        reason = str(error) or type(error).__name__
        raise ModelFileError(f"{path}: not a headline-score model, or damaged: {reason}") from error


def _parsed(arrays: dict[str, memoryview[Any]]) -> Parameters:
    header = json.loads(_text(arrays.pop("header")))
    if header.pop("magic") != MAGIC:
        raise ValueError("its magic is another's")
    made_by = (header.pop("layout"), header.pop("recipe"))
    if made_by != (LAYOUT, RECIPE):
        raise ValueError(
            f"its layout and feature recipe are {made_by}, and this version reads"
            f" {(LAYOUT, RECIPE)}: upgrade headline-score, or train the model anew"
        )
    header["targets"] = tuple(header["targets"])
    parts: dict[str, Any] = {**arrays}
    for name in LISTS:
        text = _text(arrays[name])
        parts[name] = text.split("\n") if text else []
    return _checked(Parameters(header=Header(**header), **parts))


def _text(letters: memoryview[Any]) -> str:
    if letters.format != "B":
        raise ValueError("a text in it is of another type")
    return letters.tobytes().decode()


def _checked(parameters: Parameters) -> Parameters:
    targets = parameters.header.targets
    if not targets or len(set(targets)) < len(targets):
        raise ValueError("its targets have no names, or one for two")
    if not all(isinstance(name, str) for name in targets):
        raise ValueError("its targets have no names, but something else")
    for name in LISTS:
        words = getattr(parameters, name)
        if len(set(words)) < len(words):
            raise ValueError(f"one of its {name} is there twice")
    if NAME not in parameters.words:
        raise ValueError(f"its words lack {NAME}")
    first_pair = FIRST_WORD + len(parameters.words)
    pairs, t = len(parameters.rights), len(targets)
    n = len(parameters.words) + pairs
    layout: dict[str, tuple[str, tuple[int, ...]]] = {
        "starts": ("i", (first_pair + len(parameters.cues) + 1,)),
        "rights": ("i", (pairs,)),
        "idf": ("f", (n,)),
        "codes": ("b", (n, t)),
        "shape_weights": ("d", (len(SHAPE), t)),
        **dict.fromkeys(BY_TARGET, ("d", (t,))),
        "calibration": ("d", (3, t)),
    }
    for name, (kind, shape) in layout.items():
        found: memoryview[Any] = getattr(parameters, name)
        if (found.format, found.shape) != (kind, shape):
            raise ValueError(f"array {name} is {found.format}{found.shape}, not {kind}{shape}")
        if kind == "d" and not all(abs(x) <= LARGEST for x in found.cast("B").cast("d")):
            raise ValueError(f"array {name} holds NaN, infinity or a number beyond {LARGEST:,}")
    # The highest bytes of float32 numbers: up to 0x41 they are from 0 to below 32.
    if parameters.idf.tobytes()[3::4].translate(None, bytes(range(0x42))):
        raise ValueError(f"array idf holds what is not in [0, {MOST_IDF})")
    _check_pairs(parameters.starts, parameters.rights, max(first_pair, len(parameters.cues)))
    if not all(0 < rate < 1 for rate in parameters.base_rates):
        raise ValueError("a base rate is outside (0, 1)")
    if min(parameters.calibration[:2].cast("B").cast("d")) < 0:
        raise ValueError("its calibration is not monotonic")
    return parameters


def _check_pairs(starts: memoryview, rights: memoryview, end: int) -> None:
    places = starts.tolist()
    if places[0] != 0 or places[-1] != len(rights) or not all(map(le, places, places[1:])):
        raise ValueError("its pairs are not in order")
    if len(rights) and not 0 <= min(rights) <= max(rights) < end:
        raise ValueError("a pair has a member that is not there")


def _unpacked(*values: Any) -> Parameters:
    """Return what was pickled: a memoryview as its bytes, format and shape."""
    parts: list[Any] = [array(*value) if isinstance(value, tuple) else value for value in values]
    return Parameters(*parts)
