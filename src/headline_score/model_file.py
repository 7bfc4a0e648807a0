"""The model file: an `.npz` archive of plain arrays, read without pickle and checked.

Layout, version 2 (t targets, n terms, s shape features):

- `header`: uint8, UTF-8 JSON: magic, layout, feature recipe, target names, version, provenance
- `terms`: uint8, the n terms as UTF-8, parted by newlines, sorted
- `names`: uint8, the words that count as names, likewise
- `idf`: float32 (n,); `weights`: float32 (n, t); `shape_weights`: float64 (s, t)
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
from headline_score.features import RECIPE, SHAPE
from headline_score.files import atomic_write

MAGIC = "headline-score model"
LAYOUT = 2
BY_TARGET = ("bias", "base_rates", "thresholds", "precise_thresholds")
ARRAYS = ("idf", "weights", "shape_weights", *BY_TARGET, "calibration")


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
    terms: list[str]
    names: frozenset[str]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
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


def write(path: str | os.PathLike[str], parameters: Parameters) -> None:
    """Write a model file; a killed run leaves the old one or none."""
    header = {"magic": MAGIC, "layout": LAYOUT, "recipe": RECIPE, **asdict(parameters.header)}
    arrays: dict[str, Any] = {
        "header": _bytes(json.dumps(header)),
        "terms": _bytes("\n".join(parameters.terms)),
        "names": _bytes("\n".join(sorted(parameters.names))),
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
    terms, names = (arrays.pop(n).tobytes().decode().split("\n") for n in ("terms", "names"))
    return _checked(Parameters(Header(**header), terms, frozenset(names) - {""}, **arrays))


def _checked(parameters: Parameters) -> Parameters:
    n, t, s = len(parameters.terms), len(parameters.header.targets), len(SHAPE)
    layout: dict[str, tuple[type, tuple[int, ...]]] = {
        "idf": (np.float32, (n,)),
        "weights": (np.float32, (n, t)),
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
    targets = parameters.header.targets
    if not t or len(set(targets)) < t or not all(isinstance(name, str) for name in targets):
        raise ValueError("its targets have no names, or one for two")
    if ((parameters.base_rates <= 0) | (parameters.base_rates >= 1)).any():
        raise ValueError("a base rate is outside (0, 1)")
    if (parameters.calibration[:2] < 0).any():
        raise ValueError("its calibration is not monotonic")
    return parameters


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
