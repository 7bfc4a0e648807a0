"""Scoring tables from file to file, in constant memory."""

from __future__ import annotations

import csv
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, Literal, NamedTuple

from headline_score.errors import TableError
from headline_score.files import is_among, is_file
from headline_score.model import Model
from headline_score.streams import Source, as_text, reading, writing
from headline_score.tables import (
    ARROW,
    FORMATS,
    Output,
    Report,
    RowError,
    Table,
    format_of,
    headline_in,
    name_taken,
)
from headline_score.tables.blocks import blocks

DECIMALS = 6
FIRST_LEFT_OUT = 10
LeaveOut = Callable[[Source, int, str], object]


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

    first_left_out: list[int | str] = field(default_factory=list)
    """Numbers of the first `FIRST_LEFT_OUT` of them; their places, if there are several inputs."""

    unit: str = "line"
    """What those numbers count."""


def score_file(
    source: str | Sequence[str],
    target: str,
    model: Model,
    *,
    output_format: str,
    input_format: str | None = None,
    column: str | None = None,
    prefix: str = "",
    workers: int = 1,
    on_error: Literal["fail", "skip"] = "fail",
    errors: str | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Summary:
    """Write the table in `source` to `target` with a column for each of the model's targets.

    Args:
        source: path of the input, or `-`; or of several, whose rows come one after another. They
            need the same columns in the same order, but for JSON lines, which may lack some.
        target: path of the output, or `-`; a file appears when it is whole.
        model: what scores.
        output_format: a key of `FORMATS`.
        input_format: a key of `FORMATS`; by default the extension of each input tells.
        column: the headlines' column; by default `headline` or `title`.
        prefix: put before each score column's name.
        workers: processes to score in.
        on_error: whether a row that can't be read or written ends the run, or is left out.
        errors: path of a CSV table of the rows left out, if any: number and reason, and the file
            if there are several. It appears just before `target` does. If no row is left out, none
            appears, but an older one is emptied.
        progress: called after each block of rows with the bytes of the input read so far.

    Raises:
        TableError: the input can't be read, or the output written; the message says where.
        MissingExtraError: a format needs packages that are not installed.
        WorkerError: a worker process ended before its work did.
    """
    paths = [source] if isinstance(source, str) else [*source]
    if errors and is_among(errors, (*paths, target)):
        raise TableError(f"{errors}: can't list the rows left out in the input or the output")
    added = [prefix + name for name in model.targets]
    inputs = _Inputs([(path, _format(path, input_format)) for path in paths], column, added)
    if len(paths) > 1:
        inputs.check()
    summary = Summary()
    with writing(target) as out, _LeftOut(errors, summary, len(paths) > 1) as left_out:
        with closing(inputs.read(left_out.add if on_error == "skip" else None)) as tables:
            first = next(tables)
            if output_format != "jsonl":
                first.table.refuse_names(any_bytes=output_format not in ARROW)
            with FORMATS[output_format].write(out, first.table, added) as output:
                read = (
                    block
                    for found in chain([first], tables)
                    for block in blocks(_checked(found, output), found.source)
                )
                for rows, scores in _scored(read, model, summary, workers):
                    output.write(rows, scores)
                    progress(inputs.position())
            left_out.empty_older(first.source)
        out.flush()  # if the disk is full, `errors` is not to appear
    return summary


def _format(path: str, input_format: str | None) -> str:
    known = input_format or format_of(path)
    if known is None:
        raise TableError(f"{path}: its extension tells no format")
    return known


class _Input(NamedTuple):
    """A table being read, and how."""

    source: Source
    table: Table
    column: str
    report: Report


class _Inputs:
    """Tables whose rows come one after another."""

    def __init__(self, named: list[tuple[str, str]], column: str | None, added: list[str]) -> None:
        """Prepare to read.

        Args:
            named: path and format of each.
            column: the headlines' column, if it was named.
            added: the columns that their rows will get.
        """
        self._named, self._column, self._added = named, column, added
        self._done = 0
        self._current: Source | None = None

    def check(self) -> None:
        """Look at the columns of all files: what does not fit is better known now than late.

        Raises:
            TableError: something does not.
        """
        files = [(path, name) for path, name in self._named if os.path.isfile(path)]
        for _ in _Inputs(files, self._column, self._added).read(lambda *_: None):
            pass

    def read(self, leave_out: LeaveOut | None) -> Generator[_Input]:
        """Yield each table that is not empty, or the last if all are.

        Args:
            leave_out: told source, number and reason of each row that can't be read; by default
                such a row is an error.

        Raises:
            TableError: a table can't be read, or does not fit to those before.
        """
        first = None
        for path, name in self._named:
            with reading(path) as source:
                self._current = source
                report = partial(leave_out, source) if leave_out else source.refuse
                table = FORMATS[name].read(source, report)
                if not table.empty or (first is None and (path, name) == self._named[-1]):
                    column = self._column if table.empty else table.headline_column(self._column)
                    if taken := [name for name in self._added if name in table.columns]:
                        raise TableError(f"{table.place(taken[0])}: {name_taken(taken[0])}")
                    table = table.following(first) if first else table
                    first = first or table
                    yield _Input(source, table, column or "", report)
                self._done += source.position()
                self._current = None

    def position(self) -> int:
        """Return how many bytes of all the inputs are read, as they are stored."""
        return self._done + (self._current.position() if self._current else 0)


class _LeftOut:
    """The rows left out: counted, and listed in a file that is begun with the first of them."""

    def __init__(self, path: str | None, summary: Summary, several: bool) -> None:
        self._path, self._summary, self._several = path, summary, several
        self._opened = ExitStack()
        self._list: Callable[[tuple[object, ...]], object] = lambda row: None

    def add(self, source: Source, number: int, reason: str) -> None:
        file = (source.name,) if self._several else ()
        if self._path and not self._summary.left_out:
            self._begin(self._path, source)
        self._list((*file, number, reason))
        self._summary.left_out += 1
        self._summary.unit = source.unit
        if len(self._summary.first_left_out) < FIRST_LEFT_OUT:
            self._summary.first_left_out.append(source.place(number) if file else number)

    def empty_older(self, source: Source) -> None:
        """Replace the list of an earlier run, if there is one, where this run left out nothing."""
        path = self._path
        if path and not self._summary.left_out and is_file(path) and os.path.exists(path):
            self._begin(path, source)

    def _begin(self, path: str, source: Source) -> None:
        self._opened.enter_context(_needed(path))
        stream = self._opened.enter_context(as_text(self._opened.enter_context(writing(path))))
        self._list = csv.writer(stream, lineterminator="\n").writerow
        self._list((*(["file"] if self._several else []), source.unit, "reason"))

    def __enter__(self) -> _LeftOut:
        return self

    def __exit__(self, *error: Any) -> None:
        self._opened.__exit__(*error)


@contextmanager
def _needed(path: str) -> Iterator[None]:
    """Make it an error that a pipe is closed: the run ends, but its output is not to be missed."""
    try:
        yield
    except BrokenPipeError as error:
        if error.filename != path:
            raise
        raise TableError(f"{path}: {error.strerror}") from error


_Checked = tuple[Any, str | None]


def _checked(found: _Input, output: Output) -> Iterator[_Checked]:
    """Yield each row as the output takes it, with its headline."""
    value, adopt = found.table.getter(found.column), output.adopter(found.table)
    for number, row in found.table.rows:
        try:
            taken = adopt(row), headline_in(value(row))
        except RowError as error:
            found.report(number, str(error))
            continue
        yield taken


def _scored(
    read: Iterator[list[_Checked]],
    model: Model,
    summary: Summary,
    workers: int,
) -> Iterator[tuple[list[Any], list[list[float | None]]]]:
    """Yield the rows of each block with their scores."""
    waiting: deque[list[_Checked]] = deque()

    def texts() -> Iterator[list[str | None]]:
        for block in read:
            waiting.append(block)
            yield [text for _, text in block]

    nothing = [None] * len(model.targets)
    for scored in model.score_blocks(texts(), workers):
        block = waiting.popleft()
        scores = scored[:, :-1].round(DECIMALS).tolist()
        without = [i for i, (_, text) in enumerate(block) if text is None]
        for i in without:
            scores[i] = nothing
        summary.rows += len(block)
        summary.without_text += len(without)
        summary.unread += int((scored[:, -1] == 0).sum())
        yield [row for row, _ in block], scores
