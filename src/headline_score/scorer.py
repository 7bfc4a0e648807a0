"""From a headline to log-odds: what differs between models by the recipe of their features.

NumPy is imported where many headlines are scored: a single one takes less time than the import.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ldexp, sqrt
from typing import TYPE_CHECKING, Any, Protocol

from headline_score.features import (
    LONGEST,
    LOUD,
    QUIET,
    SHAPE,
    cue_pairs,
    length_shape,
    loudness,
    placed_tokens,
    readable,
    shape,
    term_spans,
    terms,
)
from headline_score.model_file import TOP_CODE, FixedPoint, Parameters, Stored
from headline_score.result import Contribution, Summed
from headline_score.text import normalise
from headline_score.vocabulary import BOUNDARY, FIRST_WORD, NOTHING, Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headline_score.bulk import BulkScorer
    from headline_score.totals import TermTotals

    Floats = NDArray[np.float64]

_REMEMBERED = 2**16  # terms: bounds memory


class Scorer(Protocol):
    """What reads headlines by a recipe, and adds up a model's weights."""

    names: frozenset[str]
    """Lower-case words that it takes for names."""

    cues: tuple[str, ...]
    """Lower-case words of which any two in a headline make a term."""

    bias: Sequence[float]
    """Log-odds of each target before anything is read."""

    def normalise(self, headline: str) -> str:
        """Return a headline as `read` takes it."""

    def read(self, plain: str) -> tuple[Sequence[float], float]:
        """Return the log-odds of a normalised text, and its coverage.

        That is the share of its words that the model knows; at 0 the log-odds do not count.
        """

    def read_many(
        self, headlines: list[str], totals: TermTotals | None = None
    ) -> tuple[Floats, Floats]:
        """Return log-odds of headlines, shape (n, targets), and coverage, shape (n,).

        Those of a headline have the same bits in any company. The headlines are added to the
        totals, if there are any.
        """

    def new_totals(self) -> TermTotals:
        """Return totals of no headline."""

    def term_contributions(self, totals: TermTotals) -> list[Summed]:
        """Return the sums of `contributions` over the headlines in the totals."""

    def readable(self, term: str) -> str:
        """Return a term of the model, no other feature, as a reader understands it."""

    def contributions(self, headline: str) -> tuple[list[list[Contribution]], float]:
        """Return for each target what moves its log-odds from the bias, and coverage.

        At a coverage of 0 the contributions do not count. None of them is 0.
        """


def scorer_of(parameters: Stored) -> Scorer:
    """Return what scores by these parameters."""
    if isinstance(parameters, Parameters):
        return HeadlineScorer(parameters)
    from headline_score.tfidf_file import TfidfParameters  # not above: few have such a model
    from headline_score.tfidf_scorer import TfidfScorer

    if not isinstance(parameters, TfidfParameters):
        raise TypeError(f"a model has no parameters of type {type(parameters).__name__}")
    return TfidfScorer(parameters)


