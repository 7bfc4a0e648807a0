"""The command line: `headline-score`."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TextIO

import click
from tabulate import tabulate

from headline_score import __version__
from headline_score.default import default_model
from headline_score.errors import HeadlineScoreError, TableError
from headline_score.files import is_among, is_file
from headline_score.model import Model
from headline_score.result import UNREAD, UNSAFE, Explanation
from headline_score.streams import STANDARD_STREAM
from headline_score.tables import FORMATS, READ_ONLY, format_of, is_utf8

if TYPE_CHECKING:
    from headline_score.batch import Summary
    from headline_score.evaluation import Evaluation
    from headline_score.tables import Table


class _EnoughError(Exception):
    """Who reads the output has enough."""


@contextmanager
def _noticing() -> Iterator[None]:
    """Raise `_EnoughError` where a pipe is found closed, which click would take for a failure."""
    try:
        yield
    except BrokenPipeError as error:
        raise _EnoughError from error


class _Commands(click.Group):
    """Sub-commands, with `score` for bare headlines."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _noticing():  # --help and --version are printed here
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _noticing():
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {"--version", "-h", "--help", *self.commands}:
            if args[0].startswith("-") and (named := [a for a in args if a in self.commands]):
                raise click.UsageError(
                    f"options go after the command: headline-score {named[0]} {args[0]} …;"
                    f" or score {named[0]!r} as a headline with headline-score score"
                )
            args = ["score", *args]
        return super().parse_args(ctx, args)


def run() -> NoReturn:
    """Run the command line: an error is one line on standard error, and exits with 1 or 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no half file stays behind
    if isinstance(sys.stdout, io.TextIOWrapper):  # arguments may be no UTF-8, or a terminal not
        utf8 = sys.stdout.encoding.lower() == "utf-8"
        sys.stdout.reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")
    if sys.stderr is None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        sys.stderr = os.fdopen(nowhere, "w", errors="backslashreplace")
    if sys.stdout is None:
        _fail("standard output is closed")
    told: dict[str, bool] = {}  # of the options that all commands have
    try:
        status = main.main(prog_name="headline-score", standalone_mode=False, obj=told)
        with _noticing():
            sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except _EnoughError:
        _give_up(sys.stdout)
        sys.exit(0)
    except click.exceptions.NoArgsIsHelpError as error:
        _say(*error.format_message().splitlines())
        sys.exit(2)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "headline-score"
        _fail(f"{error.format_message()} (see {command} --help)", 2)
    except (click.ClickException, HeadlineScoreError) as error:
        _fail(str(error))
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted")
    except OSError as error:
        _give_up(sys.stdout)
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}")
    except Exception as error:
        what = f"internal error: {type(error).__name__}: {error}".removesuffix(": ")
        if not told.get("verbose"):
            _fail(f"{what}; run with -v to see where")
        _say(*traceback.format_exc().splitlines())
        _fail(what)


def _fail(message: str, status: int = 1) -> NoReturn:
    _say(f"Error: {' '.join(message.split())}")
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # this error was the first
        _give_up(sys.stdout)
    sys.exit(status)


def _say(*lines: str) -> None:
    """Print lines to standard error, whether or not they can be said: no exit code tells of it."""
    try:
        click.echo("\n".join(map(_visible, lines)), err=True)
    except OSError:
        _give_up(sys.stderr)


def _give_up(stream: TextIO) -> None:
    """Drop what could not be written, which Python would try again, and fail, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"headline-score {__version__}, model {default_model().version}")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the versions of library and shipped model.",
)
def main() -> None:
    """How much is a headline shouting, baiting or guessing?

    Scores English headlines for clickbait, speculation and sensationalism, each a strength from
    0 (not at all) to 1 (heavily). A bare quoted headline is scored:

        headline-score "Putin Betrays Xi Jinping"
    """


