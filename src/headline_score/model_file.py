"""The model file: an `.npz` archive of plain arrays, read without pickle and checked.

Layout, version 3 (t targets; n terms: words, pairs of neighbours, pairs of cues; s shape features):

- `header`: uint8, UTF-8 JSON: magic, layout, feature recipe, target names, version, provenance
- `words`: uint8, the words as UTF-8, parted by newlines, sorted; `names`, likewise, those that
  count as names; `cues`, likewise, the most telling first
- `pairs`: int32 (pairs, 2), rows of words as `vocabulary` numbers them; `cue_pairs`: int32
  (cue pairs, 2), places of cues, the lower one first
- `idf`: float32 (n,)
- `codes`: int8 (n, t), and `scale`: float64 (t,): a weight is scale * sign(code) * (code / 127)^2
- `shape_weights`: float64 (s, t)
- `bias`, `base_rates`, `thresholds`, `precise_thresholds`: float64 (t,)
- `calibration`: float64 (3, t), the coefficients that `calibration.calibrated` takes
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from headline_score.errors import ModelFileError
from headline_score.features import END, NAME, RECIPE, SHAPE, START
from headline_score.files import atomic_write
from headline_score.vocabulary import BOUNDARY, FIRST_WORD

MAGIC = "headline-score model"
LAYOUT = 3
LISTS = ("words", "names", "cues")
BY_TARGET = ("scale", "bias", "base_rates", "thresholds", "precise_thresholds")
ARRAYS = ("pairs", "cue_pairs", "idf", "codes", "shape_weights", *BY_TARGET, "calibration")
TOP_CODE = 127


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
    """Everything a model is made of, in memory as in the file."""

    header: Header
    words: list[str]
    names: list[str]
    cues: list[str]
    pairs: NDArray[np.int32]
    cue_pairs: NDArray[np.int32]
    idf: NDArray[np.float32]
    codes: NDArray[np.int8]
    scale: NDArray[np.float64]
    shape_weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    base_rates: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    precise_thresholds: NDArray[np.float64]
    calibration: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Make the arrays read-only: a model is shared by all of a process."""
        for name in ARRAYS:
            getattr(self, name).setflags(write=False)

    @property
    def weights(self) -> NDArray[np.float64]:
        """The weight of each term for each target, shape (n, t)."""
        return decoded(self.codes, self.scale)

    @property
    def terms(self) -> list[str]:
        """The terms in the order of their weights, as `features` writes them."""
        words = [*[""] * FIRST_WORD, *self.words]  # by row
        pairs = [f"{words[i] or START} {words[j] or END}" for i, j in self.pairs.tolist()]
        cue_pairs = [f"{self.cues[i]} + {self.cues[j]}" for i, j in self.cue_pairs.tolist()]
        return [*self.words, *pairs, *cue_pairs]


def coded(weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return codes and scale of weights, shape (n, t): the nearest that a model file can hold.

    A byte each: the root of a weight is rounded, so that small weights keep their order.
    """
    scale = np.maximum(np.abs(weights).max(axis=0, initial=0), np.finfo(np.float64).tiny)
    codes = np.rint(TOP_CODE * np.sign(weights) * np.sqrt(np.abs(weights) / scale))
    return codes.astype(np.int8), scale


def decoded(codes: NDArray[np.int8], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights that codes stand for, shape (n, t)."""
    roots = np.arange(-TOP_CODE - 1, TOP_CODE + 1) / TOP_CODE
    # A table of 256 weights a target is quicker than arithmetic on every code.
    table = (roots * np.abs(roots))[:, None] * scale
    return table[codes.astype(np.intp) + TOP_CODE + 1, np.arange(len(scale))]


def write(path: str | os.PathLike[str], parameters: Parameters) -> None:
    """Write a model file; a killed run leaves the old one or none."""
    header = {"magic": MAGIC, "layout": LAYOUT, "recipe": RECIPE, **asdict(parameters.header)}
    arrays: dict[str, Any] = {
        "header": _bytes(json.dumps(header)),
        **{name: _bytes("\n".join(getattr(parameters, name))) for name in LISTS},
        **{name: getattr(parameters, name) for name in ARRAYS},
    }
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)


