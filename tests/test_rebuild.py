"""The scripts in `training/`, as far as they go without the corpora."""

import csv
import gzip
import subprocess
import sys
from pathlib import Path

TRAINING = Path(__file__).parent.parent / "training"


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TRAINING / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_script_says_which_file_is_missing(tmp_path: Path) -> None:
    scripts = ["train", "evaluate", "tune features", "make_annotations", "make_names"]
    for script, *arguments in map(str.split, scripts):
        result = run(f"{script}.py", "--data", str(tmp_path), *arguments)
        assert result.returncode == 1
        assert f"{tmp_path}/" in result.stderr
        assert "Traceback" not in result.stderr


def test_annotations_hold_grades_but_no_headline() -> None:
    with gzip.open(TRAINING / "annotations.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["key"] for row in rows}) == len(rows) > 50_000
    for row in rows:
        assert len(row["key"]) == 16
        assert int(row["key"], 16) >= 0
        assert {row[t] for t in ("clickbait", "speculation", "sensationalism")} <= set("0123")
        assert float(row["weight"]) >= 0


def test_data_without_the_annotated_headlines_is_an_error(tmp_path: Path) -> None:
    table = "headline,publisher\nCouncil passes budget,test\n"
    (tmp_path / "annotated.csv").write_text(table)
    (tmp_path / "unlabelled.csv.gz").write_bytes(gzip.compress(table.encode()))
    result = run("train.py", "--data", str(tmp_path), "-o", str(tmp_path / "model.npz"))
    assert result.returncode == 1
    assert "none of the annotated headlines" in result.stderr
    assert not (tmp_path / "model.npz").exists()
