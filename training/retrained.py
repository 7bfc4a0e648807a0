"""What the model would be without a part of its training data: fits that take a minute each.

The calibration is the shipped model's, so that only the weights differ. The teachers had read what
is left out here, so it may still reach a model by their grades of other headlines.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from headline_score import Model
from headline_score.calibration import calibrated
from headline_score.features import SHAPE
from headline_score.model_file import TOP_CODE, coded, decoded
from headline_score.training import Floats, make_pipeline
from sources import number
from train import MIN_DF, SHIPPED, TARGETS, C, Rows, read_cues, read_names

Scorer = Callable[[list[str]], dict[str, Floats]]
FOLDS = 5
FOLDED = {"contrast", "webis17"}
PLACES = 16**4


def place(group: str) -> int:
    """Return a number below `PLACES`, by hash, which parts the groups always alike."""
    return number(group) % PLACES  # the last digits: the first tells who is kept from the teacher


class Retrained:
    """Fits the shipped pipeline to parts of the training rows."""

    def __init__(self, rows: Rows, model: Model) -> None:
        self.rows = rows
        self._grades = np.column_stack(list(rows.grades.values()))
        self._calibration = model.parameters.calibration

    def _fit(self, kept: NDArray[np.bool_]) -> Pipeline:
        pipeline = make_pipeline(C, read_names(), read_cues(), MIN_DF, n_jobs=-1)
        matrix = pipeline[:-1].fit_transform([self.rows.headlines[i] for i in np.flatnonzero(kept)])
        pipeline[-1].fit(matrix.tocsr(), self._grades[kept], np.array(self.rows.weights)[kept])
        return pipeline

    def on(self, kept: NDArray[np.bool_]) -> Scorer:
        """Return the scorer that is fitted to the rows `kept`, and calibrated as shipped."""
        pipeline = self._fit(kept)

        return lambda headlines: self._score(pipeline, headlines)

    def _score(self, pipeline: Pipeline, headlines: list[str]) -> dict[str, Floats]:
        logits = pipeline[-1].decision_function(pipeline[:-1].transform(headlines).tocsr())
        return dict(zip(TARGETS, calibrated(logits, self._calibration).T, strict=True))

    def forms(self, headlines: list[str]) -> Iterator[tuple[str, int, dict[str, Floats]]]:
        """Yield ways to store the weights of terms: name, bytes of the model file, and scores."""
        pipeline = self._fit(np.ones(len(self.rows.headlines), dtype=bool))
        estimators = pipeline[-1].estimators_
        fitted = np.vstack([each.coef_[0, : -len(SHAPE)] for each in estimators]).T
        rest = SHIPPED.stat().st_size - _packed(coded(fitted)[0])
        for name, (stored, weights) in _forms(fitted).items():
            for estimator, column in zip(estimators, weights.T, strict=True):
                estimator.coef_[0, : -len(SHAPE)] = column
            yield name, rest + _packed(stored), self._score(pipeline, headlines)

    def without_source(self, source: str) -> Scorer:
        """Return the scorer that read no row of an archive, nor tweets that link to it."""
        hidden = {source, "webis17"} if source == "webis17-titles" else {source}
        return self.on(np.array([each not in hidden for each in self.rows.sources]))

    def with_graded(self, share: float) -> tuple[int, Scorer]:
        """Return number of rows, and scorer, of a share of the graded publishers, no teacher."""
        last = int(share * PLACES)
        pairs = zip(self.rows.kind, self.rows.groups, strict=True)
        kept = np.array([kind == "graded" and place(group) < last for kind, group in pairs])
        return int(kept.sum()), self.on(kept)

    def folds(self) -> Iterator[tuple[Scorer, Callable[[str], bool]]]:
        """Yield scorers, each with what tells the groups (families, say) that it did not read."""
        for fold in range(FOLDS):

            def hidden(group: str, fold: int = fold) -> bool:
                return place(group) % FOLDS == fold

            pairs = zip(self.rows.groups, self.rows.sources, strict=True)
            kept = [source not in FOLDED or not hidden(group) for group, source in pairs]
            yield self.on(np.array(kept)), hidden


def _forms(weights: Floats) -> dict[str, tuple[NDArray[Any], Floats]]:
    """Return by name what is stored of weights, shape (n, targets), and the weights it stands for.

    What ships comes last.
    """
    found: dict[str, tuple[NDArray[Any], Floats]] = {
        str(np.dtype(kind)): (weights.astype(kind), weights.astype(kind).astype(np.float64))
        for kind in (np.float64, np.float32, np.float16)
    }
    scale = np.abs(weights).max(axis=0)
    even = np.rint(weights / scale * TOP_CODE).astype(np.int8)
    found["a byte, even steps"] = even, even * scale / TOP_CODE
    for top in (7, 15, 31):
        codes = np.rint(np.sign(weights) * np.sqrt(np.abs(weights) / scale) * top).astype(np.int8)
        found[f"{2 * top + 1} steps of the root"] = codes, scale * codes * np.abs(codes) / top**2
    codes, scale = coded(weights)
    found["a byte, steps of the root"] = codes, decoded(codes, scale)
    return found


def _packed(array: NDArray[Any]) -> int:
    file = io.BytesIO()
    np.savez_compressed(file, array)
    return len(file.getvalue())
