"""Rows in blocks: enough to score together, and not too much to hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from headline_score.streams import Source

_BLOCK, _BLOCK_BYTES = 4096, 2**22  # rows scored together, and how much of the input at most
_Row = TypeVar("_Row")


def blocks(rows: Iterable[_Row], source: Source) -> Iterator[list[_Row]]:
    """Yield the rows that are read from a source a block after another; none is empty."""
    block: list[_Row] = []
    start = source.taken
    for row in rows:
        block.append(row)
        if len(block) == _BLOCK or source.taken - start > _BLOCK_BYTES:
            yield block
            block, start = [], source.taken
    if block:
        yield block
