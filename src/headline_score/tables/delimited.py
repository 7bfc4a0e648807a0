"""Text of cells: CSV, TSV, and plain lines."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from headline_score.errors import TableError
from headline_score.streams import LONGEST, Source, as_text
from headline_score.tables.table import CellTable, Output, Report, Table


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

    @contextmanager
    def write(self, file: BinaryIO, table: Table, added: list[str]) -> Iterator[Output]:
        rows = _Rows()
        # Up to Python 3.12, a cell with a bare \r is only quoted if the line's end has one.
        writer = csv.writer(rows, delimiter=self.delimiter, lineterminator="\r\n")
        with as_text(file) as stream:

            def flush() -> None:
                stream.write("".join([row[:-2] + "\n" for row in rows]))
                rows.clear()

            def adopter(table: Table) -> Callable[[Any], list[Any]]:
                return table.cells

            def write(cells: list[list[Any]], scores: list[list[float | None]]) -> None:
                for row, more in zip(cells, scores, strict=True):
                    row += more
                writer.writerows(cells)
                flush()

            writer.writerow([*table.columns, *added])
            flush()
            yield Output(adopter, write)


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


class PlainLines:
    """One headline a line, read as the single column `headline`; written as CSV."""

    write = Delimited(",").write

    def read(self, source: Source, report: Report | None = None) -> Table:
        rows = ((n, [line.rstrip("\r\n")]) for n, line in enumerate(source.lines(), start=1))
        return CellTable(source.name, ["headline"], rows)
