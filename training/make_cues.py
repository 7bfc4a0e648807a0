"""Choose the cues: words whose pairs, wherever in a headline they stand, are terms of the model.

    python training/make_cues.py --data ../shared/data      # writes training/cues.txt

They are the words that move the scores most in a model without such pairs, trained on the rows that
the teacher read: those of largest weight times root mean square of their TF-IDF, for any target.
The most telling comes first. A stem that hardly stands as a word makes no pair, so it is none.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from headline_score.training import make_pipeline
from sources import HERE, MissingDataError
from train import CUES, MIN_DF, C, Rows, held_out, load_rows, read_names, with_taught

MOST = 500


def cues(rows: Rows) -> list[str]:
    """Return the `MOST` words that move the scores most, the first one most."""
    kept = ~np.array(held_out(rows))
    headlines = [headline for headline, use in zip(rows.headlines, kept, strict=True) if use]
    grades = np.column_stack(list(rows.grades.values()))
    pipeline = make_pipeline(C, read_names(), (), MIN_DF, n_jobs=-1)
    matrix = pipeline[:-1].fit_transform(headlines).tocsc()
    pipeline[-1].fit(matrix.tocsr(), grades[kept], np.array(rows.weights)[kept])
    terms: Sequence[str] = pipeline[1].transformer_list[0][1].get_feature_names_out()
    size = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel()[: len(terms)])
    weights = np.vstack([each.coef_[0, : len(terms)] for each in pipeline[-1].estimators_])
    moves = np.abs(weights).max(axis=0) * size
    texts = Counter(word for _, found in pipeline[0].transform(headlines) for word in {*found})
    ranked = (terms[i] for i in np.argsort(-moves, kind="stable"))
    return list(islice((term for term in ranked if texts[term] >= MIN_DF), MOST))


def main() -> None:
    """Write the cues."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    arguments = parser.parse_args()
    try:
        rows = with_taught(load_rows(arguments.data), arguments.data)
    except MissingDataError as error:
        raise SystemExit(str(error)) from None
    (HERE / CUES).write_text("\n".join(cues(rows)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
