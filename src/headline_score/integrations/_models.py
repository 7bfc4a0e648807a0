"""Which model scores: the shipped one, one in a file, or one in memory; here and in workers."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from headline_score.default import default_model
from headline_score.errors import ModelFileError
from headline_score.model import Model

ModelSource: TypeAlias = Model | str | os.PathLike[str] | None
"""A model, the path of a model file, or None for the shipped model."""


def resolved(source: ModelSource) -> Model:
    """Return the model.

    Raises:
        ModelFileError: it is a file that can't be loaded.
    """
    if source is None:
        return default_model()
    return source if isinstance(source, Model) else Model.load(source)


def digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a model file.

    Raises:
        ModelFileError: it can't be read.
    """
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise ModelFileError(f"{os.fspath(path)}: {error.strerror or error}") from error


@lru_cache(maxsize=4)
def loaded(path: str, expected: str) -> Model:
    """Return the model in a file: a process loads it once.

    Args:
        path: the file.
        expected: its digest.

    Raises:
        ModelFileError: the file can't be loaded, or is another than the one expected.
    """
    if digest(path) != expected:
        raise ModelFileError(f"{path}: the file has changed since it was named as the model")
    return Model.load(path)
