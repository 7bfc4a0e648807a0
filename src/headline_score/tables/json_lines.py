"""JSON lines: an object a line, which is written as it was read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, BinaryIO

from headline_score.errors import TableError
from headline_score.streams import Source, as_text
from headline_score.tables.table import (
    JSON_NAMES,
    Output,
    Record,
    Report,
    RowError,
    Table,
    cell,
    is_utf8,
    name_taken,
)

_PEEK, _PEEK_BYTES = 1000, 2**22  # of JSON lines, which tell which columns there are


@dataclass(frozen=True)
class RecordTable(Table):
    """A table whose rows are JSON objects, each with its own text: `(dict, str)`."""

    first: list[tuple[int, tuple[Record, str]]] = field(default_factory=list)
    """The first rows with their numbers, which tell the columns and their types."""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.columns)

    def following(self, first: Table) -> Table:
        """Return the table with the other's columns: a record may lack some anyway."""
        return replace(self, columns=first.columns)

    @property
    def types(self) -> list[type]:
        records = [record for _, (record, _) in self.first]
        return [_type_of([record.get(column) for record in records]) for column in self.columns]

    def place(self, column: str) -> str:
        line = next((line for line, (record, _) in self.first if column in record), None)
        return self.name if line is None else f"{self.name}:{line}"

    def refuse_names(self, any_bytes: bool) -> None:
        super().refuse_names(any_bytes)
        if all(map(is_utf8, self.columns)):
            return
        for line, (_, text) in self.first:  # lone bytes are none of its letters, but escapes are
            if halves := [name for name in _without_bytes(text) if not is_utf8(name)]:
                raise TableError(
                    f"{self.name}:{line}: the name of column {halves[0]!r} has half a surrogate"
                    " pair, which can't be written but as JSON: rename it, or write JSON lines"
                )

    def getter(self, column: str) -> Callable[[Any], Any]:
        return lambda row: row[0].get(column)

    def values(self, row: Any) -> list[Any]:
        record: Record = row[0]
        if not record.keys() <= self._known:
            new = ", ".join(map(repr, sorted(record.keys() - self._known)))
            raise RowError(
                f"columns that the first rows lack can't be written but as JSON lines: {new}"
            )
        return [record.get(column) for column in self.columns]

    def cells(self, row: Any) -> list[Any]:
        try:
            cells = [cell(value) for value in self.values(row)]
            if (
                "\\u" in row[1]  # else all halves stand for bytes, which come out as they went in
                and not is_utf8("".join(map(str, cells)))
                and not is_utf8(json.dumps(_without_bytes(row[1]), ensure_ascii=False))
            ):
                raise RowError("half a surrogate pair can't be written but as JSON")
        except RecursionError as error:
            raise RowError("nested too deeply") from error
        return cells

    def json(self, row: Any, taken: frozenset[str]) -> str:
        record, text = row
        if clash := record.keys() & taken:
            raise RowError(name_taken(min(clash)))
        return text if record else "{}"


# Letters for private use stand in for bytes that are no UTF-8, which were read as half characters.
_BYTES = {0xDC00 + byte: 0xF700 + byte for byte in range(0x80, 0x100)}


def _without_bytes(text: str) -> Record:
    """Return a line's record without bytes that are no UTF-8: what halves it has were escaped."""
    return json.loads(text.translate(_BYTES))  # type: ignore[no-any-return]


def _type_of(values: list[Any]) -> type:
    """Return the type that a column of these values has: bool, int, float, or str, which is any."""
    found = {type(value) for value in values if value is not None}
    if found == {int} and not all(-(2**63) <= value < 2**63 for value in values if value):
        return str
    if found == {int, float}:
        return float
    return found.pop() if len(found) == 1 and found <= {bool, int, float} else str


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
        good = [(line, row) for line, row in first if not isinstance(row, str)]
        columns = [*dict.fromkeys(key for _, (record, _) in good for key in record)]
        rows = self._good(chain(first, lines), report)
        return RecordTable(source.name, columns, rows, empty=not first, first=good)

    @contextmanager
    def write(self, file: BinaryIO, table: Table, added: list[str]) -> Iterator[Output]:
        names, taken = [json.dumps(name, ensure_ascii=False) for name in added], frozenset(added)
        end = ", ".join(name.replace("%", "%%") + ": %s" for name in names) + "}\n"
        nothing = end % (("null",) * len(names))

        def adopter(table: Table) -> Callable[[Any], str]:
            table.refuse_twins(table.columns)

            def adopt(row: Any) -> str:
                text = table.json(row, taken)
                return text[:-1] + ("" if text == "{}" else ", ")

            return adopt

        with as_text(file) as stream:

            def write(rows: list[str], scores: list[list[float | None]]) -> None:
                stream.writelines(
                    row + (nothing if values[0] is None else end % tuple(values))
                    for row, values in zip(rows, scores, strict=True)
                )

            yield Output(adopter, write)

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
                    yield line, f"not a JSON object but {JSON_NAMES[type(record)]}"

    @staticmethod
    def _good(
        rows: Iterator[tuple[int, tuple[Record, str] | str]], report: Report
    ) -> Iterator[tuple[int, tuple[Record, str]]]:
        for line, row in rows:
            if isinstance(row, str):
                report(line, row)
            else:
                yield line, row
