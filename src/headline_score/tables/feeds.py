"""RSS and Atom feeds in local files."""

from __future__ import annotations

import codecs
import re
from calendar import timegm
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from html import unescape
from io import BytesIO
from typing import Any
from xml.parsers import expat
from xml.sax import SAXException

from headline_score.errors import MissingExtraError, TableError
from headline_score.streams import Source
from headline_score.tables.delimited import Delimited
from headline_score.tables.table import CellTable, Report, Table

_LARGEST = 2**23  # bytes of a feed, which is read whole
_BEGINNINGS = {  # UTF-32's before UTF-16's, which one of them begins with
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8",
    "<".encode("utf-32-le"): "utf-32-le",
    "<".encode("utf-32-be"): "utf-32-be",
    "<?".encode("utf-16-le"): "utf-16-le",
    "<?".encode("utf-16-be"): "utf-16-be",
}
_DECLARATION = re.compile(r"<\?xml\s[^>]*>")
_DECLARED = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"'>]*)")
_ENCODING = re.compile(  # as Python's codecs call them; in all of them ASCII is ASCII
    r"utf-8|ascii|iso8859-\d+|cp(125\d|437|85\d|866|874|932|949|950)|koi8-[rtu]|mac-\w+|tis-620"
    r"|gb2312|gbk|gb18030|big5(hkscs)?|euc_(jp|kr|jis_2004|jisx0213)|shift_jis|iso2022_(jp|kr)"
)
# Told by the name of its first element, or of any, that a text is meant as a feed.
_MEANT = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
# A comment, to the end if it has none; a tag whose quotes may hold `<` and `>`; any other tag or
# declaration. Linear: what begins with `<` ends before the next that is not in quotes, and of those
# that are, one beginning's are not another's.
_MARKUP = re.compile(
    r"""<!--(?:-?>|.*?(?:-->|\Z))"""
    r"""|</?[a-zA-Z][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*){0,1000}>"""
    r"""|<[a-zA-Z/!?][^<>]*>""",
    re.DOTALL,
)


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
        text = _decoded(source.name, content)
        # Entities declared are how small files become large ones.
        if re.search(r"<!\s*ENTITY", text, re.IGNORECASE):
            raise TableError(f"{source.name}: it declares entities of its own, as no feed needs to")
        root = _root(source, text)
        try:
            # A stream, as feedparser takes bytes for an address or a path. Nothing is resolved.
            feed = parse(BytesIO(root), sanitize_html=False, resolve_relative_uris=False)
            if isinstance(error := feed.get("bozo_exception"), SAXException):
                raise error
            rows = list(_rows(feed))
        except Exception as error:  # feedparser has no type for what it can't cope with
            reason = f"no RSS or Atom feed that can be read: {error!r:.99}"
            raise TableError(f"{source.name}: {reason}") from error
        if not feed.version:
            raise TableError(f"{source.name}: no RSS or Atom feed")
        return CellTable(source.name, ["title", "link", "date", "source"], iter(rows))


def _decoded(name: str, content: bytes) -> str:
    """Return the text of a feed: decoded here, so that what is checked is what is parsed."""
    code = next((code for mark, code in _BEGINNINGS.items() if content.startswith(mark)), "")
    if code == "utf-8":
        content = content[len(codecs.BOM_UTF8) :]
    elif not code and (declared := _DECLARED.match(content)):
        code = _encoding(name, declared[1].decode("latin-1"))
    # Not all feeds are in the encoding that they declare.
    for likely in (code or "utf-8", "utf-8", "cp1252"):
        with suppress(UnicodeDecodeError):
            return content.decode(likely)
    return content.decode("iso8859-2")  # which takes any bytes


def _encoding(name: str, declared: str) -> str:
    """Return the codec for the encoding that a feed declares."""
    code = ""
    with suppress(LookupError, ValueError):
        code = codecs.lookup(declared.strip() or "utf-8").name
    if code.startswith(("utf-16", "utf-32")):
        return "utf-8"  # in either, the declaration could not have been read as ASCII
    if not _ENCODING.fullmatch(code):
        reason = f"its encoding {declared[:40]!r} is none that feeds are read in; save it as UTF-8"
        raise TableError(f"{name}: {reason}")
    return "gb18030" if code == "gb2312" else code  # which is often said of what is more than that


def _root(source: Source, text: str) -> bytes:
    """Return a feed's outermost element and what follows, after making sure that it is sound.

    What comes before it holds no row, but feedparser can take long for it. What is no well-formed
    XML it would try to mend, and nobody could tell which items that cost.
    """
    declaration = declared[0] if (declared := _DECLARATION.match(text)) else ""
    # Standalone, so that an entity is an error even where a document type elsewhere may declare it.
    begin = b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>'
    lines = "\n" * declaration.count("\n")
    data = begin + (lines + text[len(declaration) :]).encode("utf-8", "replace")
    starts: list[int] = []

    def start(*_: object) -> None:
        starts.append(parser.CurrentByteIndex)
        parser.StartElementHandler = None

    parser = expat.ParserCreate("utf-8", " ")
    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        if not _MEANT.search(text):
            raise TableError(f"{source.name}: no RSS or Atom feed") from error
        number = max(1, len(re.findall(rb"<(?:item|entry)\b", data[: parser.ErrorByteIndex])))
        reason = f"no well-formed XML in line {error.lineno}: {expat.ErrorString(error.code)}"
        source.refuse(number, f"{reason}; items may be lost")  # whatever rows are left out
    return begin + b"\n" + data[starts[0] :]


def _rows(feed: Any) -> Iterator[tuple[int, list[str]]]:
    title = _title(feed.feed)
    for number, entry in enumerate(feed.entries, start=1):
        link = entry.get("link", "")
        yield number, [_title(entry), link if isinstance(link, str) else "", _date(entry), title]


def _title(element: Any) -> str:
    # An element of this name, in place of what feedparser makes of a title, is none.
    detail = element.get("title_detail")
    if not isinstance(detail, dict) or not detail.get("value"):
        return ""
    text = detail["value"]
    return " ".join((text if detail.get("type") == "text/plain" else _without_tags(text)).split())


def _date(entry: Any) -> str:
    # Asked for what it lacks, feedparser would warn, and give the other.
    names = [name for name in ("published_parsed", "updated_parsed") if name in entry]
    moment = next((entry[name] for name in names if entry[name]), None)
    if not isinstance(moment, tuple):
        return ""
    try:
        date = datetime.fromtimestamp(timegm(moment), timezone.utc)
    except (ValueError, OverflowError, OSError):  # no year from 1 to 9999: no date either
        return ""
    return date.replace(tzinfo=None).isoformat() + "Z"  # strftime leaves out a year's zeros


def _without_tags(html: str) -> str:
    return "".join(_unescaped(text) for text in _MARKUP.split(html))


def _unescaped(text: str) -> str:
    try:
        return unescape(text)
    except ValueError:  # a character's number has more digits than Python reads
        return text
