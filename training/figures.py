"""Draw the figures of the model card: reliability, precision and recall, learning curve.

Each function writes one PNG. What it is given decides every byte of it, so that a figure changes
only when the model or the data does: matplotlib's own style and font whatever the user's settings,
a fixed seed, and neither date nor software version in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from headline_score.evaluation import POSITIVE, evaluate_strengths
from headline_score.report import panels
from headline_score.report.panels import RESAMPLES, Look
from headline_score.training import PRECISE

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 9.0, 3.4  # inches; three panels side by side

# Okabe & Ito (2008), told apart by colour-blind readers too; markers differ as well.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
MARKERS = "os^Dv*"
GREY = "#767676"
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 9,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "savefig.dpi": 120,
    "xtick.color": GREY,
    "xtick.labelcolor": "black",
    "xtick.labelsize": 8,
    "ytick.color": GREY,
    "ytick.labelcolor": "black",
    "ytick.labelsize": 8,
}


def reliability(
    path: Path, y_by_target: Mapping[str, Floats], p_by_target: Mapping[str, Floats]
) -> None:
    """Draw how the grades `y` of ten bins of scores `p` compare: `panels.reliability`."""
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, HEIGHT + 0.9))
        grid = figure.subplots(
            2, len(y_by_target), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 1)
        )
        for i, (target, y) in enumerate(y_by_target.items()):
            p = p_by_target[target]
            ece = evaluate_strengths(y, p, threshold=POSITIVE, resamples=RESAMPLES).metrics["ECE"]
            above, below = grid[:, i]
            above.set_title(f"{target}, n = {len(y):,}\nECE {ece}")
            panels.reliability(above, below, y, p, _look(i))
        grid[0, 0].legend(loc="upper left")
        grid[0, 0].set_ylabel("mean grade")
        grid[1, 0].set_ylabel("headlines")
        _save(figure, path)


def precision_recall(
    path: Path,
    y: Mapping[str, Floats],
    p: Mapping[str, Floats],
    thresholds: Mapping[str, float],
    precise_thresholds: Mapping[str, float],
) -> None:
    """Draw precision against recall of positives, and mark the two thresholds of each target.

    A dashed line is the precision of flagging every headline.
    """
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, HEIGHT + 0.2))
        row = figure.subplots(1, len(y), squeeze=False, sharey=True)[0]
        for i, (axes, target) in enumerate(zip(row, y, strict=True)):
            positive = y[target] >= POSITIVE
            purposes = {
                f"{thresholds[target]:.2f}, for best F1": thresholds[target],
                f"{precise_thresholds[target]:.2f}, for precision {PRECISE:g}": (
                    precise_thresholds[target]
                ),
            }
            panels.precision_recall(axes, positive, p[target], purposes, _look(i))
            axes.set_title(f"{target}\n{positive.sum():,} of {len(positive):,} positive")
            axes.legend(
                title="score at least",
                alignment="left",
                loc="lower left",
                bbox_to_anchor=(0, 0.12),
            )
        row[0].set_ylabel("precision")
        _save(figure, path)


def learning_curve(
    path: Path, points: Mapping[str, Sequence[tuple[int, float, float, float]]]
) -> None:
    """Draw R² against the number of training rows.

    Args:
        path: file to write.
        points: for each target number of rows, R² and the ends of its interval.
    """
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH * 0.62, HEIGHT))
        axes = figure.subplots()
        for i, (target, values) in enumerate(points.items()):
            rows, r2, low, high = np.array(sorted(values), dtype=np.float64).T
            shift = 1.03 ** (i - (len(points) - 1) / 2)  # so that intervals don't overlap
            axes.errorbar(
                rows * shift,
                r2,
                yerr=(r2 - low, high - r2),
                color=COLOURS[i],
                marker=MARKERS[i],
                markersize=5,
                elinewidth=1,
                label=target,
            )
        axes.set(xscale="log", xlabel="training headlines", ylabel="R²")
        sizes = sorted({rows for values in points.values() for rows, *_ in values})
        axes.xaxis.set_major_locator(FixedLocator(_apart(sizes)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(panels.whole))
        axes.legend(loc="lower right")
        _save(figure, path)


def _look(i: int) -> Look:
    return Look(COLOURS[i], MARKERS[i], soft=GREY, ink="black", paper="white")


def _apart(sizes: Sequence[int]) -> list[int]:
    """Return those of some sorted numbers whose labels don't overlap on a log scale."""
    kept = [sizes[-1]]
    for size in reversed(sizes):
        if np.log(kept[-1] / size) > 0.1 * np.log(sizes[-1] / sizes[0]):
            kept.append(size)
    return kept


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
