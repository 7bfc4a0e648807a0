"""Time scoring beside the same model as a scikit-learn pipeline, in one run on one machine.

    python benchmarks/speed.py [--headlines 50000] [--repeats 5]

Prints a Markdown table: medians, with the least and most of the repeats. Compare ratios, not
seconds: machines differ, and drift. Needs the `train` extra; installs and downloads nothing.
"""

from __future__ import annotations

import argparse
import csv
import os
import pickle
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sklearn

import headline_score
from headline_score.training import to_pipeline

CONTRAST = Path(__file__).parent.parent / "training" / "contrast.csv"
EXAMPLE = "Putin Betrays Xi Jinping"


def made_up_headlines(n: int) -> list[str]:
    """Return n distinct headlines, each joined from parts of two invented ones."""
    with CONTRAST.open(encoding="utf-8", newline="") as stream:
        invented = [row["headline"].split() for row in csv.DictReader(stream)]
    generator = random.Random(0)
    made: dict[str, None] = {}
    while len(made) < n:
        head, tail = generator.sample(invented, 2)
        made[" ".join(head[: len(head) // 2] + tail[len(tail) // 2 :])] = None
    return list(made)


def timed(function: Callable[[], object], repeats: int) -> list[float]:
    """Return the seconds of each of several calls, after one that does not count."""
    function()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return seconds


def process(code: str, *arguments: str) -> Callable[[], object]:
    """Return what runs Python code in a fresh process, on one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *arguments]
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--headlines", type=int, default=50_000, help="in bulk")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    headlines = made_up_headlines(arguments.headlines)
    pipeline = to_pipeline(headline_score.default_model())
    repeats = arguments.repeats
    single = 200  # calls timed together

    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        pickle.dump(pipeline, file)
        file.flush()
        ours = f"from headline_score import score; score({EXAMPLE!r})"
        theirs = f"import pickle, sys; pickle.load(open(sys.argv[1], 'rb')).predict([{EXAMPLE!r}])"
        rows = {
            "`import numpy`, fresh process": ("ms", 1, timed(process("import numpy"), repeats), []),
            "first score, fresh process": (
                "ms",
                1,
                timed(process(ours), repeats),
                timed(process(theirs, file.name), repeats),
            ),
        }
    rows["load the model"] = (
        "ms",
        1,
        timed(
            lambda: headline_score.Model.load(Path(headline_score.__file__).with_name("model.npz")),
            repeats,
        ),
        [],
    )
    rows["one headline, warm"] = (
        "µs",
        single,
        timed(lambda: [headline_score.score(h) for h in headlines[:single]], repeats),
        timed(lambda: [pipeline.predict([h]) for h in headlines[:single]], repeats),
    )
    rows[f"each of {len(headlines):,} in bulk, all targets"] = (
        "µs",
        len(headlines),
        timed(lambda: headline_score.score_many(headlines), repeats),
        timed(lambda: pipeline.predict(headlines), repeats),
    )
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" numpy {np.__version__}, scikit-learn {sklearn.__version__}; {repeats} repeats\n"
    )
    print("| what | headline-score | scikit-learn pipeline | ratio |")
    print("|---|---|---|---|")
    for what, (unit, n, ours_s, theirs_s) in rows.items():
        ratio = (
            f"{statistics.median(theirs_s) / statistics.median(ours_s):.1f} ×" if theirs_s else ""
        )
        cells = (show(ours_s, unit, n), show(theirs_s, unit, n) if theirs_s else "", ratio)
        print(f"| {what} | {' | '.join(cells)} |")


def show(seconds: list[float], unit: str, n: int) -> str:
    """Return the median time of one of n, with the least and most."""
    scale = {"ms": 1e3, "µs": 1e6}[unit] / n
    middle, low, high = (f(seconds) * scale for f in (statistics.median, min, max))
    return f"{middle:.1f} {unit} ({low:.1f}–{high:.1f})"


if __name__ == "__main__":
    main()
