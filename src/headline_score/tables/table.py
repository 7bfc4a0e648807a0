"""What every format shares: a table being read, one being written, and what a headline is."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, BinaryIO, NamedTuple, Protocol

from headline_score.errors import TableError
from headline_score.streams import Source

Record = dict[str, Any]
Report = Callable[[int, str], object]
HEADLINE_COLUMNS = ("headline", "title")


class RowError(Exception):
    """A row can't be read, or not be written in the output's format; says why."""


@dataclass(frozen=True)
class Table(ABC):
    """A table being read: its name for messages, its columns, and its rows as they come."""

    name: str
    columns: list[str]
    rows: Iterator[tuple[int, Any]]
    """The number of each row, from 1, in text that of its first line; and the row."""

    empty: bool = False
    """Whether there is no row, nor anything else that could have columns."""

    def headline_column(self, wanted: str | None) -> str:
        """Return the column that holds the headlines, by default `headline` or `title`.

        Raises:
            TableError: there is no such column, or it can't hold headlines.
        """
        by_name = {column.strip().lower(): column for column in reversed(self.columns)}
        for name in HEADLINE_COLUMNS if wanted is None else ():
            if name in by_name:
                return by_name[name]
        if wanted is not None and wanted in self.columns:
            return wanted
        missing = f"no column {wanted!r}" if wanted else "no column 'headline' or 'title'"
        columns = ", ".join(map(repr, self.columns)) or "none"
        raise TableError(f"{self.name}: {missing}; name one with --column. Columns: {columns}")

    def refuse_twins(self, columns: list[str]) -> None:
        """Raise `TableError` if one of these columns stands twice in the table."""
        numbers = Counter(self.columns)
        if twice := [column for column in columns if numbers[column] > 1]:
            raise TableError(f"{self.name}: two columns are called {twice[0]!r}: rename one")

    def place(self, column: str) -> str:
        """Return the words for where a column is first met."""
        return self.name

    def refuse_names(self, any_bytes: bool) -> None:
        """Raise `TableError` if a column's name can't be written but as JSON lines, or as CSV.

        Args:
            any_bytes: whether bytes that are no UTF-8 can be written.
        """
        for column in () if any_bytes else self.columns:
            if not is_utf8(column):
                raise TableError(
                    f"{self.place(column)}: the name of column {column!r} is no UTF-8, or has half"
                    " a surrogate pair: rename it, or write the format that it is in"
                )

    def following(self, first: Table) -> Table:
        """Return this table as it is read where another's rows came before.

        Raises:
            TableError: its columns are not the other's.
        """
        if self.columns == first.columns:
            return self
        ours, theirs = frozenset(self.columns), frozenset(first.columns)
        lacking = [column for column in first.columns if column not in ours]
        more = [column for column in self.columns if column not in theirs]
        differences = [
            f"{what} {', '.join(map(repr, names))}"
            for what, names in [("lacks", lacking), ("has also", more)]
            if names
        ]
        raise TableError(
            f"{self.name}: its columns are not those of {first.name}:"
            f" it {' and '.join(differences) or 'has them in another order, or number'}"
        )

    @property
    def types(self) -> list[type]:
        """For each column bool, int, float, or str: what its values are, str being any."""
        return [str] * len(self.columns)

    @abstractmethod
    def getter(self, column: str) -> Callable[[Any], Any]:
        """Return what takes a column's value out of a row; None where it has none.

        Raises:
            TableError: there are two columns of that name.
        """

    @abstractmethod
    def values(self, row: Any) -> list[Any]:
        """Return a row as a list of what JSON can hold, one for each column.

        Raises:
            RowError: it can't be one.
        """

    @abstractmethod
    def cells(self, row: Any) -> list[Any]:
        """Return a row as a list of what CSV can hold, one for each column.

        Raises:
            RowError: it can't be one.
        """

    @abstractmethod
    def json(self, row: Any, taken: frozenset[str]) -> str:
        """Return a row as the text of a JSON object.

        Raises:
            RowError: it can't be one, or has one of the names that are taken.
        """


class CellTable(Table):
    """A table whose rows are lists of text, one for each column."""

    def getter(self, column: str) -> Callable[[Any], Any]:
        self.refuse_twins([column])
        return itemgetter(self.columns.index(column))

    def values(self, row: Any) -> list[Any]:
        return row  # type: ignore[no-any-return]

    cells = values

    def json(self, row: Any, taken: frozenset[str]) -> str:
        return json.dumps(dict(zip(self.columns, row, strict=True)), ensure_ascii=False)


def is_utf8(text: str) -> bool:
    """Return whether a text has no half of a surrogate pair, which also stands for a lone byte."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def cell(value: object) -> object:
    """Return what stands for a JSON value in a CSV cell."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (bool, list, dict)) else value


JSON_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def headline_in(value: object) -> str | None:
    """Return the headline in a row's value; None where there is none.

    Raises:
        RowError: the value is neither text nor a number.
    """
    if isinstance(value, str):
        return None if not value or value.isspace() else value
    if value is None or value != value:  # NaN: what pandas writes for none
        return None
    if isinstance(value, (bool, list, dict)):
        raise RowError(
            f"the headline is {JSON_NAMES[type(value)]}, not text:"
            " name another column with --column, or mend the line"
        )
    return str(value)  # JSON may hold a headline such as 2001 as a number


def name_taken(name: str) -> str:
    """Return the words that a column of scores can't have the name of another."""
    return f"there is a column {name!r} already: give the scores' names a --prefix"


class Output(NamedTuple):
    """A table being written."""

    adopter: Callable[[Table], Callable[[Any], Any]]
    """Takes a table of the input, and returns what makes of its rows what `write` takes.

    Raises `TableError` where the table's rows can't follow those before, and what it returns
    raises `RowError`.
    """

    write: Callable[[list[Any], list[list[float | None]]], None]
    """Writes adopted rows, each with its scores: all numbers, or all None."""


class Format(Protocol):
    """A file format: how a table is read from it, and written."""

    def read(self, source: Source, report: Report | None = None) -> Table:
        """Return the table in a source, which is read as its rows are.

        Args:
            source: what holds it.
            report: told number and reason of each row that can't be read, and that is left out
                unless it raises. By default it does: `Source.refuse`.

        Raises:
            TableError: there is no table, or no telling where its next row begins.
        """

    def write(
        self, file: BinaryIO, table: Table, added: list[str]
    ) -> AbstractContextManager[Output]:
        """Begin to write a table with these columns of scores added; at the end, finish it.

        Raises:
            TableError: the format can't hold such columns.
        """
