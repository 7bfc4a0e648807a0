import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from sklearn import metrics as reference

from headline_score import HeadlineScoreError, default_model
from headline_score.evaluation import (
    Evaluation,
    evaluate,
    evaluate_strengths,
    precision_recall_curve,
)

Floats = NDArray[np.float64]
HEADLINES = [
    "Harbour board approves ferry timetable",
    "You won't BELIEVE what this ferry did next!",
    "Tram line could close by autumn, sources say",
    "Librarian retires after forty years",
]


def drawn(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Return n grades, and predictions that agree with them somewhat."""
    random = np.random.default_rng(seed)
    y = random.integers(4, size=n) / 3
    return y, np.clip(0.2 + 0.5 * y + random.normal(0, 0.15, n), 0, 1)


def values(y: ArrayLike, p: ArrayLike, threshold: float = 0.5) -> dict[str, float]:
    y, p = np.array(y, np.float64), np.array(p, np.float64)
    result = evaluate_strengths(y, p, threshold=threshold, resamples=0)
    return {name: metric.value for name, metric in result.metrics.items()}


@settings(deadline=None, max_examples=100)
# Coarse values, so that strengths tie with each other and with the threshold.
@given(
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=2, max_size=40),
    threshold=st.integers(0, 12),
)
def test_metrics_are_those_of_scikit_learn(pairs: list[tuple[int, int]], threshold: int) -> None:
    y, p = np.array([a for a, _ in pairs]) / 3, np.array([b for _, b in pairs]) / 12
    positive, flagged = y >= 0.5, p >= threshold / 12
    found = values(y, p, threshold / 12)
    undefined = {"zero_division": np.nan}
    expected = {
        "MSE": reference.mean_squared_error(y, p),
        "R2": reference.r2_score(y, p) if len(set(y)) > 1 else math.nan,
        "AUC": reference.roc_auc_score(positive, p) if len(set(positive)) > 1 else math.nan,
        "F1": reference.f1_score(positive, flagged, **undefined),
        "precision": reference.precision_score(positive, flagged, **undefined),
        "recall": reference.recall_score(positive, flagged, **undefined),
        "Brier": reference.brier_score_loss(positive, p, pos_label=True),
    }
    assert {name: found[name] for name in expected} == pytest.approx(
        expected, abs=1e-9, nan_ok=True
    )


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=1, max_size=40))
def test_precision_and_recall_are_those_of_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    positive = np.array([True, *(a for a, _ in pairs)])
    p = np.array([7, *(b for _, b in pairs)]) / 12
    precision, recall, thresholds = reference.precision_recall_curve(positive, p)
    # The last point, of precision 1, is a convention: no threshold has it.
    expected = precision[:-1], recall[:-1], thresholds
    for found, wanted in zip(precision_recall_curve(positive, p), expected, strict=True):
        assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    ("y", "p", "ece"),
    [
        # One bin of mean strength 0.15 and half the grades 1, one of 0.95 and all of them 1.
        ([0, 1, 1, 1], [0.12, 0.18, 0.92, 0.98], (0.35 + 0.05) / 2),
        # Errors in one bin cancel out, errors in two don't.
        ([0, 1], [0.52, 0.58], 0.05),
        ([0, 1], [0.42, 0.58], 0.42),
        # 1.0 has no bin of its own.
        ([1, 1], [0.96, 1.0], 0.02),
        ([1 / 3, 2 / 3], [1 / 3, 2 / 3], 0),
    ],
)
def test_the_calibration_error_is_the_mean_gap_of_ten_bins(
    y: list[float], p: list[float], ece: float
) -> None:
    assert values(y, p)["ECE"] == pytest.approx(ece)


def test_calibrated_strengths_have_almost_no_calibration_error() -> None:
    random = np.random.default_rng(1)
    p = random.random(100_000)
    y = (random.random(100_000) < p).astype(np.float64)
    assert values(y, p)["ECE"] < 0.01
    assert values(y, p * p)["ECE"] > 0.1


@pytest.mark.parametrize("name", ["MSE", "R2", "AUC", "F1", "precision", "recall", "Brier"])
def test_an_interval_contains_its_estimate_and_narrows_with_more_rows(name: str) -> None:
    few, many = (
        evaluate_strengths(*drawn(n), threshold=0.5, resamples=300).metrics[name]
        for n in (60, 2000)
    )
    assert few.low < few.value < few.high
    assert many.low < many.value < many.high
    assert many.high - many.low < (few.high - few.low) / 2


def test_an_interval_is_as_wide_as_theory_says() -> None:
    y, p = drawn(1000)
    mse = evaluate_strengths(y, p, threshold=0.5, resamples=2000).metrics["MSE"]
    expected = 2 * 1.96 * np.std((y - p) ** 2) / np.sqrt(1000)
    assert mse.high - mse.low == pytest.approx(expected, rel=0.1)


def test_the_seed_alone_decides_the_intervals() -> None:
    def again(seed: int) -> Evaluation:
        return evaluate_strengths(*drawn(100), threshold=0.5, resamples=250, seed=seed)

    assert again(1) == again(1)
    assert again(1).metrics["MSE"].low != again(2).metrics["MSE"].low
    assert again(1).metrics["MSE"].value == again(2).metrics["MSE"].value


def test_what_is_not_defined_with_one_class_is_nan_and_the_rest_is_not() -> None:
    result = evaluate_strengths(
        np.zeros(5), np.array([0.1, 0.2, 0.3, 0.4, 0.6]), threshold=0.5, resamples=100
    )
    missing = {name for name, metric in result.metrics.items() if math.isnan(metric.value)}
    assert missing == {"AUC", "R2", "recall"}
    assert str(result.metrics["AUC"]) == "–"
    assert result.metrics["precision"].value == 0


def test_headlines_without_a_grade_are_left_out() -> None:
    model = default_model()
    grades = {"clickbait": [0, 1, math.nan, 1 / 3], "speculation": [math.nan, 0, 1, math.nan]}
    results = evaluate(model, HEADLINES, grades, resamples=50)
    assert (results["clickbait"].n, results["clickbait"].positives) == (3, 1)
    assert (results["speculation"].n, results["speculation"].positives) == (2, 1)
    kept = [HEADLINES[0], HEADLINES[1], HEADLINES[3]]
    alone = evaluate(model, kept, {"clickbait": [0, 1, 1 / 3]}, resamples=50)
    assert results["clickbait"] == alone["clickbait"]


def test_a_model_is_evaluated_at_its_own_strengths_and_threshold() -> None:
    model = default_model()
    grades = [0.0, 1.0, 0.0, 0.0]
    result = evaluate(model, HEADLINES, {"clickbait": grades}, resamples=0)["clickbait"]
    strengths = model.score_many(HEADLINES)["clickbait"]
    assert result.threshold == model.thresholds["clickbait"]
    assert result.metrics["MSE"].value == pytest.approx(np.mean((strengths - grades) ** 2))
    assert result.metrics["AUC"].value == 1


@pytest.mark.parametrize(
    ("grades", "message"),
    [
        ({"shouting": [0, 1, 0, 1]}, "no target 'shouting', only: clickbait"),
        ({"clickbait": [math.nan] * 4}, "'clickbait': no headline is graded"),
        ({"clickbait": [0, 1]}, "'clickbait': .* 4 headlines"),
    ],
)
def test_grades_that_do_not_fit_are_an_error(grades: dict[str, list[float]], message: str) -> None:
    with pytest.raises(HeadlineScoreError, match=message):
        evaluate(default_model(), HEADLINES, grades)


def test_a_weight_of_two_is_the_headline_twice() -> None:
    y, p = np.array([0.0, 1.0, 0.7, 0.1, 0.4]), np.array([0.1, 0.8, 0.3, 0.4, 0.6])
    weights = np.array([1, 2, 1, 3, 0])
    weighted = evaluate_strengths(y, p, threshold=0.5, sample_weight=weights, resamples=0)
    repeated = evaluate_strengths(
        np.repeat(y, weights), np.repeat(p, weights), threshold=0.5, resamples=0
    )
    for name, metric in repeated.metrics.items():
        assert weighted.metrics[name].value == pytest.approx(metric.value), name
