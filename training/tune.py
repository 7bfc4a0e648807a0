"""Choose features and penalties: cross-validate on the training rows, folds split by publisher.

    python training/tune.py --data ../shared/data

Prints what `training/train.py` would reach on round 1 as a natural mix, each headline scored
without its publisher: R² of the strength after Platt scaling, and AUC; puts the table into
MODEL_CARD.md. No test set is read.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import FeatureUnion

from evaluate import CARD, filled, markdown
from headline_score.evaluation import POSITIVE
from headline_score.features import END, START, analyze, terms, tokens
from headline_score.text import normalise
from headline_score.training import (
    GradedLogisticRegression,
    assign_folds,
    make_pipeline,
    out_of_fold,
    platt_scaling,
)
from sources import MissingDataError
from train import SEED, TARGETS, load_rows
from train import C as SHIPPED_C

GRID = (1.0, 2.0, 4.0, 8.0, 16.0)


def words(text: str) -> list[str]:
    """Return the tokens alone: no 2-grams, no stems."""
    return tokens(normalise(text))


def without_stems(text: str) -> list[str]:
    """Return the terms but for stems."""
    found = words(text)
    return terms(found)[: 2 * len(found) + 1]


def without_markers(text: str) -> list[str]:
    """Return the terms but for 2-grams with a boundary marker."""
    return [term for term in analyze(text) if not term.startswith(START) and END not in term]


def pipelines() -> dict[str, tuple[FeatureUnion, GradedLogisticRegression]]:
    """Return what is compared, by name."""
    found = {}
    for C in GRID:
        found[f"C = {C:g}"] = make_pipeline(dict.fromkeys(TARGETS, C), n_jobs=-1)
    changes: dict[str, dict[str, Any]] = {
        "words alone": {"analyzer": words},
        "no stems": {"analyzer": without_stems},
        "no boundary markers": {"analyzer": without_markers},
        "counts, not binary": {"binary": False},
        "no idf": {"use_idf": False},
        "min_df = 1": {"min_df": 1},
        "min_df = 3": {"min_df": 3},
    }
    for name, change in changes.items():
        pipeline = make_pipeline(SHIPPED_C, n_jobs=-1)
        pipeline[0].transformer_list[0][1].set_params(**change)
        found[f"shipped C, {name}"] = pipeline
    pipeline = make_pipeline(SHIPPED_C, n_jobs=-1)
    pipeline[0].set_params(shape="drop")
    found["shipped C, no shape"] = pipeline
    found["shipped C"] = make_pipeline(SHIPPED_C, n_jobs=-1)
    return {name: (pipeline[0], pipeline[1]) for name, pipeline in found.items()}


def main() -> None:
    """Print the table, and put it into the model card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    try:
        rows = load_rows(parser.parse_args().data)
    except MissingDataError as error:
        raise SystemExit(str(error)) from None
    strengths = np.column_stack([rows.grades[target] for target in TARGETS])
    natural = np.array(rows.natural)
    typical = natural > 0
    w = natural[typical]
    folds = assign_folds(rows.headlines, rows.groups, SEED)
    table = []
    for name, (features, classifier) in pipelines().items():
        matrix = csr_array(features.fit_transform(rows.headlines))
        logits = out_of_fold(classifier, matrix, strengths, np.ones(len(strengths)), folds)
        cells = []
        for y, z in zip(strengths[typical].T, logits[typical].T, strict=True):
            slope, intercept = platt_scaling(z, y, w)
            p = expit(slope * z + intercept)
            r2 = r2_score(y, p, sample_weight=w)
            auc = roc_auc_score(y >= POSITIVE, p, sample_weight=w)
            cells.append(f"{r2:.4f} / {auc:.4f}")
        table.append([name, f"{matrix.shape[1]:,}", *cells])
        print(*table[-1], flush=True)
    choices = f"n = {typical.sum():,}\n\n" + markdown(["features", "number", *TARGETS], table)
    text = CARD.read_text(encoding="utf-8")
    CARD.write_text(filled(text, {"choices": choices}), encoding="utf-8")


if __name__ == "__main__":
    main()
