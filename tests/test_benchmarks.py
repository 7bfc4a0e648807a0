"""The benchmark runs, and leaves nothing out; how long things take is no test's matter."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SPEED = ROOT / "benchmarks" / "speed.py"
WRITTEN = (ROOT / "README.md", ROOT / "benchmarks" / "RESULTS.md")

PEERS = ("fastText", "VADER", "profanity check", "MiniLM")
TIMED = (
    "headline-score",
    "scikit-learn pipeline",
    "`import numpy` in a fresh process",
    "a first `score_many`, which does",
    "loading the model",
    "touching a headline's bytes once in numpy",
    "each of 10,000 in bulk",
    "`headline-score batch`, a CSV of 2,000 rows",
    "1,000",
    "10,000",
)
HOSTILE = (
    "letters without a blank",
    "one word again and again",
    "different words",
    "a word in capitals",
    "`!` and `?`",
    "`&amp;`",
    "typographic quotes",
    "dashes",
    "a dash between blanks",
    "emoji",
    "combining marks",
)
TIME = re.compile(r"-?[\d.,e+]+ (s|ms|µs) \(-?[\d.,e+]+–-?[\d.,e+]+\)")


def speed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SPEED), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def test_a_quick_run_times_everything_and_writes_nothing() -> None:
    before = [path.read_bytes() if path.exists() else b"" for path in WRITTEN]
    run = speed("--quick")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "failed" not in run.stdout.lower()

    lines = [line for line in run.stdout.splitlines() if line.startswith("| ")]
    rows = [line.strip("| ").split(" | ") for line in lines if not line.startswith("| ---")]
    missing = re.search(r"^- Not installed: (.*): pip install -r", run.stdout, re.MULTILINE)
    absent = missing[1].split(", ") if missing else []
    labels = [label for label, *_ in rows]
    for label in (*TIMED, *(peer for peer in PEERS if peer not in absent), *HOSTILE, *HOSTILE):
        assert label in labels
        _, *cells = rows.pop(labels.index(label))
        labels.remove(label)
        assert any(TIME.match(cell) for cell in cells), label
    assert [path.read_bytes() if path.exists() else b"" for path in WRITTEN] == before


def test_quick_figures_are_not_written() -> None:
    run = speed("--quick", "--write")
    assert run.returncode == 2
    assert "--write" in run.stderr
