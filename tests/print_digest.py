"""Print a digest of the scores of the invented headlines, by `score_many` and by `score`.

`.ci/matrix` runs it under every Python and NumPy: the digests are to be the same.
"""

import csv
import hashlib
import platform
from pathlib import Path

import numpy as np

from headline_score import score, score_many

CONTRAST = Path(__file__).parents[1] / "training" / "contrast.csv"


def main() -> None:
    with CONTRAST.open(encoding="utf-8", newline="") as file:
        headlines = [row["headline"] for row in csv.DictReader(file)]
    tables = {
        "many": np.column_stack(list(score_many(headlines).values())),
        "one": np.array([score(headline).strengths for headline in headlines]),
    }
    digests = [f"{k}={hashlib.sha256(v.tobytes()).hexdigest()[:16]}" for k, v in tables.items()]
    print(f"Python {platform.python_version()}, NumPy {np.__version__}:", *digests)


if __name__ == "__main__":
    main()
