"""Evaluate the shipped model, and write the figures into MODEL_CARD.md and README.md.

    python training/evaluate.py --data ../shared/data            # prints and writes
    python training/evaluate.py --data ../shared/data --print    # only prints, as for a --model

Every interval is a 95 % bootstrap interval over headlines (percentiles of 1,000 resamples).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

import sources
from headline_score import Model
from headline_score.evaluation import Evaluation, evaluate, evaluate_strengths
from train import HERE, SHIPPED, TARGETS

ROOT = HERE.parent
CARD = ROOT / "MODEL_CARD.md"
PERIODS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "May–August 2026": lambda row: row["date"] >= "2026-05",
    "2022 and before, or undated": lambda row: row["date"] < "2023",
}
EXAMPLES = [
    "Japan To Court Russia As Ally Against China, Putin Betrays Xi Jinping – Report",
    "Japan sets up ministry for economic ties with Russia",
    "Putin Betrays Xi Jinping",
    "You Won't Believe What This Mayor Did Next",
    "12 Tiny Kitchens That Will Make You Rethink Yours",
    "Could this be the end of the road for the night bus?",
    "SHOCKING: Star DESTROYS rival in brutal takedown!",
    "Council passes budget after six-hour debate",
]


def main() -> None:
    """Print the tables, and put each where its marker is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--print", dest="only_print", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    model = Model.load(arguments.model)
    try:
        gold = sources.read_csv(arguments.data, "gold.csv")
        tables = {
            "gold": gold_table(model, gold),
            "slices": slices_table(model, gold),
            "human": human_table(model, arguments.data),
            "examples": examples_table(model),
            "training": training_table(model),
        }
    except sources.MissingDataError as error:
        raise SystemExit(str(error)) from None
    for name, table in tables.items():
        print(f"## {name}\n\n{table}\n")
    if not arguments.only_print and arguments.model == SHIPPED:
        for document in (CARD, ROOT / "README.md"):
            text = document.read_text(encoding="utf-8")
            document.write_text(filled(text, tables), encoding="utf-8")


def filled(text: str, tables: dict[str, str]) -> str:
    """Return a Markdown text with the tables between their markers put anew."""
    for name, table in tables.items():
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        old = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)
        text = old.sub(f"\n\n{table}\n\n".replace("\\", r"\\"), text)
    return text


def gold_table(model: Model, gold: list[dict[str, Any]]) -> str:
    """Return the metrics of each target on the test set."""
    results = evaluate(model, *_graded(gold))
    names = next(iter(results.values())).metrics
    rows = [
        ["headlines", *(f"{r.n:,}" for r in results.values())],
        ["positives", *(f"{r.positives:,}" for r in results.values())],
        ["threshold", *(f"{r.threshold:.3f}" for r in results.values())],
    ]
    rows += [[name, *(str(r.metrics[name]) for r in results.values())] for name in names]
    return markdown(["", *results], rows)


def slices_table(model: Model, gold: list[dict[str, Any]]) -> str:
    """Return R² and AUC of each target on parts of the test set."""
    with gzip.open(HERE / "annotations.csv.gz", "rt", encoding="utf-8") as stream:
        publishers = {row["publisher"] for row in csv.DictReader(stream)}
    parts: dict[str, Callable[[dict[str, Any]], bool]] = {
        **PERIODS,
        "publisher not in training": lambda row: row["publisher"] not in publishers,
    }
    slices = {name: [row for row in gold if belongs(row)] for name, belongs in parts.items()}
    for source in sorted({row["source"] for row in gold}):
        slices[source] = [row for row in gold if row["source"] == source]
    rows = []
    for name, part in slices.items():
        results = evaluate(model, *_graded(part))
        for metric in ("R2", "AUC"):
            cells = (str(r.metrics[metric]) for r in results.values())
            rows.append([name, f"{len(part)}", metric, *cells])
    return markdown(["part", "n", "metric", *TARGETS], rows)


def human_table(model: Model, data: Path) -> str:
    """Return how clickbait strengths do on corpora with human or outlet labels, as they are."""
    rows = []
    for name in ("webis17", "stopclickbait"):
        headlines, grades = sources.labelled(name, data)
        strengths = model.score_many(headlines)["clickbait"]
        threshold = model.thresholds["clickbait"]
        result = evaluate_strengths(np.array(grades["clickbait"]), strengths, threshold=threshold)
        rows.append([name, f"{result.n:,}", f"{result.positives:,}", *_cells(result)])
    return markdown(["corpus", "n", "positives", "AUC", "precision", "recall"], rows)


def examples_table(model: Model) -> str:
    """Return the scores of some headlines written for the purpose."""
    columns = model.score_many(EXAMPLES)
    rows = [
        [headline, *(f"{columns[target][i]:.2f}" for target in TARGETS)]
        for i, headline in enumerate(EXAMPLES)
    ]
    return markdown(["headline", *TARGETS], rows)


def training_table(model: Model) -> str:
    """Return what the model says of itself."""
    header = model.header
    rows = [
        ["version", header.version],
        ["terms", f"{len(model.parameters.terms):,}"],
        ["training headlines", f"{header.rows:,}"],
        ["training data, SHA-256", f"`{header.data_sha256}`"],
        ["trained with", ", ".join(f"{k} {v}" for k, v in header.trained_with.items())],
        ["base rates", ", ".join(f"{k} {v:.3f}" for k, v in model.base_rates.items())],
    ]
    return markdown(["", ""], rows)


def markdown(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    headers = list(headers)
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _graded(gold: list[dict[str, Any]]) -> tuple[list[str], dict[str, list[float]]]:
    grades = {target: [float(row[target]) for row in gold] for target in TARGETS}
    return [row["headline"] for row in gold], grades


def _cells(result: Evaluation) -> list[str]:
    return [str(result.metrics[name]) for name in ("AUC", "precision", "recall")]


if __name__ == "__main__":
    main()
