"""Scoring by the recipe in `tfidf`: one headline without NumPy, many with it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import exp, inf, log, log1p
from typing import TYPE_CHECKING

from headline_score import tfidf
from headline_score.calibration import softplus
from headline_score.result import Contribution, Summed
from headline_score.tfidf_file import TfidfParameters

if TYPE_CHECKING:
    from headline_score.scorer import Floats
    from headline_score.totals import TermTotals

OTHERS = "[other targets]"
"""Where targets share one chance: the name of what a target loses to the others, or gains."""


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
        flat, targets = parameters.weights.cast("B").cast("d"), len(parameters.header.targets)
        # For each target its weights beside one another, quicker to read
        self._weights = [memoryview(flat[t::targets].tobytes()).cast("d") for t in range(targets)]
        self._intercepts: Sequence[float] = parameters.bias.tolist()
        self.bias: Sequence[float] = linked(self._intercepts, parameters.options.link)

    def normalise(self, headline: str) -> str:
        """Return a headline as `read` takes it."""
        return tfidf.normalise(headline, self._options)

    def _words(self, plain: str) -> list[str]:
        words = self._pattern.findall(plain)
        return (
            [word for word in words if word not in self._stop_words] if self._stop_words else words
        )

    def read(self, plain: str) -> tuple[list[float], float]:
        """Return the log-odds of a normalised text, and its coverage."""
        words = self._words(plain)
        found = tfidf.grams(words, self._rows, self._options)
        values = tfidf.values(found, self._idf, self._options)
        sums = [
            start + sum([value * weights[row] for row, value in values.items()])
            for start, weights in zip(self._intercepts, self._weights, strict=True)
        ]
        return linked(sums, self._options.link), tfidf.coverage(found, len(words))

    def read_many(
        self, headlines: list[str], totals: TermTotals | None = None
    ) -> tuple[Floats, Floats]:
        """Return log-odds of headlines, shape (n, targets), and coverage, shape (n,)."""
        import numpy as np

        n, options = len(headlines), self._options
        rows: list[int] = []
        ends, coverage = [0], []
        for headline in headlines:
            words = self._words(self.normalise(headline))
            found = tfidf.grams(words, self._rows, options)
            rows += [row for _, some in found for row in some if row is not None]
            ends.append(len(rows))
            coverage.append(tfidf.coverage(found, len(words)))
        # For each term of a text the number of the text, the term's row and its count there.
        keys = np.repeat(np.arange(n) * len(self._rows), np.diff(ends)) + np.array(rows, np.int64)
        terms, counts = np.unique(keys, return_counts=True)
        text, row = np.divmod(terms, len(self._rows))
        if options.binary:
            counts[:] = 1
        values = counts * np.asarray(self._idf)[row]
        if options.sublinear_tf:  # NumPy's own logarithm has other last bits in other versions
            logs = [0.0, *(1 + log(count) for count in range(1, counts.max(initial=0) + 1))]
            values = np.array(logs)[counts] * np.asarray(self._idf)[row]
        # `bincount` adds one by one, so that sums do not depend on what other texts there are.
        if options.norm is not None:
            parts = abs(values) if options.norm == "l1" else values * values
            norm = np.bincount(text, parts, n)
            norm = norm if options.norm == "l1" else np.sqrt(norm)
            norm[norm == 0] = 1
            values = values / norm[text]
        sums = np.column_stack(
            [
                start + np.bincount(text, values * np.asarray(weights)[row], n)
                for start, weights in zip(self._intercepts, self._weights, strict=True)
            ]
        )
        before = sums
        if options.link != "logistic":
            sums = np.array([linked(of_one, options.link) for of_one in sums.tolist()])
        if totals is not None:
            known = np.array(coverage) > 0
            inside = known[text]
            own = before - np.asarray(self._intercepts)
            by_others = sums - np.asarray(self.bias) - own
            totals.add(row[inside], values[inside], by_others[known, : self._others])
        return sums, np.array(coverage)

    @property
    def _others(self) -> int:
        """Number of features beside terms: what each target has from the others."""
        return 0 if self._options.link == "logistic" else len(self._weights)

    def new_totals(self) -> TermTotals:
        """Return totals of no headline."""
        from headline_score.totals import TermTotals

        return TermTotals(len(self._rows), self._others)

    def term_contributions(self, totals: TermTotals) -> list[Summed]:
        """Return the sums of `contributions` over the headlines in the totals."""
        terms = [*self._rows]
        found = []
        for row in totals.counts[: len(terms)].nonzero()[0].tolist():
            amount = float(totals.amounts[row])
            sums = tuple(amount * weights[row] for weights in self._weights)
            found.append(Summed(terms[row], int(totals.counts[row]), sums))
        if self._others:
            by_others = tuple(totals.amounts[len(terms) :].tolist())
            found.append(Summed(OTHERS, int(totals.counts[len(terms) :].max()), by_others))
        return found

    def readable(self, term: str) -> str:
        """Return a term of the model as a reader understands it: as it is."""
        return term

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
        for length, rows in found:
            for first, row in enumerate(rows):
                if row is not None:
                    gram = words[first : first + length]
                    terms[row] = " ".join(word for word, *_ in gram)
                    spans.setdefault(row, []).append((gram[0][1], gram[-1][2]))
        values = tfidf.values(found, self._idf, self._options)
        parts = [
            [
                Contribution(terms[row], value * weights[row], tuple(spans[row]))
                for row, value in values.items()
                if value * weights[row]
            ]
            for weights in self._weights
        ]
        if self._options.link != "logistic":
            own = [sum([part.log_odds for part in of]) for of in parts]
            sums = [start + moved for start, moved in zip(self._intercepts, own, strict=True)]
            logits = linked(sums, self._options.link)
            for of, logit, bias, moved in zip(parts, logits, self.bias, own, strict=True):
                if by_others := logit - bias - moved:
                    of.append(Contribution(OTHERS, by_others, ()))
        return parts, tfidf.coverage(found, len(words))


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