def read(path: str | os.PathLike[str]) -> Parameters:
    """Read and check a model file.

    Raises:
        ModelFileError: the file is missing, no model file, damaged, or of another layout.
    """
    try:
        with open(path, "rb") as file:
            return _parsed(file)
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds on damaged bytes
        reason = str(error) or type(error).__name__
        raise ModelFileError(f"{path}: not a headline-score model, or damaged: {reason}") from error


def _parsed(file: BinaryIO) -> Parameters:
    if not zipfile.is_zipfile(file):  # NumPy would advise to load it as a pickle
        raise ValueError("no archive of arrays")
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(arrays.pop("header").tobytes())
    if header.pop("magic") != MAGIC:
        raise ValueError("its magic is another's")
    made_by = (header.pop("layout"), header.pop("recipe"))
    if made_by != (LAYOUT, RECIPE):
        raise ValueError(
            f"its layout and feature recipe are {made_by}, and this version reads"
            f" {(LAYOUT, RECIPE)}: upgrade headline-score, or train the model anew"
        )
    header["targets"] = tuple(header["targets"])
    lists: dict[str, Any] = {name: _lines(arrays.pop(name)) for name in LISTS}
    return _checked(Parameters(header=Header(**header), **lists, **arrays))


def _checked(parameters: Parameters) -> Parameters:
    t, s = len(parameters.header.targets), len(SHAPE)
    pairs, cue_pairs = len(parameters.pairs), len(parameters.cue_pairs)
    n = len(parameters.words) + pairs + cue_pairs
    layout: dict[str, tuple[type, tuple[int, ...]]] = {
        "pairs": (np.int32, (pairs, 2)),
        "cue_pairs": (np.int32, (cue_pairs, 2)),
        "idf": (np.float32, (n,)),
        "codes": (np.int8, (n, t)),
        "shape_weights": (np.float64, (s, t)),
        **dict.fromkeys(BY_TARGET, (np.float64, (t,))),
        "calibration": (np.float64, (3, t)),
    }
    for name, (dtype, shape) in layout.items():
        array: NDArray[Any] = getattr(parameters, name)
        if array.dtype != dtype or array.shape != shape:
            raise ValueError(
                f"array {name} is {array.dtype}{array.shape}, not {np.dtype(dtype)}{shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"array {name} holds NaN or infinity")
    rows, cues = FIRST_WORD + len(parameters.words), len(parameters.cues)
    _check_pairs(parameters.pairs, BOUNDARY, rows)
    _check_pairs(parameters.cue_pairs, 0, cues)
    for name in LISTS:
        words = getattr(parameters, name)
        if len(set(words)) < len(words):
            raise ValueError(f"one of its {name} is there twice")
    if NAME not in parameters.words:
        raise ValueError(f"its words lack {NAME}")
    targets = parameters.header.targets
    if not t or len(set(targets)) < t or not all(isinstance(name, str) for name in targets):
        raise ValueError("its targets have no names, or one for two")
    if ((parameters.base_rates <= 0) | (parameters.base_rates >= 1)).any():
        raise ValueError("a base rate is outside (0, 1)")
    if (parameters.calibration[:2] < 0).any():
        raise ValueError("its calibration is not monotonic")
    return parameters


def _check_pairs(pairs: NDArray[np.int32], first: int, end: int) -> None:
    if ((pairs < first) | (pairs >= end)).any():
        raise ValueError("a pair has a member that is not there")
    if (np.diff(pairs[:, 0] * np.int64(end) + pairs[:, 1]) <= 0).any():
        raise ValueError("its pairs are not in order, or one is there twice")


def _lines(array: NDArray[np.uint8]) -> list[str]:
    text = array.tobytes().decode()
    return text.split("\n") if text else []


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
