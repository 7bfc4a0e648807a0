"""Tables of headlines in files: streamed in, streamed out, one small class a format."""

from __future__ import annotations

import csv
import gzip
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO, cast

from headline_score.errors import TableError
from headline_score.files import atomic_write

Record = dict[str, Any]
STANDARD_STREAM = "-"
HEADLINE_COLUMNS = ("headline", "title")
_PEEK = 1000  # JSON lines that tell which columns there are


@dataclass(frozen=True)
class Table:
    """A table being read: its name for messages, its columns, and its rows as they come."""

    name: str
    columns: list[str]
    rows: Iterator[tuple[int, Record]]
    """Each row's line number, from 1, and its cells by column."""

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

    def text(self, line: int, record: Record, column: str) -> str | None:
        """Return a row's headline; None where it has none.

        Raises:
            TableError: the cell holds something else than text.
        """
        value = record.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, (bool, list, dict)):
            raise TableError(
                f"{self.name}:{line}: {column!r} holds {type(value).__name__}, not text:"
                " name another column with --column, or mend the line"
            )
        return str(value)  # JSON may hold a headline such as 2001 as a number


class Format(Protocol):
    """A file format: how its text is read as rows, and rows are written."""

    def read(self, stream: TextIO, name: str) -> Table:
        """Return the table in a text stream, which is read as its rows are."""

    def write(self, stream: TextIO, columns: list[str]) -> Callable[[Iterable[Record]], None]:
        """Begin a table of these columns, and return what writes its rows."""


class _LineFeeds:
    """Ends each of a CSV writer's rows with a line feed alone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> int:
        return self._stream.write(row[:-2] + "\n")


_PLAIN = frozenset({str, float, int, type(None)})  # types of cells that are written as they are


def _cell(value: object) -> object:
    """Return what stands for a JSON value in a CSV cell."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (bool, list, dict)) else value