def _tell_verbose(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and ctx.obj is not None:
        ctx.obj["verbose"] = True


_verbose_option = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_verbose,
    help="Show where an internal error arose.",
)
_model_option = click.option(
    "--model", "model_path", metavar="FILE", help="Model file to use instead of the shipped one."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_format_option = click.option(
    "--format",
    "file_format",
    type=click.Choice(list(FORMATS), case_sensitive=False),
    help="Format of the input; by default its extension tells.",
)
_column_option = click.option(
    "--column", metavar="NAME", help="Column of the headlines; by default headline or title."
)
_by_option = click.option(
    "--by",
    metavar="NAME",
    help="Column of the publishers; by default one called publisher, source, outlet, ….",
)
_over_option = click.option(
    "--over",
    metavar="NAME",
    help="Column of the dates; by default one called date, published, year, ….",
)
_target_option = click.option(
    "--target",
    "named_targets",
    multiple=True,
    metavar="NAME[=COLUMN]",
    help="Target, and the column of its grades if it has another name. May be repeated.",
)
_scale_option = click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Top of the grades' scale, such as 3 for grades 0 to 3.",
)


def _load(model_path: str | None) -> Model:
    return default_model() if model_path is None else Model.load(model_path)


def _paths(model_path: str | None) -> list[str]:
    return [] if model_path is None else [model_path]


def _refuse_overwriting(path: str, what: str, kept: list[str]) -> None:
    if path != STANDARD_STREAM and is_among(path, kept):
        raise TableError(f"{path}: can't be written over {what}: name another file")


def _format(path: str, file_format: str | None) -> str:
    known = file_format or format_of(path)
    if known is None:
        raise click.UsageError(
            f"can't tell the format of {path!r}: say --format {'|'.join(FORMATS)}"
        )
    return known


@main.command()
@click.argument("headlines", nargs=-1, required=True, metavar="HEADLINE...")
@_json_option
@_model_option
@_verbose_option
def score(headlines: tuple[str, ...], as_json: bool, model_path: str | None) -> None:
    """Score headlines given as arguments: a table, or JSON lines with --json."""
    model = _load(model_path)
    scores = [model.score(headline) for headline in headlines]
    if as_json:
        for headline, result in zip(headlines, scores, strict=True):
            click.echo(json.dumps({"headline": headline, **result.to_dict()}))
        return
    rows = [
        [*(f"{s:.2f}" for s in result.strengths), _visible(headline)]
        for headline, result in zip(headlines, scores, strict=True)
    ]
    click.echo(_table([*model.targets, "headline"], rows))
    for headline, result in zip(headlines, scores, strict=True):
        if os.path.isfile(headline):
            _say(f"{headline!r} is a file: to score its rows, use batch")
        elif not result.coverage:
            _say(f"{headline!r}: {UNREAD}")


@main.command()
@click.argument("patterns", nargs=-1, required=True, metavar="FILE|-...")
@click.option(
    "-o",
    "--output",
    default=STANDARD_STREAM,
    metavar="OUT",
    help="File to write, which appears when it is whole; by default standard output.",
)
@click.option("--prefix", default="", help="Put before the names of the score columns.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes to score in; reading and writing take one more.",
)
@click.option(
    "--on-error",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    show_default=True,
    help="Whether a row that can't be read ends the run, or is left out.",
)
@click.option(
    "--errors",
    metavar="FILE",
    help="CSV file for number and reason of each row left out; by default OUT.errors.csv.",
)
@_column_option
@_format_option
@_model_option
@_verbose_option
def batch(
    patterns: tuple[str, ...],
    output: str,
    prefix: str,
    workers: int,
    on_error: Literal["fail", "skip"],
    errors: str | None,
    column: str | None,
    file_format: str | None,
    model_path: str | None,
) -> None:
    """Score tables: CSV, TSV, JSON lines, plain text, Parquet, Arrow, RSS or Atom feeds.

    Text may be packed as .gz or .zst. All columns are kept, and one with the scores of each
    target, to six decimals, is appended. A row without a headline gets empty scores. The output has
    the format of OUT's extension, or else the first input's; plain text and feeds become CSV.

    Rows of several files, or of a pattern such as 'news/*.csv' (sorted by name), come one after
    another in one output; the files need the same columns in the same order, but for JSON lines.

    A row that can't be read (too many cells, broken JSON, no text as a headline) ends the run with
    its place named, or is left out with --on-error skip. A quotation mark left open over more than
    its own line always ends the run: nobody can tell which rows it has swallowed.
    """
    from headline_score.batch import score_file
    from headline_score.inputs import expand

    files = expand(patterns)
    formats = [_format(file, file_format) for file in files]
    output_format = format_of(output) or formats[0]
    to_file = output != STANDARD_STREAM and is_file(output)
    if os.path.splitext(output)[1] and not format_of(output) and to_file:
        raise click.UsageError(f"{output!r} has an extension of no format: name it .csv, .jsonl, …")
    if format_of(output) in READ_ONLY:
        raise click.UsageError(f"a feed can't be written: name {output!r} .csv, .jsonl, …")
    if not is_utf8(prefix):
        raise click.UsageError(f"--prefix {prefix!r} is no UTF-8")
    if errors and on_error == "fail":
        raise click.UsageError("--errors needs --on-error skip")
    if errors == STANDARD_STREAM:
        raise click.UsageError("--errors needs a file: standard output is for the rows")
    if on_error == "skip" and errors is None and to_file:
        errors = f"{output}.errors.csv"
    for path in (output, errors or STANDARD_STREAM):
        _refuse_overwriting(path, "the model", _paths(model_path))
    started = time.perf_counter()
    with _progress(files, output) as progress:
        summary = score_file(
            files,
            output,
            _load(model_path),
            input_format=file_format,
            output_format=output_format,
            column=column,
            prefix=prefix,
            workers=workers,
            on_error=on_error,
            errors=errors,
            progress=progress,
        )
    seconds = time.perf_counter() - started
    left_out = f", {_left_out(summary, errors)}" if on_error == "skip" else ""
    _say(
        f"{summary.rows:,} rows, {summary.without_text:,} of them without a headline,"
        f" {summary.unread:,} with {UNREAD}{left_out}; {seconds:.1f} s"
    )