class HeadlineScorer:
    """The tables of a model by the recipe in `features`. A `Scorer`."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._vocabulary = Vocabulary(
            parameters.words,
            parameters.starts,
            parameters.rights,
            parameters.names,
            parameters.cues,
        )
        self.names = self._vocabulary.names
        self.cues = tuple(parameters.cues)
        fixed = FixedPoint(parameters)
        self._addends = _Addends(parameters, fixed)
        self._unit = fixed.unit
        self._shape_weights: list[Any] = [*parameters.shape_weights.tolist()]
        of_length, of_square = self._shape_weights[LOUD:]
        self.bias: Sequence[float] = parameters.bias.tolist()
        # For each number of tokens the log-odds of each target before its terms count.
        self._offsets = [
            [
                bias + value * weight + square * other
                for bias, weight, other in zip(self.bias, of_length, of_square, strict=True)
            ]
            for value, square in map(length_shape, range(LONGEST + 1))
        ]
        self._bulk_scorer: BulkScorer | None = None
        self.normalise = normalise  # as it is: a method of its own would take longer

    @property
    def _bulk(self) -> BulkScorer:
        # No lock: a child that is forked while another thread holds it would wait for ever, and
        # tables that are made twice do no harm.
        if self._bulk_scorer is None:
            from headline_score.bulk import BulkScorer

            self._bulk_scorer = BulkScorer(self._parameters, self._vocabulary, self._offsets)
        return self._bulk_scorer

    def read(self, plain: str, totals: TermTotals | None = None) -> tuple[list[float], float]:
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

    def read_many(
        self, headlines: list[str], totals: TermTotals | None = None
    ) -> tuple[Floats, Floats]:
        """Return log-odds of headlines, shape (n, targets), and coverage, shape (n,)."""
        return self._bulk.read(headlines, self.read, totals)

    def new_totals(self) -> TermTotals:
        """Return totals of no headline."""
        return self._bulk.new_totals()

    def term_contributions(self, totals: TermTotals) -> list[Summed]:
        """Return the sums of `contributions` over the headlines in the totals."""
        names = [*[""] * FIRST_WORD, *self._parameters.terms, *(f"[{name}]" for name in SHAPE)]
        present = totals.counts.nonzero()[0]
        counts = totals.counts[present].tolist()
        sums = self._bulk.contributions(totals)[present].tolist()
        return [
            Summed(names[row], count, tuple(values))
            for row, count, values in zip(present.tolist(), counts, sums, strict=True)
        ]

    def readable(self, term: str) -> str:
        """Return a term of the model as a reader understands it."""
        return readable(term)

    def contributions(self, headline: str) -> tuple[list[list[Contribution]], float]:
        """Return for each target what moves its log-odds from the bias; and coverage."""
        plain = normalise(headline)
        _, length, coverage = self._vocabulary.read(plain)
        spans = self._spans(headline)
        rows = [NOTHING, *(self._vocabulary.row(term) for term in spans)]  # which adds nothing
        squares, *logits = zip(*[self._addends[row] for row in rows], strict=True)
        norm = self._norm(sum(squares))
        values = shape(plain, length)
        names = [*spans, *(f"[{name}]" for name in SHAPE)]
        shown = [*map(tuple, spans.values()), *(() for _ in SHAPE)]
        parts = []
        for t, addends in enumerate(logits):
            moved = [addend / norm for addend in addends[1:]]
            moved += [v * w[t] for v, w in zip(values, self._shape_weights, strict=True)]
            triples = zip(names, moved, shown, strict=True)
            parts.append([Contribution(*part) for part in triples if part[1]])
        return parts, coverage

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

    def _norm(self, square: int) -> float:
        """Return what divides sums of addends to log-odds: the norm, and their binary point."""
        return sqrt(square) * self._unit or 1.0


class _Addends(dict[int, tuple[int, ...]]):
    """By row what a term adds to the squared norm and to each log-odds, in `FixedPoint`.

    Those of terms met before are remembered. Another thread may empty this at any time, so what is
    asked for must be found whatever is in it.
    """

    def __init__(self, parameters: Parameters, fixed: FixedPoint) -> None:
        self._idf, self._codes, self._fixed = parameters.idf, parameters.codes, fixed

    def __missing__(self, row: int) -> tuple[int, ...]:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[row] = self._found(row)
        return found

    def _found(self, row: int) -> tuple[int, ...]:
        fixed = self._fixed
        if row < FIRST_WORD:  # no term
            return (0,) * (1 + len(fixed.weights))
        place = row - FIRST_WORD
        idf = self._idf[place]
        weights = [of[self._codes[place, t] + TOP_CODE + 1] for t, of in enumerate(fixed.weights)]
        return (
            round(ldexp(idf * idf, fixed.square_bits)),
            *(round(ldexp(idf * weight, fixed.bits)) for weight in weights),
        )
