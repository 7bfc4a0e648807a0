"""Evaluate the shipped model, and write the figures into MODEL_CARD.md and README.md.

    python training/evaluate.py --data ../shared/data            # prints and writes
    python training/evaluate.py --data ../shared/data --print    # only prints, as for a --model
    python training/evaluate.py --data ../shared/data --retrain folds learning "left out"

Writes the tables as Markdown where their markers are, most of them as `figures/evaluation.json`,
and plots beside it. `--retrain` also measures models that were trained without parts of the data:
some twenty fits in all, forty minutes. Every interval is a 95 % bootstrap interval over headlines
(percentiles of 1,000 resamples), but those of the behavioural tests are Wilson's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fairness
import figures
import sources
import thesaurus
from baselines import baseline_scores
from behaviour import behaviour_table
from headline_score import Model
from headline_score.evaluation import (
    POSITIVE,
    Evaluation,
    Metric,
    evaluate,
    evaluate_strengths,
)
from report import CARD, Table, filled
from retrained import Retrained
from robustness import positives, robustness_table
from train import SHIPPED, TARGETS, Rows, load_rows, tweet_group, with_taught

README = sources.HERE.parent / "README.md"
FIGURES = sources.HERE / "figures"
JSON = FIGURES / "evaluation.json"
WORST = 20  # misses of each target
RETRAINED = ("left out", "folds", "learning", "sizes")
SHARES = (1 / 8, 1 / 4, 1 / 2, 1)  # of the graded publishers, in the learning curve
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


class Gold:
    """The test set, and the model's strengths of it."""

    def __init__(self, model: Model, data: Path) -> None:
        self.model = model
        self.rows: list[dict[str, Any]] = sources.read_csv(data, "gold.csv")
        self.headlines = [row["headline"] for row in self.rows]
        self.y = {t: np.array([float(row[t]) for row in self.rows]) for t in TARGETS}
        self.p = model.score_many(self.headlines)