def _left_out(summary: Summary, errors: str | None) -> str:
    """Return the words on how many rows were left out, and where to find which."""
    said = f"{summary.left_out:,} left out"
    if not summary.left_out:
        return said
    if errors:
        return f"{said}: see {errors}"
    places = ", ".join(map(str, summary.first_left_out))
    if isinstance(summary.first_left_out[0], int):
        places = f"{summary.unit}s {places}"
    more = summary.left_out - len(summary.first_left_out)
    return f"{said}: {places}" + (f" and {more:,} more" if more else "")


@contextmanager
def _progress(paths: list[str], output: str) -> Iterator[Any]:
    """Yield what shows how many bytes are read: a bar, on a terminal that the rows don't go to."""
    in_the_way = output == STANDARD_STREAM and sys.stdout.isatty()
    if not sys.stderr.isatty() or in_the_way or not all(map(os.path.isfile, paths)):
        yield lambda _: None
        return
    bar = click.progressbar(length=sum(map(os.path.getsize, paths)), file=sys.stderr)
    with bar:
        yield lambda done: bar.update(max(0, done - bar.pos))  # Parquet is read to and fro


@main.command()
@click.argument("patterns", nargs=-1, required=True, metavar="FILE|-...")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="PAGE",
    help="HTML file to write, which appears when it is whole; - is standard output.",
)
@_by_option
@_over_option
@click.option("--title", metavar="TEXT", help="Title of the page; by default the files' names.")
@_column_option
@_format_option
@_model_option
@_verbose_option
def report(
    patterns: tuple[str, ...],
    output: str,
    by: str | None,
    over: str | None,
    title: str | None,
    column: str | None,
    file_format: str | None,
    model_path: str | None,
) -> None:
    """Write a page to look at: strengths by publisher and over time, and what makes them.

    One self-contained HTML file, light and dark, fit for phone and paper: distributions of the
    strengths, publishers ranked with 95 % intervals, change by month, the most telling headlines
    with their words marked, the terms that drive each target. It loads nothing, and holds no
    headlines but the most telling ones. Needs the report extra.

    Takes the formats of batch; several files, or a pattern such as 'news/*.parquet', make one page.
    Rows that can't be read are left out and counted, as are broken dates.
    """
    from headline_score.inputs import expand
    from headline_score.report import check_output, require_report, write_report

    require_report()
    files = expand(patterns)
    check_output(output, [*files, *_paths(model_path)])
    named = [(path, _format(path, file_format)) for path in files]
    started = time.perf_counter()
    with _progress(files, output) as progress:
        counts = write_report(
            named,
            output,
            _load(model_path),
            column=column,
            by=by,
            over=over,
            title=title,
            command=_command_line(),
            progress=progress,
        )
    seconds = time.perf_counter() - started
    for where in counts.first_left_out:
        _say(f"left out: {where}")
    _say(
        f"{counts.rows:,} rows, {counts.without_text:,} of them without a headline,"
        f" {counts.unread:,} with {UNREAD}, {counts.left_out:,} left out; {seconds:.1f} s"
    )


