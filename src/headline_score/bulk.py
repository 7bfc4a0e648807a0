"""Scoring many headlines at once, by arrays.

`table` makes the columns of any model; `BulkScorer` reads for those of the recipe in `features`. A
headline's scores have the same bits in whatever company it is scored, as sums of integers are
exact. They are those of `Model.score` but for the last bits of the calibration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from headline_score.bulk_reader import BulkReader
from headline_score.calibration import calibrated
from headline_score.features import LONGEST, LOUD, SHAPE, length_shape
from headline_score.model_file import FixedPoint, Parameters, Stored, decoded
from headline_score.text import normalise_all
from headline_score.totals import TermTotals
from headline_score.vocabulary import FIRST_WORD, NOTHING, Vocabulary

Floats = NDArray[np.float64]
Read = Callable[[list[str]], tuple[Floats, Floats]]

_PART, _PART_LETTERS = 2048, 2**18  # texts read together, so that their arrays fit into a cache


def table(headlines: list[str | None], read: Read, parameters: Stored) -> Floats:
    """Return strengths and coverage, shape (n, targets + 1), NaN where there is no headline.

    Args:
        headlines: n texts.
        read: gives log-odds of texts, shape (n, targets), and coverage, shape (n,).
        parameters: the model's.
    """
    base_rates = np.asarray(parameters.base_rates)
    calibration = np.asarray(parameters.calibration)
    found = np.full((len(headlines), len(base_rates) + 1), np.nan)
    for start, end in _parts(headlines):
        texts, rows = headlines[start:end], found[start:end]
        present = [text for text in texts if text is not None]
        if not present:
            continue
        logits, coverage = read(present)
        strengths = calibrated(logits, calibration)
        strengths[coverage == 0] = base_rates
        scored = np.column_stack([strengths, coverage])
        if len(present) < len(texts):
            rows[[text is not None for text in texts]] = scored
        else:
            rows[:] = scored
    return found


class Alone(Protocol):
    """Reads a normalised text: its log-odds and its coverage."""

    def __call__(
        self, plain: str, totals: TermTotals | None = None, /
    ) -> tuple[list[float], float]:
        """Read it, and add it to the totals if there are any."""


class BulkScorer:
    """A model's tables as arrays."""

    def __init__(
        self, parameters: Parameters, vocabulary: Vocabulary, offsets: Sequence[Sequence[float]]
    ) -> None:
        """Make the tables.

        Args:
            parameters: the model's.
            vocabulary: likewise.
            offsets: for each number of tokens up to `LONGEST` the log-odds of each target before
                the terms count.
        """
        self._reader = BulkReader(vocabulary)
        idf = np.asarray(parameters.idf).astype(np.float64)
        weights = decoded(np.asarray(parameters.codes), np.asarray(parameters.scale))
        fixed = FixedPoint(parameters)
        # (rows, 1 + targets), int64: what a term adds to the squared norm, and to each log-odds
        # before the norm divides them; by row, as `vocabulary` numbers them.
        self._addends = np.zeros((FIRST_WORD + len(idf), 1 + weights.shape[1]), np.int64)
        self._addends[FIRST_WORD:, 0] = np.rint(np.ldexp(idf * idf, fixed.square_bits))
        self._addends[FIRST_WORD:, 1:] = np.rint(np.ldexp(idf[:, None] * weights, fixed.bits))
        self._unit = fixed.unit
        self._offsets = np.array(offsets)  # (LONGEST + 1, targets)
        self._shape_weights = np.asarray(parameters.shape_weights)  # (len(SHAPE), targets)
        self._length_shapes = np.array([*map(length_shape, range(LONGEST + 1))])

    def new_totals(self) -> TermTotals:
        """Return totals of no headline, to be added to by `read`."""
        return TermTotals(len(self._addends), len(SHAPE))

    def contributions(self, totals: TermTotals) -> Floats:
        """Return what each feature added to the log-odds of all headlines in the totals.

        Shape (features, targets): rows of terms, and the items of `SHAPE`.
        """
        terms = totals.amounts[: len(self._addends), None] * self._addends[:, 1:] / self._unit
        return np.vstack([terms, totals.amounts[len(terms) :, None] * self._shape_weights])

    def read(
        self, headlines: list[str], alone: Alone, totals: TermTotals | None = None
    ) -> tuple[Floats, Floats]:
        """Return the log-odds of headlines, shape (n, targets), and their coverage, shape (n,).

        Args:
            headlines: n texts.
            alone: gives log-odds and coverage of a normalised text that is not ASCII.
            totals: what the headlines are to be added to, if anything.
        """
        plain = normalise_all(headlines)
        logits, coverage = np.empty((len(plain), self._offsets.shape[1])), np.empty(len(plain))
        simple = np.fromiter(map(str.isascii, plain), bool, len(plain))
        others = np.flatnonzero(~simple).tolist()
        if len(others) < len(plain):
            texts = list(compress(plain, simple)) if others else plain
            logits[simple], coverage[simple] = self._read(texts, totals)
        for i in others:
            logits[i], coverage[i] = alone(plain[i], totals)
        return logits, coverage

    def _read(self, plain: Sequence[str], totals: TermTotals | None) -> tuple[Floats, Floats]:
        """Return the log-odds of normalised ASCII texts, shape (n, targets), and their coverage."""
        rows, lengths, loudness, coverage = self._reader.read(plain)
        starts = np.flatnonzero(rows == NOTHING)  # it is each text's first
        # (n, 1 + targets): squared norm, and log-odds before it divides them
        sums = np.add.reduceat(self._addends.take(rows, 0), starts, 0)
        norm = np.sqrt(sums[:, :1]) * self._unit
        norm[norm == 0] = 1
        lengths = np.minimum(lengths, LONGEST)
        logits = sums[:, 1:] / norm + self._offsets[lengths]
        for values, weights in zip(loudness.T, self._shape_weights[:LOUD], strict=True):
            loud = np.flatnonzero(values)  # few
            logits[loud] += values[loud, None] * weights
        if totals is not None:
            known = coverage > 0
            text = np.cumsum(rows == NOTHING) - 1  # of each term
            inside = known[text] & (rows != NOTHING)
            shapes = np.hstack([loudness, self._length_shapes[lengths]])[known]
            totals.add(rows[inside], self._unit / norm[text[inside], 0], shapes)
        return logits, coverage


def _parts(headlines: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """Yield where to cut a list so that no part is too long, or a single text."""
    for start in range(0, len(headlines), _PART):
        part = headlines[start : start + _PART]
        ends = np.cumsum([len(text or "") for text in part])
        first = 0
        while first < len(part):
            before = ends[first - 1] if first else 0
            end = max(int(np.searchsorted(ends, before + _PART_LETTERS, "right")), first + 1)
            yield start + first, start + end
            first = end
