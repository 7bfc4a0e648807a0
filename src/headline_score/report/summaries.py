"""What a report says of many headlines: means with intervals, by publisher and by month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headline_score.report.corpus import NONE, Corpus
from headline_score.result import Summed, joined

FEW = 30
"""Headlines below which a group is greyed and not ranked."""

LENGTH = joined("[length]")
"""What a headline's length and its square are called together."""

RESAMPLES = 500
"""Of the bootstrap."""

MANY = 4096
"""Headlines beyond which means are normal, and the bootstrap would give the normal interval."""

_FEWEST = 5  # headlines below which there is no interval
_MOST_MONTHS = 240  # beyond, time goes by years


@dataclass(frozen=True)
class Group:
    """A number of headlines: mean strengths and their 95 % intervals, one for each target."""

    name: int
    """Number of the publisher, or the period."""
    n: int
    means: tuple[float, ...]
    lows: tuple[float, ...]
    """NaN where there are too few headlines."""
    highs: tuple[float, ...]
    flagged: tuple[float, ...]
    """Share of headlines that reach the threshold."""

    @property
    def few(self) -> bool:
        """Whether the group is too small to be ranked."""
        return self.n < FEW


def groups(
    codes: NDArray[np.int32], strengths: NDArray[np.float32], flagged: NDArray[np.bool_]
) -> list[Group]:
    """Return the groups of rows of the same code, those of `NONE` aside, by rising code.

    Args:
        codes: shape (n,).
        strengths: shape (n, targets).
        flagged: shape (n, targets).
    """
    order = np.argsort(codes, kind="stable")
    order = order[np.searchsorted(codes[order], NONE, "right") :]
    names, starts = np.unique(codes[order], return_index=True)
    found = []
    random = np.random.default_rng(0)
    for name, rows in zip(names.tolist(), np.split(order, starts[1:]), strict=bool(len(names))):
        values = strengths[rows].astype(np.float64)
        low, high = interval(values, random)
        found.append(
            Group(
                name,
                len(rows),
                tuple(values.mean(0).tolist()),
                tuple(low.tolist()),
                tuple(high.tolist()),
                tuple(flagged[rows].mean(0).tolist()),
            )
        )
    return found


def interval(
    values: NDArray[np.float64], random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the 95 % interval of the means of n rows: bootstrap, or normal if many.

    NaN if there are too few rows.

    Args:
        values: shape (n, targets).
        random: what draws the resamples.
    """
    n = len(values)
    if n < _FEWEST:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    if n > MANY:
        margin = 1.96 * values.std(0) / np.sqrt(n)
        return values.mean(0) - margin, values.mean(0) + margin
    drawn = random.integers(n, size=(RESAMPLES, n))
    means = np.stack([column.take(drawn).mean(1) for column in values.T], 1)
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return low, high


def by_publisher(corpus: Corpus) -> list[Group]:
    """Return the publishers, those with most headlines first."""
    found = groups(corpus.publishers, corpus.strengths, corpus.flagged)
    return sorted(found, key=lambda group: (-group.n, corpus.names[group.name]))


@dataclass(frozen=True)
class Time:
    """Headlines over time."""

    groups: list[Group]
    """By month, or by year."""
    unit: str
    """`month` or `year`."""
    without_month: int
    """Headlines that are in no month, as only their year is known, where the unit is month."""


def over_time(corpus: Corpus) -> Time:
    """Return the months; or the years, if most dates have no month, or there are many months."""
    periods = corpus.periods
    dated = periods[periods != NONE]
    year_only = int((dated % 13 == 0).sum())
    months = np.unique(dated // 13 * 12 + dated % 13)
    span = int(months[-1] - months[0]) + 1 if len(months) else 0
    if 2 * year_only > len(dated) or span > _MOST_MONTHS:
        codes = np.where(periods == NONE, NONE, periods // 13 * 13)
        return Time(groups(codes, corpus.strengths, corpus.flagged), "year", 0)
    codes = np.where(periods % 13 == 0, NONE, periods)
    return Time(groups(codes, corpus.strengths, corpus.flagged), "month", year_only)


@dataclass(frozen=True)
class Driver:
    """A feature, and what it did to one target in a corpus."""

    term: str
    name: str
    """Of the term, for a reader."""
    headlines: int
    """How many have it."""
    mean: float
    """Mean contribution over all headlines of the corpus that were read, in log-odds."""
    where: float
    """Mean contribution over those that have it."""


def drivers(corpus: Corpus, most: int) -> list[tuple[list[Driver], list[Driver]]]:
    """Return for each target the features that raised it most, and those that lowered it most."""
    n = corpus.totals.headlines
    if not n:
        return [([], []) for _ in corpus.model.targets]
    features = _joined(corpus.model.term_contributions(corpus.totals))
    sums = np.array([feature.log_odds for feature in features])  # (features, targets)

    def driver(i: int, t: int) -> Driver:
        term, headlines, values = features[i]
        name = corpus.model.feature_name(term)
        return Driver(term, name, headlines, values[t] / n, values[t] / headlines)

    found = []
    for t in range(len(corpus.model.targets)):
        order = np.argsort(sums[:, t], kind="stable")
        up = [driver(i, t) for i in order[::-1][:most].tolist() if sums[i, t] > 0]
        down = [driver(i, t) for i in order[:most].tolist() if sums[i, t] < 0]
        found.append((up, down))
    return found


def _joined(features: list[Summed]) -> list[Summed]:
    """Return the features with those as one that to a reader are."""
    found: dict[str, Summed] = {}
    for term, headlines, log_odds in features:
        if other := found.get(term := joined(term)):
            headlines = max(headlines, other.headlines)
            log_odds = tuple(map(sum, zip(log_odds, other.log_odds, strict=True)))
        found[term] = Summed(term, headlines, log_odds)
    return [*found.values()]
