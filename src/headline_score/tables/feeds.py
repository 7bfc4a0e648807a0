"""RSS and Atom feeds in local files."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator
from datetime import datetime, timezone
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from xml.sax import SAXParseException

from headline_score.errors import MissingExtraError, TableError
from headline_score.streams import Source
from headline_score.tables.delimited import Delimited
from headline_score.tables.table import CellTable, Report, Table

_LARGEST = 2**23  # bytes of a feed, which is read whole


class Feed:
    """An RSS or Atom feed: columns title, link, date (UTC, ISO 8601) and source, the feed's title.

    It is parsed whole, and nothing is fetched. It can't be written, so CSV is.
    """

    write = Delimited(",").write

    def read(self, source: Source, report: Report | None = None) -> Table:
        source.unit = "item"
        try:
            from feedparser import parse
        except ImportError:
            raise MissingExtraError("a feed", "feeds", "feedparser") from None
        content = source.content(_LARGEST)
        if not content.strip():
            raise TableError(f"{source.name}: empty, not even a feed without items")
        # UTF-16 has zeros between. Entities declared are how small files become large ones.
        if re.search(rb"<!\s*ENTITY", content.replace(b"\0", b""), re.IGNORECASE):
            raise TableError(f"{source.name}: it declares entities of its own, as no feed needs to")
        # A stream, as feedparser would take bytes for an address or a path. Nothing is resolved.
        feed = parse(BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
        if not feed.version:
            raise TableError(f"{source.name}: no RSS or Atom feed")
        if isinstance(error := feed.get("bozo_exception"), SAXParseException):
            line = error.getLineNumber() or 1
            before = b"".join(content.splitlines(keepends=True)[:line])
            number = max(1, len(re.findall(rb"<(?:item|entry)\b", before)))
            reason = f"no well-formed XML in line {line}: {error.getMessage()}; items may be lost"
            source.refuse(number, reason)  # whatever rows are left out: which, nobody can tell
        return CellTable(source.name, ["title", "link", "date", "source"], _rows(feed))


def _rows(feed: Any) -> Iterator[tuple[int, list[str]]]:
    title = _title(feed.feed)
    for number, entry in enumerate(feed.entries, start=1):
        yield number, [_title(entry), entry.get("link", ""), _date(entry), title]


def _title(element: Any) -> str:
    detail = element.get("title_detail")
    if not detail or not detail.value:
        return ""
    text = detail.value if detail.type == "text/plain" else _without_tags(detail.value)
    return " ".join(text.split())


def _date(entry: Any) -> str:
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    if not moment:
        return ""
    return datetime.fromtimestamp(timegm(moment), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Text(HTMLParser):
    """Gathers what stands between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.found.append(data)


def _without_tags(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    parser.close()
    return "".join(parser.found)
