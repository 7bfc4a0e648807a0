"""Scoring a table from file to file, in constant memory."""

from __future__ import annotations

import csv
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

from headline_score.errors import TableError
from headline_score.model import Model
from headline_score.streams import Source, reading, writing
from headline_score.tables import FORMATS, Output, Report, RowError, Table, headline_in, name_taken

_BLOCK, _BLOCK_BYTES = 4096, 2**22  # rows scored together, and how much of the input at most
DECIMALS = 6
FIRST_LEFT_OUT = 10


@dataclass
class Summary:
    """What a batch run did."""

    rows: int = 0
    """Rows read and written."""

    without_text: int = 0
    """Rows among them whose scores are empty, as they have no headline."""

    unread: int = 0
    """Rows among them without a word that the model knows, scored at its base rates."""

    left_out: int = 0
    """Rows that could not be read or written."""

    first_left_out: list[int] = field(default_factory=list)
    """Line numbers of the first `FIRST_LEFT_OUT` of them."""


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
    on_error: Literal["fail", "skip"] = "fail",
    errors: str | None = None,
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
        on_error: whether a row that can't be read or written ends the run, or is left out.
        errors: path of a CSV table of the rows left out, if any: line and reason. It appears just
            before `target` does.
        progress: called after each block of rows with the bytes of `source` read so far.

    Raises:
        TableError: the input can't be read, or the output written; the message says where.
        WorkerError: a worker process ended before its work did.
    """
    if errors and os.path.realpath(errors) in map(os.path.realpath, (source, target)):
        raise TableError(f"{errors}: can't list the rows left out in the input or the output")
    summary = Summary()
    with reading(source) as data, writing(target) as out, _LeftOut(errors, summary) as left_out:
        report = data.refuse if on_error == "fail" else left_out.add
        table = FORMATS[input_format].read(data, report)
        added = [prefix + name for name in model.targets]
        if not table.empty:
            column = table.headline_column(column)
        if taken := [name for name in added if name in table.columns]:
            raise TableError(f"{table.name}: {name_taken(taken[0])}")
        output = FORMATS[output_format].write(out, table, added)
        rows = _checked(table, column or "", output, report)
        for block, scores in _scored(_blocks(rows, data), model, summary, workers):
            output.write(block, scores)
            progress(data.position())
        out.flush()  # if the disk is full, `errors` is not to appear
    return summary


class _LeftOut:
    """The rows left out: counted, and listed in a file that is begun with the first of them."""

    def __init__(self, path: str | None, summary: Summary) -> None:
        self._path, self._summary = path, summary
        self._opened = ExitStack()
        self._list: Callable[[tuple[object, ...]], object] = lambda row: None

    def add(self, line: int, reason: str) -> None:
        if self._path and not self._summary.left_out:
            stream = self._opened.enter_context(writing(self._path))
            self._list = csv.writer(stream, lineterminator="\n").writerow
            self._list(("line", "reason"))
        self._list((line, reason))
        self._summary.left_out += 1
        if len(self._summary.first_left_out) < FIRST_LEFT_OUT:
            self._summary.first_left_out.append(line)

    def __enter__(self) -> _LeftOut:
        return self

    def __exit__(self, *error: Any) -> None:
        self._opened.__exit__(*error)


def _checked(
    table: Table, column: str, output: Output, report: Report
) -> Iterator[tuple[Any, str | None]]:
    """Yield each row as the output takes it, with its headline."""
    value = table.getter(column)
    for line, row in table.rows:
        try:
            found = output.adopt(row), headline_in(value(row))
        except RowError as error:
            report(line, str(error))
            continue
        yield found


def _blocks(
    rows: Iterator[tuple[Any, str | None]], source: Source
) -> Iterator[tuple[list[Any], list[str | None]]]:
    """Yield the rows and the headlines of a block after another."""
    adopted: list[Any] = []
    texts: list[str | None] = []
    start = source.taken
    for row, text in rows:
        adopted.append(row)
        texts.append(text)
        if len(texts) == _BLOCK or source.taken - start > _BLOCK_BYTES:
            yield adopted, texts
            adopted, texts = [], []
            start = source.taken
    if texts:
        yield adopted, texts


def _scored(
    blocks: Iterator[tuple[list[Any], list[str | None]]],
    model: Model,
    summary: Summary,
    workers: int,
) -> Iterator[tuple[list[Any], list[list[float | None]]]]:
    """Yield the rows of each block with their scores."""
    waiting: deque[tuple[list[Any], list[str | None]]] = deque()

    def texts() -> Iterator[list[str | None]]:
        for block in blocks:
            waiting.append(block)
            yield block[1]

    nothing = [None] * len(model.targets)
    for scored in model.score_blocks(texts(), workers):
        rows, headlines = waiting.popleft()
        scores = scored[:, :-1].round(DECIMALS).tolist()
        without = [i for i, headline in enumerate(headlines) if headline is None]
        for i in without:
            scores[i] = nothing
        summary.rows += len(rows)
        summary.without_text += len(without)
        summary.unread += int((scored[:, -1] == 0).sum())
        yield rows, scores
