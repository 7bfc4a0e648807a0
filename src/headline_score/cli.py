"""The command line: `headline-score`."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
from tabulate import tabulate

from headline_score import __version__
from headline_score.default import default_model
from headline_score.errors import HeadlineScoreError
from headline_score.model import Model
from headline_score.result import Explanation
from headline_score.tables import FORMATS, STANDARD_STREAM, format_of


class _Commands(click.Group):
    """Sub-commands, with `score` for bare headlines; the library's errors become one line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--version", "-h", "--help", *self.commands}
        return super().parse_args(ctx, ["score", *args] if args and args[0] not in own else args)

    def invoke(self, ctx: click.Context) -> Any:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="surrogateescape")  # arguments may be no UTF-8
        try:
            return super().invoke(ctx)
        except HeadlineScoreError as error:
            raise click.ClickException(" ".join(str(error).split())) from error
        except OSError as error:
            if error.filename is None:  # a closed pipe, which click ends silently
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error


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


_model_option = click.option(
    "--model", "model_path", metavar="FILE", help="Model file to use instead of the shipped one."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_format_option = click.option(
    "--format",
    "file_format",
    type=click.Choice(list(FORMATS)),
    help="Format of the input; by default its extension tells.",
)
_column_option = click.option(
    "--column", metavar="NAME", help="Column of the headlines; by default headline or title."
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
def score(headlines: tuple[str, ...], as_json: bool, model_path: str | None) -> None:
    """Score headlines given as arguments: a table, or JSON lines with --json."""
    model = _load(model_path)
    scores = [model.score(headline) for headline in headlines]
    if as_json:
        for headline, result in zip(headlines, scores, strict=True):
            click.echo(json.dumps({"headline": headline, **result.to_dict()}))
        return
    rows = [
        [*(f"{s:.2f}" for s in result.strengths), headline]
        for headline, result in zip(headlines, scores, strict=True)
    ]
    click.echo(_table([*model.targets, "headline"], rows))
    for headline, result in zip(headlines, scores, strict=True):
        if os.path.isfile(headline):
            click.echo(f"{headline!r} is a file: to score its rows, use batch", err=True)
        elif not result.coverage:
            click.echo(f"{headline!r} has no word the model knows: base rates", err=True)


@main.command()
@click.argument("file", metavar="FILE|-")
@click.option(
    "-o",
    "--output",
    default=STANDARD_STREAM,
    metavar="OUT",
    help="File to write, which appears when it is whole; by default standard output.",
)
@click.option("--prefix", default="", help="Put before the names of the score columns.")
@_column_option
@_format_option
@_model_option
def batch(
    file: str,
    output: str,
    prefix: str,
    column: str | None,
    file_format: str | None,
    model_path: str | None,
) -> None:
    """Score a CSV, TSV, JSON lines or plain text file, also .gz.

    All columns are kept, and one with the scores of each target is appended. A row without a
    headline gets empty scores. The output has the input's format, or that of OUT's extension.
    """
    from headline_score.batch import score_file

    input_format = _format(file, file_format)
    started = time.perf_counter()
    with _progress(file) as progress:
        summary = score_file(
            file,
            output,
            _load(model_path),
            input_format=input_format,
            output_format=format_of(output) or input_format,
            column=column,
            prefix=prefix,
            progress=progress,
        )
    seconds = time.perf_counter() - started
    click.echo(
        f"{summary.rows:,} rows, {summary.without_text:,} of them without a headline;"
        f" {seconds:.1f} s",
        err=True,
    )


@contextmanager
def _progress(path: str) -> Iterator[Any]:
    """Yield what shows that so many bytes of a file are read: a bar, if there is a terminal."""
    if not sys.stderr.isatty() or not os.path.isfile(path):
        yield lambda _: None
        return
    bar = click.progressbar(length=os.path.getsize(path), file=sys.stderr)
    with bar:
        yield lambda done: bar.update(done - bar.pos)


@main.command()
@click.argument("headline")
@_json_option
@_model_option
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


def _contributions(explanation: Explanation) -> str:
    rows: list[list[object]] = []
    for target in explanation.targets:
        part = explanation[target]
        rows.append([target, f"{part.strength:.2f}", f"{part.bias:+.3f}", "[bias]", ""])
        for c in part.contributions:
            places = " ".join(f"{start}-{end}" for start, end in c.spans)
            rows.append([target, f"{part.strength:.2f}", f"{c.log_odds:+.3f}", c.term, places])
    return _table(["target", "strength", "log-odds", "term", "place"], rows)


_FAINT, _STRONG = 0.1, 0.5  # log-odds that a stretch must move to be coloured, to be bold


def _coloured(explanation: Explanation) -> str:
    width = max(map(len, explanation.targets))
    lines = []
    for target in explanation.targets:
        part = explanation[target]
        line, done = "", 0
        for start, end, log_odds in part.highlights():
            line += explanation.text[done:start]
            colour = None if abs(log_odds) < _FAINT else "red" if log_odds > 0 else "blue"
            bold = abs(log_odds) >= _STRONG
            line += click.style(explanation.text[start:end], fg=colour, bold=bold)
            done = end
        lines.append(f"{target:{width}} {part.strength:.2f}  {line}{explanation.text[done:]}")
    return "\n".join(lines)


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
    click.echo(
        f"{output}: {', '.join(model.targets)} from {len(data.headlines):,} headlines", err=True
    )


@main.command()
@click.argument("file", metavar="DATA")
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(min=0),
    help="Bootstrap resamples for the intervals.",
)
@_target_option
@_scale_option
@_column_option
@_format_option
@_json_option
@_model_option
def evaluate(
    file: str,
    resamples: int,
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
    """
    from headline_score.evaluation import evaluate as evaluate_model
    from headline_score.graded import read_graded

    model = _load(model_path)
    data = read_graded(
        file,
        file_format=_format(file, file_format),
        targets=_targets(named_targets, model),
        column=column,
        scale=scale,
    )
    _count_out(data.without_text)
    results = evaluate_model(model, data.headlines, data.grades, resamples=resamples)
    if as_json:
        click.echo(json.dumps({t: _without_nan(asdict(r)) for t, r in results.items()}))
        return
    rows: list[list[object]] = [
        ["n", *(f"{r.n:,}" for r in results.values())],
        ["positives", *(f"{r.positives:,}" for r in results.values())],
        ["threshold", *(f"{r.threshold:.3f}" for r in results.values())],
    ]
    names = next(iter(results.values())).metrics
    rows += [[name, *(str(r.metrics[name]) for r in results.values())] for name in names]
    click.echo(_table(["", *results], rows))


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
        click.echo(f"{without_text:,} rows without a headline are left out", err=True)


def _table(headers: list[str], rows: list[list[Any]]) -> str:
    return str(tabulate(rows, headers, tablefmt="plain", disable_numparse=True))