class Delimited:
    """CSV or TSV with a header line."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter

    def read(self, stream: TextIO, name: str) -> Table:
        csv.field_size_limit(2**31 - 1)  # the most that is a C long everywhere
        reader = csv.reader(stream, delimiter=self.delimiter, strict=True)
        columns = next(_csv_rows(reader, name), (0, []))[1]
        if not columns:
            raise TableError(f"{name}: empty, not even a header line")
        if twice := [c for i, c in enumerate(columns) if c in columns[:i]]:
            raise TableError(f"{name}: two columns are called {twice[0]!r}: rename one")
        return Table(name, columns, self._records(reader, name, columns))

    def write(self, stream: TextIO, columns: list[str]) -> Callable[[Iterable[Record]], None]:
        # Up to Python 3.12, a cell with a bare \r is only quoted if the line's end has one.
        writer = csv.writer(_LineFeeds(stream), delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow(columns)
        known = frozenset(columns)

        def write_rows(records: Iterable[Record]) -> None:
            for record in records:
                if [*record] == columns:
                    cells = [*record.values()]
                elif record.keys() <= known:
                    cells = [record.get(column) for column in columns]
                else:
                    new = ", ".join(sorted(record.keys() - known))
                    raise TableError(
                        f"columns that the first rows lack can't be written as CSV: {new};"
                        " write JSON lines instead"
                    )
                writer.writerow(cells if _PLAIN.issuperset(map(type, cells)) else map(_cell, cells))

        return write_rows

    @staticmethod
    def _records(
        reader: Iterator[list[str]], name: str, columns: list[str]
    ) -> Iterator[tuple[int, Record]]:
        for line, cells in _csv_rows(reader, name):
            if not cells and len(columns) > 1:
                continue  # a blank line is no row
            if len(cells) > len(columns):
                raise TableError(
                    f"{name}:{line}: {len(cells)} cells under {len(columns)} columns:"
                    " is a quote missing, or the delimiter another?"
                )
            if len(cells) < len(columns):
                cells += [""] * (len(columns) - len(cells))
            yield line, dict(zip(columns, cells, strict=True))


class JsonLines:
    """One JSON object a line."""

    def read(self, stream: TextIO, name: str) -> Table:
        rows = self._records(stream, name)
        first = list(islice(rows, _PEEK))  # a key may be absent where it has no value
        columns = dict.fromkeys(key for _, record in first for key in record)
        return Table(name, list(columns), chain(first, rows), empty=not first)

    def write(self, stream: TextIO, columns: list[str]) -> Callable[[Iterable[Record]], None]:
        def write_rows(records: Iterable[Record]) -> None:
            for record in records:
                line = json.dumps(record, ensure_ascii=False)
                try:
                    line.encode(errors="surrogateescape")
                except UnicodeEncodeError:  # half a surrogate pair has no UTF-8, but an escape
                    line = json.dumps(record)
                stream.write(line + "\n")

        return write_rows

    @staticmethod
    def _records(stream: TextIO, name: str) -> Iterator[tuple[int, Record]]:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise TableError(f"{name}:{number}: not JSON: {error}") from error
            if not isinstance(record, dict):
                raise TableError(f"{name}:{number}: not a JSON object but {line.strip()[:60]}")
            yield number, record


class PlainLines:
    """One headline a line, read as the single column `headline`; written as CSV."""

    def read(self, stream: TextIO, name: str) -> Table:
        lines = enumerate(stream, start=1)
        rows = ((number, {"headline": line.rstrip("\r\n")}) for number, line in lines)
        return Table(name, ["headline"], rows)

    def write(self, stream: TextIO, columns: list[str]) -> Callable[[Iterable[Record]], None]:
        return Delimited(",").write(stream, columns)


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


@contextmanager
def reading(path: str) -> Iterator[tuple[TextIO, BinaryIO]]:
    """Open a path, or `-`, as text, unpacked where it ends in `.gz`; and the bytes below.

    Bytes that are no UTF-8 come out of `writing` as they went in.

    Raises:
        TableError: the file can't be opened or read.
    """
    if path == STANDARD_STREAM:
        yield _text(sys.stdin.buffer), sys.stdin.buffer
        return
    try:
        with open(path, "rb") as raw:
            data = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if _is_packed(path) else raw
            yield _text(data), raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TableError(f"{path}: damaged gzip file: {error}") from error
    except OSError as error:
        if error.filename != path:
            raise
        raise TableError(f"{path}: {error.strerror}") from error


@contextmanager
def writing(path: str) -> Iterator[TextIO]:
    """Open a path to write text to, packed where it ends in `.gz`, or `-`.

    A file appears under its name on success only.
    """
    if path == STANDARD_STREAM:
        stream = _text(sys.stdout.buffer, "utf-8")
        try:
            yield stream
        finally:
            stream.detach()  # flushes, and leaves standard output open
        return
    try:
        with atomic_write(path) as raw:
            packed = _is_packed(path)
            # No name and no time in the gzip header: the same rows make the same bytes.
            data = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if packed else raw
            stream = _text(cast(BinaryIO, data), "utf-8")
            yield stream
            stream.detach()  # flushes, and leaves what is below open
            if packed:
                data.close()
    except (BrokenPipeError, gzip.BadGzipFile):  # the latter is the input's
        raise
    except UnicodeEncodeError as error:
        raise TableError(f"{path}: half a surrogate pair can't be written but as JSON") from error
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error


def _is_packed(path: str) -> bool:
    return path.lower().endswith(".gz")


def _text(data: BinaryIO, encoding: str = "utf-8-sig") -> TextIOWrapper:
    return TextIOWrapper(data, encoding=encoding, errors="surrogateescape", newline="")


def _csv_rows(reader: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row of a `csv.reader` with the number of its last line."""
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise TableError(
            f"{name}:{reader.line_num}: {error}: is a quotation mark left open, or not doubled?"
        ) from error
