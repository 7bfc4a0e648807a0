"""Scoring by the recipe in `tfidf`: one headline after another, without NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import exp, inf, log1p
from typing import TYPE_CHECKING

from headline_score import tfidf
from headline_score.calibration import softplus
from headline_score.result import Contribution
from headline_score.tfidf_file import TfidfParameters

if TYPE_CHECKING:
    from headline_score.scorer import Floats

OTHERS = "[other targets]"
"""What a target loses to others where all share one chance: the name of that contribution."""


class TfidfScorer:
    """The terms of a model with their weights. A `scorer.Scorer`."""

    names: frozenset[str] = frozenset()
    cues: tuple[str, ...] = ()

    def __init__(self, parameters: TfidfParameters) -> None:
        self._options = parameters.options
        self._pattern = tfidf.SHORTEST[parameters.options.shortest]
        self._stop_words = frozenset(parameters.stop_words)
        self._rows = {term: row for row, term in enumerate(parameters.words)}
        self._idf = parameters.idf
        flat = parameters.weights.cast("B").cast("d")
        targets = len(parameters.header.targets)
        self._weights = [flat[t::targets] for t in range(targets)]
        self._bias: list[float] = parameters.bias.tolist()

    def normalise(self, headline: str) -> str:
        """Return a headline as `read` takes it."""
        return tfidf.normalise(headline, self._options)

    def read(self, plain: str) -> tuple[list[float], float]:
        """Return the log-odds of a normalised text, and its coverage."""
        words = self._pattern.findall(plain)
        if self._stop_words:
            words = [word for word in words if word not in self._stop_words]
        found = tfidf.grams(words, self._rows, self._options)
        values = tfidf.values(found, self._idf, self._options)
        sums = [
            bias + sum([value * weights[row] for row, value in values.items()])
            for bias, weights in zip(self._bias, self._weights, strict=True)
        ]
        return linked(sums, self._options.link), _coverage(found, len(words))

    def read_many(self, headlines: list[str]) -> tuple[Floats, Floats]:
        """Return log-odds of headlines, shape (n, targets), and coverage, shape (n,)."""
        import numpy as np

        read = [self.read(self.normalise(headline)) for headline in headlines]
        return np.array([logits for logits, _ in read]), np.array([share for _, share in read])

    def contributions(self, headline: str) -> tuple[list[list[Contribution]], float]:
        """Return for each target what moves its log-odds from the bias; and coverage."""
        words = [
            token
            for token in tfidf.placed_tokens(headline, self._options)
            if token[0] not in self._stop_words
        ]
        found = tfidf.grams([word for word, *_ in words], self._rows, self._options)
        spans: dict[int, list[tuple[int, int]]] = {}
        terms: dict[int, str] = {}
        for row, first, length in found:
            gram = words[first : first + length]
            terms[row] = " ".join(word for word, *_ in gram)
            spans.setdefault(row, []).append((gram[0][1], gram[-1][2]))
        values = tfidf.values(found, self._idf, self._options)
        parts = [
            [
                Contribution(terms[row], value * weights[row], tuple(spans[row]))
                for row, value in values.items()
            ]
            for weights in self._weights
        ]
        sums = [
            bias + sum([each.log_odds for each in of])
            for bias, of in zip(self._bias, parts, strict=True)
        ]
        logits = linked(sums, self._options.link)
        for of, total, logit in zip(parts, sums, logits, strict=True):
            of.append(Contribution(OTHERS, logit - total, ()))
        return parts, _coverage(found, len(words))


def linked(sums: Sequence[float], link: str) -> list[float]:
    """Return the log-odds of targets from the sums of their weights.

    >>> linked([1.0, -1.0], "logistic"), linked([1.0, -1.0], "softmax")
    ([1.0, -1.0], [2.0, -2.0])
    """
    if link == "logistic":
        return list(sums)
    chances = sums if link == "softmax" else [-softplus(-z) for z in sums]  # their logarithms
    before = [*accumulate(chances, _log_sum, initial=-inf)]
    after = [*accumulate(reversed(chances), _log_sum, initial=-inf)][::-1]
    return [
        own - _log_sum(left, right)
        for own, left, right in zip(chances, before[:-1], after[1:], strict=True)
    ]


def _log_sum(a: float, b: float) -> float:
    """Return ln(e^a + e^b)."""
    low, high = sorted((a, b))
    return high if low == -inf else high + log1p(exp(low - high))


def _coverage(found: Sequence[tfidf.Gram], words: int) -> float:
    """Return the share of a text's words that are part of a term that the model has."""
    known = bytearray(words)
    for _, first, length in found:
        known[first : first + length] = b"\1" * length
    return sum(known) / words if words else 0.0
