"""What is measured, a function each. All of it runs on one thread."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.clock import Clock, Times
from benchmarks.peers import Scorer
from benchmarks.texts import HOSTILE
from headline_score import Model

NUMPY, FLOOR = "import numpy", "touching the bytes"
FIRST_MANY = "from headline_score import score_many; import sys; score_many(sys.argv[1:])"

Scorers = Mapping[str, Scorer]

_LOWER = bytes(range(256)).lower()

EXAMPLE = "Ferry fiasco SHOCKS the whole island"

# A process of its own, as a process's peak memory is at least that of the one that forked it.
_WATCHED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True)
class Batch:
    """What the command `headline-score batch` took, and the least that its work takes."""

    command: Times
    scoring: Times
    table: Times
    megabytes: float
    """Its peak memory; 0 where the system does not tell."""


@dataclass(frozen=True)
class Growth:
    """What a kilobyte of hostile text took in a short one and in one ten times as long."""

    kilobytes: float
    """Length of the short one."""

    short: Times
    long: Times


def fresh(clock: Clock, scorers: Scorers) -> dict[str, Times]:
    """Return the time of a first score in a new process; also of one that only imports numpy, and
    of one that scores as many do.
    """
    codes = {name: (*scorer.fresh, EXAMPLE) for name, scorer in scorers.items() if scorer.fresh}
    codes = {NUMPY: (NUMPY,), **codes, FIRST_MANY: (FIRST_MANY, EXAMPLE)}
    return clock.in_turn(
        "a first score in a fresh process",
        {name: partial(_run, sys.executable, "-c", *code) for name, code in codes.items()},
    )


def load(clock: Clock, path: Path) -> Times:
    """Return the time of loading a model file."""
    return clock.in_turn("loading the model", {"load": lambda: Model.load(path)})["load"]


def one_by_one(clock: Clock, scorers: Scorers, headlines: list[str]) -> dict[str, Times]:
    """Return the time of one headline, scored alone."""
    texts = {name: headlines[: scorer.calls] * scorer.rounds for name, scorer in scorers.items()}
    taken = clock.in_turn(
        "one headline",
        {name: partial(_each, scorer.one, texts[name]) for name, scorer in scorers.items()},
    )
    return {name: times / len(texts[name]) for name, times in taken.items()}


def of_many(clock: Clock, model: Model, headlines: list[str]) -> Times:
    """Return the time of one headline, scored alone, of more than a processor's caches hold."""
    taken = clock.in_turn("one of many", {"one": partial(_each, model.score, headlines)})
    return taken["one"] / len(headlines)


def bulk(clock: Clock, scorers: Scorers, headlines: list[str]) -> dict[str, Times]:
    """Return the time of one headline of many, and that of touching its bytes once in numpy."""
    texts = {name: scorer.some(headlines) for name, scorer in scorers.items()}
    functions = {name: partial(scorer.many, texts[name]) for name, scorer in scorers.items()}
    taken = clock.in_turn(
        f"{len(headlines):,} headlines", {FLOOR: partial(_touch, headlines), **functions}
    )
    texts[FLOOR] = list(headlines)
    return {name: times / len(texts[name]) for name, times in taken.items()}


def batch(
    clock: Clock, model: Model, path: Path | None, headlines: list[str], rows: int, folder: Path
) -> Batch:
    """Return what the command takes for a CSV of so many rows, beside its parts.

    Args:
        clock: takes the times.
        model: what scores.
        path: its file, or None for the shipped one.
        headlines: those of the rows, repeated as needed.
        rows: their number.
        folder: to write to.
    """
    source, target = folder / "in.csv", folder / "out.csv"
    texts = list(islice(cycle(headlines), rows))
    with source.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "headline", "url"])
        writer.writerows(
            (i, text, f"https://news.example/2031/articles/{i:08}") for i, text in enumerate(texts)
        )
    command = [sys.executable, "-m", "headline_score", "batch", str(source), "-o", str(target)]
    command += ["--model", str(path)] if path else []
    columns = model.score_many(texts)
    peaks: list[int] = []

    def run() -> None:
        if hasattr(os, "wait4"):
            peaks.append(int(_run(sys.executable, "-S", "-c", _WATCHED, *command)))
        else:
            _run(*command)

    taken = clock.in_turn(
        f"{rows:,} rows from file to file",
        {
            "command": run,
            "scoring": partial(model.score_many, texts),
            "table": partial(_copy, source, folder / "copy.csv", columns),
        },
    )
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return Batch(**taken, megabytes=max(peaks, default=0) * unit / 1e6)


def by_number(
    clock: Clock, model: Model, headlines: list[str], sizes: Sequence[int]
) -> dict[int, Times]:
    """Return the time of one headline, by the number of those scored together."""
    texts = {size: headlines[:size] for size in sizes}
    calls = {size: max(1, min(20, 20_000 // size)) for size in sizes}  # of few, or chance decides
    taken = clock.in_turn(
        "from few to many",
        {
            f"{size:,}": partial(_each, model.score_many, [texts[size]] * calls[size])
            for size in sizes
        },
    )
    return {size: taken[f"{size:,}"] / (size * calls[size]) for size in sizes}


def by_length(clock: Clock, model: Model, pieces: int) -> dict[str, dict[str, Growth]]:
    """Return, for `score` and for `score_many`, what each kind of hostile text took."""
    ways: dict[str, Callable[[str], object]] = {
        "score": model.score,
        "score_many": lambda text: model.score_many([text]),
    }
    return {
        way: {kind: _growth(clock, way, score, kind, pieces) for kind in HOSTILE}
        for way, score in ways.items()
    }


def _growth(
    clock: Clock, way: str, score: Callable[[str], object], kind: str, pieces: int
) -> Growth:
    generator = random.Random(f"{way} {kind}")
    # New ones for each repeat: what has been read before may be remembered.
    texts = {
        name: [HOSTILE[kind](n, generator) for _ in range(clock.repeats + 1)]
        for name, n in (("short", pieces), ("long", 10 * pieces))
    }
    sizes = {name: len(made[0].encode()) / 1000 for name, made in texts.items()}

    def next_of(name: str) -> Callable[[], object]:
        waiting = iter(texts[name])
        return lambda: score(next(waiting))

    taken = clock.in_turn(f"{way}: {kind}", {name: next_of(name) for name in texts})
    per_kilobyte = {name: times / sizes[name] for name, times in taken.items()}
    return Growth(sizes["short"], per_kilobyte["short"], per_kilobyte["long"])


def _run(*command: str) -> bytes:
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError("".join(lines[-1:]) or f"exit code {done.returncode}")
    return done.stdout


def _each(function: Callable[[Any], object], arguments: Iterable[Any]) -> None:
    for argument in arguments:
        function(argument)


def _touch(headlines: list[str]) -> None:
    data = "\n".join(headlines).encode().translate(_LOWER)
    np.frombuffer(data, np.uint8).max()


def _copy(source: Path, target: Path, columns: Mapping[str, NDArray[np.float64]]) -> None:
    """Copy a CSV and append columns: what a script of one's own would do about the table."""
    with (
        source.open(encoding="utf-8", newline="") as lines,
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        reader, writer = csv.reader(lines), csv.writer(copy)
        writer.writerow([*next(reader), *columns])
        scores = zip(*(column.round(6).tolist() for column in columns.values()), strict=True)
        writer.writerows([*row, *cells] for row, cells in zip(reader, scores, strict=True))
