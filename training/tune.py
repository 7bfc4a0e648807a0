"""Choose features, penalties and the teacher's weight, on training rows alone.

    python training/tune.py --data ../shared/data features
    python training/tune.py --data ../shared/data teacher

Prints a table and puts it into MODEL_CARD.md: R² of the strength after calibration, and AUC, with
95 % bootstrap intervals, on round 1 as a natural mix. `features` scores each graded headline by a
model without its publisher. `teacher` scores the headlines of the publishers that the teacher never
read by models that have not read them either. No test set is read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from sklearn.pipeline import Pipeline

from headline_score.calibration import calibrated
from headline_score.evaluation import POSITIVE, evaluate_strengths
from headline_score.features import END, START
from headline_score.training import (
    Floats,
    Read,
    Reader,
    TermVectorizer,
    assign_folds,
    beta_calibration,
    make_pipeline,
    out_of_fold,
)
from report import CARD, filled, markdown
from sources import MissingDataError
from train import (
    MIN_DF,
    SEED,
    TARGETS,
    WEIGHTS,
    Rows,
    held_out,
    load_rows,
    read_cues,
    read_names,
    with_taught,
)
from train import C as SHIPPED_C

RESAMPLES = 200

# Weights of ungraded headlines that the teacher graded, of crossed ones, of tweets and of padded
# ones, factor to the shipped C, and min_df. The last is what ships.
ADDED = ("ungraded", "crossed", "tweets", "padded")
TEACHER_GRID = [
    ((0.0, 0.0, 0.0, 0.0), 1.0, 4),
    ((1.0, 0.0, 0.0, 0.0), 1.0, 4),
    ((1.0, 0.5, 0.0, 0.0), 1.0, MIN_DF),
    ((1.0, 1.0, 0.0, 0.0), 1.0, MIN_DF),
    ((1.0, 0.5, 1.0, 0.0), 1.0, MIN_DF),
    ((1.0, 0.5, 1.0, 0.25), 0.5, MIN_DF),
    ((1.0, 0.5, 1.0, 0.25), 2.0, MIN_DF),
    (tuple(WEIGHTS[kind] for kind in ADDED), 1.0, MIN_DF),
]


class Chosen(TermVectorizer):
    """A vectorizer of some of the terms."""

    def __init__(
        self, cues: tuple[str, ...], min_df: int, chosen: Callable[[list[str], str], bool]
    ) -> None:
        super().__init__(cues, min_df)
        self.chosen = chosen

    def build_analyzer(self) -> Callable[[Read], list[str]]:
        """Return what gives the terms of a text that `chosen(tokens, term)` keeps."""
        every = super().build_analyzer()
        return lambda read: [term for term in every(read) if self.chosen(read[1], term)]


# What is left out, and which terms of some tokens are not.
PARTS: dict[str, Callable[[list[str], str], bool]] = {
    "words and stems alone": lambda tokens, term: " " not in term,
    "no pairs of cues": lambda tokens, term: " + " not in term,
    "no stems": lambda tokens, term: " " in term or term in tokens,
    "no boundary markers": lambda tokens, term: START not in term and END not in term,
}


class KnowsAll(Reader):
    """A reader to whom no word is a name for being rare."""

    def fit(self, X: Iterable[str], y: object = None) -> KnowsAll:
        """Know every word."""
        self.known_ = None
        return self


def variants() -> dict[str, Pipeline]:
    """Return the pipelines that `features` compares, by name."""
    names, cues = read_names(), read_cues()
    found = {
        f"as shipped, C × {factor:g}": make_pipeline(scaled(factor), names, cues, MIN_DF)
        for factor in (0.5, 1, 2)
    }
    for name, chosen in PARTS.items():
        found[name] = make_pipeline(SHIPPED_C, names, cues, MIN_DF)
        found[name][1].transformer_list[0] = ("terms", Chosen(tuple(cues), MIN_DF, chosen))
    found["half of the cues"] = make_pipeline(SHIPPED_C, names, cues[: len(cues) // 2], MIN_DF)
    found["min_df = 2"] = make_pipeline(SHIPPED_C, names, cues, 2)
    found["names and rare words as words"] = make_pipeline(SHIPPED_C, frozenset(), cues, MIN_DF)
    found["rare words as words"] = make_pipeline(SHIPPED_C, names, cues, MIN_DF)
    for name in ("names and rare words as words", "rare words as words"):
        found[name].steps[0] = ("reader", KnowsAll(found[name][0].names, MIN_DF))
    found["no shape"] = make_pipeline(SHIPPED_C, names, cues, MIN_DF)
    found["no shape"][1].set_params(shape="drop")
    return found


def scaled(factor: float) -> dict[str, float]:
    """Return the shipped C of each target times a factor."""
    return {target: value * factor for target, value in SHIPPED_C.items()}


def compare_features(rows: Rows) -> Iterator[list[str]]:
    """Yield a table row for each variant, cross-validated on the graded rows."""
    Y, natural = np.column_stack(list(rows.grades.values())), np.array(rows.natural)
    folds = assign_folds(rows.headlines, rows.groups, SEED)
    for name, pipeline in variants().items():
        matrix = csr_array(pipeline[:-1].fit_transform(rows.headlines))
        classifier = pipeline[-1]
        classifier.set_params(n_jobs=-1)
        logits = out_of_fold(classifier, matrix, Y, np.ones(len(Y)), folds)
        yield [name, f"{matrix.shape[1]:,}", *cells(Y, logits, natural)]


def compare_teacher(rows: Rows, data: Path) -> Iterator[list[str]]:
    """Yield a table row for each weight of the teacher's grades, and C, on held-out rows."""
    taught = with_taught(rows, data)
    Y, n = np.column_stack(list(taught.grades.values())), len(rows.headlines)
    hidden = np.array(held_out(taught))
    natural = np.array(rows.natural) * hidden[:n]
    for added, factor, min_df in TEACHER_GRID:
        pipeline = make_pipeline(scaled(factor), read_names(), read_cues(), min_df, n_jobs=-1)
        features, classifier = pipeline[:-1], pipeline[-1]
        weights = WEIGHTS | dict(zip(ADDED, added, strict=True))
        w = np.array([weights[kind] for kind in taught.kind]) * ~hidden
        used = w > 0
        features.fit([text for text, use in zip(taught.headlines, used, strict=True) if use])
        matrix = csr_array(features.transform(taught.headlines))
        classifier.fit(matrix[used], Y[used], w[used])
        logits = classifier.decision_function(matrix[:n])
        name = ", ".join(f"{kind} {weights[kind]:g}" for kind in ADDED)
        name += f", C × {factor:g}, min_df {min_df}"
        yield [name, f"{matrix.shape[1]:,}", *cells(Y[:n], logits, natural)]


def cells(Y: Floats, logits: Floats, natural: Floats) -> Iterator[str]:
    """Yield R² and AUC of each target on the rows with a natural weight."""
    typical = natural > 0
    w = natural[typical]
    for y, z in zip(Y[typical].T, logits[typical].T, strict=True):
        p = calibrated(z, beta_calibration(z, y, w))
        found = evaluate_strengths(y, p, threshold=POSITIVE, sample_weight=w, resamples=RESAMPLES)
        yield f"{found.metrics['R2']} / {found.metrics['AUC']}"


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