def main() -> None:
    """Print the tables, and put each where its marker is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--print", dest="only_print", action="store_true", help="write nothing")
    parser.add_argument(
        "--retrain", nargs="+", choices=RETRAINED, default=[], help="also train without parts"
    )
    arguments = parser.parse_args()
    model = Model.load(arguments.model)
    writes = not arguments.only_print and arguments.model == SHIPPED
    tables: dict[str, Table] = {}
    try:
        gold = Gold(model, arguments.data)
        rows = with_taught(load_rows(arguments.data), arguments.data)
        tables |= {
            "gold": gold_table(gold),
            "thresholds": thresholds_table(gold),
            "slices": slices_table(gold, rows),
            "human": human_table(model, arguments.data),
            "baselines": baselines_table(gold, rows, arguments.data),
            "misses": misses_table(gold),
            "examples": examples_table(model),
            "behaviour": behaviour_table(model),
            "training": training_table(model),
        }
        tables["coverage"] = Table(thesaurus.COLUMNS, thesaurus.coverage_rows(rows))
        if arguments.retrain:
            retrained = Retrained(rows, model)
            makers = {
                "left out": lambda: left_out_table(gold, retrained),
                "folds": lambda: folds_table(retrained, arguments.data),
                "learning": lambda: learning_table(gold, retrained),
                "sizes": lambda: sizes_table(gold, retrained),
            }
            tables |= {name: makers[name]() for name in arguments.retrain}
    except sources.MissingDataError as error:
        raise SystemExit(str(error)) from None
    swaps = fairness.swaps(model)
    texts = {name: str(table) for name, table in tables.items()} | {
        "swaps": fairness.swap_table(swaps),
        "case": fairness.case_table(fairness.case_changes(model, gold.headlines)),
        "robustness": str(robustness_table(model, positives(gold.rows, top=1))),
        "suffixes": fairness.suffix_table(fairness.suffix_changes(model, gold.headlines)),
    }
    for name, text in texts.items():
        print(f"## {name}\n\n{text}\n")
    if writes:
        for document in (CARD, README):
            text = document.read_text(encoding="utf-8")
            document.write_text(filled(text, texts), encoding="utf-8")
        write_figures(gold, tables, swaps)


def write_figures(gold: Gold, tables: dict[str, Table], swaps: dict[str, Any]) -> None:
    """Write the plots, and the tables as JSON; what is not made anew keeps its last figures."""
    FIGURES.mkdir(exist_ok=True)
    kept = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else {}
    kept |= {name: table.records() for name, table in tables.items()} | {"swaps": swaps}
    JSON.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    figures.reliability(FIGURES / "reliability.png", gold.y, gold.p)
    model = gold.model
    figures.precision_recall(
        FIGURES / "precision_recall.png", gold.y, gold.p, model.thresholds, model.precise_thresholds
    )
    if "learning" in tables:
        curve = [row for row in tables["learning"].rows if row[0] == "graded rows alone"]
        points = {
            target: [(n, r2[i].value, r2[i].low, r2[i].high) for _, n, *r2 in curve]
            for i, target in enumerate(TARGETS)
        }
        figures.learning_curve(FIGURES / "learning_curve.png", points)


def gold_table(gold: Gold) -> Table:
    """Return the metrics of each target on the test set."""
    results = evaluate(gold.model, gold.headlines, gold.y)
    names = next(iter(results.values())).metrics
    rows: list[list[object]] = [
        ["headlines", *(r.n for r in results.values())],
        ["positives", *(r.positives for r in results.values())],
        ["threshold", *(r.threshold for r in results.values())],
    ]
    rows += [[name, *(r.metrics[name] for r in results.values())] for name in names]
    return Table(["", *results], rows)


def thresholds_table(gold: Gold) -> Table:
    """Return precision and recall on the test set at both thresholds of each target."""
    rows: list[list[object]] = []
    kinds = {"best F1": gold.model.thresholds, "precision 0.9": gold.model.precise_thresholds}
    for kind, thresholds in kinds.items():
        for target, at in thresholds.items():
            result = evaluate_strengths(gold.y[target], gold.p[target], threshold=at)
            flagged = int((gold.p[target] >= at).sum())
            rows.append([kind, target, at, flagged, *_metrics(result, "precision", "recall")])
    return Table(["threshold of", "target", "at", "flagged", "precision", "recall"], rows)


def slices_table(gold: Gold, rows: Rows) -> Table:
    """Return R² and AUC of each target on parts of the test set."""
    publishers = {"", *rows.groups}
    parts: dict[str, Callable[[dict[str, Any]], bool]] = {
        **PERIODS,
        "publisher not in training": lambda row: row["publisher"] not in publishers,
    }
    for source in sorted({row["source"] for row in gold.rows}):
        parts[source] = lambda row, source=source: row["source"] == source  # type: ignore[misc]
    cells: list[list[object]] = []
    for name, belongs in parts.items():
        kept = np.array([belongs(row) for row in gold.rows])
        cells += [[name, int(kept.sum()), *row] for row in r2_and_auc(gold, gold.p, kept)]
    return Table(["part", "n", "metric", *TARGETS], cells)


def r2_and_auc(gold: Gold, p: dict[str, Any], kept: Any) -> list[list[object]]:
    """Return a row of R² and one of AUC of strengths `p` of the whole test set, on a part."""
    results = {
        target: evaluate_strengths(y[kept], p[target][kept], threshold=POSITIVE)
        for target, y in gold.y.items()
        if target in p
    }
    return [
        [name, *(results[t].metrics[name] if t in results else "" for t in TARGETS)]
        for name in ("R2", "AUC")
    ]


def human_table(model: Model, data: Path) -> Table:
    """Return how clickbait strengths do on a corpus labelled by outlet, as they are.

    The best accuracy is that of the best threshold of two decimals.
    """
    headlines, grades = sources.labelled("stopclickbait", data)
    y, p = np.array(grades["clickbait"]), model.score_many(headlines)["clickbait"]
    threshold = model.thresholds["clickbait"]
    result = evaluate_strengths(y, p, threshold=threshold)

    def accuracy(at: float) -> float:
        return float(((p >= at) == (y >= POSITIVE)).mean())

    row = {
        "corpus": "stopclickbait",
        "n": result.n,
        "positives": result.positives,
        **{name: result.metrics[name] for name in ("AUC", "precision", "recall")},
        "accuracy": accuracy(threshold),
        "best accuracy": max(map(accuracy, np.linspace(0, 1.01, 102))),
    }
    return Table(list(row), [list(row.values())])


def baselines_table(gold: Gold, rows: Rows, data: Path) -> Table:
    """Return R² and AUC of simpler and of dearer scorers, and of the model, on the test set."""
    scorers = {**baseline_scores(rows, data, gold.headlines), "headline-score": gold.p}
    everything = np.ones(len(gold.headlines), dtype=bool)
    cells = [[name, *row] for name, p in scorers.items() for row in r2_and_auc(gold, p, everything)]
    return Table(["scorer", "metric", *TARGETS], cells)


def sizes_table(gold: Gold, retrained: Retrained) -> Table:
    """Return bytes of the model file, and R², for ways to store the weights; the last ships."""
    rows: list[list[object]] = []
    for name, size, p in retrained.forms(gold.headlines):
        results = (evaluate_strengths(y, p[t], threshold=POSITIVE) for t, y in gold.y.items())
        rows.append([name, size, *(f"{result.metrics['R2'].value:.4f}" for result in results)])
    return Table(["weights as", "bytes", *TARGETS], rows)


def misses_table(gold: Gold) -> Table:
    """Return the headlines that the model gets most wrong, by hash, each in others' words."""
    told = {row["key"]: row["paraphrase"] for row in sources.read_own("misses.csv")}
    rows: list[list[object]] = []
    for target, y in gold.y.items():
        for i in np.argsort(-np.abs(y - gold.p[target]), kind="stable")[:WORST]:
            key = sources.headline_key(gold.headlines[i])
            rows.append([target, f"`{key}`", told.get(key, "–"), y[i], gold.p[target][i]])
    return Table(["target", "key", "in other words", "grade", "score"], rows)


