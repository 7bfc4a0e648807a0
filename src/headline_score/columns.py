"""Columns of headlines as users have them: a list, a Series, an Arrow array, a generator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np


def blocks(headlines: Iterable[str | None], size: int) -> Iterator[list[str | None]]:
    """Yield the headlines of a column in lists of at most `size`, each missing value as None.

    Raises:
        TypeError: the column is one str, a table or a mapping, or an item is no str.
    """
    dimensions = len(getattr(headlines, "shape", (None,)))
    single = isinstance(headlines, (str, bytes, Mapping)) or not isinstance(headlines, Iterable)
    if single or dimensions != 1:
        raise TypeError(
            f"score_many() takes a column of headlines, not {type(headlines).__name__}:"
            " for one headline use score(), of a table pass one column"
        )
    for as_list in ("to_pylist", "to_list", "tolist"):  # Arrow, pandas and Polars, numpy
        if hasattr(headlines, as_list):
            headlines = getattr(headlines, as_list)()
            break
    rows, done = iter(headlines), 0
    while block := list(islice(rows, size)):
        if {*map(type, block)} != {str}:  # the rest is seldom needed, and takes longer
            block = [_checked(row, headline) for row, headline in enumerate(block, done)]
        yield block
        done += len(block)


def _checked(row: int, headline: object) -> str | None:
    if isinstance(headline, str):
        return headline
    missing = headline is None or type(headline).__name__ in ("NAType", "NaTType")
    if missing or (isinstance(headline, (float, np.floating)) and headline != headline):
        return None
    shown = repr(headline)[:60]
    raise TypeError(f"headline {row} (from 0) is {type(headline).__name__}, not str: {shown}")
