"""Tables of headlines in files: streamed in, streamed out, one small class a format."""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

from headline_score.errors import TableError
from headline_score.streams import LONGEST, Source

Record = dict[str, Any]
Report = Callable[[int, str], object]
HEADLINE_COLUMNS = ("headline", "title")
_PEEK, _PEEK_BYTES = 1000, 2**22  # of JSON lines, which tell which columns there are


class RowError(Exception):
    """A row can't be read, or not be written in the output's format; says why."""


@dataclass(frozen=True)
class Table(ABC):
    """A table being read: its name for messages, its columns, and its rows as they come."""

    name: str
    columns: list[str]
    rows: Iterator[tuple[int, Any]]
    """The number of each row's first line, from 1, and the row."""

    empty: bool = False
    """Whether there is no row, nor anything else that could have columns."""

    def headline_column(self, wanted: str | None) -> str:
        """Return the column that holds the headlines, by default `headline` or `title`.

        Raises:
            TableError: there is no such column.
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
        if twice := [column for column in columns if self.columns.count(column) > 1]:
            raise TableError(f"{self.name}: two columns are called {twice[0]!r}: rename one")

    @abstractmethod
    def getter(self, column: str) -> Callable[[Any], Any]:
        """Return what takes a column's value out of a row; None where it has none.

        Raises:
            TableError: there are two columns of that name.
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
            RowError: it has one of the names that are taken.
        """


class CellTable(Table):
    """A table whose rows are lists of text, one for each column."""

    def getter(self, column: str) -> Callable[[Any], Any]:
        self.refuse_twins([column])
        return itemgetter(self.columns.index(column))

    def cells(self, row: Any) -> list[Any]:
        return row  # type: ignore[no-any-return]

    def json(self, row: Any, taken: frozenset[str]) -> str:
        return json.dumps(dict(zip(self.columns, row, strict=True)), ensure_ascii=False)


class RecordTable(Table):
    """A table whose rows are JSON objects, each with its own text: `(dict, str)`."""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.columns)

    def getter(self, column: str) -> Callable[[Any], Any]:
        return lambda row: row[0].get(column)

    def cells(self, row: Any) -> list[Any]:
        record, text = row
        if not record.keys() <= self._known:
            new = ", ".join(map(repr, sorted(record.keys() - self._known)))
            raise RowError(
                f"columns that the first rows lack can't be written as CSV: {new};"
                " write JSON lines instead"
            )
        try:
            cells = [_cell(record.get(column)) for column in self.columns]
            if "\\u" in text:  # else there is nothing that has no UTF-8
                "".join(map(str, cells)).encode(errors="surrogateescape")
        except UnicodeEncodeError as error:
            raise RowError("half a surrogate pair can't be written but as JSON") from error
        except RecursionError as error:
            raise RowError("nested too deeply") from error
        return cells

    def json(self, row: Any, taken: frozenset[str]) -> str:
        record, text = row
        if clash := record.keys() & taken:
            raise RowError(name_taken(min(clash)))
        return text if record else "{}"


def _cell(value: object) -> object:
    """Return what stands for a JSON value in a CSV cell."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (bool, list, dict)) else value


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
            f"the headline is {_JSON_NAMES[type(value)]}, not text:"
            " name another column with --column, or mend the line"
        )
    return str(value)  # JSON may hold a headline such as 2001 as a number


def name_taken(name: str) -> str:
    """Return the words that a column of scores can't have the name of another."""
    return f"there is a column {name!r} already: give the scores' names a --prefix"


class Output(NamedTuple):
    """A table being written."""

    adopt: Callable[[Any], Any]
    """Takes a row of the input, and returns what `write` takes. Raises `RowError`."""

    write: Callable[[list[Any], list[list[float | None]]], None]
    """Writes adopted rows, each with its scores: all numbers, or all None."""


class Format(Protocol):
    """A file format: how a table is read from it, and written."""

    def read(self, source: Source, report: Report | None = None) -> Table:
        """Return the table in a source, which is read as its rows are.

        Args:
            source: what holds it.
            report: told line and reason of each row that can't be read, and that is left out
                unless it raises. By default it does: `Source.refuse`.

        Raises:
            TableError: there is no table, or no telling where its next row begins.
        """

    def write(self, stream: TextIO, table: Table, added: list[str]) -> Output:
        """Begin to write a table with these columns of scores added.

        Raises:
            TableError: the format can't hold such columns.
        """


class _Rows(list[str]):
    """Takes the rows of a `csv.writer`."""

    write = list.append


