"""Scoring a table from file to file, in constant memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from headline_score.errors import TableError
from headline_score.model import Model
from headline_score.tables import FORMATS, Record, Table, reading, writing

_BLOCK = 4096
DECIMALS = 6


@dataclass
class Summary:
    """What a batch run did."""

    rows: int = 0
    """Rows read and written."""

    without_text: int = 0
    """Rows among them whose scores are empty, as they have no headline."""

    unread: int = 0
    """Rows among them without a word that the model knows, scored at its base rates."""


def score_file(
    source: str,
    target: str,
    model: Model,
    *,
    input_format: str,
    output_format: str,
    column: str | None = None,
    prefix: str = "",
    workers: int = 1,
    progress: Callable[[int], object] = lambda _: None,
) -> Summary:
    """Write the table in `source` to `target` with a column for each of the model's targets.

    Args:
        source: path of the input, or `-`.
        target: path of the output, or `-`; a file appears when it is whole.
        model: what scores.
        input_format: a key of `FORMATS`.
        output_format: a key of `FORMATS`.
        column: the headlines' column; by default `headline` or `title`.
        prefix: put before each score column's name.
        workers: processes to score in.
        progress: called after each block of rows with the bytes of `source` read so far.

    Raises:
        TableError: the input can't be read, or the output written; the message says where.
        WorkerError: a worker process ended before its work did.
    """
    summary = Summary()
    with reading(source) as (text, raw), writing(target) as out:
        table = FORMATS[input_format].read(text, source)
        added = [prefix + name for name in model.targets]
        if not table.empty:
            column = table.headline_column(column)
        if taken := [name for name in added if name in table.columns]:
            raise _taken(source, taken[0])
        write = FORMATS[output_format].write(out, [*table.columns, *added])
        for block in _scored(table, column or "", model, added, summary, workers):
            write(block)
            if raw.seekable():
                progress(raw.tell())
    return summary


def _scored(
    table: Table,
    column: str,
    model: Model,
    added: list[str],
    summary: Summary,
    workers: int,
) -> Iterator[list[Record]]:
    waiting: deque[tuple[list[tuple[int, Record]], list[str | None]]] = deque()

    def blocks() -> Iterator[list[str | None]]:
        while rows := list(islice(table.rows, _BLOCK)):
            texts = [table.text(line, record, column) for line, record in rows]
            waiting.append((rows, texts))
            yield texts

    nothing = [None] * len(added)
    for scored in model.score_blocks(blocks(), workers):
        rows, texts = waiting.popleft()
        summary.unread += int((scored[:, -1] == 0).sum())
        strengths = scored[:, :-1].round(DECIMALS).tolist()
        for (line, record), text, values in zip(rows, texts, strengths, strict=True):
            if taken := record.keys() & added:
                raise _taken(f"{table.name}:{line}", min(taken))
            record.update(zip(added, values if text is not None else nothing, strict=True))
        summary.rows += len(rows)
        summary.without_text += texts.count(None)
        yield [record for _, record in rows]


def _taken(where: str, name: str) -> TableError:
    return TableError(
        f"{where}: there is a column {name!r} already: give the scores' names a --prefix"
    )
