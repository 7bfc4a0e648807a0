"""Choose features, penalties and the teacher's weight, on training rows alone.

    python training/tune.py --data ../shared/data features
    python training/tune.py --data ../shared/data teacher

Prints a table and puts it into MODEL_CARD.md: R² of the strength after Platt scaling, and AUC, on
round 1 as a natural mix. `features` scores each graded headline by a model without its publisher.
`teacher` scores the headlines of the publishers that the teacher never read by models that have
not read them either. No test set is read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import Pipeline

from evaluate import CARD, filled, markdown
from headline_score.evaluation import POSITIVE
from headline_score.features import END, START, analyze, terms, tokens
from headline_score.text import normalise
from headline_score.training import (
    Floats,
    assign_folds,
    make_pipeline,
    out_of_fold,
    platt_scaling,
)
from sources import MissingDataError
from train import SEED, TARGETS, Rows, held_out, load_rows, read_names, with_taught
from train import C as SHIPPED_C

GRID = (2.0, 4.0, 8.0)
# min_df, weight of the teacher's grades, factor to the shipped C; the last is what ships
TEACHER_GRID = [(2, 0.0, 1), (2, 0.5, 1), (2, 1.0, 1), (2, 0.5, 2), (2, 0.5, 0.5), (4, 0.5, 1)]
TEACHER_GRID += [(4, 1.0, 1)]


def words(text: str, names: frozenset[str]) -> list[str]:
    """Return the tokens alone: no 2-grams, no stems."""
    return tokens(normalise(text), names)


def without_stems(text: str, names: frozenset[str]) -> list[str]:
    """Return the terms but for stems."""
    found = words(text, names)
    return terms(found)[: 2 * len(found) + 1]


def without_markers(text: str, names: frozenset[str]) -> list[str]:
    """Return the terms but for 2-grams with a boundary marker."""
    found = analyze(text, names)
    return [term for term in found if not term.startswith(START) and END not in term]


def variants() -> dict[str, Pipeline]:
    """Return the pipelines that `features` compares, by name."""
    names = read_names()
    found = {f"C = {C:g}": make_pipeline(dict.fromkeys(TARGETS, C), names) for C in GRID}
    changes: dict[str, dict[str, Any]] = {
        "as shipped": {},
        "names as words": {"analyzer": analyze},
        "words alone": {"analyzer": partial(words, names=names)},
        "no stems": {"analyzer": partial(without_stems, names=names)},
        "no boundary markers": {"analyzer": partial(without_markers, names=names)},
        "counts, not binary": {"binary": False},
        "no idf": {"use_idf": False},
        "min_df = 1": {"min_df": 1},
    }
    for name, change in changes.items():
        found[name] = make_pipeline(SHIPPED_C, names)
        found[name][0].transformer_list[0][1].set_params(**change)
    found["no shape"] = make_pipeline(SHIPPED_C, names)
    found["no shape"][0].set_params(shape="drop")
    return found


def compare_features(rows: Rows) -> Iterator[list[str]]:
    """Yield a table row for each variant, cross-validated on the graded rows."""
    Y, natural = np.column_stack(list(rows.grades.values())), np.array(rows.natural)
    folds = assign_folds(rows.headlines, rows.groups, SEED)
    for name, (features, classifier) in variants().items():
        matrix = csr_array(features.fit_transform(rows.headlines))
        classifier.set_params(n_jobs=-1)
        logits = out_of_fold(classifier, matrix, Y, np.ones(len(Y)), folds)
        yield [name, f"{matrix.shape[1]:,}", *cells(Y, logits, natural)]


def compare_teacher(rows: Rows, data: Path) -> Iterator[list[str]]:
    """Yield a table row for each weight of the teacher's grades, and C, on held-out rows."""
    taught = with_taught(rows, data)
    Y, n = np.column_stack(list(taught.grades.values())), len(rows.headlines)
    hidden = np.array(held_out(taught))
    natural = np.array(rows.natural) * hidden[:n]
    for min_df, weight, factor in TEACHER_GRID:
        C = {target: value * factor for target, value in SHIPPED_C.items()}
        features, classifier = make_pipeline(C, read_names(), min_df, n_jobs=-1)
        w = np.where(np.arange(len(Y)) < n, 1.0, weight) * ~hidden
        used = w > 0
        features.fit([text for text, use in zip(taught.headlines, used, strict=True) if use])
        matrix = csr_array(features.transform(taught.headlines))
        classifier.fit(matrix[used], Y[used], w[used])
        logits = classifier.decision_function(matrix[:n])
        name = f"weight {weight:g}, C × {factor:g}, min_df {min_df}"
        yield [name, f"{matrix.shape[1]:,}", *cells(Y[:n], logits, natural)]


def cells(Y: Floats, logits: Floats, natural: Floats) -> Iterator[str]:
    """Yield R² and AUC of each target on the rows with a natural weight."""
    typical = natural > 0
    w = natural[typical]
    for y, z in zip(Y[typical].T, logits[typical].T, strict=True):
        slope, intercept = platt_scaling(z, y, w)
        p = expit(slope * z + intercept)
        r2 = r2_score(y, p, sample_weight=w)
        yield f"{r2:.4f} / {roc_auc_score(y >= POSITIVE, p, sample_weight=w):.4f}"


def main() -> None:
    """Print the table, and put it into the model card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    parser.add_argument("what", choices=["features", "teacher"])
    arguments = parser.parse_args()
    try:
        rows = load_rows(arguments.data)
        if arguments.what == "features":
            compared = compare_features(rows)
        else:
            compared = compare_teacher(rows, arguments.data)
        table = []
        for row in compared:
            print(*row, flush=True)
            table.append(row)
    except MissingDataError as error:
        raise SystemExit(str(error)) from None
    text = CARD.read_text(encoding="utf-8")
    table_text = markdown([arguments.what, "terms", *TARGETS], table)
    CARD.write_text(filled(text, {arguments.what: table_text}), encoding="utf-8")


if __name__ == "__main__":
    main()
