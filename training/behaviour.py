"""What does the model get right of what a scorer of headlines must, and what not?

    python training/behaviour.py                      # of the shipped model
    python training/behaviour.py --model mine.npz

Prints the pass rates of the behavioural tests, which are in the manner of CheckList (Ribeiro et
al. 2020) and whose cases are data in `tests/`: minimum functionality by phenomenon, rewrites that
must not move a score by kind, and rewrites that must raise one or at least not lower it. Known
failures count as failures. Every interval is a 95 % Wilson interval over cases.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import binomtest

from headline_score import Model, default_model
from headline_score.evaluation import Metric
from report import Table
from sources import HERE

TESTS = HERE.parent / "tests"
SMALL = 0.1  # the most that what should not matter may move a score

Case = dict[str, str]


def meets_level(model: Model, case: Case) -> bool:
    """Return whether a headline reaches its target's threshold if, and only if, it is high."""
    strength = model.score(case["headline"])[case["target"]]
    return (strength >= model.thresholds[case["target"]]) == (case["level"] == "high")


def stays(model: Model, case: Case) -> bool:
    """Return whether a change that should not matter moves every score but little."""
    before, after = model.score(case["headline"]), model.score(case["changed"])
    return all(abs(after[target] - before[target]) <= SMALL for target in model.targets)


def moves(model: Model, case: Case) -> bool:
    """Return whether a change has raised a score, or at least not lowered it, as expected."""
    before, after = (model.score(case[text])[case["target"]] for text in ("headline", "changed"))
    return after > before if case["expected"] == "higher" else after >= before


@dataclass(frozen=True)
class Suite:
    """Cases of one sort, and what it is to pass one."""

    name: str
    """What is tested."""

    file: str
    """Name of the file in `tests/` that holds the cases."""

    part: str
    """Its column that says what phenomenon, or kind, a case is of."""

    passes: Callable[[Model, Case], bool]
    """Whether a model passes a case."""

    def cases(self) -> list[Case]:
        """Return the cases."""
        with (TESTS / self.file).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


MINIMUM = Suite("minimum functionality", "behaviour.csv", "phenomenon", meets_level)
INVARIANCE = Suite("invariance to", "invariances.csv", "kind", stays)
DIRECTION = Suite("direction of", "directions.csv", "kind", moves)
SUITES = (MINIMUM, INVARIANCE, DIRECTION)


def behaviour_table(model: Model) -> Table:
    """Return pass rates by phenomenon or kind, and after each suite's those of all its cases."""
    rows = [row for suite in SUITES for row in suite_rows(suite, model)]
    return Table(["test", "phenomenon or kind", "n", "passed", "pass rate"], rows)


def suite_rows(suite: Suite, model: Model) -> list[list[object]]:
    """Return a row for each part of a suite, and one for all of it."""
    found: dict[str, list[bool]] = {}
    for case in suite.cases():
        found.setdefault(case[suite.part], []).append(suite.passes(model, case))
    found["all"] = [passed for part in found.values() for passed in part]
    return [
        [suite.name, part, len(passed), sum(passed), pass_rate(passed)]
        for part, passed in found.items()
    ]


def pass_rate(passed: Sequence[bool]) -> Metric:
    """Return the share that passed, with its 95 % Wilson interval.

    >>> print(pass_rate([True, True, True, False]))
    0.750 [0.301, 0.954]
    """
    interval = binomtest(sum(passed), len(passed)).proportion_ci(method="wilson")
    return Metric(sum(passed) / len(passed), float(interval.low), float(interval.high))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, help="model file; else the shipped one")
    arguments = parser.parse_args()
    model = Model.load(arguments.model) if arguments.model else default_model()
    print(behaviour_table(model))


if __name__ == "__main__":
    main()
