"""`HeadlineScores` among scikit-learn's own: its checks, and the ways people compose it."""

import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import SkipTestWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from headline_score import Model, ModelFileError, score_many
from headline_score.integrations.sklearn import HeadlineScores

TARGETS = ["clickbait", "speculation", "sensationalism"]
TEXTS = ["Harbour may close", "SHOCKING ferry fiasco!", "Why you can't miss this", "Ferry resumes"]
WORDS = ["the", "why", "may", "you", "SHOCKING", "?", "slams", "could", "this", "naïve", "port"]


class OfNumbers(HeadlineScores):
    """`HeadlineScores` of made-up headlines, a word for each number.

    scikit-learn's checks make matrices of numbers, and skip what takes texts.
    """

    def fit(self, X: Any = None, y: object = None) -> "OfNumbers":
        validate_data(self, X)
        super().fit(X, y)
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        numbers = validate_data(self, X, reset=False)
        words = [[WORDS[hash(number) % len(WORDS)] for number in row] for row in numbers.tolist()]
        return super().transform([" ".join(row) for row in words])

    def __sklearn_tags__(self) -> Any:
        tags: Any = super().__sklearn_tags__()
        tags.input_tags.one_d_array = tags.input_tags.string = tags.input_tags.allow_nan = False
        tags.input_tags.two_d_array = tags.requires_fit = True
        return tags


@parametrize_with_checks([OfNumbers(), OfNumbers(coverage=True)])  # type: ignore[untyped-decorator]
def test_scikit_learns_checks_of_what_it_does_with_rows(estimator: Any, check: Any) -> None:
    check(estimator)


def test_scikit_learns_checks_leave_out_by_its_tags_what_has_no_texts() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        results = check_estimator(HeadlineScores(), on_fail="raise")
    assert {result["status"] for result in results} <= {"passed", "skipped"}
    tags: Any = HeadlineScores().__sklearn_tags__()
    assert tags.input_tags.string
    assert not tags.requires_fit


@pytest.mark.parametrize(
    "column",
    [
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        np.array(TEXTS, dtype=object)[:, None],
        pd.Series(TEXTS, index=[9, 8, 7, 6]),
        pd.DataFrame({"title": TEXTS}),
        pl.Series(TEXTS),
        pl.DataFrame({"title": TEXTS}),
    ],
    ids=lambda column: type(column).__name__,
)
def test_a_column_of_any_kind_gives_the_scores_of_score_many(column: Any) -> None:
    expected = score_many(TEXTS, coverage=True)
    found = HeadlineScores().transform(column)
    assert found.dtype == np.float64
    assert np.array_equal(found, np.column_stack([expected[target] for target in TARGETS]))
    with_coverage = HeadlineScores(coverage=True).fit(column).transform(column)
    assert np.array_equal(with_coverage, np.column_stack(list(expected.values())))


@pytest.mark.parametrize(
    "column",
    [
        np.array(["Ferry resumes", None, np.nan], dtype=object),
        pd.Series(["Ferry resumes", None, pd.NA], dtype="string"),
        pd.DataFrame({"title": ["Ferry resumes", None, float("nan")]}),
    ],
)
def test_a_missing_headline_gives_a_row_of_nan(column: Any) -> None:
    found = HeadlineScores(coverage=True).transform(column)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    "wrong", ["Ferry resumes", pd.DataFrame({"a": TEXTS, "b": TEXTS}), [TEXTS], np.eye(3)]
)
def test_what_is_no_column_of_headlines_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"column|not str"):
        HeadlineScores().transform(wrong)


def test_a_model_of_ones_own_by_object_or_path(small: Model, tmp_path: Path) -> None:
    small.save(tmp_path / "small.npz")
    expected = np.column_stack(list(small.score_many(TEXTS).values()))
    for given in (small, tmp_path / "small.npz", str(tmp_path / "small.npz")):
        scores = HeadlineScores(given)
        assert list(scores.get_feature_names_out()) == ["loud", "open question"]
        assert np.array_equal(scores.transform(TEXTS), expected)
    fitted = HeadlineScores(tmp_path / "small.npz").fit()
    (tmp_path / "small.npz").unlink()
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).transform(TEXTS), expected)
    with pytest.raises(ModelFileError, match=r"small\.npz"):
        HeadlineScores(tmp_path / "small.npz").fit(TEXTS)


def test_a_clone_shares_the_model(small: Model) -> None:
    cloned = clone(HeadlineScores(small, coverage=True))
    assert cloned.get_params()["model"] is small
    assert cloned.coverage


def test_set_output_names_columns_and_keeps_the_index() -> None:
    titles = pd.Series(TEXTS, index=[9, 8, 7, 6])
    frame = HeadlineScores(coverage=True).set_output(transform="pandas").fit_transform(titles)
    assert list(frame.columns) == [*TARGETS, "coverage"]
    assert list(frame.index) == [9, 8, 7, 6]
    polars = HeadlineScores().set_output(transform="polars").fit_transform(TEXTS)
    assert polars.columns == TARGETS


def test_it_composes(contrast: list[dict[str, str]]) -> None:
    rows = contrast[:300]
    table = pd.DataFrame(
        {"title": [r["headline"] for r in rows], "n": [len(r["headline"]) for r in rows]}
    )
    y = np.array([int(r["sensationalism"]) >= 2 for r in rows])
    columns = ColumnTransformer(
        [("scores", HeadlineScores(), "title"), ("n", "passthrough", ["n"])]
    )
    assert columns.set_output(transform="pandas").fit_transform(table).columns.tolist() == [
        *(f"scores__{target}" for target in TARGETS),
        "n__n",
    ]
    both = FeatureUnion([("scores", HeadlineScores()), ("words", TfidfVectorizer())])
    pipeline = make_pipeline(both, LogisticRegression()).fit(table.title, y)
    assert pipeline.score(table.title, y) > 0.8
    restored = pickle.loads(pickle.dumps(pipeline))
    assert np.array_equal(restored.predict_proba(table.title), pipeline.predict_proba(table.title))
    search = GridSearchCV(
        Pipeline([("scores", HeadlineScores()), ("classifier", LogisticRegression())]),
        {"scores__coverage": [False, True], "classifier__C": [0.1, 10.0]},
        cv=3,
    ).fit(table.title, y)
    assert search.best_score_ > 0.8
    missing = [None, *table.title[1:]]
    trees = make_pipeline(HeadlineScores(), HistGradientBoostingClassifier()).fit(missing, y)
    assert trees.score(missing, y) > 0.8


@pytest.mark.parametrize(
    "code",
    [
        "import headline_score.integrations.sklearn",
        "headline_score.default_model().to_sklearn()",
        "headline_score.Model.from_sklearn(None)",
    ],
)
def test_without_scikit_learn_it_says_what_to_install(code: str) -> None:
    program = f"""
import sys
sys.modules["sklearn"] = None  # as if not installed
import headline_score
try:
    {code}
except headline_score.MissingExtraError as error:
    print(error)"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith('pip install "headline-score[sklearn]"')
    assert "sklearn" in done.stdout
