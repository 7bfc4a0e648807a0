"""The linear model: from a headline's features to its strengths, and back to reasons."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headline_score import model_file
from headline_score.features import (
    SHAPE,
    is_word,
    shape,
    stem,
    term_spans,
    terms,
    tokens,
)
from headline_score.model_file import Header, Parameters
from headline_score.result import Contribution, Explanation, Score, TargetExplanation
from headline_score.text import normalise

_BLOCK = 4096  # headlines scored together: bounds memory, whatever the input's length


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
        self._row = {term: row for row, term in enumerate(parameters.terms)}
        idf = parameters.idf.astype(np.float64)[:, None]
        # (terms + 1, 1 + targets): what a term adds to the squared norm, and to each log-odds.
        # The products are exact, as two float32 fit into a float64. The last row adds nothing.
        self._addends = np.vstack(
            [
                np.hstack([idf * idf, idf * parameters.weights]),
                np.zeros((1, 1 + len(parameters.header.targets))),
            ]
        )
        self._unread = np.log(parameters.base_rates) - np.log1p(-parameters.base_rates)

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
        return self.parameters.names

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
        """Suggested threshold for each target: at or above it a headline counts as positive."""
        return dict(zip(self.targets, self.parameters.thresholds.tolist(), strict=True))

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
        logits, coverage = self._logits([headline])
        return Score(self.targets, tuple(_logistic(logits)[0].tolist()), coverage[0])

    def score_many(
        self, headlines: Iterable[str | None], *, coverage: bool = False
    ) -> dict[str, NDArray[np.float64]]:
        """Score many headlines: a column of float64, shape (n,), for each target.

        Takes a list, tuple, generator, numpy array, pandas or Polars Series, or Arrow array of
        str. A missing value (None, NaN, NA) gives NaN. With `coverage` there is a column of that
        name too: the share of each headline's words that the model knows (0: not read at all).

        Raises:
            TypeError: `headlines` is one str, a table or a mapping, or an item is no str.
        """
        names = (*self.targets, "coverage") if coverage else self.targets
        blocks = [np.empty((0, len(self.targets) + 1)), *map(self._scored, _blocks(headlines))]
        table = np.concatenate(blocks)
        return {name: table[:, i].copy() for i, name in enumerate(names)}

    def explain(self, headline: str) -> Explanation:
        """Return the exact contribution of each term to each target's log-odds.

        Raises:
            TypeError: `headline` is no str.
        """
        if not isinstance(headline, str):
            raise TypeError(
                f"explain() takes one headline as a str, not {type(headline).__name__}:"
                " explain headlines one by one"
            )
        plain = normalise(headline)
        found = tokens(plain, self.names)
        coverage = self._coverage(found)
        if not coverage:
            parts = tuple(TargetExplanation(bias, ()) for bias in self._unread.tolist())
            return Explanation(headline, self.targets, parts, coverage)
        spans: dict[str, list[tuple[int, int]]] = {}
        places = term_spans(headline, self.names)
        for term, span in zip(terms(found), places, strict=True):
            if term in self._row:
                spans.setdefault(term, []).append(span)
        addends = self._addends[[self._row[term] for term in spans]]
        values = addends[:, 1:] / np.sqrt(addends[:, 0].sum())
        shaped = np.array(shape(plain, found))[:, None] * self.parameters.shape_weights
        names = [*spans, *(f"[{name}]" for name in SHAPE)]
        shown = [*map(tuple, spans.values()), *(() for _ in SHAPE)]
        parts = tuple(
            TargetExplanation(bias, _strongest_first(names, column.tolist(), shown))
            for bias, column in zip(
                self.parameters.bias.tolist(), np.vstack([values, shaped]).T, strict=True
            )
        )
        return Explanation(headline, self.targets, parts, coverage)

    def _coverage(self, found: list[str]) -> float:
        words = [token for token in found if is_word(token)]
        known = sum(word in self._row or stem(word) in self._row for word in words)
        return known / len(words) if words else 0.0

    def _logits(self, headlines: Sequence[str]) -> tuple[NDArray[np.float64], list[float]]:
        """Return the log-odds, shape (n, targets), and the coverage of each headline.

        Every sum runs over one headline's terms in their order, so that a headline's score is
        the same to the last bit in whatever company it is scored.
        """
        row, nothing, names = self._row.get, len(self._row), self.names
        rows: list[int] = []  # the terms' rows in the addends, one headline after the other
        starts: list[int] = []  # where each headline's begin
        shapes: list[tuple[float, ...]] = []
        coverage: list[float] = []
        for headline in headlines:
            plain = normalise(headline)
            found = tokens(plain, names)
            starts.append(len(rows))
            rows += dict.fromkeys(map(row, terms(found), repeat(nothing)))  # once each: binary TF
            rows.append(nothing)  # so that no headline's sum is over no row
            shapes.append(shape(plain, found))
            coverage.append(self._coverage(found))
        # (n, 1 + targets): squared norm, and log-odds before it divides them
        sums = np.add.reduceat(self._addends[rows], starts, axis=0)
        norm = np.sqrt(np.where(sums[:, :1] > 0, sums[:, :1], 1))
        shaped = np.array(shapes)[:, :, None] * self.parameters.shape_weights
        logits = sums[:, 1:] / norm + shaped.sum(axis=1) + self.parameters.bias
        logits[np.array(coverage) == 0] = self._unread
        return logits, coverage

    def _scored(self, block: list[str | None]) -> NDArray[np.float64]:
        """Return strengths and coverage, shape (n, targets + 1), NaN where there is no headline."""
        table = np.full((len(block), len(self.targets) + 1), np.nan)
        present = [headline is not None for headline in block]
        if any(present):
            logits, coverage = self._logits([h for h in block if h is not None])
            table[present, :-1] = _logistic(logits)
            table[present, -1] = coverage
        return table


def _logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-logits))


def _strongest_first(
    names: Sequence[str], values: Sequence[float], spans: Sequence[tuple[Any, ...]]
) -> tuple[Contribution, ...]:
    parts = (Contribution(*part) for part in zip(names, values, spans, strict=True) if part[1])
    return tuple(sorted(parts, key=lambda part: -abs(part.log_odds)))


def _blocks(headlines: Iterable[str | None]) -> Iterator[list[str | None]]:
    """Yield the headlines in lists of bounded length, each missing value as None."""
    dimensions = len(getattr(headlines, "shape", (None,)))
    single = isinstance(headlines, (str, bytes, Mapping)) or not isinstance(headlines, Iterable)
    if single or dimensions != 1:
        raise TypeError(
            f"score_many() takes a column of headlines, not {type(headlines).__name__}:"
            " for one headline use score(), of a table pass one column"
        )
    for as_list in ("to_pylist", "to_list", "tolist"):  # Arrow, pandas and Polars, numpy
        if hasattr(headlines, as_list):
            headlines = getattr(headlines, as_list)()
            break
    rows = enumerate(headlines)
    while block := [_checked(row, headline) for row, headline in islice(rows, _BLOCK)]:
        yield block


def _checked(row: int, headline: object) -> str | None:
    if isinstance(headline, str):
        return headline
    missing = headline is None or type(headline).__name__ in ("NAType", "NaTType")
    if missing or (isinstance(headline, (float, np.floating)) and headline != headline):
        return None
    shown = repr(headline)[:60]
    raise TypeError(f"headline {row} (from 0) is {type(headline).__name__}, not str: {shown}")
