"""Choose the penalties: cross-validate on the training rows, folds split by publisher.

    python training/tune.py --data ../shared/data

Prints for each C what `training/train.py` would reach on round 1 as a natural mix, each headline
scored without its publisher: R² of the strength after Platt scaling, and AUC. No test set is read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from sklearn.metrics import r2_score, roc_auc_score

from evaluate import markdown
from headline_score.evaluation import POSITIVE
from headline_score.training import assign_folds, make_pipeline, out_of_fold, platt_scaling
from sources import MissingDataError
from train import SEED, TARGETS, load_rows

GRID = (1.0, 2.0, 4.0, 8.0, 16.0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
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
    for C in GRID:
        features, classifier = make_pipeline(dict.fromkeys(TARGETS, C), n_jobs=-1)
        matrix = csr_array(features.fit_transform(rows.headlines))
        logits = out_of_fold(classifier, matrix, strengths, np.ones(len(strengths)), folds)
        cells = []
        for y, z in zip(strengths[typical].T, logits[typical].T, strict=True):
            slope, intercept = platt_scaling(z, y, w)
            p = 1 / (1 + np.exp(-slope * z - intercept))
            r2 = r2_score(y, p, sample_weight=w)
            auc = roc_auc_score(y >= POSITIVE, p, sample_weight=w)
            cells.append(f"{r2:.4f} / {auc:.4f}")
        table.append([f"{C:g}", *cells])
    print(f"R² / AUC, n = {typical.sum():,}\n")
    print(markdown(["C", *TARGETS], table))


if __name__ == "__main__":
    main()
