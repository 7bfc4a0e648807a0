"""The shipped scorer against scikit-learn: one is numpy alone, the other is what was trained."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headline_score import Model
from headline_score.features import SHAPE
from headline_score.model_file import Header, coded, decoded
from headline_score.training import from_pipeline, make_pipeline, to_pipeline

TARGETS = ("clickbait", "speculation")
CUES = ("<name>", "?", "the", "why", "this", "may", "to", "you", ":", "their", "a", "how", "will")
TEXTS = st.lists(st.from_type(str), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def reference(shipped: Model) -> Any:
    return to_pipeline(shipped)


@pytest.fixture(scope="module")
def fresh(contrast: list[dict[str, str]]) -> tuple[Model, Any]:
    """A model, and the very pipeline that was fitted to make it, with weights of a byte each."""
    rows = contrast[:600]
    pipeline = make_pipeline(
        {"clickbait": 5.0, "speculation": 1.0}, frozenset({"china", "ann"}), CUES
    )
    grades = np.array([[int(row[target]) / 3 for target in TARGETS] for row in rows])
    texts = [row["headline"] for row in rows]
    pipeline.fit(texts, grades, grades__sample_weight=np.ones(len(rows)))
    for estimator in pipeline[-1].estimators_:
        weights = estimator.coef_[:, : -len(SHAPE)]
        weights[:] = decoded(*coded(weights.T)).T
    header = Header(targets=TARGETS)
    return from_pipeline(pipeline, header, [0.2, 0.3], [(0.5, 0.8), (0.5, 0.8)]), pipeline


def check(model: Model, pipeline: Any, texts: Sequence[str]) -> int:
    """Compare strengths; return how many texts had a known word."""
    scores = [model.score(text) for text in texts]
    strengths = np.column_stack(list(model.score_many(texts).values()))
    by_score = np.array([score.strengths for score in scores])
    np.testing.assert_allclose(strengths, by_score, rtol=0, atol=1e-12)
    read = np.array([score.coverage > 0 for score in scores])
    expected = np.where(read[:, None], pipeline.predict(texts), list(model.base_rates.values()))
    np.testing.assert_allclose(strengths, expected, rtol=0, atol=1e-6)
    return int(read.sum())


def test_a_weight_is_stored_as_the_nearest_that_a_byte_can_tell() -> None:
    weights = np.random.default_rng(0).standard_t(3, (4000, 2))
    stored = decoded(*coded(weights))
    steps = np.sqrt(np.abs(weights) * np.abs(weights).max(axis=0)) / 127
    assert (np.abs(stored - weights) <= 1.01 * steps + 1e-3).all()
    assert (np.sign(stored) * np.sign(weights) >= 0).all()
    assert decoded(*coded(stored)).tolist() == stored.tolist()
    assert decoded(*coded(np.zeros((3, 1)))).tolist() == [[0.0]] * 3


@given(texts=TEXTS)
def test_the_shipped_model_scores_any_text_as_scikit_learn_does(
    shipped: Model, reference: Any, texts: list[str]
) -> None:
    check(shipped, reference, texts)


@given(texts=TEXTS)
def test_a_trained_model_scores_any_text_as_its_pipeline_does(
    fresh: tuple[Model, Any], texts: list[str]
) -> None:
    check(*fresh, texts)


def test_headlines_score_as_in_scikit_learn(
    shipped: Model, reference: Any, fresh: tuple[Model, Any], small: Model, headlines: list[str]
) -> None:
    assert check(shipped, reference, headlines) > 0.999 * len(headlines)  # some hold only names
    assert check(*fresh, headlines) > 6000
    assert check(small, to_pipeline(small), headlines) > 6000


def test_shuffled_words_score_as_in_scikit_learn(
    shipped: Model, reference: Any, fresh: tuple[Model, Any], headlines: list[str]
) -> None:
    chosen = random.Random(5)
    words = " ".join(headlines).split()
    change = (str, str.upper, str.lower, lambda word: f"{word}!", lambda word: f"“{word}”…")
    texts = [
        " ".join(chosen.choice(change)(w) for w in chosen.choices(words, k=chosen.randrange(40)))
        for _ in range(3000)
    ]
    assert check(shipped, reference, texts) > 2500
    assert check(*fresh, texts) > 2500
