"""The linear model: from a headline's features to its strengths, and back to reasons.

NumPy is imported where many headlines are scored: a single one takes less time than the import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from math import ldexp, log, log1p, sqrt
from typing import TYPE_CHECKING, Any

from headline_score import model_file
from headline_score.calibration import IDENTITY, strength
from headline_score.features import (
    LONGEST,
    LOUD,
    QUIET,
    SHAPE,
    cue_pairs,
    length_shape,
    loudness,
    placed_tokens,
    shape,
    term_spans,
    terms,
)
from headline_score.model_file import TOP_CODE, FixedPoint, Header, Parameters
from headline_score.result import Contribution, Explanation, Score, TargetExplanation
from headline_score.text import normalise
from headline_score.vocabulary import BOUNDARY, FIRST_WORD, NOTHING, Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headline_score.bulk import BulkScorer, TermTotals

    Floats = NDArray[np.float64]

_BLOCK = 16384  # headlines read and scored before the next: bounds memory
_REMEMBERED = 2**16  # terms, likewise


class Model:
    """A trained scorer: immutable, so threads may share it.

    >>> from headline_score import Model
    >>> model = Model.load("no-such-model.npz")
    Traceback (most recent call last):
    headline_score.errors.ModelFileError: no-such-model.npz: No such file or directory
    """

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        """What stands in the model's file."""
        self._vocabulary = Vocabulary(
            parameters.words,
            parameters.starts,
            parameters.rights,
            parameters.names,
            parameters.cues,
        )
        fixed = FixedPoint(parameters)
        self._addends = _Addends(parameters, fixed)
        self._unit = fixed.unit
        self._targets = parameters.header.targets
        self._base_rates = tuple(parameters.base_rates.tolist())
        self._bias: Sequence[float] = parameters.bias.tolist()
        self._shape_weights: list[Any] = [*parameters.shape_weights.tolist()]
        of_length, of_square = self._shape_weights[LOUD:]
        # For each number of tokens the log-odds of each target before its terms count.
        self._offsets = [
            [
                bias + value * weight + square * other
                for bias, weight, other in zip(self._bias, of_length, of_square, strict=True)
            ]
            for value, square in map(length_shape, range(LONGEST + 1))
        ]
        self._calibrations = list(zip(*parameters.calibration.tolist(), strict=True))
        self._bulk_scorer: BulkScorer | None = None
        self._thresholds = (
            tuple(parameters.thresholds.tolist()),
            tuple(parameters.precise_thresholds.tolist()),
        )

    @property
    def _bulk(self) -> BulkScorer:
        # No lock: a child that is forked while another thread holds it would wait for ever, and
        # tables that are made twice do no harm.
        if self._bulk_scorer is None:
            from headline_score.bulk import BulkScorer

            self._bulk_scorer = BulkScorer(self.parameters, self._vocabulary, self._offsets)
        return self._bulk_scorer

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file. It is data: nothing in it is run, and what loads scores in [0, 1].

        Raises:
            ModelFileError: the file is missing, damaged or no model file; no other exception.
        """
        return cls(model_file.read(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file (by convention `.npz`), the same bytes for the same model.

        Raises:
            ModelFileError: it has more words, or names of targets, than a file can hold.
        """
        model_file.write(path, self.parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.parameters,)  # the tables are made anew

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
        return self._vocabulary.names

    @property
    def cues(self) -> tuple[str, ...]:
        """Lower-case words of which any two in a headline make a term, the most telling first."""
        return tuple(self.parameters.cues)

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
        logits, coverage = self._read(normalise(headline))
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
        plain = normalise(headline)
        _, length, coverage = self._vocabulary.read(plain)
        if not coverage:
            biases = [log(rate) - log1p(-rate) for rate in self._base_rates]
            unread = tuple(TargetExplanation(bias, (), IDENTITY) for bias in biases)
            return Explanation(headline, self.targets, unread, coverage)
        spans = self._spans(headline)
        rows = [self._vocabulary.row(term) for term in spans]
        squares, *logits = zip(*[self._addends[row] for row in rows], strict=True)
        norm = self._norm(sum(squares))
        values = shape(plain, length)
        names = [*spans, *(f"[{name}]" for name in SHAPE)]
        shown = [*map(tuple, spans.values()), *(() for _ in SHAPE)]
        parts = []
        for t, bias in enumerate(self._bias):
            moved = [addend / norm for addend in logits[t]]
            moved += [v * w[t] for v, w in zip(values, self._shape_weights, strict=True)]
            contributions = _strongest_first(names, moved, shown)
            parts.append(TargetExplanation(bias, contributions, self._calibrations[t]))
        return Explanation(headline, self.targets, tuple(parts), coverage)

    def _spans(self, headline: str) -> dict[str, list[tuple[int, int]]]:
        """Return the terms of a headline that the model has, each with its places in it."""
        vocabulary = self._vocabulary
        found = placed_tokens(headline, vocabulary.names, vocabulary.words)
        words = [token.word for token in found]
        spans: dict[str, list[tuple[int, int]]] = {}
        for term, span in zip(terms(words), term_spans(found), strict=True):
            spans.setdefault(term, []).append(span)
        for pair in cue_pairs(words, vocabulary.cues):
            spans[pair] = sorted(place for cue in pair.split(" + ") for place in spans[cue])
        return {term: at for term, at in spans.items() if vocabulary.row(term) != NOTHING}

    def _read(self, plain: str, totals: TermTotals | None = None) -> tuple[list[float], float]:
        """Return the log-odds of a normalised text, and its coverage; add it to the totals."""
        rows, length, coverage = self._vocabulary.read(plain)
        addend = self._addends
        square, *sums = map(sum, zip(*[addend[row] for row in rows], strict=True))
        norm = self._norm(square)
        offsets = self._offsets[min(length, LONGEST)]
        logits = [total / norm + offset for total, offset in zip(sums, offsets, strict=True)]
        if (loud := loudness(plain)) is not QUIET:
            for value, weights in zip(loud, self._shape_weights, strict=False):
                logits = [z + value * weight for z, weight in zip(logits, weights, strict=True)]
        if totals is not None and coverage:
            import numpy as np

            found = np.array(sorted(rows.difference((NOTHING, BOUNDARY))), np.int64)
            inverse_norms = np.full(len(found), self._unit / norm)
            totals.add(found, inverse_norms, np.array([shape(plain, length)]))
        return logits, coverage

    def _norm(self, square: int) -> float:
        """Return what divides sums of addends to log-odds: the norm, and their binary point."""
        return sqrt(square) * self._unit or 1.0

    def score_block(self, headlines: list[str | None]) -> Floats:
        """Return the table of one block, as `score_blocks` yields it."""
        return self._bulk.score(headlines, self._read)

    def score_and_total(self, headlines: list[str | None], totals: TermTotals) -> Floats:
        """Return what `score_block` does, and add the headlines to totals of `term_totals`."""
        return self._bulk.score(headlines, self._read, totals)

    def term_totals(self) -> TermTotals:
        """Return totals of no headline, for `score_and_total` and `term_contributions`."""
        return self._bulk.new_totals()

    def term_contributions(self, totals: TermTotals) -> list[tuple[str, int, tuple[float, ...]]]:
        """Return what each feature added to the log-odds of the headlines in the totals.

        They are the sums of the contributions that `explain` gives for each headline.

        Returns:
            For each feature that any headline has, in no order of weight: its term as in
            `Contribution.term`, the number of headlines that have it, and the sum for each target.
        """
        names = [*[""] * FIRST_WORD, *self.parameters.terms, *(f"[{name}]" for name in SHAPE)]
        present = totals.counts.nonzero()[0]
        counts = totals.counts[present].tolist()
        sums = self._bulk.contributions(totals)[present].tolist()
        return [
            (names[row], count, tuple(values))
            for row, count, values in zip(present.tolist(), counts, sums, strict=True)
        ]


