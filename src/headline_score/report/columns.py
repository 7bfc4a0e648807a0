"""Which columns of a table hold publisher and date, and what month a date is in."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from email.utils import parsedate_tz
from functools import lru_cache

from headline_score.errors import TableError
from headline_score.tables import Table

PUBLISHER_COLUMNS = (
    "publisher",
    "source",
    "outlet",
    "publication",
    "newspaper",
    "site",
    "website",
    "domain",
    "feed",
)
DATE_COLUMNS = (
    "date",
    "published",
    "publishedat",
    "publishdate",
    "publicationdate",
    "pubdate",
    "datepublished",
    "datetime",
    "timestamp",
    "createdat",
    "time",
    "month",
    "year",
)
"""Names as they are compared: in lower case, without blanks, hyphens and underscores."""

_ISO = re.compile(
    r"(?P<year>\d{4})"
    r"(?:(?P<dash>[-/.]?)(?P<month>\d{2})(?:(?P=dash)(?P<day>\d{2})(?:[T ]\d.*)?)?)?",
    re.DOTALL,
)
_LONGEST_DATE = 64  # characters
_LONGEST_NAME = 200  # characters of a publisher's name that are kept
_LEAST_YEAR = 1600  # there was no newspaper before: 0930 is a time


def find_column(table: Table, wanted: str | None, names: Sequence[str], what: str) -> str | None:
    """Return the wanted column of a table, or by default the first of those names that it has.

    By default a column whose name another has too is passed over: nobody can tell which is meant.

    Args:
        table: where to look.
        wanted: the column's name, if it is known.
        names: usual names, in the form of `PUBLISHER_COLUMNS`.
        what: what the column is for, to be said if it is missing.

    Raises:
        TableError: the wanted column is missing.
    """
    if wanted is not None:
        if wanted not in table.columns and not table.empty:
            columns = ", ".join(map(repr, table.columns)) or "none"
            raise TableError(f"{table.name}: no column {wanted!r} {what}. Columns: {columns}")
        return wanted if wanted in table.columns else None
    single = [column for column, n in Counter(table.columns).items() if n == 1]
    by_name = {re.sub(r"[\s_-]", "", c.lower()): c for c in reversed(single)}
    return next((by_name[name] for name in names if name in by_name), None)


def publisher_in(value: object) -> str:
    """Return the publisher's name in a cell, not all of a long one; "" where there is none.

    >>> publisher_in(" Daily Foghorn "), publisher_in(7), publisher_in(None)
    ('Daily Foghorn', '7', '')
    """
    return "" if is_missing(value) else str(value).strip()[:_LONGEST_NAME]


def month_of(value: object) -> tuple[int, int] | None:
    """Return year and month, 0 where only the year is known, of a cell; None if it is no date.

    Takes ISO dates and times, also without day or month and without hyphens, dates of e-mails
    and feeds (RFC 2822), and dates as Python has them. What has a time zone is not moved. Dates
    before 1600 are none.

    >>> month_of("2031-04-05T06:07:08+02:00"), month_of("Sat, 05 Apr 2031 06:07:08 GMT")
    ((2031, 4), (2031, 4))
    >>> month_of("20310405"), month_of(2031), month_of("5/4/31")
    ((2031, 4), (2031, 0), None)
    """
    if isinstance(value, datetime.date):
        # pandas' NaT is a date, of no year
        return (value.year, value.month) if value.year >= _LEAST_YEAR else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return _month_of(text) if len(text) <= _LONGEST_DATE else None


@lru_cache(maxsize=2**16)
def _month_of(text: str) -> tuple[int, int] | None:
    if match := _ISO.fullmatch(text):
        year, month, day = (int(match[name] or 0) for name in ("year", "month", "day"))
    elif parts := parsedate_tz(text):
        year, month, day = parts[:3]
    else:
        return None
    try:
        datetime.date(year, month or 1, day or 1)
    except ValueError:
        return None
    if match and (match["month"] == "00" or match["day"] == "00"):
        return None
    return (year, month) if year >= _LEAST_YEAR else None


def is_missing(value: object) -> bool:
    """Tell a cell without a value: None, NaN, or text of blanks.

    >>> is_missing(None), is_missing(" "), is_missing(float("nan")), is_missing(0)
    (True, True, True, False)
    """
    return value is None or value != value or (isinstance(value, str) and not value.strip())
