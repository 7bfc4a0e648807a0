"""The linear model: from a headline's log-odds to its strengths, and back to reasons.

NumPy is imported where many headlines are scored: a single one takes less time than the import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log, log1p
from typing import TYPE_CHECKING, Any

from headline_score import model_file
from headline_score.calibration import IDENTITY, strength
from headline_score.model_file import Header, Stored
from headline_score.result import Contribution, Explanation, Score, Summed, TargetExplanation
from headline_score.scorer import scorer_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from headline_score.totals import TermTotals

    Floats = NDArray[np.float64]

_BLOCK = 16384  # headlines read and scored before the next: bounds memory


class Model:
    """A trained scorer: immutable, so threads may share it.

    >>> from headline_score import Model
    >>> model = Model.load("no-such-model.npz")
    Traceback (most recent call last):
    headline_score.errors.ModelFileError: no-such-model.npz: No such file or directory
    """

    def __init__(self, parameters: Stored) -> None:
        self.parameters = parameters
        """What stands in the model's file."""
        self._scorer = scorer_of(parameters)
        self._normalise, self._read = self._scorer.normalise, self._scorer.read
        self._targets = parameters.header.targets
        self._base_rates = tuple(parameters.base_rates.tolist())
        self._calibrations = list(zip(*parameters.calibration.tolist(), strict=True))
        self._thresholds = (
            tuple(parameters.thresholds.tolist()),
            tuple(parameters.precise_thresholds.tolist()),
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file. It is data: nothing in it is run, and what loads scores in [0, 1].

        Raises:
            ModelFileError: the file is missing, damaged or no model file; none raises another.
            TypeError: `path` is no path.
        """
        return cls(model_file.read(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file (by convention `.npz`), the same bytes for the same model.

        Raises:
            ModelFileError: it has more words, or names of targets, than a file can hold.
        """
        model_file.write(path, self.parameters)

    @staticmethod
    def from_sklearn(
        pipeline: Pipeline,
        targets: str | Sequence[str] | None = None,
        *,
        thresholds: Mapping[str, float] | None = None,
        precise_thresholds: Mapping[str, float] | None = None,
        version: str = "unversioned",
    ) -> Model:
        """Return the model with the scores of a fitted scikit-learn pipeline.

        That is a `TfidfVectorizer`, or a `CountVectorizer` with or without a `TfidfTransformer`, of
        words and n-grams; and a `LogisticRegression`, or several in a `MultiOutputClassifier` or
        `OneVsRestClassifier`. Scores are those of its `predict_proba`, within 1e-6. The model needs
        no scikit-learn, and neither does its file. A text without a known word has the score that
        the intercepts alone give, and these are the model's base rates.

        Args:
            pipeline: fitted, of the `sklearn.pipeline.Pipeline` class.
            targets: names of what it predicts, in the order of its columns: of a classifier of two
                classes the second, of one of more each. By default the names of the classes.
            thresholds: for each target the strength at or above which a headline is flagged, in
                [0, 1]; by default 0.5.
            precise_thresholds: likewise one that is seldom wrong; by default 1.
            version: the model's own version, kept in its file.

        Raises:
            PipelineError: a step or option is unsupported, or a name is missing; it says which.
            MissingExtraError: scikit-learn is not installed.
        """
        from headline_score.pipelines import model_of  # needs scikit-learn

        return model_of(
            pipeline,
            targets,
            thresholds=thresholds,
            precise_thresholds=precise_thresholds,
            version=version,
        )

    def to_sklearn(self) -> Pipeline:
        """Return the fitted scikit-learn pipeline of the model, with its scores.

        That of a model from a pipeline is one of the same kind: a `TfidfVectorizer` and a
        classifier. That of another gives strengths by `predict`, shape (n, targets); they are the
        model's own, but for texts without a known word: to those the model gives its base rates.

        Raises:
            MissingExtraError: scikit-learn is not installed.
        """
        from headline_score.pipelines import pipeline_of  # needs scikit-learn

        return pipeline_of(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.parameters,)  # the tables are made anew

    def __copy__(self) -> Model:
        return self  # nothing in it changes

    def __deepcopy__(self, _: object) -> Model:
        return self

    def __repr__(self) -> str:
        return f"Model(version={self.version!r}, targets={self.targets!r})"

    @property
    def header(self) -> Header:
        """Names, version and provenance."""
        return self.parameters.header

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets it scores."""
        return self.header.targets

    @property
    def names(self) -> frozenset[str]:
        """Lower-case words that it takes for names, and so for one and the same word."""
        return self._scorer.names

    @property
    def cues(self) -> tuple[str, ...]:
        """Lower-case words of which any two in a headline make a term, the most telling first."""
        return self._scorer.cues

    @property
    def version(self) -> str:
        """The model's own version."""
        return self.header.version

    @property
    def base_rates(self) -> dict[str, float]:
        """Mean strength of the training data for each target: the score of unreadable text."""
        return dict(zip(self.targets, self.parameters.base_rates.tolist(), strict=True))

    @property
    def thresholds(self) -> dict[str, float]:
        """The threshold of best F1 for each target: at or above it a headline is flagged."""
        return dict(zip(self.targets, self.parameters.thresholds.tolist(), strict=True))

    @property
    def precise_thresholds(self) -> dict[str, float]:
        """For each target a threshold of precision 0.9 in cross-validation, or 1 if there is none.

        Never below that of best F1; for when a false flag is dear.
        """
        return dict(zip(self.targets, self.parameters.precise_thresholds.tolist(), strict=True))

    def score(self, headline: str) -> Score:
        """Score one headline.

        Raises:
            TypeError: `headline` is no str.
        """
        if not isinstance(headline, str):
            raise TypeError(
                f"score() takes one headline as a str, not {type(headline).__name__}:"
                " for many headlines use score_many()"
            )
        logits, coverage = self._read(self._normalise(headline))
        if not coverage:
            return Score(self._targets, self._base_rates, coverage, *self._thresholds)
        strengths = tuple(map(strength, logits, self._calibrations))
        return Score(self._targets, strengths, coverage, *self._thresholds)

    def score_many(
        self, headlines: Iterable[str | None], *, coverage: bool = False, workers: int = 1
    ) -> dict[str, Floats]:
        """Score many headlines: a column of float64, shape (n,), for each target.

        Takes a list, tuple, generator, numpy array, pandas or Polars Series, or Arrow array of
        str. A missing value (None, NaN, NA) gives NaN. With `coverage` there is a column of that
        name too: the share of each headline's words that the model knows (0: not read at all).
        A headline's scores are the same to the last bit in any company and by any `workers`, and
        those of `score` within 1e-12.

        Args:
            headlines: n texts.
            coverage: whether to add its column.
            workers: processes to score in; more than one pays from some 100,000 headlines on. A
                script that asks for them has to be guarded by `if __name__ == "__main__":`.

        Raises:
            TypeError: `headlines` is one str, a table or a mapping, or an item is no str.
            ValueError: `workers` is less than 1.
            WorkerError: a worker process ended before its work did.
        """
        names = (*self.targets, "coverage") if coverage else self.targets
        import numpy as np

        from headline_score.columns import blocks

        tables = self.score_blocks(blocks(headlines, _BLOCK), workers)
        table = np.concatenate([np.empty((0, len(self.targets) + 1)), *tables])
        return {name: table[:, i].copy() for i, name in enumerate(names)}

    def score_blocks(
        self, blocks: Iterable[list[str | None]], workers: int = 1
    ) -> Iterator[Floats]:
        """Yield a table for each block of headlines: strengths, and coverage as the last column.

        For streams: little more than a block is in memory. Shape (n, targets + 1), NaN where there
        is no headline.

        Raises:
            ValueError: `workers` is less than 1.
            WorkerError: a worker process ended before its work did.
        """
        if workers < 1:
            raise ValueError(f"workers must be 1 or more, not {workers}")
        if workers == 1:
            return map(self.score_block, blocks)
        from headline_score.parallel import scored_by  # not above: few need its modules

        return scored_by(workers, self, blocks)

    def explain(self, headline: str) -> Explanation:
        """Return the exact contribution of each term to each target's log-odds.

        The strength is a rising function of the log-odds: the model's calibration.

        Raises:
            TypeError: `headline` is no str.
        """
        if not isinstance(headline, str):
            raise TypeError(
                f"explain() takes one headline as a str, not {type(headline).__name__}:"
                " explain headlines one by one"
            )
        scorer = self._scorer
        moved, coverage = scorer.contributions(headline)
        if not coverage:
            biases = [log(rate) - log1p(-rate) for rate in self._base_rates]
            unread = tuple(TargetExplanation(bias, (), IDENTITY) for bias in biases)
            return Explanation(headline, self.targets, unread, coverage)
        parts = tuple(
            TargetExplanation(bias, _strongest_first(found), calibration)
            for bias, found, calibration in zip(
                self._scorer.bias, moved, self._calibrations, strict=True
            )
        )
        return Explanation(headline, self.targets, parts, coverage)

    def score_block(self, headlines: list[str | None]) -> Floats:
        """Return the table of one block, as `score_blocks` yields it."""
        from headline_score.bulk import table  # not above, as it needs NumPy

        return table(headlines, self._scorer.read_many, self.parameters)

    def score_and_total(self, headlines: list[str | None], totals: TermTotals) -> Floats:
        """Return what `score_block` does, and add the headlines to totals of `term_totals`."""
        from headline_score.bulk import table

        def read(present: list[str]) -> tuple[Floats, Floats]:
            return self._scorer.read_many(present, totals)

        return table(headlines, read, self.parameters)

    def term_totals(self) -> TermTotals:
        """Return totals of no headline, for `score_and_total` and `term_contributions`."""
        return self._scorer.new_totals()

    def term_contributions(self, totals: TermTotals) -> list[Summed]:
        """Return what each feature added to the log-odds of the headlines in the totals.

        They are the sums of the contributions that `explain` gives for each headline: one for each
        feature that any headline has, in no order of weight.
        """
        return self._scorer.term_contributions(totals)

    def feature_name(self, term: str) -> str:
        """Return the `term` of a contribution as a reader understands it.

        >>> from headline_score import default_model
        >>> [default_model().feature_name(term) for term in ("<s> why", "000", "[length]")]
        ['start · why', 'number(3)', 'length']
        """
        return term[1:-1] if term.startswith("[") else self._scorer.readable(term)


def _strongest_first(parts: Iterable[Contribution]) -> tuple[Contribution, ...]:
    return tuple(sorted(parts, key=lambda part: -abs(part.log_odds)))
