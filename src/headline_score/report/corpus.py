"""Reading tables of headlines for a report: counts, scores by row, and the most telling ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headline_score.model import Model
from headline_score.report.columns import (
    DATE_COLUMNS,
    PUBLISHER_COLUMNS,
    find_column,
    is_missing,
    month_of,
    publisher_in,
)
from headline_score.streams import Source, reading
from headline_score.tables import FORMATS, RowError, Table, headline_in
from headline_score.tables.blocks import blocks
from headline_score.totals import TermTotals

_WELL_READ = 0.5  # coverage that a headline needs to be shown as telling
_SPARE = 4  # headlines kept for each that is shown: one may oust several that are like it
_BROKEN = "\ufffd"  # stands for a date that can't be read
NONE = -1
"""Number of no publisher, and period of no date."""


@dataclass(frozen=True)
class Telling:
    """A headline that stands for a target."""

    strength: float
    text: str
    publisher: str
    period: int


@dataclass
class Counts:
    """Rows, and what was the matter with some."""

    rows: int = 0
    """Rows read."""
    left_out: int = 0
    """Rows that can't be read: not among `rows`."""
    first_left_out: list[str] = field(default_factory=list)
    """Where and why of the first of them."""
    without_text: int = 0
    """Rows without a headline."""
    unread: int = 0
    """Rows whose headline has no word that the model knows."""
    without_publisher: int = 0
    """Rows with a headline that was read, but without a publisher."""
    without_date: int = 0
    """Likewise without a date."""
    bad_dates: int = 0
    """Likewise with what is no date."""
    example_of_bad_date: str = ""


@dataclass(frozen=True)
class Corpus:
    """Headlines as a report wants them: figures by row, of the n headlines that were read.

    A row takes some twenty bytes; texts are not kept, but for the most telling ones.
    """

    model: Model
    counts: Counts
    strengths: NDArray[np.float32]
    """Shape (n, targets)."""
    flagged: NDArray[np.bool_]
    """Whether the strength reaches the model's threshold, shape (n, targets)."""
    publishers: NDArray[np.int32]
    """Number of the publisher, or `NONE`, shape (n,)."""
    periods: NDArray[np.int32]
    """Year and month as `period` numbers them, or `NONE`, shape (n,)."""
    names: list[str]
    """Name of each publisher."""
    telling: list[list[Telling]]
    """For each target the strongest different headlines, the strongest first."""
    totals: TermTotals
    """What terms added."""
    by: list[str]
    """Columns that the publishers were found in."""
    over: list[str]
    """Columns that the dates were found in."""


def period(year: int, month: int) -> int:
    """Return the number of a month, or with month 0 of a year."""
    return year * 13 + month


def period_name(number: int) -> str:
    """Return what `period` numbered.

    >>> period_name(period(2031, 4)), period_name(period(2031, 0))
    ('2031-04', '2031')
    """
    year, month = divmod(number, 13)
    return f"{year:04}-{month:02}" if month else f"{year:04}"


def read_corpus(
    files: Iterable[tuple[str, str]],
    model: Model,
    *,
    column: str | None = None,
    by: str | None = None,
    over: str | None = None,
    telling: int = 8,
    progress: Callable[[int], object] = lambda _: None,
) -> Corpus:
    """Read and score tables. Rows that can't be read are left out and counted.

    Args:
        files: path and format, a key of `FORMATS`, of each.
        model: what scores.
        column: the headlines' column; by default `headline` or `title`.
        by: the publishers' column; by default one of a usual name, if there is any.
        over: the dates' column, likewise.
        telling: how many telling headlines of each target to keep.
        progress: called after each block with the bytes of the input read so far.

    Raises:
        TableError: a table can't be read, or lacks a column; the message says where.
    """
    gathered = _Gathered(model, telling)
    done = 0
    for path, file_format in files:
        with reading(path) as source:
            table = FORMATS[file_format].read(source, gathered.reporter(source))
            if table.empty:
                continue
            columns = table.headline_column(column), *gathered.columns(table, by, over)
            for block in blocks(_cells(table, columns, gathered, source), source):
                gathered.add(block)
                progress(done + source.position())
            done += source.position()
    return gathered.corpus()


Cells = tuple[str | None, Any, Any]


def _cells(
    table: Table, columns: tuple[str, str | None, str | None], gathered: _Gathered, source: Source
) -> Iterator[Cells]:
    """Yield headline, publisher and date of each row; None where there is no such column.

    A publisher or date that can't be read costs no headline.
    """
    headline = table.getter(columns[0])
    by, over = _lenient(table, columns[1], None), _lenient(table, columns[2], _BROKEN)
    report = gathered.reporter(source)
    for line, row in table.rows:
        try:
            text = headline_in(headline(row))
        except RowError as error:
            report(line, str(error))
            continue
        yield text, by(row), over(row)


def _lenient(table: Table, column: str | None, broken: str | None) -> Callable[[Any], Any]:
    """Return what takes a column's value out of a row: `broken` where it can't be read."""
    if column is None:
        return lambda row: None
    get = table.getter(column)

    def value(row: Any) -> Any:
        try:
            return get(row)
        except RowError:
            return broken

    return value


