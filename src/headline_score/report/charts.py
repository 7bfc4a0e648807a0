"""The charts of a report, one small figure for each target: they stand side by side, or stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from headline_score.evaluation import POSITIVE
from headline_score.highlight import shown
from headline_score.report import panels, svg
from headline_score.report.corpus import period_name
from headline_score.report.summaries import Driver, Group, Time
from headline_score.report.svg import INK, PAPER, SOFT, Styles, placeholder

Floats = NDArray[np.float64]

WIDTH = 350  # px of a chart, about that of a phone
BINS = 20
_ABOVE: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderaxespad": 0.2}
_ROW = 23  # px of a row of a chart with names
_NAMES = 128  # px for these
_LONGEST_LABEL = 19  # letters
_SHARES = (0, 0.01, 0.05, 0.2, 0.5, 1)  # marked on a square-root scale


def distribution(
    styles: Styles,
    t: int,
    target: str,
    strengths: NDArray[np.float32],
    flagged: NDArray[np.bool_],
    threshold: float,
    top: float,
) -> str:
    """Draw how many headlines have which strength, those that are flagged in full colour.

    Args:
        styles: of the page.
        t: the target's number.
        target: its name.
        strengths: shape (n,), n > 0.
        flagged: shape (n,).
        threshold: from which on they are flagged.
        top: of the scale, a share.
    """
    edges = np.linspace(0, 1, BINS + 1)
    n = len(strengths)
    middle, width = edges[:-1] + 0.5 / BINS, 0.86 / BINS
    rest = np.histogram(strengths[~flagged], edges)[0] / n
    some = np.histogram(strengths[flagged], edges)[0] / n
    with svg.drawing():
        figure, axes = _panel(190, left=40, bottom=34)
        axes.bar(middle, rest, width, color=_colour(t), alpha=0.35)
        axes.bar(middle, some, width, rest, color=_colour(t))
        if threshold <= 1:
            axes.axvline(threshold, color=INK, linewidth=1, linestyle=(0, (3, 2)))
            right = threshold > 0.6
            axes.annotate(
                f"flagged from {threshold:.2f}",
                (threshold, 1),
                (-5 if right else 5, -3),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="right" if right else "left",
                va="top",
                fontsize=svg.FONT,
                color=INK,
            )
        axes.set_yscale("function", functions=(np.sqrt, np.square))
        axes.set(xlim=(0, 1), ylim=(0, top), xlabel="strength")
        axes.xaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.yaxis.set_major_locator(FixedLocator([s for s in _SHARES if s <= top]))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        axes.grid(visible=False, axis="x")
        label = (
            f"Histogram of {target}: {flagged.mean():.1%} of {n:,} headlines reach the threshold."
        )
        return svg.inline(figure, styles, name=f"distribution{t}", label=label)


def tallest_bin(strengths: NDArray[np.float32]) -> float:
    """Return the largest share of headlines in a bin of any target; shape (n, targets), n > 0."""
    edges = np.linspace(0, 1, BINS + 1)
    return float(max(np.histogram(s, edges)[0].max() for s in strengths.T) / len(strengths))


def ranking(
    styles: Styles,
    t: int,
    target: str,
    groups: Sequence[Group],
    names: Sequence[str],
    overall: float,
    top: float,
    gap: int | None,
) -> str:
    """Draw mean strengths of publishers with their intervals, in the order given.

    Args:
        styles: of the page.
        t: the target's number.
        target: its name.
        groups: the publishers.
        names: by number.
        overall: mean of all headlines.
        top: of the scale.
        gap: how many publishers come before those that are left out, if any are.
    """
    places = np.arange(len(groups)) + (0 if gap is None else (np.arange(len(groups)) >= gap) * 0.7)
    rows = float(places[-1]) + 1
    with svg.drawing():
        figure, axes = _panel(round(rows * _ROW) + 48, left=_NAMES, bottom=34)
        axes.axvline(overall, color=INK, linewidth=1, linestyle=(0, (3, 2)))
        for place, group in zip(places, groups, strict=True):
            axes.plot(
                [group.lows[t], group.highs[t]],
                [place, place],
                color=_colour(t),
                alpha=0.5,
                linewidth=4,
                solid_capstyle="round",
            )
            axes.plot([group.means[t]], [place], "o", color=_colour(t), markersize=7, clip_on=False)
        axes.set(ylim=(rows - 0.4, -0.6), xlim=(0, top), xlabel="mean strength")
        axes.yaxis.set_major_locator(FixedLocator(places.tolist()))
        _named_rows(axes, len(groups))
        texts = {i: _short(names[group.name]) for i, group in enumerate(groups)}
        return svg.inline(
            figure,
            styles,
            name=f"ranking{t}",
            label=f"Mean {target} of {len(groups)} publishers with 95 % intervals; the table"
            " below has the same figures.",
            texts=texts,
        )


def timeline(styles: Styles, t: int, target: str, time: Time, top: float) -> str:
    """Draw the mean strength over time with its interval.

    Args:
        styles: of the page.
        t: the target's number.
        target: its name.
        time: not without groups.
        top: of the scale.
    """
    year, month = np.divmod([group.name for group in time.groups], 13)
    monthly = time.unit == "month"
    at = year + (month - 1) / 12 if monthly else year.astype(np.float64)
    step = 1 / 12 if monthly else 1
    means, lows, highs = (
        np.array([getattr(group, what)[t] for group in time.groups])
        for what in ("means", "lows", "highs")
    )
    few = np.array([group.few for group in time.groups])
    with svg.drawing():
        figure, axes = _panel(190, left=40, bottom=26)
        breaks = np.flatnonzero(np.diff(at) > 1.5 * step) + 1  # where there is nothing
        for part in np.split(np.arange(len(at)), breaks):
            axes.fill_between(
                at[part], lows[part], highs[part], color=_colour(t), alpha=0.22, linewidth=0
            )
            axes.plot(at[part], means[part], color=_colour(t))
        dots = at if len(at) <= 60 else at[few]
        size = 4 if len(at) <= 60 else 3
        of_dots = means if len(at) <= 60 else means[few]
        axes.plot(dots, of_dots, "o", color=_colour(t), markersize=size)
        if few.any():
            axes.plot(
                at[few], means[few], "o", color=PAPER, markeredgecolor=_colour(t), markersize=size
            )
        pad = max((at[-1] - at[0]) * 0.03, step * 0.6)
        axes.set(ylim=(0, top), xlim=(at[0] - pad, at[-1] + pad))
        _years(axes, at, monthly)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        first, last = (period_name(time.groups[i].name) for i in (0, -1))
        return svg.inline(
            figure,
            styles,
            name=f"timeline{t}",
            label=f"Mean {target} by {time.unit} from {first} to {last} with 95 % intervals;"
            " the table below has the same figures.",
        )


def terms(
    styles: Styles, t: int, target: str, up: Sequence[Driver], down: Sequence[Driver], reach: float
) -> str:
    """Draw what raised a target most, and below what lowered it most, by mean contribution.

    Args:
        styles: of the page.
        t: the target's number.
        target: its name.
        up: what raised it, the strongest first.
        down: what lowered it, likewise; not both are empty.
        reach: largest absolute contribution of any chart.
    """
    found = [*up, *down]
    places = np.arange(len(found)) + (np.arange(len(found)) >= len(up)) * 0.7 * bool(up)
    rows = float(places[-1]) + 1
    with svg.drawing():
        figure, axes = _panel(round(rows * _ROW) + 48, left=_NAMES, bottom=34)
        colours = [_colour(t)] * len(up) + [SOFT] * len(down)
        axes.barh(places, [driver.mean for driver in found], 0.62, color=colours)
        axes.axvline(0, color=SOFT, linewidth=0.8)
        low = min([0.0, *(driver.mean for driver in found)]) * 1.1
        axes.set(ylim=(rows - 0.4, -0.6), xlim=(low, reach * 1.05), xlabel="mean log-odds added")
        axes.yaxis.set_major_locator(FixedLocator(places.tolist()))
        _named_rows(axes, len(found))
        return svg.inline(
            figure,
            styles,
            name=f"terms{t}",
            label=f"Terms that raise and lower {target} most in these headlines; the table below"
            " has the same figures.",
            texts={i: _short(driver.name) for i, driver in enumerate(found)},
        )


def reliability(styles: Styles, t: int, target: str, y: Floats, p: Floats) -> str:
    """Draw mean grades `y` of ten bins of scores `p`, and how many headlines each has."""
    height = 420
    with svg.drawing():
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        left, width = 44 / WIDTH, (WIDTH - 58) / WIDTH
        above = figure.add_axes((left, 140 / height, width, 236 / height))
        below = figure.add_axes((left, 36 / height, width, 78 / height), sharex=above)
        panels.reliability(above, below, y, p, _look(t))
        above.tick_params(axis="x", labelbottom=False)
        above.set_ylabel("mean grade")
        below.set_ylabel("headlines")
        above.legend(**_ABOVE)
        label = (
            f"Reliability of {target}: mean grade of ten bins of scores, {len(y):,} headlines;"
            " on the diagonal scores are met on average. The table below has the same figures."
        )
        return svg.inline(figure, styles, name=f"reliability{t}", label=label)


def precision_recall(
    styles: Styles, t: int, target: str, y: Floats, p: Floats, thresholds: Mapping[str, float]
) -> str:
    """Draw precision against recall of positives, and mark the thresholds, by what they are for.

    Args:
        styles: of the page.
        t: the target's number.
        target: its name.
        y: grades, shape (n,), at least one of them positive.
        p: scores, shape (n,).
        thresholds: two at most.
    """
    positive = y >= POSITIVE
    with svg.drawing():
        figure, axes = _panel(400, left=44, bottom=36, top=72)
        panels.precision_recall(axes, positive, p, thresholds, _look(t))
        axes.set_ylabel("precision")
        axes.legend(title="score at least", alignment="left", **_ABOVE)
        label = (
            f"Precision against recall of {target}, {positive.sum():,} of {len(y):,} positive;"
            " the table below has both at some thresholds."
        )
        return svg.inline(figure, styles, name=f"precision{t}", label=label)


def _panel(height: int, *, left: int, bottom: int, top: int = 12) -> tuple[Figure, Axes]:
    """Return a figure of one panel, with margins in px."""
    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
    axes = figure.add_axes(
        (
            left / WIDTH,
            bottom / height,
            (WIDTH - left - 14) / WIDTH,
            (height - bottom - top) / height,
        )
    )
    return figure, axes


def _look(t: int) -> panels.Look:
    marker = "os^Dv*"[t % 6]
    return panels.Look(_colour(t), marker, soft=SOFT, ink=INK, paper=PAPER)


def _named_rows(axes: Axes, n: int) -> None:
    """Label n rows with placeholders that begin at the figure's left edge."""
    axes.set_yticklabels([placeholder(i) for i in range(n)], color=INK, ha="left")
    axes.tick_params(axis="y", pad=_NAMES)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _colour(t: int) -> str:
    return svg.TARGETS[t % len(svg.TARGETS)]


def _years(axes: Axes, at: NDArray[np.float64], monthly: bool) -> None:
    """Mark years, or within a short time months."""
    axes.grid(visible=False, axis="x")
    first, last = at[0], at[-1]
    if monthly and last - first < 1.5:
        months = np.arange(round(first * 12), round(last * 12) + 1)
        months = months[:: max(1, -(-len(months) // 4))]
        ticks = (months / 12).tolist()
        labels = [f"{m // 12}-{m % 12 + 1:02}" for m in months.tolist()]
    else:
        years = np.arange(np.ceil(first - 1e-6), np.floor(last + 1e-6) + 1).astype(int)
        years = years[:: max(1, -(-len(years) // 6))]
        ticks, labels = years.astype(float).tolist(), [str(year) for year in years.tolist()]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.set_xticklabels(labels)


def _short(text: str) -> tuple[str, str]:
    """Return a text as short as a chart needs it, and in full."""
    plain, width = shown(text), 0
    for i, character in enumerate(plain):
        width += 1 + (east_asian_width(character) in "WF")
        if width > _LONGEST_LABEL:
            return f"{plain[: max(i - 1, 0)].rstrip()}…", plain
    return plain, plain
