"""The report in Markdown, and where it goes."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sklearn

from benchmarks.clock import Times
from benchmarks.measures import FIRST_MANY, FLOOR, NUMPY, Batch, Growth
from benchmarks.peers import Scorer

HERE = Path(__file__).parent
README, RESULTS = HERE.parent / "README.md", HERE / "RESULTS.md"
OURS, SAME = "headline-score", "scikit-learn pipeline"


@dataclass(frozen=True)
class Report:
    """All that was measured."""

    repeats: int

    model: str
    """Version of the model."""

    versions: list[str]
    """Of the peers that are installed."""

    missing: list[str]
    """The other peers."""

    failures: dict[str, str]
    """What failed, and why."""

    scorers: dict[str, Scorer]
    """What was compared, by name."""

    headlines: dict[str, int]
    """How many headlines in bulk each was timed on."""

    rows: int
    """Of the table for the command."""

    fresh: dict[str, Times]
    load: Times
    single: dict[str, Times]
    of_many: Times
    """Time of one headline of more than 200."""

    bulk: dict[str, Times]
    batch: Batch
    by_number: dict[int, Times]
    by_length: dict[str, dict[str, Growth]]

    def __str__(self) -> str:
        few = self.by_number[min(self.by_number)]
        return "\n\n".join(
            [
                "# Speed",
                self.summary,
                "## From few to many",
                "`score_many`, each headline:",
                markdown(
                    ["headlines", "time", "ratio"],
                    ([f"{n:,}", str(t), t.ratio(few)] for n, t in self.by_number.items()),
                ),
                "## Hostile texts",
                "Time for each kilobyte (1,000 bytes of UTF-8) of a text, and of one ten times as"
                " long: where it grows as the length does, the ratio is near 1 or below.",
                *(f"`{way}`:\n\n{_lengths(kinds)}" for way, kinds in self.by_length.items()),
                "",
            ]
        )

    @property
    def summary(self) -> str:
        """What the README shows."""
        return "\n\n".join(["\n".join(self._about()), self._compared(), self._alone()])

    def _about(self) -> list[str]:
        n = self.headlines[OURS]
        fewer = [f"{name} {some:,}" for name, some in self.headlines.items() if some < n]
        lines = [
            f"{machine()}; model {self.model}; {', '.join(self.versions) or 'no peers'}.",
            f"Medians (least–most) of {self.repeats}, on one thread; × as long as {OURS}. Compare"
            " ratios, not seconds: machines differ, and drift.",
            f"In bulk: {n:,} made-up headlines, all different"
            + (f"; fewer for what is slow: {', '.join(fewer)}." if fewer else "."),
        ]
        if self.missing:
            names = ", ".join(self.missing)
            lines.append(f"Not installed: {names}: pip install -r benchmarks/requirements.txt")
        lines += [f"Failed: {what}: {why}" for what, why in self.failures.items()]
        return [f"- {line}" for line in lines]

    def _compared(self) -> str:
        """Return the table of headline-score beside the others."""
        measured = {
            "a first score in a fresh process": self.fresh,
            "one headline": self.single,
            "each in bulk": self.bulk,
        }
        return markdown(
            ["", "gives", *measured],
            (
                [name, scorer.gives, *(_beside(name, taken) for taken in measured.values())]
                for name, scorer in self.scorers.items()
            ),
        )

    def _alone(self) -> str:
        """Return the table of headline-score beside the least that its work takes."""
        numpy = self.fresh[NUMPY]
        floor, batch = self.bulk[FLOOR], self.batch
        few, many = min(self.by_number), max(self.by_number)
        growth = self.by_number[many].ratio(self.by_number[few])
        least = batch.scoring + batch.table
        memory = f"; peak memory {batch.megabytes:.0f} MB" if batch.megabytes else ""
        rows = [
            ["`import numpy` in a fresh process", numpy, ""],
            [
                "a first `score` in one, which needs no numpy",
                self.fresh[OURS],
                f"{self.fresh[OURS].ratio(numpy)} that",
            ],
            [
                "a first `score_many`, which does",
                self.fresh[FIRST_MANY],
                f"{self.fresh[FIRST_MANY].ratio(numpy)} that",
            ],
            ["loading the model", self.load, ""],
            [
                "one of 2,000 headlines in turn",
                self.of_many,
                f"{self.of_many.ratio(self.single[OURS])} one of 200, as above",
            ],
            [
                "touching a headline's bytes once in numpy",
                floor,
                f"scoring in bulk: {self.bulk[OURS].ratio(floor)}",
            ],
            [f"each of {many:,} in bulk", self.by_number[many], f"{growth} each of {few:,}"],
            [
                f"`headline-score batch`, a CSV of {self.rows:,} rows",
                batch.command,
                f"{batch.command.ratio(least)} scoring ({batch.scoring}) and the csv module's"
                f" reading and writing ({batch.table}){memory}",
            ],
        ]
        return markdown([f"{OURS} alone", "time", "beside"], (map(str, row) for row in rows))


def write(report: Report) -> None:
    """Write a report to its file, and its summary to the README."""
    between(RESULTS, "speed", str(report).strip())
    between(README, "speed", report.summary)


def between(path: Path, name: str, text: str) -> None:
    """Write a text between a file's markers of a name."""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    written = re.sub(
        f"(?<={begin}).*?(?={end})",
        lambda _: f"\n\n{text}\n\n",
        path.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    path.write_text(written, encoding="utf-8")


def markdown(headers: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _lengths(kinds: dict[str, Growth]) -> str:
    return markdown(
        ["text", "kilobytes", "time", "ten times as long", "ratio"],
        (
            [kind, f"{g.kilobytes:.3g}", str(g.short), str(g.long), g.long.ratio(g.short)]
            for kind, g in kinds.items()
        ),
    )


def _beside(name: str, taken: dict[str, Times]) -> str:
    if name not in taken:
        return ""
    ratio = "" if name == OURS else taken[name].ratio(taken[OURS])
    return f"{taken[name]}, {ratio}" if ratio else str(taken[name])


def machine() -> str:
    """Return the processor, and the versions that scoring runs on."""
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    named = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    processor = named[1] if named else platform.processor() or platform.machine()
    return (
        f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" numpy {np.__version__}, scikit-learn {sklearn.__version__}"
    )