class Delimited:
    """CSV or TSV with a header line."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter

    def read(self, source: Source, report: Report | None = None) -> Table:
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
        reader = csv.reader(source.lines(), delimiter=self.delimiter, strict=True)
        header = _csv_rows(reader, source, source.refuse)
        columns = next((cells for _, cells in header if cells), None)
        if columns is None:
            raise TableError(f"{source.name}: empty, not even a header line")
        report = report or source.refuse
        rows = _even(_csv_rows(reader, source, report), len(columns), report)
        return CellTable(source.name, columns, rows)

    def write(self, stream: TextIO, table: Table, added: list[str]) -> Output:
        rows = _Rows()
        # Up to Python 3.12, a cell with a bare \r is only quoted if the line's end has one.
        writer = csv.writer(rows, delimiter=self.delimiter, lineterminator="\r\n")

        def flush() -> None:
            stream.write("".join([row[:-2] + "\n" for row in rows]))
            rows.clear()

        def write(cells: list[list[Any]], scores: list[list[float | None]]) -> None:
            for row, more in zip(cells, scores, strict=True):
                row += more
            writer.writerows(cells)
            flush()

        writer.writerow([*table.columns, *added])
        flush()
        return Output(table.cells, write)


def _csv_rows(reader: Any, source: Source, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Yield each row of a `csv.reader` with the number of its first line."""
    while True:
        line = reader.line_num + 1
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
            return
        except csv.Error as error:
            reason = str(error)
            if "NUL" not in reason:  # which Python 3.10 can't read
                reason += ": is a quotation mark left open, or not doubled?"
            if reader.line_num > line:  # which rows it has swallowed, nobody can tell
                source.refuse(line, f"{reason} From here to line {reader.line_num}, all is one row")
            report(line, reason)


def _even(
    rows: Iterator[tuple[int, list[str]]], width: int, report: Report
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with as many cells as there are columns."""
    for line, cells in rows:
        if len(cells) != width:
            if not cells and width > 1:
                continue  # a blank line is no row
            if len(cells) > width:
                report(
                    line,
                    f"{len(cells)} cells under {width} columns:"
                    " is a quote missing, or the delimiter another?",
                )
                continue
            cells += [""] * (width - len(cells))
        yield line, cells


class JsonLines:
    """One JSON object a line, which is written as it was read."""

    def read(self, source: Source, report: Report | None = None) -> Table:
        report = report or source.refuse
        lines = self._lines(source)
        first: list[tuple[int, tuple[Record, str] | str]] = []
        for line, row in lines:  # a key may be absent where it has no value
            if not first and isinstance(row, str):
                report(line, row)  # one by one: there may be nothing else in the file
                continue
            first.append((line, row))
            if len(first) == _PEEK or source.taken > _PEEK_BYTES:
                break
        keys = (key for _, row in first if not isinstance(row, str) for key in row[0])
        rows = self._good(chain(first, lines), report)
        return RecordTable(source.name, [*dict.fromkeys(keys)], rows, empty=not first)

    def write(self, stream: TextIO, table: Table, added: list[str]) -> Output:
        table.refuse_twins(table.columns)
        names, taken = [json.dumps(name, ensure_ascii=False) for name in added], frozenset(added)
        end = ", ".join(name.replace("%", "%%") + ": %s" for name in names) + "}\n"
        nothing = end % (("null",) * len(names))

        def adopt(row: Any) -> str:
            text = table.json(row, taken)
            return text[:-1] + ("" if text == "{}" else ", ")

        def write(rows: list[str], scores: list[list[float | None]]) -> None:
            stream.writelines(
                row + (nothing if values[0] is None else end % tuple(values))
                for row, values in zip(rows, scores, strict=True)
            )

        return Output(adopt, write)

    @staticmethod
    def _lines(source: Source) -> Iterator[tuple[int, tuple[Record, str] | str]]:
        """Yield each line's number, and its record with its text, or why it has none."""
        for line, text in enumerate(source.lines(), start=1):
            text = text.strip()
            if not text:
                continue
            try:
                record = json.loads(text)
            except json.JSONDecodeError as error:
                yield line, f"not JSON: {error.msg} at character {error.pos + 1}"
            except (ValueError, RecursionError) as error:
                yield line, f"not JSON: {error}"
            else:
                if isinstance(record, dict):
                    yield line, (record, text)
                else:
                    yield line, f"not a JSON object but {_JSON_NAMES[type(record)]}"

    @staticmethod
    def _good(
        rows: Iterator[tuple[int, tuple[Record, str] | str]], report: Report
    ) -> Iterator[tuple[int, tuple[Record, str]]]:
        for line, row in rows:
            if isinstance(row, str):
                report(line, row)
            else:
                yield line, row


_JSON_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


class PlainLines:
    """One headline a line, read as the single column `headline`; written as CSV."""

    def read(self, source: Source, report: Report | None = None) -> Table:
        rows = ((n, [line.rstrip("\r\n")]) for n, line in enumerate(source.lines(), start=1))
        return CellTable(source.name, ["headline"], rows)

    def write(self, stream: TextIO, table: Table, added: list[str]) -> Output:
        return Delimited(",").write(stream, table, added)


FORMATS: dict[str, Format] = {
    "csv": Delimited(","),
    "tsv": Delimited("\t"),
    "jsonl": JsonLines(),
    "lines": PlainLines(),
}
_EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "lines",
}


def format_of(path: str) -> str | None:
    """Return the name of the format that a path's extension tells, `.gz` aside, if any."""
    return _EXTENSIONS.get(Path(path.lower().removesuffix(".gz")).suffix)
