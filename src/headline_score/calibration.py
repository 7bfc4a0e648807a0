"""Beta calibration: from a linear model's log-odds to strengths that are met on average."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

IDENTITY = (1.0, 1.0, 0.0)
"""The calibration that leaves the logistic function as it is."""


def calibrated(logits: ArrayLike, calibration: ArrayLike) -> NDArray[np.float64]:
    """Return the strengths, in [0, 1], of log-odds z, by coefficients (a, b, c), a and b >= 0.

    logit(strength) = a ln(p) - b ln(1 - p) + c, where p is the logistic function of z: one slope
    for low log-odds, another for high ones (Kull, Silva Filho & Flach 2017, AISTATS). It rises
    with z, so that it changes no order.

    >>> calibrated(0.0, IDENTITY).item(), calibrated([-9.0, 9.0], (1.0, 0.5, 0.0)).round(3).tolist()
    (0.5, [0.0, 0.989])

    Args:
        logits: shape (…, targets), or a number.
        calibration: shape (3, targets), or (3,).
    """
    import numpy as np  # not above: a single headline is scored without it

    z = np.asarray(logits, dtype=np.float64)
    a, b, c = np.asarray(calibration, dtype=np.float64)
    low = np.logaddexp(0, -z)  # -ln(p)
    logs = -np.logaddexp(0, a * low - b * (z + low) - c)
    # The exponential of the C library: NumPy's own has other last bits in other versions.
    return np.fromiter(map(exp, logs.ravel().tolist()), np.float64, logs.size).reshape(logs.shape)


def strength(logit: float, calibration: Sequence[float]) -> float:
    """Return what `calibrated` does for one number, but for the last bits.

    >>> strength(0.0, IDENTITY), round(strength(9.0, (1.0, 0.5, 0.0)), 3)
    (0.5, 0.989)
    """
    a, b, c = calibration
    low = softplus(-logit)
    return exp(-softplus(a * low - b * (logit + low) - c))


def softplus(x: float) -> float:
    """Return ln(1 + e^x)."""
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))
