"""Write `annotations.csv.gz`: the grades of `annotated.csv`, keyed so that no headline ships.

    python training/make_annotations.py --data ../shared/data

The `weight` column makes round 1 a natural mix. That round was drawn 45 % from headlines with a
hedging or question word; a row's weight is the share of such headlines among the archives'
ungraded ones (`unlabelled.csv.gz`), by source, over their share in round 1. The later rounds were
drawn for hard cases and weigh 0: they teach words, but no rates.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import re
from collections import Counter
from pathlib import Path
from typing import Any

from sources import MissingDataError, headline_key, read_csv

COLUMNS = ["key", "clickbait", "speculation", "sensationalism"]
COLUMNS += ["source", "publisher", "date", "round", "weight"]

_OPEN = re.compile(
    r"\b(may|might|could|would|will|if|likely|expected|set to|considering|fears?|rumou?r\w*"
    r"|reportedly|allege\w*|reports?|sources?|possibl[ey]|potential\w*|predict\w*"
    r"|why|how|what)\b|\?",
    re.IGNORECASE,
)


def is_open(row: dict[str, Any]) -> bool:
    """Tell whether a headline has a hedging or question word."""
    return _OPEN.search(row["headline"]) is not None


def natural_weights(rows: list[dict[str, Any]], population: list[dict[str, Any]]) -> list[float]:
    """Return the weight of each of `rows`, so that open ones count as in the population.

    A source that the population lacks takes the share of all of it.
    """
    known = {row["source"] for row in population}

    def strata(table: list[dict[str, Any]]) -> Counter[tuple[str, bool]]:
        return Counter(
            (row["source"] if row["source"] in known else "", is_open(row)) for row in table
        )

    have, want = strata(rows), strata(population)
    want["", True] = sum(n for (_, is_open_), n in want.items() if is_open_)
    want["", False] = len(population) - want["", True]

    def share(counts: Counter[tuple[str, bool]], source: str, stratum: bool) -> float:
        return counts[source, stratum] / (counts[source, True] + counts[source, False])

    weights = []
    for row in rows:
        source, stratum = row["source"] if row["source"] in known else "", is_open(row)
        weights.append(share(want, source, stratum) / share(have, source, stratum))
    return weights


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    data = parser.parse_args().data
    try:
        rows = read_csv(data, "annotated.csv")
        population = read_csv(data, "unlabelled.csv.gz")
    except MissingDataError as error:
        raise SystemExit(str(error)) from None
    first_round = [row for row in rows if row["round"] == "1"]
    weights = {
        id(row): weight
        for row, weight in zip(first_round, natural_weights(first_round, population), strict=True)
    }
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: headline_key(row["headline"])):
        kept = [row[column] for column in COLUMNS[1:-1]]
        weight = f"{weights.get(id(row), 0):.4g}"
        writer.writerow([headline_key(row["headline"]), *kept, weight])
    target = Path(__file__).with_name("annotations.csv.gz")
    target.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    total = sum(weights.values())
    for name in COLUMNS[1:4]:
        plain = sum(int(row[name]) for row in first_round) / 3 / len(first_round)
        weighted = sum(int(row[name]) * weights[id(row)] for row in first_round) / 3 / total
        print(f"{name}: mean strength of round 1 {plain:.4f}, as a natural mix {weighted:.4f}")
    print(f"{target}: {len(rows):,} grades, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
