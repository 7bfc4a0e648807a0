"""The page on how well a model judges graded headlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from headline_score import highlight
from headline_score.evaluation import (
    BINS,
    POSITIVE,
    Evaluation,
    evaluate_strengths,
    score_bins,
)
from headline_score.graded import Graded
from headline_score.highlight import shown
from headline_score.model import Model
from headline_score.report import charts, page
from headline_score.report.columns import month_of, publisher_in
from headline_score.report.page import Cell, DataTable, Row
from headline_score.report.summaries import FEW
from headline_score.report.svg import Styles

Floats = NDArray[np.float64]

_MISSES = 8
_RESAMPLES = 200  # of a group's intervals
_MOST_GROUPS = 200  # of a table: bounds time and page
_METRICS = ("MSE", "R2", "AUC", "F1")
_SAID = {"R2": "R²"}


def evaluation_page(
    data: Graded,
    model: Model,
    results: Mapping[str, Evaluation],
    *,
    source: str,
    command: str,
) -> str:
    """Return the page.

    Args:
        data: the headlines and their grades; its labels `by` and `over`, if there are any, are
            publishers and dates.
        model: what scored.
        results: by target, of `evaluation.evaluate`.
        source: name of the file with the grades.
        command: what made the page, or nothing.
    """
    styles = Styles()
    targets = list(results)
    strengths = model.score_many(data.headlines)
    grades = {target: np.array(data.grades[target], np.float64) for target in targets}
    graded = {t: ~np.isnan(grades[t]) & ~np.isnan(strengths[t]) for t in targets}
    y = {target: grades[target][graded[target]] for target in targets}
    p = {target: strengths[target][graded[target]] for target in targets}
    n = len(data.headlines)
    reliability, curves = [], []
    for i, target in enumerate(targets):
        reliability.append(Markup(charts.reliability(styles, i, target, y[target], p[target])))
        some = results[target].positives
        thresholds = {
            f"{model.thresholds[target]:.2f}, for best F1": model.thresholds[target],
            f"{model.precise_thresholds[target]:.2f}, for few false flags": (
                model.precise_thresholds[target]
            ),
        }
        drawn = some and charts.precision_recall(
            styles, i, target, y[target], p[target], thresholds
        )
        curves.append(Markup(drawn) if drawn else None)
    publishers = [*map(publisher_in, data.labels.get("by", [""] * n))]
    months = [month_of(cell) for cell in data.labels.get("over", [None] * n)]
    years = [f"{month[0]:04}" if month else "" for month in months]
    split = _Split(targets, y, p, graded, model)
    return page.rendered(
        "evaluation.html",
        styles,
        title=f"How well does {shown(model.version)} judge {shown(source)}?",
        kicker="evaluation",
        lede=f"{n:,} graded headlines, compared with the model’s scores.",
        targets=targets,
        tiles=_tiles(results),
        metrics=_metrics(results),
        reliability=reliability,
        bins=_bins(targets, y, p),
        curves=curves,
        thresholds=_thresholds(targets, y, p),
        by_publisher=split.tables("publisher", publishers, largest_first=True),
        by_publisher_column=shown(data.label_columns.get("by", "")),
        by_year=split.tables("year", years, largest_first=False),
        by_year_column=shown(data.label_columns.get("over", "")),
        undated=sum(not year for year in years),
        few=FEW,
        misses=[
            _misses(model, target, data, grades[target], strengths[target], publishers, years)
            for target in targets
        ],
        legend=Markup(highlight.legend()),
        provenance=page.provenance(model, [source], command, n),
    )


def _tiles(results: Mapping[str, Evaluation]) -> list[dict[str, str]]:
    return [
        {
            "target": target,
            "r2": _estimate(result, "R2").text,
            "interval": _estimate(result, "R2").interval,
            "auc": _estimate(result, "AUC").text,
            "n": f"{result.n:,} graded, {result.positives:,} positive",
        }
        for target, result in results.items()
    ]


def _metrics(results: Mapping[str, Evaluation]) -> DataTable:
    rows = [
        Row("headlines", [page.count(result.n) for result in results.values()]),
        Row("positives", [page.count(result.positives) for result in results.values()]),
        Row("threshold", [Cell(f"{result.threshold:.3f}") for result in results.values()]),
    ]
    names = next(iter(results.values())).metrics
    rows += [
        Row(_SAID.get(name, name), [_estimate(result, name, 3) for result in results.values()])
        for name in names
    ]
    return DataTable("Metrics with 95 % bootstrap intervals", ["", *results], rows)


def _bins(targets: Sequence[str], y: Mapping[str, Floats], p: Mapping[str, Floats]) -> DataTable:
    """Return the table behind the charts of reliability."""
    rows = []
    for b in range(BINS):
        cells: list[Cell] = []
        for target in targets:
            inside = score_bins(p[target]) == b
            cells.append(page.count(int(inside.sum())))
            both = p[target][inside], y[target][inside]
            cells += [Cell(f"{values.mean():.2f}" if values.size else "–") for values in both]
        rows.append(Row(f"{b / BINS:.1f} to {(b + 1) / BINS:.1f}", cells))
    headers = ["score", *["headlines", "mean score", "mean grade"] * len(targets)]
    over = [("", 1), *((target, 3) for target in targets)]
    return DataTable("Grades by score", headers, rows, over=over)


def _thresholds(
    targets: Sequence[str], y: Mapping[str, Floats], p: Mapping[str, Floats]
) -> DataTable:
    """Return the table behind the charts of precision and recall."""
    rows = []
    for at in np.arange(1, BINS) / BINS:
        cells: list[Cell] = []
        for target in targets:
            positive, flagged = y[target] >= POSITIVE, p[target] >= at
            hits, found = int((positive & flagged).sum()), int(flagged.sum())
            cells.append(page.count(found))
            totals = found, int(positive.sum())
            cells += [Cell(f"{hits / total:.2f}" if total else "–") for total in totals]
        rows.append(Row(f"{at:.1f}", cells))
    headers = ["score at least", *["flagged", "precision", "recall"] * len(targets)]
    over = [("", 1), *((target, 3) for target in targets)]
    return DataTable("Precision and recall by threshold", headers, rows, over=over)


def _estimate(result: Evaluation, name: str, digits: int = 2) -> Cell:
    metric = result.metrics[name]
    return page.mean(metric.value, metric.low, metric.high, digits)


class _Split:
    """The evaluation by groups of headlines."""

    def __init__(
        self,
        targets: Sequence[str],
        y: Mapping[str, Floats],
        p: Mapping[str, Floats],
        graded: Mapping[str, NDArray[np.bool_]],
        model: Model,
    ) -> None:
        self._targets, self._y, self._p = targets, y, p
        self._graded, self._model = graded, model

    def tables(self, what: str, labels: Sequence[str], *, largest_first: bool) -> list[DataTable]:
        """Return a table for each target; none if no headline has a label.

        Args:
            what: what the labels name.
            labels: of each headline; "" where there is none.
            largest_first: whether the groups with most headlines come first, or go by name.
        """
        if not any(labels):
            return []
        every = np.array(labels, dtype=object)
        return [self._table(what, every[self._graded[t]], t, largest_first) for t in self._targets]

    def _table(
        self, what: str, labels: NDArray[np.object_], target: str, largest_first: bool
    ) -> DataTable:
        index: dict[str, int] = {}
        of_row = np.array([index.setdefault(label, len(index)) for label in labels], np.intp)
        names = [*index]
        counts = np.bincount(of_row, minlength=len(names))
        numbers = [i for i in range(len(names)) if names[i]]
        numbers.sort(key=lambda i: (-counts[i] if largest_first else 0, names[i]))
        rows = [
            self._row(names[i], target, np.flatnonzero(of_row == i)) for i in numbers[:_MOST_GROUPS]
        ]
        caption = f"{target} by {what}"
        if len(numbers) > _MOST_GROUPS:
            caption += f"; {len(numbers) - _MOST_GROUPS:,} more are left out"
        headers = [what, "headlines", "mean grade", "mean score"]
        headers += [_SAID.get(name, name) for name in _METRICS]
        return DataTable(caption, headers, rows, sortable=True)

    def _row(self, name: str, target: str, rows: NDArray[np.intp]) -> Row:
        y, p = self._y[target][rows], self._p[target][rows]
        cells = [
            page.count(len(y)),
            Cell(f"{y.mean():.2f}", float(y.mean())),
            Cell(f"{p.mean():.2f}", float(p.mean())),
        ]
        few = len(y) < FEW
        if few:
            cells += [Cell("–")] * len(_METRICS)
        else:
            threshold = self._model.thresholds[target]
            result = evaluate_strengths(y, p, threshold=threshold, resamples=_RESAMPLES)
            cells += [_estimate(result, metric) for metric in _METRICS]
        return Row(shown(name), cells, few)


def _misses(
    model: Model,
    target: str,
    data: Graded,
    grades: Floats,
    strengths: Floats,
    publishers: Sequence[str],
    years: Sequence[str],
) -> list[page.Headline]:
    errors = np.nan_to_num(np.abs(grades - strengths), nan=-1.0)
    found: list[page.Headline] = []
    seen: set[str] = set()
    for i in np.argsort(-errors, kind="stable").tolist():
        text = data.headlines[i]
        if errors[i] <= 0 or len(found) == _MISSES:
            break
        if text in seen:
            continue
        seen.add(text)
        notes = [f"graded {grades[i]:.2f}", publishers[i], years[i]]
        found.append(page.headline(model.explain(text), target, f"{strengths[i]:.2f}", notes))
    return found
