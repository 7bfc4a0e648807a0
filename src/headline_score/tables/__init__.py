"""Tables of headlines in files: streamed in, streamed out, one small class a format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from headline_score.streams import unpacked_name
from headline_score.tables.table import (
    HEADLINE_COLUMNS,
    Format,
    Output,
    Record,
    Report,
    RowError,
    Table,
    headline_in,
    is_utf8,
    name_taken,
)

__all__ = [
    "ARROW",
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
    "is_utf8",
    "name_taken",
]

_CLASSES: dict[str, tuple[str, str, dict[str, Any]]] = {  # module, class, and what it is told
    "csv": ("delimited", "Delimited", {"delimiter": ","}),
    "tsv": ("delimited", "Delimited", {"delimiter": "\t"}),
    "jsonl": ("json_lines", "JsonLines", {}),
    "lines": ("delimited", "PlainLines", {}),
    "parquet": ("arrow", "Parquet", {}),
    "arrow": ("arrow", "ArrowIpc", {}),
    "arrows": ("arrow", "ArrowIpc", {"stream": True}),
    "feed": ("feeds", "Feed", {}),
}


class _Formats(Mapping[str, Format]):
    """The formats by name, each imported when it is asked for."""

    def __getitem__(self, name: str) -> Format:
        module, kind, told = _CLASSES[name]
        return cast(Format, getattr(import_module(f"{__name__}.{module}"), kind)(**told))

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


FORMATS = _Formats()
ARROW = frozenset({"parquet", "arrow", "arrows"})
"""Formats whose text is UTF-8 and nothing else."""
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
