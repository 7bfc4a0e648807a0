"""Reading graded headlines from a table, to train on or to evaluate with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headline_score.errors import TableError
from headline_score.streams import reading
from headline_score.tables import FORMATS, RowError, Table, headline_in

_LONGEST_SHOWN = 50  # characters of a cell in a message


@dataclass(frozen=True)
class Graded:
    """Headlines with their grades."""

    headlines: list[str]
    """The n texts; rows without text are left out."""

    grades: dict[str, list[float]]
    """For each target n strengths in [0, 1]; NaN where the cell is empty."""

    groups: list[str] | None
    """The n labels of the group column, if one was asked for."""

    without_text: int
    """Number of rows left out."""

    labels: dict[str, list[Any]] = field(default_factory=dict)
    """The n cells of each column of labels that was asked for and found, by what it was called;
    None where a cell is empty or can't be read."""

    label_columns: dict[str, str] = field(default_factory=dict)
    """The name of each of these columns."""


def read_graded(
    path: str,
    *,
    file_format: str,
    targets: Mapping[str, str | None],
    column: str | None = None,
    group_column: str | None = None,
    scale: float = 1.0,
    labels: Mapping[str, Callable[[Table], str | None]] | None = None,
) -> Graded:
    """Read graded headlines.

    Args:
        path: of the table, or `-`.
        file_format: a key of `FORMATS`.
        targets: for each target's name the column with its grades; None: the column of the
            target's own name, and no such target if there is none.
        column: the headlines' column; by default `headline` or `title`.
        group_column: the column of the groups, if any.
        scale: the top of the grades' scale, by which they are divided.
        labels: columns to keep beside, each by what finds it in the table.

    Raises:
        TableError: a column is missing or a grade no number in [0, scale]; it says where.
    """
    with reading(path) as source:
        table = FORMATS[file_format].read(source)
        headline = table.getter(table.headline_column(column))
        found = _target_columns(table, targets)
        cells = {target: table.getter(name) for target, name in found.items()}
        if group_column is not None and group_column not in table.columns:
            raise TableError(f"{table.name}: no column {group_column!r} to group by")
        group = table.getter(group_column) if group_column is not None else None
        label_columns = {
            name: column for name, find in (labels or {}).items() if (column := find(table))
        }
        label_cells = {name: table.getter(column) for name, column in label_columns.items()}
        kept: dict[str, list[Any]] = {name: [] for name in label_columns}
        headlines: list[str] = []
        groups: list[str] = []
        grades: dict[str, list[float]] = {target: [] for target in found}
        without_text = 0
        for line, row in table.rows:
            try:
                text = headline_in(headline(row))
                if text is None:
                    without_text += 1
                    continue
                headlines.append(text)
                if group is not None:
                    groups.append(str(group(row)))
                for target, name in found.items():
                    cell = cells[target](row)
                    grades[target].append(_grade(cell, scale, f"{source.place(line)}: {name!r}"))
            except RowError as error:
                source.refuse(line, str(error))
            for name, values in kept.items():
                values.append(_label(label_cells[name], row))
    named_groups = groups if group is not None else None
    return Graded(headlines, grades, named_groups, without_text, kept, label_columns)


def _target_columns(table: Table, targets: Mapping[str, str | None]) -> dict[str, str]:
    found = {}
    for target, name in targets.items():
        if (name or target) in table.columns:
            found[target] = name or target
        elif name is not None:
            raise TableError(f"{table.name}: no column {name!r} with the grades of {target!r}")
    if not found:
        columns = ", ".join(map(repr, table.columns))
        raise TableError(
            f"{table.name}: no column of grades ({' or '.join(targets)});"
            f" name one with --target NAME=COLUMN. Columns: {columns}"
        )
    return found


def _label(value: Callable[[Any], Any], row: Any) -> Any:
    """Return a label, without which a row is as good as with it: None where it can't be read."""
    try:
        return value(row)
    except RowError:
        return None


def _grade(cell: object, scale: float, where: str) -> float:
    if cell is None or cell == "":
        return math.nan
    try:
        grade = float(cell)  # type: ignore[arg-type]
    except OverflowError:  # of a whole number, beyond any scale
        grade = math.nan
    except (TypeError, ValueError):
        raise TableError(f"{where} holds {_short(repr(cell))}, not a number") from None
    if not 0 <= grade <= scale:
        raise TableError(
            f"{where} holds {_short(str(cell))}, outside 0 to {scale:g}:"
            " give the top of the grades' scale with --scale"
        )
    return grade / scale


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
