"""Tables of headlines in files: streamed in, streamed out, one small class a format."""

from __future__ import annotations

from pathlib import Path

from headline_score.streams import unpacked_name
from headline_score.tables.arrow import ArrowIpc, Parquet
from headline_score.tables.delimited import Delimited, PlainLines
from headline_score.tables.feeds import Feed
from headline_score.tables.json_lines import JsonLines, Record
from headline_score.tables.table import (
    HEADLINE_COLUMNS,
    Format,
    Output,
    Report,
    RowError,
    Table,
    headline_in,
    name_taken,
)

__all__ = [
    "FORMATS",
    "HEADLINE_COLUMNS",
    "READ_ONLY",
    "Format",
    "Output",
    "Record",
    "Report",
    "RowError",
    "Table",
    "format_of",
    "headline_in",
    "name_taken",
]

FORMATS: dict[str, Format] = {
    "csv": Delimited(","),
    "tsv": Delimited("\t"),
    "jsonl": JsonLines(),
    "lines": PlainLines(),
    "parquet": Parquet(),
    "arrow": ArrowIpc(),
    "arrows": ArrowIpc(stream=True),
    "feed": Feed(),
}
READ_ONLY = frozenset({"feed"})
"""Formats that can't be written: what was read from them is written as CSV."""

_EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "lines",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".arrows": "arrows",
    ".xml": "feed",
    ".rss": "feed",
    ".atom": "feed",
}


def format_of(path: str) -> str | None:
    """Return the name of the format that a path's extension tells, packed or not, if any."""
    return _EXTENSIONS.get(Path(unpacked_name(path.lower())).suffix)
