"""Make the golden model file of a layout that this version writes, and its scores: see README.md.

    python tests/golden/make.py 4

Once a version that writes the layout is out, its golden file must stay as it is.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from headline_score import Model, default_model
from headline_score.training import train

FOLDER = Path(__file__).parent
CONTRAST = FOLDER.parents[1] / "training" / "contrast.csv"
ROWS = 1200  # of the project's own invented headlines: a file of some 25 kB
TARGETS = ("clickbait", "speculation", "sensationalism")

HEADLINES = [
    "Council approves budget for harbour repairs",
    "You won't believe what this lighthouse keeper found in the fog",
    "10 reasons why your neighbour's cat may be planning something",
    "Ferry operator could raise fares next year, sources say",
    "Mayor SLAMS 'reckless' tram plan in furious row",
    "SHOCKING: Baker's secret recipe EXPOSED!!!",
    "Is this the end of the night bus?",
    "Why the orchestra left – and what happens next",
    "Minister denies report of talks with the miners",
    "Storm may reach the islands on 14 May",
    "Shares fall 3.5% as bank cuts forecast",
    "This one trick will change how you boil an egg",
    "Rovers destroy United 7-0 to reach the final",
    "Doctors warn of deadly outbreak as hospitals brace for chaos",
    "“It was like a bomb”: villagers recall the flood",
    "Caf&eacute; owner wins &pound;2m in lottery &amp; gives it away",
    "Scientists hint at a possible cure for hay fever | The Daily Example",
    "Everything we know so far about the missing submarine",
    "Zxqvwk Okoro joins Mbrwtl as chief executive",
    "the quick brown fox",
    "WILL THEY EVER LEARN?",
    "Naïve ﬁnance ﬁrms fooled again… and again",
    "Rumours swirl: is the prince about to quit -- or is it a stunt?",
    "What happened when she opened the box will leave you in tears",
    "Trial of former governor begins in September",
    "Nobody saw this coming",
    "Fears grow that the dam might burst within days",
    "Порт закрыт",
    "",
    " ".join(["Officials said the bridge, which was closed in June, may reopen soon"] * 4),
]
"""Invented for this file: of each kind, and of what normalisation changes."""


def read() -> list[dict[str, str]]:
    """Return the rows of `contrast.csv` that models are made of."""
    with CONTRAST.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:ROWS]


def layout_3() -> Model:
    """Return the model as `train` makes it, with few names and cues."""
    rows = read()
    words = {word for row in rows for word in row["headline"].lower().split()}
    return train(
        [row["headline"] for row in rows],
        {target: [int(row[target]) / 3 for row in rows] for target in TARGETS},
        groups=[row["family"] for row in rows],
        names=words & default_model().names,
        cues=default_model().cues[:60],
        version="golden 3",
    )


def layout_4() -> Model:
    """Return the model of a scikit-learn pipeline, of words and pairs, with few terms."""
    rows = read()
    pipeline = make_pipeline(
        TfidfVectorizer(
            strip_accents="unicode",
            token_pattern=r"(?u)\b\w+\b",
            ngram_range=(1, 2),
            stop_words=["of", "the"],
            max_features=800,
            sublinear_tf=True,
        ),
        MultiOutputClassifier(LogisticRegression(C=10)),
    )
    grades = np.array([[int(row[target]) >= 2 for target in TARGETS] for row in rows], int)
    pipeline.fit([row["headline"] for row in rows], grades)
    return Model.from_sklearn(pipeline, TARGETS, version="golden 4")


MAKERS = {"3": layout_3, "4": layout_4}


def main() -> None:
    """Write both files of each layout named as an argument."""
    for layout in sys.argv[1:]:
        write(FOLDER / f"model-layout-{layout}.npz", MAKERS[layout]())


def write(path: Path, made: Model) -> None:
    """Write a model file, and beside it its scores."""
    made.save(path)
    model = Model.load(path)
    scores = {headline: model.score(headline).to_dict() for headline in HEADLINES}
    text = json.dumps({"targets": model.targets, "scores": scores}, indent=1, ensure_ascii=False)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
