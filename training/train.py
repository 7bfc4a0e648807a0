"""Rebuild the shipped model from the public headlines and this folder's grades.

    python training/train.py --data ../shared/data            # writes the shipped model anew
    python training/train.py --data ../shared/data --check    # is it the same, byte for byte?

The rows are the annotated headlines, the invented ones of `contrast.csv`, and ungraded ones with
the grades of a transformer, which `training/distill.py` put into `teacher.npz`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import sources
from headline_score import Model
from headline_score.training import train

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "src" / "headline_score" / "model.npz"
TARGETS = ("clickbait", "speculation", "sensationalism")
VERSION = "2026.11"
SEED = 0

# Chosen by `training/tune.py` on rows that neither model nor teacher had read.
C = {"clickbait": 4.0, "speculation": 4.0, "sensationalism": 8.0}
MIN_DF = 4
TAUGHT_WEIGHT = 1.0


@dataclass(frozen=True)
class Rows:
    """The training rows: n of each."""

    headlines: list[str]
    """Texts."""

    grades: dict[str, list[float]]
    """For each target strengths in [0, 1]."""

    groups: list[str]
    """Publisher, or family of invented headlines: what cross-validation keeps together."""

    natural: list[float]
    """How many headlines of the natural mix each stands for; 0 for hard and invented ones."""

    weights: list[float]
    """How much each counts in training: 1, but `TAUGHT_WEIGHT` where the teacher graded it."""


def load_rows(data: Path | None) -> Rows:
    """Return the annotated headlines found in `data` (or on the hub), and the invented ones."""
    text: dict[str, str] = {}
    for headline, _ in sources.headlines(data):
        text.setdefault(sources.headline_key(headline), headline)
    with gzip.open(HERE / "annotations.csv.gz", "rt", encoding="utf-8") as stream:
        annotations = list(csv.DictReader(stream))
    with (HERE / "contrast.csv").open(encoding="utf-8", newline="") as stream:
        contrast = list(csv.DictReader(stream))
    found = [row for row in annotations if row["key"] in text]
    if not found:
        raise sources.MissingDataError("none of the annotated headlines is in the data")
    if len(found) < len(annotations):
        print(
            f"only {len(found):,} of {len(annotations):,} annotated headlines are in the data",
            file=sys.stderr,
        )
    rows: list[dict[str, Any]] = [*found, *contrast]
    return Rows(
        headlines=[text[row["key"]] if "key" in row else row["headline"] for row in rows],
        grades={target: [int(row[target]) / 3 for row in rows] for target in TARGETS},
        groups=[row.get("family") or row["publisher"] or row["key"] for row in rows],
        natural=[float(row.get("weight", 0)) for row in rows],
        weights=[1.0] * len(rows),
    )


def with_taught(rows: Rows, data: Path | None) -> Rows:
    """Return the rows and, after them, the ungraded headlines with their teacher's grades."""
    with np.load(HERE / "teacher.npz", allow_pickle=False) as archive:
        graded = dict(zip(archive["key"].tolist(), archive["grades"].tolist(), strict=True))
    annotated = {sources.headline_key(headline) for headline in rows.headlines}
    found: dict[str, tuple[str, str]] = {}
    for headline, publisher in sources.headlines(data):
        key = sources.headline_key(headline)
        if int(key, 16) in graded and key not in annotated:
            found[key] = headline, publisher
    keys = sorted(found)
    grades = np.array([graded[int(key, 16)] for key in keys]).reshape(-1, len(TARGETS))
    return Rows(
        headlines=rows.headlines + [found[key][0] for key in keys],
        grades={t: rows.grades[t] + grades[:, i].tolist() for i, t in enumerate(TARGETS)},
        groups=rows.groups + [found[key][1] or key for key in keys],
        natural=rows.natural + [0.0] * len(keys),
        weights=rows.weights + [TAUGHT_WEIGHT] * len(keys),
    )


def read_names() -> frozenset[str]:
    """Return the words that count as names: what `training/make_names.py` found."""
    return frozenset((HERE / "names.txt").read_text(encoding="utf-8").split())


def held_out(rows: Rows) -> list[bool]:
    """Tell the rows kept from the teacher: one in eight publishers and families, by hash."""
    return [sources.headline_key(group)[0] in "07" for group in rows.groups]


def build(rows: Rows) -> Model:
    """Train the model that ships."""
    return train(
        rows.headlines,
        rows.grades,
        seed=SEED,
        groups=rows.groups,
        sample_weight=rows.weights,
        representative=rows.natural,
        C=C,
        min_df=MIN_DF,
        names=read_names(),
        version=VERSION,
        n_jobs=-1,
    )


def main() -> None:
    """Build the model; write it, or compare it with the shipped one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="directory of the corpora; else from the hub")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED, help="model file to write")
    parser.add_argument("--check", action="store_true", help="compare with the shipped model")
    arguments = parser.parse_args()
    try:
        model = build(with_taught(load_rows(arguments.data), arguments.data))
    except sources.MissingDataError as error:
        raise SystemExit(str(error)) from None
    if not arguments.check:
        model.save(arguments.output)
        print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")
        return
    with tempfile.TemporaryDirectory() as folder:
        rebuilt = Path(folder) / "model.npz"
        model.save(rebuilt)
        if rebuilt.read_bytes() != SHIPPED.read_bytes():
            shipped = Model.load(SHIPPED).header.trained_with
            raise SystemExit(
                f"not the shipped model, which was trained with {shipped};"
                f" here: {model.header.trained_with}"
            )
    print("the same, byte for byte")


if __name__ == "__main__":
    main()
