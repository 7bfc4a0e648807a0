"""Score headlines by simple means, to tell what the shipped model is worth beside them.

`baseline_scores` gives the strengths that `training/evaluate.py` measures on the test set. What has
no scale of its own (a count of words, a sentiment) is put on the scale of the grades by beta
calibration on round 1 as a natural mix, as the shipped model is. None reads a test set's grades.

- `constant`: the mean strength of the natural mix.
- `Stop Clickbait linear`: the usual recipe, TF-IDF of words and 2-grams with logistic regression,
  trained on the labels of Stop Clickbait (Chakraborty et al. 2016), and its probability as it is.
- `lexicon`: how many words of `thesaurus.csv` a headline holds: hedging ones for speculation,
  loaded ones for sensationalism, baiting ones for clickbait.
- `VADER`: how far from neutral its sentiment is (Hutto & Gilbert 2014), for sensationalism. Needs
  the package vaderSentiment.
- `teacher`: the grades in `teacher_test.npz`, by the model that the shipped one learnt from.
"""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import sources
from headline_score.calibration import calibrated
from headline_score.text import normalise
from headline_score.training import Floats, beta_calibration
from train import TARGETS, Rows

KINDS = {"clickbait": "baiting", "speculation": "hedging", "sensationalism": "loaded"}
VADER_ROWS = 10_000  # enough for the two numbers of a scale

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True)
class Mix:
    """Graded headlines that stand for a natural mix: round 1 with its weights."""

    headlines: list[str]
    """Texts."""

    grades: dict[str, Floats]
    """For each target a strength of each."""

    weights: Floats
    """How many headlines of the natural mix each stands for."""

    def sample(self, n: int) -> Mix:
        """Return n of them, drawn at random."""
        size = min(n, len(self.headlines))
        kept = np.random.default_rng(0).choice(len(self.headlines), size=size, replace=False)
        return Mix(
            [self.headlines[i] for i in kept],
            {target: grades[kept] for target, grades in self.grades.items()},
            self.weights[kept],
        )

    def on_scale(self, target: str, own: Floats, others: Floats) -> Floats:
        """Turn the numbers `others` into strengths, as those of the mix, `own`, tell."""
        return calibrated(others, beta_calibration(own, self.grades[target], self.weights))


def baseline_scores(rows: Rows, data: Path, headlines: list[str]) -> dict[str, dict[str, Floats]]:
    """Return for each baseline's name, and each target it tells of, strengths of the headlines.

    Args:
        rows: the training rows.
        data: directory of the corpora.
        headlines: n texts.

    Raises:
        MissingDataError: a corpus is not in the directory.
    """
    mix = natural_mix(rows)
    found = {
        "constant": constant(mix, len(headlines)),
        "Stop Clickbait linear": stop_clickbait(data, headlines),
        "lexicon": lexicon(mix, headlines),
        "VADER": vader(mix, headlines),
        "teacher": teacher(headlines, sources.HERE / "teacher_test.npz"),
    }
    return {name: scores for name, scores in found.items() if scores}


def natural_mix(rows: Rows) -> Mix:
    """Return the graded headlines that have a natural weight."""
    weights = np.array(rows.natural)
    kept = np.flatnonzero(weights)
    return Mix(
        [rows.headlines[i] for i in kept],
        {target: np.array(rows.grades[target])[kept] for target in TARGETS},
        weights[kept],
    )


def constant(mix: Mix, n: int) -> dict[str, Floats]:
    """Return the mean strength, n times."""
    return {
        target: np.full(n, np.average(grades, weights=mix.weights))
        for target, grades in mix.grades.items()
    }


def stop_clickbait(data: Path, headlines: list[str]) -> dict[str, Floats]:
    """Return the probabilities of a linear model of the Stop Clickbait labels."""
    texts, grades = sources.labelled("stopclickbait", data)
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    pipeline.fit(texts, np.array(grades["clickbait"]).astype(int))
    return {"clickbait": np.asarray(pipeline.predict_proba(headlines)[:, 1])}


def lexicon(mix: Mix, headlines: list[str]) -> dict[str, Floats]:
    """Return the strengths that counts of telling words make."""
    forms = read_thesaurus()
    return {
        target: mix.on_scale(
            target, log_counts(mix.headlines, forms[kind]), log_counts(headlines, forms[kind])
        )
        for target, kind in KINDS.items()
    }


def read_thesaurus() -> dict[str, set[str]]:
    """Return for each kind of word all its inflected forms."""
    forms: dict[str, set[str]] = {kind: set() for kind in KINDS.values()}
    for row in sources.read_own("thesaurus.csv"):
        forms[row["kind"]].update(row["forms"].split())
    return forms


def log_counts(headlines: list[str], forms: set[str]) -> Floats:
    """Return log(1 + number of words of each headline that are among the forms)."""
    return np.log1p([count(headline, forms) for headline in headlines])


def count(headline: str, forms: set[str]) -> int:
    """Count the words among the forms; "must-see" or "you'll" counts as one or by its parts."""
    words = _WORD.findall(normalise(headline).lower())
    return sum(
        1 if word in forms else sum(part in forms for part in re.split("['-]", word))
        for word in words
    )


def vader(mix: Mix, headlines: list[str]) -> dict[str, Floats]:
    """Return the strengths that sentiment, good or bad, makes; nothing without its package."""
    try:
        module = importlib.import_module("vaderSentiment.vaderSentiment")  # it has no types
    except ImportError:
        print("no baseline VADER: pip install vaderSentiment", file=sys.stderr)
        return {}
    analyzer, sample = module.SentimentIntensityAnalyzer(), mix.sample(VADER_ROWS)

    def extremes(texts: list[str]) -> Floats:
        return np.array([abs(analyzer.polarity_scores(text)["compound"]) for text in texts])

    own, others = extremes(sample.headlines), extremes(headlines)
    return {"sensationalism": sample.on_scale("sensationalism", own, others)}


def teacher(headlines: list[str], path: Path) -> dict[str, Floats]:
    """Return the teacher's grades; nothing if it graded not all of the headlines."""
    if not path.is_file():
        print(f"no baseline teacher: {path} is missing", file=sys.stderr)
        return {}
    with np.load(path, allow_pickle=False) as archive:
        graded = dict(zip(archive["key"].tolist(), archive["grades"].tolist(), strict=True))
    keys = [sources.number(headline) for headline in headlines]
    ungraded = sum(key not in graded for key in keys)
    if ungraded:
        print(f"no baseline teacher: {ungraded:,} headlines not in {path}", file=sys.stderr)
        return {}
    grades = np.array([graded[key] for key in keys]).reshape(-1, len(TARGETS))
    return {target: grades[:, i] for i, target in enumerate(TARGETS)}
