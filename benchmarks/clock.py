"""Taking times so that they can be compared."""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

UNITS = {"s": 1.0, "ms": 1e3, "µs": 1e6}
FAILED = math.nan


@dataclass(frozen=True)
class Times:
    """What several repeats of one thing took."""

    seconds: tuple[float, ...]

    def __str__(self) -> str:
        """The median, with the least and most, in the unit that fits."""
        if self.failed:
            return "failed"
        unit = next((u for u, scale in UNITS.items() if abs(self.median) * scale >= 1), "µs")
        middle, low, high = (
            _number(value * UNITS[unit])
            for value in (self.median, min(self.seconds), max(self.seconds))
        )
        return f"{middle} {unit} ({low}–{high})"

    @property
    def failed(self) -> bool:
        """Whether one of them failed."""
        return any(map(math.isnan, self.seconds))

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    def __add__(self, other: Times) -> Times:
        return Times(tuple(a + b for a, b in zip(self.seconds, other.seconds, strict=True)))

    def __sub__(self, other: Times) -> Times:
        return Times(tuple(a - b for a, b in zip(self.seconds, other.seconds, strict=True)))

    def __truediv__(self, n: float) -> Times:
        return Times(tuple(seconds / n for seconds in self.seconds))

    def ratio(self, other: Times) -> str:
        """Return how many times as long as another's the median is."""
        if self.failed or other.failed:
            return ""
        value = self.median / other.median
        return f"{value:,.0f} ×" if value >= 10 else f"{value:.2g} ×"


class Clock:
    """Times things in turn, so that what drifts on a machine hits all of them alike."""

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self.failures: dict[str, str] = {}
        """What could not be timed, and why."""

    def in_turn(self, what: str, functions: Mapping[str, Callable[[], object]]) -> dict[str, Times]:
        """Return what each function took, by name; the first round does not count."""
        print(what, file=sys.stderr)
        taken: dict[str, list[float]] = {name: [] for name in functions}
        for _ in range(1 + self.repeats):
            for name, function in functions.items():
                taken[name].append(self._time(f"{what}, {name}", function))
        return {name: Times(tuple(seconds[1:])) for name, seconds in taken.items()}

    def _time(self, what: str, function: Callable[[], object]) -> float:
        if what in self.failures:
            return FAILED
        gc.collect()  # what the one before has left is not this one's to clear away
        started = time.perf_counter()
        try:
            function()
        except Exception as error:  # a peer's is of any kind, and the others are still to be timed
            self.failures[what] = f"{type(error).__name__}: {error}"
            return FAILED
        return time.perf_counter() - started


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
