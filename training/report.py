"""Tables of figures: as Markdown between the markers of a document, and as records for JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from headline_score.evaluation import Metric
from sources import HERE

CARD = HERE.parent / "MODEL_CARD.md"


@dataclass(frozen=True)
class Table:
    """A table of figures."""

    headers: Sequence[str]
    """Names of the columns."""

    rows: Sequence[Sequence[Any]]
    """Cells: texts, numbers and metrics."""

    def __str__(self) -> str:
        return markdown(self.headers, [[_cell(value) for value in row] for row in self.rows])

    def records(self) -> list[dict[str, object]]:
        """Return the rows by column, ready for JSON."""
        return [
            dict(zip(self.headers, [_plain(value) for value in row], strict=True))
            for row in self.rows
        ]


def filled(text: str, tables: dict[str, str]) -> str:
    """Return a Markdown text with the tables between their markers put anew."""
    for name, table in tables.items():
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        old = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)
        text = old.sub(f"\n\n{table}\n\n".replace("\\", r"\\"), text)
    return text


def markdown(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    headers = list(headers)
    lines = [headers, ["---"] * len(headers), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def _cell(value: object) -> str:
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    if isinstance(value, (float, np.floating)):
        return f"{value:.3f}"
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, Metric):
        return {name: None if x != x else x for name, x in asdict(value).items()}
    return value.item() if isinstance(value, np.generic) else value