class _Addends(dict[int, tuple[int, ...]]):
    """By row what a term adds to the squared norm and to each log-odds, in `FixedPoint`.

    Those of terms met before are remembered.
    """

    def __init__(self, parameters: Parameters, fixed: FixedPoint) -> None:
        self._idf, self._codes, self._fixed = parameters.idf, parameters.codes, fixed
        self._none = dict.fromkeys(range(FIRST_WORD), (0,) * (1 + len(fixed.weights)))
        self.update(self._none)

    def __missing__(self, row: int) -> tuple[int, ...]:
        fixed = self._fixed
        place = row - FIRST_WORD
        idf = self._idf[place]
        weights = [of[self._codes[place, t] + TOP_CODE + 1] for t, of in enumerate(fixed.weights)]
        found = (
            round(ldexp(idf * idf, fixed.square_bits)),
            *(round(ldexp(idf * weight, fixed.bits)) for weight in weights),
        )
        if len(self) >= _REMEMBERED:
            self.clear()
            self.update(self._none)
        self[row] = found
        return found


def _strongest_first(
    names: Sequence[str], values: Sequence[float], spans: Sequence[tuple[Any, ...]]
) -> tuple[Contribution, ...]:
    parts = (Contribution(*part) for part in zip(names, values, spans, strict=True) if part[1])
    return tuple(sorted(parts, key=lambda part: -abs(part.log_odds)))
