"""Reports: pages of HTML on many headlines, and on how well a model judges graded ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from headline_score.errors import MissingExtraError, TableError
from headline_score.files import is_among, is_file
from headline_score.streams import STANDARD_STREAM, unpacked_name, writing

if TYPE_CHECKING:
    from headline_score.evaluation import Evaluation
    from headline_score.graded import Graded
    from headline_score.model import Model
    from headline_score.report.corpus import Counts


def require_report() -> None:
    """Raise `MissingExtraError` unless what the `report` extra brings is installed."""
    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise MissingExtraError("a report", "report", missing[0])


def check_output(output: str, inputs: Sequence[str]) -> None:
    """Raise `TableError` unless a page can go there: to `-`, a pipe, a device or a file of HTML.

    Args:
        output: path of the page.
        inputs: paths of what it is made from, which it never replaces.
    """
    if output == STANDARD_STREAM:
        return
    if is_among(output, inputs):
        raise TableError(f"{output}: a page can't be written over its input")
    if is_file(output) and not unpacked_name(output).lower().endswith((".html", ".htm")):
        raise TableError(f"{output}: a page is a file of HTML: name it .html")


def write_report(
    files: Sequence[tuple[str, str]],
    output: str,
    model: Model,
    *,
    column: str | None = None,
    by: str | None = None,
    over: str | None = None,
    title: str | None = None,
    command: str = "",
    progress: Callable[[int], object] = lambda _: None,
) -> Counts:
    """Write a page on the headlines in some tables, the same bytes for the same input.

    Args:
        files: path and format, a key of `tables.FORMATS`, of each.
        output: path of the page, `.html` or `.htm`, or `-`; a file appears when it is whole.
        model: what scores.
        column: the headlines' column; by default `headline` or `title`.
        by: the publishers' column; by default one of a usual name, if there is any.
        over: the dates' column, likewise.
        title: of the page.
        command: what made it, to be said on it.
        progress: called after each block with the bytes of the input read so far.

    Returns:
        What was read, and what was left out.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
        TableError: a table can't be read, and the message says where; or the page can't be
            written, or would replace a table.
    """
    require_report()
    names = [path for path, _ in files]
    check_output(output, names)
    from headline_score.report.corpus import read_corpus
    from headline_score.report.corpus_page import corpus_page

    short = ", ".join(map(os.path.basename, names[:3])) + (" …" if len(names) > 3 else "")
    title = title or f"Headlines of {short}"
    with writing(output) as file:  # before the tables are read, which may take long
        corpus = read_corpus(files, model, column=column, by=by, over=over, progress=progress)
        page = corpus_page(corpus, title=title, sources=names, command=command)
        file.write(page.encode())
    return corpus.counts


def write_evaluation(
    data: Graded,
    model: Model,
    results: Mapping[str, Evaluation],
    output: str,
    *,
    source: str,
    command: str = "",
) -> None:
    """Write a page on how well a model judges graded headlines, the same for the same input.

    Args:
        data: the headlines and their grades; its labels `by` and `over`, if there are any, are
            publishers and dates.
        model: what scored.
        results: of `evaluation.evaluate` with these.
        output: path of the page, `.html` or `.htm`, or `-`; a file appears when it is whole.
        source: name of the file with the grades.
        command: what made the page, to be said on it.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
        TableError: the page can't be written, or would replace the file with the grades.
    """
    require_report()
    check_output(output, [source])
    from headline_score.report.evaluation_page import evaluation_page

    with writing(output) as file:
        page = evaluation_page(data, model, results, source=source, command=command)
        file.write(page.encode())
