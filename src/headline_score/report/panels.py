"""Panels of evaluation: reliability, precision and recall; for the page and for the model card.

They draw into axes that they are given, in the colours that they are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator
from numpy.typing import NDArray

from headline_score.evaluation import BINS, precision_recall_curve, score_bins

Floats = NDArray[np.float64]

FEW = 10  # fewer headlines than this in a bin have no interval worth drawing
RESAMPLES = 1000


@dataclass(frozen=True)
class Look:
    """Colours and marker of a target's panel."""

    colour: str
    marker: str
    soft: str
    """Of what is there to compare with."""
    ink: str
    paper: str
    """Of what is hollow."""

    @property
    def dashed(self) -> dict[str, Any]:
        """The line to compare with."""
        return {"color": self.soft, "linestyle": "--", "linewidth": 1, "zorder": 1}


def reliability(above: Axes, below: Axes, y: Floats, p: Floats, look: Look) -> None:
    """Draw how the grades `y` of ten bins of scores `p` compare with the scores.

    Above: mean grade against mean score of each bin that is not empty, with 95 % bootstrap
    intervals of the mean grade, none for bins of fewer than `FEW` headlines (hollow). Below: how
    many headlines have such a score.
    """
    _means(above, y, p, look)
    edges = np.linspace(0, 1, BINS + 1).tolist()
    below.hist(score_bins(p) / BINS + 0.5 / BINS, edges, color=look.colour, rwidth=0.9)
    below.set(yscale="log", xlabel="score")
    below.set_ylim(bottom=0.7)  # so that a single headline shows
    below.yaxis.set_major_locator(LogLocator(numticks=6))
    below.yaxis.set_major_formatter(FuncFormatter(whole))


def precision_recall(
    axes: Axes,
    positive: NDArray[np.bool_],
    p: Floats,
    thresholds: Mapping[str, float],
    look: Look,
) -> None:
    """Draw precision against recall of positives by scores `p`, and mark thresholds.

    A dashed line is the precision of flagging every headline.

    Args:
        axes: to draw into.
        positive: shape (n,), some of them true.
        p: shape (n,).
        thresholds: two at most, by what the legend calls them.
        look: of the panel.
    """
    precision, recall, _ = precision_recall_curve(positive, p)
    axes.plot(recall, precision, color=look.colour, drawstyle="steps-post")
    for (label, threshold), marker in zip(thresholds.items(), "oD", strict=False):
        flagged = p >= threshold
        if flagged.any():
            hits = float(np.sum(positive & flagged))
            place = hits / positive.sum(), hits / flagged.sum()
            axes.plot(*place, marker, color=look.ink, mfc=look.paper, markersize=6, label=label)
    axes.axhline(positive.mean(), label="0, all headlines", **look.dashed)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", aspect="equal")


def whole(value: float, _: int | None) -> str:
    """Return a number's label."""
    return f"{value:,.0f}"


def _means(axes: Axes, y: Floats, p: Floats, look: Look) -> None:
    axes.plot([0, 1], [0, 1], **look.dashed)
    bins = score_bins(p)
    many = [bins == b for b in range(BINS) if np.sum(bins == b) >= FEW]
    few = [bins == b for b in range(BINS) if 0 < np.sum(bins == b) < FEW]
    marks: dict[str, Any] = {"color": look.colour, "marker": look.marker, "markersize": 5}
    marks["linestyle"] = "none"
    axes.errorbar(
        [p[inside].mean() for inside in many],
        [y[inside].mean() for inside in many],
        yerr=np.array([_margins(y[inside]) for inside in many]).reshape(-1, 2).T,
        elinewidth=1.2,
        label="mean, 95 % interval",
        **marks,
    )
    axes.plot(
        [p[inside].mean() for inside in few],
        [y[inside].mean() for inside in few],
        markerfacecolor=look.paper,
        label=f"mean of fewer than {FEW}",
        **marks,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xticks=np.linspace(0, 1, 6))


def _margins(y: Floats) -> tuple[float, float]:
    """Return how far the 95 % bootstrap interval of the mean reaches below and above it."""
    random = np.random.default_rng(0)
    means = [random.choice(y, len(y)).mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return max(y.mean() - low, 0.0), max(high - y.mean(), 0.0)