def _command_line() -> str:
    """Return the command as it was typed, but for the program's path."""
    return shlex.join(["headline-score", *sys.argv[1:]])


@main.command()
@click.argument("headline")
@_json_option
@_model_option
@_verbose_option
def explain(headline: str, as_json: bool, model_path: str | None) -> None:
    """Show which words of a headline drive its scores, and by how much (log-odds).

    On a terminal the words are coloured: red raises the score, blue lowers it, and bold does so
    strongly. When piped, a table of all contributions.
    """
    explanation = _load(model_path).explain(headline)
    if as_json:
        click.echo(json.dumps(explanation.to_dict()))
    elif sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        click.echo(_coloured(explanation))
    else:
        click.echo(_contributions(explanation))
    if not explanation.coverage:
        _say(f"{headline!r}: {UNREAD}")


def _contributions(explanation: Explanation) -> str:
    rows: list[list[object]] = []
    for target, part in explanation.items():
        rows.append([target, f"{part.strength:.2f}", f"{part.bias:+.3f}", "[bias]", ""])
        for c in part.contributions:
            places = " ".join(f"{start}-{end}" for start, end in c.spans)
            rows.append([target, f"{part.strength:.2f}", f"{c.log_odds:+.3f}", c.term, places])
    return _table(["target", "strength", "log-odds", "term", "place"], rows)


def _coloured(explanation: Explanation) -> str:
    """Return a line for each target: its strength, the coloured headline, and its shape's part."""
    from headline_score.highlight import FAINT, STRONG

    width = max(map(len, explanation))
    lines = []
    for target, part in explanation.items():
        line, done = f"{target:{width}} {part.strength:.2f}  ", 0
        for start, end, log_odds in part.highlights():
            line += _visible(explanation.text[done:start])
            line += _tinted(_visible(explanation.text[start:end]), log_odds)
            done = end
        line += _visible(explanation.text[done:])
        for c in part.contributions:
            if not c.spans and abs(c.log_odds) >= FAINT:
                line += "  " + _tinted(f"{c.term} {c.log_odds:+.1f}", c.log_odds)
        lines.append(line)
    legend = f"{click.style('raises', fg='red')}, {click.style('lowers', fg='blue')} the score"
    return "\n".join([*lines, f"({legend}; bold: by {STRONG} log-odds or more)"])


def _tinted(text: str, log_odds: float) -> str:
    from headline_score.highlight import FAINT, STRONG

    colour = None if abs(log_odds) < FAINT else "red" if log_odds > 0 else "blue"
    return click.style(text, fg=colour, bold=abs(log_odds) >= STRONG)


def _visible(text: str) -> str:
    """Return a text with its unsafe characters escaped: a terminal may obey them.

    Bytes that are no UTF-8 come out as they went in: `run` sees to these half characters.
    """

    def shown(found: re.Match[str]) -> str:
        character = found[0]
        return character if "\ud800" <= character <= "\udfff" else ascii(character)[1:-1]

    return UNSAFE.sub(shown, text)


@main.command()
@click.argument("file", metavar="DATA")
@click.option("-o", "--output", required=True, metavar="MODEL", help="Model file to write.")
@click.option("--seed", default=0, show_default=True, help="Of the cross-validation's folds.")
@click.option(
    "--group",
    "group_column",
    metavar="NAME",
    help="Column of groups, such as publishers, that share a cross-validation fold.",
)
@click.option("--name", "version", default="unversioned", help="Version to keep in the model.")
@_target_option
@_scale_option
@_column_option
@_format_option
@_verbose_option
def train(
    file: str,
    output: str,
    seed: int,
    group_column: str | None,
    version: str,
    named_targets: tuple[str, ...],
    scale: float,
    column: str | None,
    file_format: str | None,
) -> None:
    """Train a model on headlines with grades: strengths from 0 to 1, or 0/1 labels.

    Targets are by default those of clickbait, speculation and sensationalism that are columns;
    any other is named with --target. An empty cell means not graded. Needs the train extra.
    """
    from headline_score.graded import read_graded
    from headline_score.training import train as train_model

    _refuse_overwriting(output, "its input", [file])
    data = read_graded(
        file,
        file_format=_format(file, file_format),
        targets=_targets(named_targets, default_model()),
        column=column,
        group_column=group_column,
        scale=scale,
    )
    _count_out(data.without_text)
    model = train_model(data.headlines, data.grades, seed=seed, groups=data.groups, version=version)
    model.save(output)
    _say(f"{output}: {', '.join(model.targets)} from {len(data.headlines):,} headlines")


