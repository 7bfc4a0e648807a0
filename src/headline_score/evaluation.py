"""How well a model's strengths agree with grades it never saw, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headline_score.errors import EvaluationError
from headline_score.model import Model

Floats = NDArray[np.float64]

POSITIVE = 0.5
"""A headline of at least this strength is a positive: 1 of 0/1, 2 or 3 of the grades 0 to 3."""

BINS = 10
"""Equal-width bins of scores that the expected calibration error is taken over."""

_RESAMPLES_AT_ONCE = 100  # bounds memory


@dataclass(frozen=True)
class Metric:
    """An estimate with its 95 % interval: percentiles over bootstrap resamples of the rows."""

    value: float
    """The metric on all rows; NaN where it is not defined (no positive, say)."""

    low: float
    """2.5th percentile over the resamples where it is defined."""

    high: float
    """97.5th percentile."""

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "–"
        if np.isnan(self.low):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Evaluation:
    """How one target's strengths agree with its grades."""

    n: int
    """Number of graded headlines."""

    positives: int
    """Number of them with a strength of at least 0.5."""

    threshold: float
    """The model's threshold of best F1, at which precision, recall and F1 are taken."""

    metrics: dict[str, Metric]
    """By name: MSE and R2 of the strength; AUC, F1, precision, recall and Brier score of being
    positive; ECE, the expected calibration error of the strength over ten equal-width bins."""


def evaluate(
    model: Model,
    headlines: Iterable[str],
    grades: Mapping[str, ArrayLike],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Evaluation]:
    """Evaluate a model on graded headlines.

    Args:
        model: what scores.
        headlines: n texts.
        grades: for each target's name n strengths in [0, 1], or 0/1 labels; NaN: not graded.
        resamples: number of bootstrap resamples.
        seed: of the resampling.

    Raises:
        EvaluationError: a target is not the model's, nothing is graded for it, or a grade is
            outside [0, 1].
    """
    strengths = model.score_many(headlines)
    results = {}
    for target, values in grades.items():
        if target not in strengths:
            known = ", ".join(model.targets)
            raise EvaluationError(f"the model has no target {target!r}, only: {known}")
        y = np.array(values, dtype=np.float64)
        if y.shape != strengths[target].shape:
            raise EvaluationError(
                f"target {target!r}: grades of shape {y.shape}"
                f" for {len(strengths[target])} headlines"
            )
        if ((y < 0) | (y > 1)).any():
            raise EvaluationError(f"target {target!r}: a grade is outside [0, 1]")
        graded = ~np.isnan(y) & ~np.isnan(strengths[target])
        if not graded.any():
            raise EvaluationError(f"target {target!r}: no headline is graded")
        results[target] = evaluate_strengths(
            y[graded],
            strengths[target][graded],
            threshold=model.thresholds[target],
            resamples=resamples,
            seed=seed,
        )
    return results


def evaluate_strengths(
    y: Floats,
    p: Floats,
    *,
    threshold: float,
    sample_weight: Floats | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Evaluate predicted strengths `p` against graded ones `y`, each of shape (n,)."""
    n = len(y)
    weights = np.ones(n) if sample_weight is None else sample_weight
    random = np.random.default_rng(seed)
    estimate = _metrics(y, p, threshold, weights[None])
    samples: dict[str, list[Floats]] = {name: [] for name in estimate}
    for done in range(0, resamples, _RESAMPLES_AT_ONCE):
        size = min(_RESAMPLES_AT_ONCE, resamples - done)
        counts = np.stack(
            [np.bincount(random.integers(n, size=n), minlength=n) for _ in range(size)]
        )
        for name, values in _metrics(y, p, threshold, counts * weights).items():
            samples[name].append(values)
    metrics = {}
    for name, values in estimate.items():
        resampled = np.concatenate([np.empty(0), *samples[name]])
        defined = resampled[~np.isnan(resampled)]
        low, high = np.percentile(defined, [2.5, 97.5]) if defined.size else (np.nan, np.nan)
        metrics[name] = Metric(float(values[0]), float(low), float(high))
    return Evaluation(n, int((y >= POSITIVE).sum()), threshold, metrics)


def _metrics(y: Floats, p: Floats, threshold: float, counts: Floats) -> dict[str, Floats]:
    """Return each metric for each row of `counts` (r, n): how much each headline counts."""
    positive = (y >= POSITIVE).astype(np.float64)
    flagged = p >= threshold
    n = counts.sum(axis=1)
    n_positive = counts @ positive
    mean = counts @ y / n
    variance = counts @ (y * y) / n - mean * mean
    mse = counts @ (y - p) ** 2 / n
    hits = counts @ (positive * flagged)
    bins = score_bins(p)
    gaps = [np.abs(counts[:, bins == b] @ (y - p)[bins == b]) for b in range(BINS)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "MSE": mse,
            "R2": np.where(variance > 1e-12, 1 - mse / variance, np.nan),
            "AUC": _auc(positive, p, counts),
            "F1": 2 * hits / (counts @ flagged + n_positive),
            "precision": hits / (counts @ flagged),
            "recall": hits / n_positive,
            "Brier": counts @ (positive - p) ** 2 / n,
            "ECE": np.sum(gaps, axis=0) / n,
        }


def score_bins(p: Floats) -> NDArray[np.intp]:
    """Return the number of the bin, 0 to `BINS` - 1, of each score."""
    return np.minimum((p * BINS).astype(np.intp), BINS - 1)


def precision_recall_curve(positive: NDArray[np.bool_], p: Floats) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and threshold at each different score, by rising threshold.

    Args:
        positive: shape (n,), at least one of them true.
        p: scores, shape (n,).
    """
    thresholds, counts = np.unique(p, return_counts=True)
    hits = np.bincount(np.searchsorted(thresholds, p), positive, len(thresholds))
    hits, flagged = hits[::-1].cumsum()[::-1], counts[::-1].cumsum()[::-1]
    return hits / flagged, hits / hits[0], thresholds


def _auc(positive: Floats, p: Floats, counts: Floats) -> Floats:
    """Return the area under the ROC curve: the chance that a positive outscores a negative."""
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.diff(p[order], prepend=-1))  # of each run of equal strengths
    ones = np.add.reduceat((counts * positive)[:, order], starts, axis=1)
    zeros = np.add.reduceat((counts * (1 - positive))[:, order], starts, axis=1)
    below = np.cumsum(zeros, axis=1) - zeros
    wins = (ones * (below + zeros / 2)).sum(axis=1)
    return np.asarray(wins / (ones.sum(axis=1) * zeros.sum(axis=1)))
