"""Scores as features in a scikit-learn pipeline. Needs the `sklearn` extra."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headline_score.errors import MissingExtraError
from headline_score.integrations._models import ModelSource, resolved
from headline_score.model import Model

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils import Tags
except ImportError as error:
    raise MissingExtraError(
        "a scikit-learn transformer", "sklearn", error.name or "scikit-learn"
    ) from None


class HeadlineScores(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns headlines into their scores: a column for each target.

    It learns nothing, so `transform` works without `fit`; but `fit` loads the model, which then
    goes along in a pickle.

    >>> from headline_score.integrations.sklearn import HeadlineScores
    >>> scores = HeadlineScores()
    >>> scores.transform(["Council may cut bus routes", "Bus routes cut"]).shape
    (2, 3)
    >>> scores.get_feature_names_out().tolist()
    ['clickbait', 'speculation', 'sensationalism']

    Args:
        model: a model, or the path of a model file; by default the shipped one.
        coverage: whether to add a column of that name, the share of each headline's words that the
            model knows.
    """

    def __init__(self, model: ModelSource = None, coverage: bool = False) -> None:
        self.model = model
        self.coverage = coverage

    def fit(self, X: object = None, y: object = None) -> HeadlineScores:
        """Load the model.

        Args:
            X: not looked at.
            y: likewise.

        Raises:
            ModelFileError: `model` is the path of no sound model file.
        """
        self.model_ = resolved(self.model)
        return self

    def transform(self, X: Iterable[str | None]) -> NDArray[np.float64]:
        """Return the scores of headlines, shape (n, targets), or one column more with `coverage`.

        Args:
            X: n headlines: a list, array, or Series, or one column of a table, shape (n, 1). A
                missing one (None, NaN, NA) gives a row of NaN, also for `coverage`.

        Raises:
            TypeError: X is one str or a table of several columns, or an item is no str.
            ModelFileError: `model` is the path of no sound model file.
        """
        shape: tuple[int, ...] = getattr(X, "shape", ())
        if len(shape) == 2 and shape[1] == 1:
            X = np.asarray(X, dtype=object)[:, 0]
        model = self._fitted()
        return np.column_stack([*model.score_many(X, coverage=self.coverage).values()])

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the columns: the targets, and `coverage` if wanted.

        Args:
            input_features: not looked at.
        """
        names = [*self._fitted().targets, *(["coverage"] if self.coverage else [])]
        return np.array(names, dtype=object)

    def _fitted(self) -> Model:
        model: Model | None = getattr(self, "model_", None)
        return resolved(self.model) if model is None else model

    def __sklearn_tags__(self) -> Tags:
        tags: Any = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.requires_fit = False
        return tags