def left_out_table(gold: Gold, retrained: Retrained) -> Table:
    """Return R² and AUC on each archive by a model that read no headline of it."""
    rows: list[list[object]] = []
    everywhere = {target: np.empty(len(gold.rows)) for target in TARGETS}
    for source in sorted({row["source"] for row in gold.rows}):
        kept = np.array([row["source"] == source for row in gold.rows])
        p = retrained.without_source(source)(gold.headlines)
        for target, values in p.items():
            everywhere[target][kept] = values[kept]
        rows += [[source, int(kept.sum()), *row] for row in r2_and_auc(gold, p, kept)]
        print(*rows[-2:], sep="\n", flush=True)
    everything = np.ones(len(gold.rows), dtype=bool)
    rows += [["all", len(gold.rows), *row] for row in r2_and_auc(gold, everywhere, everything)]
    return Table(["left out", "n", "metric", *TARGETS], rows)


def folds_table(retrained: Retrained, data: Path) -> Table:
    """Return AUC on the invented families and the tweets, each by a model that did not read it."""
    contrast = sources.read_own("contrast.csv")
    families = [row["family"] for row in contrast]
    tweets, tweet_grades = sources.labelled("webis17", data)
    keys = [tweet_group(tweet) for tweet in tweets]
    found = {target: np.full(len(contrast), np.nan) for target in TARGETS}
    tweet_scores = np.full(len(tweets), np.nan)
    for score, hidden in retrained.folds():
        for groups, texts, into in (
            (families, [row["headline"] for row in contrast], found),
            (keys, tweets, {"clickbait": tweet_scores}),
        ):
            kept = np.flatnonzero([hidden(group) for group in groups])
            scores = score([texts[i] for i in kept])
            for target, column in into.items():
                column[kept] = scores[target]
    rows: list[list[object]] = []
    for target, p in found.items():
        y = np.array([int(row[target]) / 3 for row in contrast])
        rows.append(["contrast.csv", target, len(y), *_metrics(_at_half(y, p), "AUC")])
    families_right = plain_lowest(contrast, found["sensationalism"])
    rows.append(["contrast.csv, plain telling lowest", "sensationalism", *families_right])
    y = np.array(tweet_grades["clickbait"])
    rows.append(["webis17", "clickbait", len(y), *_metrics(_at_half(y, tweet_scores), "AUC")])
    return Table(["held out", "target", "n", "AUC or share"], rows)


def plain_lowest(contrast: list[dict[str, str]], p: Any) -> list[object]:
    """Return how many families have plain and loud tellings, and where a plain one is lowest."""
    tellings: dict[str, list[tuple[float, int]]] = {}
    for row, strength in zip(contrast, p, strict=True):
        telling = (float(strength), int(row["sensationalism"]))
        tellings.setdefault(row["family"], []).append(telling)
    mixed = [each for each in tellings.values() if len({grade > 0 for _, grade in each}) == 2]
    right = np.array(
        [
            min(p for p, grade in each if not grade) < min(p for p, grade in each if grade)
            for each in mixed
        ],
        dtype=float,
    )
    samples = np.random.default_rng(0).choice(right, (1000, len(right))).mean(axis=1)
    low, high = np.percentile(samples, [2.5, 97.5])
    return [len(right), Metric(float(right.mean()), float(low), float(high))]


def learning_table(gold: Gold, retrained: Retrained) -> Table:
    """Return R² on the test set against the number of training rows."""
    everything = np.ones(len(gold.rows), dtype=bool)
    rows: list[list[object]] = []
    for share in SHARES:
        n, score = retrained.with_graded(share)
        _, *cells = r2_and_auc(gold, score(gold.headlines), everything)[0]
        rows.append(["graded rows alone", n, *cells])
    _, *cells = r2_and_auc(gold, gold.p, everything)[0]
    rows.append(["and the teacher's", len(retrained.rows.headlines), *cells])
    return Table(["R² of the model on", "rows", *TARGETS], rows)


def examples_table(model: Model) -> Table:
    """Return the scores of some headlines written for the purpose."""
    columns = model.score_many(EXAMPLES)
    rows = [
        [headline, *(f"{columns[target][i]:.2f}" for target in TARGETS)]
        for i, headline in enumerate(EXAMPLES)
    ]
    return Table(["headline", *TARGETS], rows)


def training_table(model: Model) -> Table:
    """Return what the model says of itself."""
    header = model.header
    rows: list[list[object]] = [
        ["version", header.version],
        ["terms", len(model.parameters.terms)],
        ["training headlines", header.rows],
        ["training data, SHA-256", f"`{header.data_sha256}`"],
        ["trained with", ", ".join(f"{k} {v}" for k, v in header.trained_with.items())],
        ["base rates", ", ".join(f"{k} {v:.3f}" for k, v in model.base_rates.items())],
    ]
    return Table(["", " "], rows)


def _at_half(y: Any, p: Any) -> Evaluation:
    return evaluate_strengths(y, p, threshold=POSITIVE)


def _metrics(result: Evaluation, *names: str) -> list[Metric]:
    return [result.metrics[name] for name in names]


if __name__ == "__main__":
    main()
