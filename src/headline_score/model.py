"""The linear model: from a headline's features to its strengths, and back to reasons."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headline_score import model_file
from headline_score.calibration import IDENTITY, calibrated
from headline_score.columns import blocks
from headline_score.features import (
    SHAPE,
    cue_pairs,
    shape,
    term_spans,
    terms,
    tokens,
    with_unknown_as_names,
)
from headline_score.model_file import Header, Parameters
from headline_score.result import Contribution, Explanation, Score, TargetExplanation
from headline_score.text import normalise
from headline_score.vocabulary import FIRST_WORD, NOTHING, Vocabulary

if TYPE_CHECKING:
    from headline_score.bulk import BulkReader

Floats = NDArray[np.float64]

_BLOCK = 16384  # headlines read and scored before the next: bounds memory
_PART, _PART_LETTERS = 2048, 2**18  # of them read together, so that their arrays fit into a cache
_AT_FIRST = np.zeros(1, np.intp)
_FEW = 16  # headlines that are read faster one by one


class Model:
    """A trained scorer: immutable, so threads may share it.

    >>> from headline_score import Model
    >>> model = Model.load("no-such-model.npz")
    Traceback (most recent call last):
    headline_score.errors.ModelFileError: no-such-model.npz: No such file or directory
    """

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        """The model's arrays, as they stand in its file."""
        self._vocabulary = Vocabulary(
            parameters.words,
            parameters.pairs,
            parameters.cue_pairs,
            frozenset(parameters.names),
            parameters.cues,
        )
        # (rows, 1 + targets): what a term adds to the squared norm, and to each log-odds before
        # the norm divides them; by row, as `vocabulary` numbers them.
        idf = parameters.idf.astype(np.float64)[:, None]
        self._addends = np.zeros((FIRST_WORD + len(idf), 1 + len(parameters.header.targets)))
        self._addends[FIRST_WORD:, :1] = idf * idf
        self._addends[FIRST_WORD:, 1:] = idf * parameters.weights
        self._base_rates = tuple(parameters.base_rates.tolist())
        self._bias = parameters.bias.tolist()
        self._shape_weights = parameters.shape_weights.tolist()
        self._thresholds = (
            tuple(parameters.thresholds.tolist()),
            tuple(parameters.precise_thresholds.tolist()),
        )

    @cached_property
    def _bulk(self) -> BulkReader:
        from headline_score.bulk import BulkReader  # not above: a single headline needs none

        return BulkReader(self._vocabulary)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file. It is data: nothing in it is ever run.

        Raises:
            ModelFileError: the file is missing, damaged or no model file.
        """
        return cls(model_file.read(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file (by convention `.npz`), the same bytes for the same model."""
        model_file.write(path, self.parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        return Model, (self.parameters,)  # the tables are made anew

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
            return Score(self.targets, self._base_rates, coverage, *self._thresholds)
        strengths = calibrated(logits, self.parameters.calibration).tolist()
        return Score(self.targets, tuple(strengths), coverage, *self._thresholds)

    def score_many(
        self, headlines: Iterable[str | None], *, coverage: bool = False, workers: int = 1
    ) -> dict[str, Floats]:
        """Score many headlines: a column of float64, shape (n,), for each target.

        Takes a list, tuple, generator, numpy array, pandas or Polars Series, or Arrow array of
        str. A missing value (None, NaN, NA) gives NaN. With `coverage` there is a column of that
        name too: the share of each headline's words that the model knows (0: not read at all).
        The scores are those of `score`, to the last bit, whatever the company and `workers`.

        Args:
            headlines: n texts.
            coverage: whether to add its column.
            workers: processes to score in; more than one pays from some 100,000 headlines on. A
                script that asks for them has to be guarded by `if __name__ == "__main__":`.

        Raises:
            TypeError: `headlines` is one str, a table or a mapping, or an item is no str.
            WorkerError: a worker process ended before its work did.
        """
        names = (*self.targets, "coverage") if coverage else self.targets
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
            rates = self.parameters.base_rates
            biases = (np.log(rates) - np.log1p(-rates)).tolist()
            parts = tuple(TargetExplanation(bias, (), IDENTITY) for bias in biases)
            return Explanation(headline, self.targets, parts, coverage)
        spans = self._spans(headline, plain)
        addends = self._addends[[self._vocabulary.row(term) for term in spans]]
        values = addends[:, 1:] / np.sqrt(addends[:, 0].sum())
        shaped = np.array(shape(plain, length))[:, None] * self.parameters.shape_weights
        names = [*spans, *(f"[{name}]" for name in SHAPE)]
        shown = [*map(tuple, spans.values()), *(() for _ in SHAPE)]
        parts = tuple(
            TargetExplanation(bias, _strongest_first(names, column, shown), tuple(calibration))
            for bias, column, calibration in zip(
                self.parameters.bias.tolist(),
                np.vstack([values, shaped]).T.tolist(),
                self.parameters.calibration.T.tolist(),
                strict=True,
            )
        )
        return Explanation(headline, self.targets, parts, coverage)

    def _spans(self, headline: str, plain: str) -> dict[str, list[tuple[int, int]]]:
        """Return the terms of a headline that the model has, each with its places in it."""
        words, row = self._vocabulary.words, self._vocabulary.row
        found = with_unknown_as_names(tokens(plain, self.names), words)
        places = term_spans(headline, self.names, words)
        spans: dict[str, list[tuple[int, int]]] = {}
        for term, span in zip(terms(found), places, strict=True):
            spans.setdefault(term, []).append(span)
        for pair in cue_pairs(found, self._vocabulary.cues):
            spans[pair] = sorted(place for cue in pair.split(" + ") for place in spans[cue])
        return {term: at for term, at in spans.items() if row(term) != NOTHING}

    def _read(self, plain: str) -> tuple[list[float], float]:
        """Return the log-odds of a normalised text, and its coverage.

        Adds up in the order in which `_read_many` does, so that its results have the same bits.
        """
        rows, length, coverage = self._vocabulary.read(plain)
        square, *logits = np.add.reduceat(self._addends.take(rows, 0), _AT_FIRST, 0)[0].tolist()
        norm = sqrt(square) if square > 0 else 1.0
        logits = [logit / norm + bias for logit, bias in zip(logits, self._bias, strict=True)]
        for value, weights in zip(shape(plain, length), self._shape_weights, strict=True):
            if value:
                logits = [z + value * weight for z, weight in zip(logits, weights, strict=True)]
        return logits, coverage

    def _read_many(self, plain: Sequence[str]) -> tuple[Floats, Floats]:
        """Return the log-odds of normalised ASCII texts, shape (n, targets), and their coverage."""
        _, rows, shapes, coverage = self._bulk.read(plain)
        starts = np.flatnonzero(rows == NOTHING)  # it is each text's first
        # (n, 1 + targets): squared norm, and log-odds before it divides them
        sums = np.add.reduceat(self._addends.take(rows, 0), starts, 0)
        norm = np.sqrt(np.where(sums[:, :1] > 0, sums[:, :1], 1))
        logits = sums[:, 1:] / norm + self.parameters.bias
        for values, weights in zip(shapes.T, self.parameters.shape_weights, strict=True):
            logits += values[:, None] * weights
        return logits, coverage

    def _strengths(self, headlines: Sequence[str]) -> tuple[Floats, Floats]:
        """Return the strengths, shape (n, targets), and the coverage of each headline."""
        plain = list(map(normalise, headlines))
        logits, coverage = np.empty((len(plain), len(self.targets))), np.empty(len(plain))
        alone: Iterable[int] = range(len(plain))
        if len(plain) >= _FEW:
            simple = np.fromiter(map(str.isascii, plain), bool, len(plain))
            alone = np.flatnonzero(~simple).tolist()
            if len(alone) < len(plain):
                texts = list(compress(plain, simple)) if alone else plain
                logits[simple], coverage[simple] = self._read_many(texts)
        for i in alone:
            logits[i], coverage[i] = self._read(plain[i])
        strengths = calibrated(logits, self.parameters.calibration)
        strengths[coverage == 0] = self.parameters.base_rates
        return strengths, coverage

    def score_block(self, headlines: list[str | None]) -> Floats:
        """Return the table of one block, as `score_blocks` yields it."""
        table = np.full((len(headlines), len(self.targets) + 1), np.nan)
        for start, end in _parts(headlines):
            texts, rows = headlines[start:end], table[start:end]
            present = [text for text in texts if text is not None]
            if not present:
                continue
            strengths, coverage = self._strengths(present)
            if len(present) < len(texts):
                rows[[text is not None for text in texts]] = np.column_stack([strengths, coverage])
            else:
                rows[:, :-1], rows[:, -1] = strengths, coverage
        return table


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


def _strongest_first(
    names: Sequence[str], values: Sequence[float], spans: Sequence[tuple[Any, ...]]
) -> tuple[Contribution, ...]:
    parts = (Contribution(*part) for part in zip(names, values, spans, strict=True) if part[1])
    return tuple(sorted(parts, key=lambda part: -abs(part.log_odds)))
