"""Scores as a function for `map` of Hugging Face datasets. Needs the `datasets` extra."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import headline_score
from headline_score.default import default_model
from headline_score.errors import MissingExtraError
from headline_score.integrations._models import ModelSource, digest, loaded
from headline_score.model import Model

try:
    import datasets  # noqa: F401  # what uses a scorer
except ImportError as error:
    raise MissingExtraError("scoring a dataset", "datasets", error.name or "datasets") from None

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Scorer:
    """What scores a column: `ds.map(Scorer("title"), batched=True)` adds a column for each target.

    A missing headline scores NaN. A scorer is small to send to other processes: it holds the name
    and the digest of a model file, not the model; they load the file, which must not change
    meanwhile. Equal scorers have equal fingerprints in every process, and so `map` finds its cache
    again; another column, prefix, model or version of this library has another.

    >>> from datasets import Dataset
    >>> from headline_score.integrations.datasets import Scorer
    >>> ds = Dataset.from_dict({"title": ["Council may cut bus routes", "Bus routes cut"]})
    >>> ds.map(Scorer("title"), batched=True).column_names
    ['title', 'clickbait', 'speculation', 'sensationalism']
    """

    def __init__(self, column: str = "title", model: ModelSource = None, prefix: str = "") -> None:
        """Make a scorer.

        Args:
            column: name of the column of headlines.
            model: the path of a model file, or a model, which goes along whole to other processes;
                by default the shipped model.
            prefix: put before the name of each column of scores.

        Raises:
            ModelFileError: the model file can't be loaded.
        """
        self.column = column
        self.prefix = prefix
        self._version = headline_score.__version__  # another may score otherwise
        self._model: Model | tuple[str, str] | None
        if model is None or isinstance(model, Model):
            self._model = model
        else:
            path = os.path.abspath(model)
            self._model = path, digest(path)
            loaded(*self._model)  # an unsound file is better known at once

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
        """Return the columns of scores of a batch.

        Raises:
            TypeError: it is a single row.
            ModelFileError: the model file has changed.
        """
        headlines = batch[self.column]
        if headlines is None or isinstance(headlines, str):
            raise TypeError("a Scorer takes batches: ds.map(scorer, batched=True)")
        if isinstance(self._model, tuple):
            model = loaded(*self._model)
        else:
            model = self._model or default_model()
        return {self.prefix + name: scores for name, scores in model.score_many(headlines).items()}

    def __repr__(self) -> str:
        return f"Scorer(column={self.column!r}, model={self._model!r}, prefix={self.prefix!r})"