class _Gathered:
    """What is known of the rows so far."""

    def __init__(self, model: Model, telling: int) -> None:
        self.counts = Counts()
        self._model = model
        self._thresholds = np.array([model.thresholds[target] for target in model.targets])
        self._parts: list[tuple[NDArray[Any], ...]] = []
        self._numbers: dict[str, int] = {}
        self._totals = model.term_totals()
        self._best = [_Best(telling) for _ in model.targets]
        self._by: dict[str, None] = {}
        self._over: dict[str, None] = {}

    def reporter(self, source: Source) -> Callable[[int, str], None]:
        """Return what counts a row that can't be read."""

        def report(line: int, reason: str) -> None:
            self.counts.left_out += 1
            if len(self.counts.first_left_out) < 5:
                self.counts.first_left_out.append(f"{source.place(line)}: {reason}")

        return report

    def columns(
        self, table: Table, by: str | None, over: str | None
    ) -> tuple[str | None, str | None]:
        """Return the columns of publishers and dates of a table, and remember them."""
        by = find_column(table, by, PUBLISHER_COLUMNS, "of publishers")
        over = find_column(table, over, DATE_COLUMNS, "of dates")
        for found, remembered in ((by, self._by), (over, self._over)):
            if found is not None:
                remembered[found] = None
        return by, over

    def add(self, block: list[Cells]) -> None:
        texts = [text for text, _, _ in block]
        table = self._model.score_and_total(texts, self._totals)
        strengths, coverage = table[:, :-1], table[:, -1]
        counts = self.counts
        counts.rows += len(block)
        counts.without_text += int(np.isnan(coverage).sum())
        counts.unread += int((coverage == 0).sum())
        read = np.flatnonzero(coverage > 0)
        rows = read.tolist()
        publishers = np.fromiter((self._publisher(block[i][1]) for i in rows), np.int32, len(rows))
        periods = np.fromiter((self._period(block[i][2]) for i in rows), np.int32, len(rows))
        self._keep_telling(block, strengths, coverage)
        strengths = strengths[read]
        flagged = strengths >= self._thresholds
        self._parts.append((strengths.astype(np.float32), flagged, publishers, periods))

    def corpus(self) -> Corpus:
        width = len(self._model.targets)
        first = (
            np.empty((0, width), np.float32),
            np.empty((0, width), np.bool_),
            np.empty(0, np.int32),
            np.empty(0, np.int32),
        )
        strengths, flagged, publishers, periods = (
            np.concatenate(parts) for parts in zip(first, *self._parts, strict=True)
        )
        return Corpus(
            model=self._model,
            counts=self.counts,
            strengths=strengths,
            flagged=flagged,
            publishers=publishers,
            periods=periods,
            names=list(self._numbers),
            telling=[best.strongest() for best in self._best],
            totals=self._totals,
            by=list(self._by),
            over=list(self._over),
        )

    def _publisher(self, value: Any) -> int:
        name = publisher_in(value)
        if not name:
            self.counts.without_publisher += 1
            return NONE
        return self._numbers.setdefault(name, len(self._numbers))

    def _period(self, value: Any) -> int:
        if is_missing(value):
            self.counts.without_date += 1
            return NONE
        if found := month_of(value):
            return period(*found)
        self.counts.bad_dates += 1
        self.counts.example_of_bad_date = self.counts.example_of_bad_date or str(value)[:40]
        return NONE

    def _keep_telling(
        self, block: list[Cells], strengths: NDArray[np.float64], coverage: NDArray[np.float64]
    ) -> None:
        for best, found in zip(self._best, strengths.T, strict=True):
            better = np.flatnonzero((coverage >= _WELL_READ) & (found > best.floor))
            for i in better[np.argsort(-found[better], kind="stable")].tolist():
                if found[i] <= best.floor:
                    break
                text, publisher, date = block[i]
                month = month_of(date)
                at = period(*month) if month else NONE
                best.add(Telling(float(found[i]), str(text), publisher_in(publisher), at))


class _Best:
    """The strongest headlines so far that share at most half of their words with each other."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[Telling, frozenset[str]]] = []
        self.floor = -1.0
        """Strength that a headline must exceed to be kept."""

    def add(self, one: Telling) -> None:
        """Keep a headline, unless one as strong is much like it; drop weaker ones that are."""
        words = frozenset(one.text.casefold().split())
        alike = [kept for kept in self._kept if _alike(words, kept[1])]
        if any(kept.strength >= one.strength for kept, _ in alike):
            return
        self._kept = [kept for kept in self._kept if kept not in alike]
        self._kept.append((one, words))
        self._kept.sort(key=lambda kept: -kept[0].strength)  # stable: the first of equals stays
        del self._kept[_SPARE * self._most :]
        if len(self._kept) == _SPARE * self._most:
            self.floor = self._kept[-1][0].strength

    def strongest(self) -> list[Telling]:
        """Return them, the strongest first."""
        return [kept for kept, _ in self._kept[: self._most]]


def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    return 2 * len(words & others) > min(len(words), len(others))