@main.command()
@click.argument("file", metavar="DATA")
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(min=0),
    help="Bootstrap resamples for the intervals.",
)
@click.option(
    "--html",
    "page",
    metavar="PAGE",
    help="HTML file to write, with charts, tables and worst misses; needs the report extra.",
)
@_by_option
@_over_option
@_target_option
@_scale_option
@_column_option
@_format_option
@_json_option
@_model_option
@_verbose_option
def evaluate(
    file: str,
    resamples: int,
    page: str | None,
    by: str | None,
    over: str | None,
    named_targets: tuple[str, ...],
    scale: float,
    column: str | None,
    file_format: str | None,
    as_json: bool,
    model_path: str | None,
) -> None:
    """Compare a model's scores with grades that it never saw.

    Prints for each target its n, and with 95 % intervals MSE and R² of the strength; AUC, F1,
    precision and recall at the model's threshold and Brier score of being positive (strength at
    least 0.5); and ECE, the expected calibration error.

    With --html a page shows these with charts of reliability, precision and recall, with tables by
    source and by year, and with the worst misses, their words marked.
    """
    from headline_score.evaluation import evaluate as evaluate_model
    from headline_score.graded import read_graded

    if page is None and (by or over):
        raise click.UsageError("--by and --over are for the tables of --html PAGE")
    if page == STANDARD_STREAM:
        raise click.UsageError("--html needs a file: standard output is for the metrics")
    if page is not None:
        from headline_score.report import check_output, require_report

        require_report()
        check_output(page, [file, *_paths(model_path)])

    model = _load(model_path)
    data = read_graded(
        file,
        file_format=_format(file, file_format),
        targets=_targets(named_targets, model),
        column=column,
        scale=scale,
        labels=_labels(by, over) if page is not None else None,
    )
    _count_out(data.without_text)
    results = evaluate_model(model, data.headlines, data.grades, resamples=resamples)
    if absent := [target for target in model.targets if target not in data.grades]:
        _say(f"not evaluated, as not graded here: {', '.join(absent)}")
    if as_json:
        click.echo(json.dumps({t: _without_nan(asdict(r)) for t, r in results.items()}))
    else:
        click.echo(_metrics(results))
    if page is not None:
        from headline_score.report import write_evaluation

        write_evaluation(data, model, results, page, source=file, command=_command_line())


def _metrics(results: Mapping[str, Evaluation]) -> str:
    rows: list[list[object]] = [
        ["n", *(f"{r.n:,}" for r in results.values())],
        ["positives", *(f"{r.positives:,}" for r in results.values())],
        ["threshold", *(f"{r.threshold:.3f}" for r in results.values())],
    ]
    names = next(iter(results.values())).metrics
    rows += [[name, *(str(r.metrics[name]) for r in results.values())] for name in names]
    return _table(["", *results], rows)


def _labels(by: str | None, over: str | None) -> dict[str, Callable[[Table], str | None]]:
    """Return what finds the columns of publishers and dates."""
    from headline_score.report.columns import DATE_COLUMNS, PUBLISHER_COLUMNS, find_column

    return {
        "by": lambda table: find_column(table, by, PUBLISHER_COLUMNS, "of publishers"),
        "over": lambda table: find_column(table, over, DATE_COLUMNS, "of dates"),
    }


def _without_nan(value: Any) -> Any:
    """Return the value with None for NaN, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if value != value else value


def _targets(named: tuple[str, ...], model: Model) -> dict[str, str | None]:
    """Return the column of each target named as NAME or NAME=COLUMN; None where by default."""
    if not named:
        return dict.fromkeys(model.targets)
    pairs = (text.partition("=") for text in named)
    return {name: column or name for name, _, column in pairs}


def _count_out(without_text: int) -> None:
    if without_text:
        _say(f"{without_text:,} rows without a headline are left out")


def _table(headers: list[str], rows: list[list[Any]]) -> str:
    return str(tabulate(rows, headers, tablefmt="plain", disable_numparse=True))
