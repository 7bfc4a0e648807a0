"""Draw the figures of the model card: reliability, precision and recall, learning curve.

Each function writes one PNG. What it is given decides every byte of it, so that a figure changes
only when the model or the data does: matplotlib's own style and font whatever the user's settings,
a fixed seed, and neither date nor software version in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from headline_score.evaluation import BINS, POSITIVE, evaluate_strengths, score_bins
from headline_score.training import PRECISE

Floats = NDArray[np.float64]

FEW = 10  # fewer headlines than this in a bin have no interval worth drawing
RESAMPLES = 1000
WIDTH, HEIGHT = 9.0, 3.4  # inches; three panels side by side

# Okabe & Ito (2008), told apart by colour-blind readers too; markers differ as well.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
MARKERS = "os^Dv*"
GREY = "#767676"
DASHED: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1, "zorder": 1}
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
    """Draw how the grades `y` of ten bins of scores `p` compare with the scores.

    Above: mean grade against mean score, with 95 % bootstrap intervals of the mean grade, none for
    bins of fewer than `FEW` headlines (hollow). Below: how many headlines have such a score.
    """
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, HEIGHT + 0.9))
        panels = figure.subplots(
            2, len(y_by_target), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 1)
        )
        for i, (target, y) in enumerate(y_by_target.items()):
            p = p_by_target[target]
            ece = evaluate_strengths(y, p, threshold=POSITIVE, resamples=RESAMPLES).metrics["ECE"]
            above, below = panels[:, i]
            above.set_title(f"{target}, n = {len(y):,}\nECE {ece}")
            _means(above, y, p, i)
            edges = np.linspace(0, 1, BINS + 1)
            below.hist(score_bins(p) / BINS + 0.5 / BINS, edges, color=COLOURS[i], rwidth=0.9)
            below.set(yscale="log", xlabel="score")
            below.set_ylim(bottom=0.7)  # so that a single headline shows
            below.yaxis.set_major_locator(LogLocator(numticks=6))
            below.yaxis.set_major_formatter(FuncFormatter(_whole))
        panels[0, 0].legend(loc="upper left")
        panels[0, 0].set_ylabel("mean grade")
        panels[1, 0].set_ylabel("headlines")
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
        panels = figure.subplots(1, len(y), squeeze=False, sharey=True)[0]
        for i, (axes, target) in enumerate(zip(panels, y, strict=True)):
            positive = y[target] >= POSITIVE
            precision, recall, _ = precision_recall_curve(positive, p[target])
            # The last point, of precision 1, is a convention: no threshold has it.
            axes.plot(recall[:-1], precision[:-1], color=COLOURS[i], drawstyle="steps-post")
            purposes = {
                f"{thresholds[target]:.2f}, for best F1": thresholds[target],
                f"{precise_thresholds[target]:.2f}, for precision {PRECISE:g}": (
                    precise_thresholds[target]
                ),
            }
            for (label, threshold), marker in zip(purposes.items(), "oD", strict=True):
                _mark(axes, positive, p[target] >= threshold, label, marker)
            axes.axhline(positive.mean(), label="0, all headlines", **DASHED)
            axes.set_title(f"{target}\n{positive.sum():,} of {len(positive):,} positive")
            axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", aspect="equal")
            axes.legend(
                title="score at least",
                alignment="left",
                loc="lower left",
                bbox_to_anchor=(0, 0.12),
            )
        panels[0].set_ylabel("precision")
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
        axes.xaxis.set_major_formatter(FuncFormatter(_whole))
        axes.legend(loc="lower right")
        _save(figure, path)


def _means(axes: Axes, y: Floats, p: Floats, i: int) -> None:
    """Draw mean grade against mean score of each bin that is not empty."""
    axes.plot([0, 1], [0, 1], **DASHED)
    bins = score_bins(p)
    many = [bins == b for b in range(BINS) if np.sum(bins == b) >= FEW]
    few = [bins == b for b in range(BINS) if 0 < np.sum(bins == b) < FEW]
    look: dict[str, Any] = {"color": COLOURS[i], "marker": MARKERS[i], "markersize": 5}
    look["linestyle"] = "none"
    axes.errorbar(
        [p[inside].mean() for inside in many],
        [y[inside].mean() for inside in many],
        yerr=np.array([_margins(y[inside]) for inside in many]).reshape(-1, 2).T,
        elinewidth=1.2,
        label="mean, 95 % interval",
        **look,
    )
    axes.plot(
        [p[inside].mean() for inside in few],
        [y[inside].mean() for inside in few],
        markerfacecolor="white",
        label=f"mean of fewer than {FEW}",
        **look,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xticks=np.linspace(0, 1, 6))


def _margins(y: Floats) -> tuple[float, float]:
    """Return how far the 95 % bootstrap interval of the mean reaches below and above it."""
    random = np.random.default_rng(0)
    means = [random.choice(y, len(y)).mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return max(y.mean() - low, 0.0), max(high - y.mean(), 0.0)


def _mark(
    axes: Axes, positive: NDArray[np.bool_], flagged: NDArray[np.bool_], label: str, marker: str
) -> None:
    """Mark recall and precision of what is flagged, if anything is."""
    if flagged.any():
        hits = float(np.sum(positive & flagged))
        place = hits / positive.sum(), hits / flagged.sum()
        axes.plot(*place, marker, color="black", mfc="white", markersize=6, label=label)


def _apart(sizes: Sequence[int]) -> list[int]:
    """Return those of some sorted numbers whose labels don't overlap on a log scale."""
    kept = [sizes[-1]]
    for size in reversed(sizes):
        if np.log(kept[-1] / size) > 0.1 * np.log(sizes[-1] / sizes[0]):
            kept.append(size)
    return kept


def _whole(value: float, _: int | None) -> str:
    return f"{value:,.0f}"


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
