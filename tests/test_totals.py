"""Totals of terms over many headlines are the sums of what explanations say of each."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from headline_score import Model
from headline_score.result import Summed

ODD = ["Café may close!", "zxqvwk", "shocking " * 200, "Ferry\x00 fiasco", "😱 港口 may shock"]


def check_totals(model: Model, texts: list[str]) -> None:
    totals = model.term_totals()
    block: list[str | None] = [*texts, None]
    scores = model.score_and_total(block, totals)
    assert np.array_equal(scores, model.score_block(block), equal_nan=True)
    nothing = np.zeros(len(model.targets))
    expected: dict[str, Any] = {}
    for text in texts:
        for t, part in enumerate(model.explain(text).parts):
            for c in part.contributions:
                sums = expected.setdefault(c.term, nothing.copy())
                sums[t] += c.log_odds
    summed = model.term_contributions(totals)
    assert all(isinstance(feature, Summed) for feature in summed)
    found = {term: sums for term, _, sums in summed}
    assert totals.headlines == sum(model.explain(text).coverage > 0 for text in texts)
    for term in expected.keys() | found.keys():
        assert found.get(term, nothing) == pytest.approx(expected.get(term, nothing), abs=1e-9), (
            term
        )


@given(texts=st.lists(st.from_type(str), max_size=8))
def test_of_any_text(small: Model, texts: list[str]) -> None:
    check_totals(small, texts)


def test_of_the_shipped_model(shipped: Model, headlines: list[str]) -> None:
    check_totals(shipped, [*headlines[::20], *ODD])


@pytest.mark.parametrize("classes", [2, 3])
def test_of_a_model_from_a_pipeline(classes: int, headlines: list[str]) -> None:
    texts = headlines[:300]
    pipeline = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression())
    pipeline.fit(texts, [len(text) % classes for text in texts])
    names = ("a", "b", "c")[:classes] if classes > 2 else ("a",)
    check_totals(Model.from_sklearn(pipeline, names), [*headlines[::40], *ODD])
