"""The shipped model, loaded when first used, and the functions that use it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from headline_score.model import Model
from headline_score.result import Explanation, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_model: Model | None = None
_lock = threading.Lock()


def default_model() -> Model:
    """Return the shipped model; the first call of a process loads it, safely under threads."""
    global _model
    if _model is None:
        with _lock:
            if _model is None:
                _model = Model.load(os.path.join(os.path.dirname(__file__), "model.npz"))
    return _model


def score(headline: str) -> Score:
    """Score one headline with the shipped model.

    >>> from headline_score import score
    >>> s = score("You Won't Believe What This Mayor Did Next")
    >>> s.clickbait > 0.8
    True
    >>> score("").coverage
    0.0

    Raises:
        TypeError: `headline` is no str.
    """
    return default_model().score(headline)


def score_many(
    headlines: Iterable[str | None], *, coverage: bool = False, workers: int = 1
) -> dict[str, NDArray[np.float64]]:
    """Score many headlines with the shipped model; see `Model.score_many`.

    >>> from headline_score import score_many
    >>> columns = score_many(["Council passes budget", None])
    >>> list(columns), columns["clickbait"].shape
    (['clickbait', 'speculation', 'sensationalism'], (2,))

    Raises:
        TypeError: `headlines` is one str, a table or a mapping, or an item is no str.
        ValueError: `workers` is less than 1.
        WorkerError: a worker process ended before its work did.
    """
    return default_model().score_many(headlines, coverage=coverage, workers=workers)


def explain(headline: str) -> Explanation:
    """Explain one headline's scores by the shipped model; see `Model.explain`.

    >>> from headline_score import explain
    >>> explain("Council may cut bus routes").speculation.contributions[0].term
    'may'

    Raises:
        TypeError: `headline` is no str.
    """
    return default_model().explain(headline)


def _unlock_in_child() -> None:
    """Give a forked child its own lock: another thread may have held the parent's."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_in_child)
