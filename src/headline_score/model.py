"""The linear model: from a headline's features to its strengths, and back to reasons."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headline_score import model_file
from headline_score.calibration import IDENTITY, calibrated
from headline_score.features import (
    NAME,
    SHAPE,
    is_word,
    shape,
    stem,
    term_spans,
    terms,
    tokens,
    with_unknown_as_names,
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
        self._thresholds = (
            tuple(parameters.thresholds.tolist()),
            tuple(parameters.precise_thresholds.tolist()),
        )

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
        strengths, coverage = self._strengths([headline])
        return Score(self.targets, tuple(strengths[0].tolist()), coverage[0], *self._thresholds)

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
        found, coverage = self._read(plain)
        if not coverage:
            rates = self.parameters.base_rates
            biases = (np.log(rates) - np.log1p(-rates)).tolist()
            parts = tuple(TargetExplanation(bias, (), IDENTITY) for bias in biases)
            return Explanation(headline, self.targets, parts, coverage)
        spans: dict[str, list[tuple[int, int]]] = {}
        places = term_spans(headline, self.names, self._row)
        for term, span in zip(terms(found), places, strict=True):
            if term in self._row:
                spans.setdefault(term, []).append(span)
        addends = self._addends[[self._row[term] for term in spans]]
        values = addends[:, 1:] / np.sqrt(addends[:, 0].sum())
        shaped = np.array(shape(plain, found))[:, None] * self.parameters.shape_weights
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

    def _read(self, plain: str) -> tuple[list[str], float]:
        """Return the tokens of a normalised text, unknown words as names, and its coverage."""
        found = tokens(plain, self.names)
        words = [token for token in found if is_word(token)]
        known = [word for word in words if word in self._row or stem(word) in self._row]
        if len(known) < len(words):
            found = with_unknown_as_names(found, self._row)
        if set(known) <= {NAME}:  # a name alone tells nothing
            return found, 0.0
        return found, len(known) / len(words)

    def _strengths(self, headlines: Sequence[str]) -> tuple[NDArray[np.float64], list[float]]:
        """Return the strengths, shape (n, targets), and the coverage of each headline.

        Every sum runs over one headline's terms in their order, so that a headline's score is
        the same to the last bit in whatever company it is scored.
        """
        row, nothing = self._row.get, len(self._row)
        rows: list[int] = []  # the terms' rows in the addends, one headline after the other
        starts: list[int] = []  # where each headline's begin
        shapes: list[tuple[float, ...]] = []
        coverage: list[float] = []
        for headline in headlines:
            plain = normalise(headline)
            found, known = self._read(plain)
            starts.append(len(rows))
            rows += dict.fromkeys(map(row, terms(found), repeat(nothing)))  # once each: binary TF
            rows.append(nothing)  # so that no headline's sum is over no row
            shapes.append(shape(plain, found))
            coverage.append(known)
        # (n, 1 + targets): squared norm, and log-odds before it divides them
        sums = np.add.reduceat(self._addends[rows], starts, axis=0)
        norm = np.sqrt(np.where(sums[:, :1] > 0, sums[:, :1], 1))
        shaped = np.array(shapes)[:, :, None] * self.parameters.shape_weights
        logits = sums[:, 1:] / norm + shaped.sum(axis=1) + self.parameters.bias
        strengths = calibrated(logits, self.parameters.calibration)
        strengths[np.array(coverage) == 0] = self.parameters.base_rates
        return strengths, coverage

    def _scored(self, block: list[str | None]) -> NDArray[np.float64]:
        """Return strengths and coverage, shape (n, targets + 1), NaN where there is no headline."""
        table = np.full((len(block), len(self.targets) + 1), np.nan)
        present = [headline is not None for headline in block]
        if any(present):
            strengths, coverage = self._strengths([h for h in block if h is not None])
            table[present, :-1] = strengths
            table[present, -1] = coverage
        return table


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
