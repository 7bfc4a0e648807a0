"""A fitted scikit-learn pipeline becomes a model with its scores, and a model a pipeline."""

import json
import pickle
import subprocess
import sys
import warnings
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer
from sklearn.feature_extraction.text import TfidfVectorizer as Tfidf
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from headline_score import Model, PipelineError
from headline_score.calibration import calibrated
from headline_score.evaluation import evaluate
from headline_score.tfidf import Options
from headline_score.tfidf_file import TfidfParameters
from headline_score.tfidf_scorer import OTHERS

TARGETS = ("clickbait", "speculation", "sensationalism")
# Words that lower case, accents and n-grams make something of.
_PIECES = """the The THE may why you won't CAFÉ café cafe Straße STRASSE İstanbul Σας ΣΑΣ ﬁnal
ferry ferry. SHOCKING shocking naïve e\u0301 n\u0303 ℡ Ⅷ 港口 порт x_y \ud83d \u200b – ½ 7 a I ?"""
PIECES = _PIECES.split()
TEXTS = st.lists(
    st.from_type(str) | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join), max_size=20
)
WORDS_OF_ONE = r"(?u)\b\w+\b"


@pytest.fixture(scope="module")
def texts(headlines: list[str]) -> list[str]:
    more = [" ".join(PIECES[i:] + PIECES[:i]) for i in range(0, len(PIECES), 3)]
    return [*headlines[:600], *more * 3]


def labels(texts: list[str]) -> NDArray[np.int_]:
    """Return three 0/1 columns that words have to do with."""
    return np.array([[len(t) % 2, "the" in t.lower(), "?" in t or len(t) > 70] for t in texts], int)


def kinds(texts: list[str]) -> list[str]:
    """Return one of three classes for each text."""
    return [("plain", "asking", "long")[int(y) + int(z)] for _, y, z in labels(texts)]


CLASSIFIERS: dict[str, Any] = {
    "one": LogisticRegression(C=10, class_weight="balanced"),
    "one, by cross-validation": LogisticRegressionCV(Cs=2, cv=2),
    "no intercept": LogisticRegression(fit_intercept=False),
    "each by itself": MultiOutputClassifier(LogisticRegression(C=10)),
    "labels": OneVsRestClassifier(LogisticRegression(C=10)),
    "one of three": LogisticRegression(C=10),
    "one against the rest": OneVsRestClassifier(LogisticRegression(C=10)),
}
READERS: dict[str, list[Any]] = {
    "default": [Tfidf()],
    "case": [Tfidf(lowercase=False)],
    "accents": [Tfidf(strip_accents="unicode", token_pattern=WORDS_OF_ONE)],
    "ascii": [Tfidf(strip_accents="ascii", lowercase=False)],
    "pairs": [Tfidf(ngram_range=(1, 2), min_df=2, token_pattern=WORDS_OF_ONE)],
    "pairs alone": [Tfidf(ngram_range=(2, 3), max_features=500)],
    "stop words": [Tfidf(stop_words="english", ngram_range=(1, 2))],
    "own stop words": [Tfidf(stop_words=["the", "may", "won", "t", "a b"], max_df=0.9)],
    "binary": [Tfidf(binary=True, norm="l1")],
    "sublinear": [Tfidf(sublinear_tf=True, smooth_idf=False)],
    "no norm": [Tfidf(norm=None, use_idf=False)],
    "float32": [Tfidf(dtype=np.float32)],
    "vocabulary": [Tfidf(vocabulary=["the", "ferry", "may", "a b", "new\nline", "", "港口", "?"])],
    "counts": [CountVectorizer(token_pattern=WORDS_OF_ONE)],
    "counts, then TF-IDF": [CountVectorizer(binary=True), TfidfTransformer(norm="l1")],
    "a gap": ["passthrough", Tfidf()],
}


def fitted(reader: str, classifier: str, texts: list[str]) -> tuple[Pipeline, tuple[str, ...]]:
    """Return a fitted pipeline, and names of its targets."""
    steps = READERS[reader]
    y: Any = labels(texts)
    names: tuple[str, ...] = TARGETS
    if classifier in ("one of three", "one against the rest"):
        y, names = kinds(texts), ("asking", "long", "plain")
    elif "one" in classifier or classifier == "no intercept":
        y, names = y[:, 1], ("clickbait",)
    pipeline = make_pipeline(*steps, CLASSIFIERS[classifier])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of defaults that will change
        pipeline.fit(texts, y)
    return pickle.loads(pickle.dumps(pipeline)), names


COMBINATIONS = [
    *((reader, "one") for reader in READERS),
    *(("default", classifier) for classifier in CLASSIFIERS),
    *(("pairs", classifier) for classifier in ("each by itself", "one of three")),
    ("sublinear", "labels"),
    ("no norm", "one against the rest"),
    ("no norm", "one of three"),
]
Pair = tuple[Model, Pipeline]


@pytest.fixture(scope="module", params=COMBINATIONS, ids=" and ".join)
def pair(request: pytest.FixtureRequest, texts: list[str]) -> Pair:
    pipeline, names = fitted(request.param[0], request.param[1], texts)
    model = Model.from_sklearn(pipeline, names, version="mine")
    assert model.targets == names
    return model, pipeline


def chances(pipeline: Pipeline, texts: list[str], targets: int) -> NDArray[np.float64]:
    """Return the probabilities that a pipeline gives, shape (n, targets)."""
    found = pipeline.predict_proba(texts)
    if isinstance(found, list):
        return np.column_stack([each[:, 1] for each in found])
    return np.asarray(found[:, -targets:])


@settings(max_examples=25)  # for each pair
@given(texts=TEXTS.filter(len))
@example(
    texts=["", "  ", "@@@", "the", "the the THE may the ferry", "İ Σ ℡ É", "a" * 9999, "7 a I"]
)
@example(texts=["e" + "\u0301" * 50_000, "the " * 9999])
def test_scores_are_the_pipelines(pair: Pair, texts: list[str]) -> None:
    model, pipeline = pair
    columns = model.score_many(texts, coverage=True)
    coverage = columns.pop("coverage")
    found = np.column_stack(list(columns.values()))
    np.testing.assert_allclose(found, chances(pipeline, texts, len(model.targets)), 0, 1e-6)
    scores = [model.score(text) for text in texts]
    assert [score.coverage for score in scores] == coverage.tolist()
    by_one = [score.strengths for score in scores]
    np.testing.assert_allclose(found, by_one, rtol=0, atol=1e-12)


@settings(max_examples=25)
@given(text=...)
@example(text="The the may: why the ferry? Naïve İ e\u0301")
def test_contributions_are_exact_and_have_their_places(pair: Pair, text: str) -> None:
    model, _ = pair
    score, explanation = model.score(text), model.explain(text)
    assert explanation.coverage == score.coverage
    parameters = model.parameters
    assert isinstance(parameters, TfidfParameters)
    for target, part in explanation.items():
        assert part.strength == pytest.approx(score[target], abs=1e-9)
        total = part.bias + fsum(c.log_odds for c in part.contributions)
        assert calibrated(total, part.calibration) == pytest.approx(score[target], abs=1e-9)
        for c in part.contributions:
            assert c.term in parameters.words or c.term == OTHERS
            assert bool(c.spans) == (c.term != OTHERS)
            assert all(0 <= start < end <= len(text) for start, end in c.spans)
    if parameters.options.link == "logistic":
        assert all(c.term != OTHERS for part in explanation.parts for c in part.contributions)


def test_places_hold_the_terms(texts: list[str]) -> None:
    vectorizer = Tfidf(strip_accents="unicode", stop_words=["of"], ngram_range=(1, 2))
    titles = [*texts, "End of the naïve ferry", "End of the naïve ferry"]
    pipeline = make_pipeline(vectorizer, LogisticRegression()).fit(titles, labels(titles)[:, 1])
    text = "İf you see: the END of the NAÏVE ferry, the\u0301 end"
    why = Model.from_sklearn(pipeline, "loud").explain(text)
    places = {c.term: [text[i:j] for i, j in c.spans] for c in why.loud.contributions}
    assert places["the"] == ["the", "the", "the\u0301"]
    assert places["naive ferry"] == ["NAÏVE ferry"]
    assert places["end the"] == ["END of the"]  # the stop word between is left out


@settings(max_examples=25)
@given(texts=TEXTS.filter(len), at=st.integers(0, 20))
def test_a_headlines_scores_have_the_same_bits_in_any_company(
    pair: Pair, texts: list[str], at: int
) -> None:
    model, _ = pair
    whole = model.score_many([*texts, "The ferry may, why? the the", None])
    first, rest = (
        model.score_many(texts[:at]),
        model.score_many([*texts[at:], "The ferry may, why? the the", None]),
    )
    for target in model.targets:
        parts = np.concatenate([first[target], rest[target]])
        assert np.array_equal(parts, whole[target], equal_nan=True)


def test_a_file_of_it_scores_alike_without_scikit_learn(
    pair: Pair, texts: list[str], tmp_path: Path
) -> None:
    model, _ = pair
    model.save(tmp_path / "model.npz")
    loaded = Model.load(tmp_path / "model.npz")
    again = pickle.loads(pickle.dumps(loaded))
    for other in (loaded, again):
        assert (other.targets, other.version) == (model.targets, "mine")
        assert other.header == model.header
        assert [other.score(text) for text in texts[:50]] == [model.score(t) for t in texts[:50]]
        ours, theirs = model.score_many(texts), other.score_many(texts)
        assert all(np.array_equal(ours[target], theirs[target]) for target in model.targets)
        other.save(tmp_path / "again.npz")
        assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "model.npz").read_bytes()


def test_a_model_and_its_pipeline_are_each_others(pair: Pair, texts: list[str]) -> None:
    model, pipeline = pair
    back = model.to_sklearn()
    targets = len(model.targets)
    np.testing.assert_allclose(
        chances(back, texts, targets), chances(pipeline, texts, targets), rtol=0, atol=1e-6
    )
    again = Model.from_sklearn(back, model.targets, version="mine")
    for name in ("options", "words", "stop_words", "idf", "weights", "bias"):
        assert getattr(again.parameters, name) == getattr(model.parameters, name)
    assert pickle.loads(pickle.dumps(back)).predict(texts[:9]).shape[0] == 9


def test_the_shipped_models_pipeline_gives_its_strengths(
    shipped: Model, headlines: list[str]
) -> None:
    found = shipped.to_sklearn().predict(headlines[:200])
    expected = np.column_stack(list(shipped.score_many(headlines[:200]).values()))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_the_order_of_words_does_not_matter_to_words_alone(texts: list[str]) -> None:
    pipeline, targets = fitted("default", "one", texts)
    model = Model.from_sklearn(pipeline, targets)
    for text in texts[:20]:
        words = text.split()
        assert model.score(" ".join(words[::-1])) == model.score(" ".join(words))


def test_a_text_without_a_known_word_scores_what_the_intercepts_say(texts: list[str]) -> None:
    pipeline, names = fitted("stop words", "each by itself", texts)
    model = Model.from_sklearn(pipeline, names)
    for text in ("", "the of and", "zxqvwk"):
        score = model.score(text)
        assert score.coverage == 0
        assert score.flags() == []
        assert dict(score) == model.base_rates
        assert not any(part.contributions for part in model.explain(text).parts)
        assert model.explain(text).clickbait.strength == pytest.approx(score.clickbait, abs=1e-12)
    assert model.score("ferry zxqvwk zxqvwk the").coverage == pytest.approx(1 / 3)


def test_coverage_counts_words_of_known_pairs(texts: list[str]) -> None:
    titles = ["ferry may close", "ferry may open", *texts]
    pipeline = make_pipeline(
        Tfidf(ngram_range=(2, 2), vocabulary=["ferry may"]), LogisticRegression()
    ).fit(titles, labels(titles)[:, 1])
    model = Model.from_sklearn(pipeline, "loud")
    assert model.score("The ferry may close").coverage == 0.5
    assert model.score_many(["The ferry may close", "ferry"], coverage=True)[
        "coverage"
    ].tolist() == [0.5, 0]


def test_classes_name_the_targets(texts: list[str]) -> None:
    named = ["news" if y else "bait" for y in labels(texts)[:, 1]]
    pipeline = make_pipeline(Tfidf(), LogisticRegression()).fit(texts, named)
    assert Model.from_sklearn(pipeline).targets == ("news",)
    assert Model.from_sklearn(pipeline, "clickbait").targets == ("clickbait",)
    of_three, _ = fitted("default", "one of three", texts)
    model = Model.from_sklearn(of_three)
    assert model.targets == ("asking", "long", "plain")
    assert sum(model.score("The ferry may close").values()) == pytest.approx(1, abs=1e-12)


def test_thresholds_are_those_given(texts: list[str]) -> None:
    pipeline, names = fitted("default", "each by itself", texts)
    model = Model.from_sklearn(pipeline, names)
    assert set(model.thresholds.values()) == {0.5}
    assert set(model.precise_thresholds.values()) == {1.0}
    model = Model.from_sklearn(
        pipeline, names, thresholds={"clickbait": 0.2}, precise_thresholds={"clickbait": 0.3}
    )
    assert model.thresholds == {"clickbait": 0.2, "speculation": 0.5, "sensationalism": 0.5}
    assert model.precise_thresholds["clickbait"] == 0.3
    with pytest.raises(PipelineError, match="precise one is below"):
        Model.from_sklearn(pipeline, names, thresholds={"clickbait": 2.0})
    with pytest.raises(PipelineError, match="'bait' is no target"):
        Model.from_sklearn(pipeline, names, thresholds={"bait": 0.2})


def split_by_blanks(text: str) -> list[str]:
    return text.split()


def lower(text: str) -> str:
    return text.lower()


class Other(Tfidf):  # type: ignore[misc]
    """A vectorizer that may do anything."""


UNSUPPORTED: dict[str, tuple[list[Any], str]] = {
    "tokenizer": ([Tfidf(tokenizer=split_by_blanks, token_pattern=None)], "tokenizer="),
    "preprocessor": ([Tfidf(preprocessor=lower)], "preprocessor="),
    "analyzer": ([Tfidf(analyzer="char")], "analyzer='char'"),
    "char_wb": ([Tfidf(analyzer="char_wb")], "analyzer='char_wb'"),
    "own analyzer": ([Tfidf(analyzer=split_by_blanks)], "analyzer="),
    "accents": ([Tfidf(strip_accents=lower)], "strip_accents="),
    "pattern": ([Tfidf(token_pattern=r"[a-z]+")], r"token_pattern='\[a-z\]\+'"),
    "long n-grams": ([Tfidf(ngram_range=(1, 11))], r"ngram_range=\(1, 11\)"),
    "subclass": ([Other()], "type Other"),
    "hashing": ([HashingVectorizer(n_features=99)], "type HashingVectorizer"),
    "another step": ([Tfidf(), TruncatedSVD(3)], "'truncatedsvd', of type TruncatedSVD"),
    "TF-IDF twice": ([Tfidf(), TfidfTransformer()], "steps are others"),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_a_model_can_not_do_is_named(case: str, texts: list[str]) -> None:
    steps, named = UNSUPPORTED[case]
    pipeline = make_pipeline(*steps, LogisticRegression()).fit(texts, labels(texts)[:, 1])
    with pytest.raises(PipelineError, match=named):
        Model.from_sklearn(pipeline, "clickbait")


def test_classifiers_that_a_model_can_not_do_are_named(texts: list[str]) -> None:
    y, three = labels(texts), kinds(texts)
    for classifier, given_y, named in (
        (RidgeClassifier(), y[:, 1], "RidgeClassifier"),
        (CalibratedClassifierCV(LogisticRegression(), cv=2), y[:, 1], "CalibratedClassifierCV"),
        (MultiOutputClassifier(RidgeClassifier()), y, "MultiOutputClassifier of RidgeClassifier"),
        (MultiOutputClassifier(LogisticRegression()), np.array([three, three]).T, "two classes"),
    ):
        pipeline = make_pipeline(Tfidf(), classifier).fit(texts, given_y)
        with pytest.raises(PipelineError, match=named):
            Model.from_sklearn(pipeline, TARGETS)


def test_what_is_no_fitted_pipeline_is_refused(texts: list[str]) -> None:
    y = labels(texts)[:, 1]
    unfitted: Any = make_pipeline(Tfidf(), LogisticRegression())
    with pytest.raises(PipelineError, match="not fitted"):
        Model.from_sklearn(unfitted, "loud")
    with pytest.raises(PipelineError, match="not LogisticRegression"):
        Model.from_sklearn(LogisticRegression())
    pipeline = unfitted.fit(texts, y)
    with pytest.raises(PipelineError, match="name what the pipeline predicts"):
        Model.from_sklearn(pipeline)
    with pytest.raises(PipelineError, match="2 targets are named, and the pipeline has 1"):
        Model.from_sklearn(pipeline, ["a", "b"])
    for name in ("coverage", "a\nb", ""):
        with pytest.raises(PipelineError, match="can't be a target's name"):
            Model.from_sklearn(pipeline, [name])
    other = make_pipeline(Tfidf(min_df=3), LogisticRegression()).fit(texts, y)
    with pytest.raises(PipelineError, match="fitted together"):
        Model.from_sklearn(Pipeline([pipeline.steps[0], other.steps[1]]), "loud")
    pipeline[-1].coef_[0, 0] = np.nan
    with pytest.raises(PipelineError, match="NaN"):
        Model.from_sklearn(pipeline, "loud")


def test_more_terms_than_a_file_can_hold_are_refused(texts: list[str]) -> None:
    vocabulary = [f"{chr(0x4E00 + i)}" * 4000 for i in range(1500)]  # 18 MB
    pipeline = make_pipeline(Tfidf(vocabulary=vocabulary), LogisticRegression())
    pipeline.fit([*vocabulary[:2], *texts[:50]], [0, 1] * 26)
    with pytest.raises(PipelineError, match="max_features"):
        Model.from_sklearn(pipeline, "loud")


def test_a_pipeline_that_scores_otherwise_than_it_says_is_refused(
    texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = make_pipeline(Tfidf(), LogisticRegression()).fit(texts, labels(texts)[:, 1])
    monkeypatch.setattr(pipeline[0], "build_analyzer", lambda: lambda _: ["the"])
    with pytest.raises(PipelineError, match="away from the pipeline"):
        Model.from_sklearn(pipeline, "loud")


@pytest.mark.parametrize(
    "change",
    [
        {"lowercase": 1},
        {"strip_accents": "none"},
        {"strip_accents": []},
        {"shortest": 3},
        {"shortest": True},
        {"shortest": 2.0},
        {"ngram_range": [1]},
        {"ngram_range": [0, 1]},
        {"ngram_range": [2, 1]},
        {"ngram_range": [1, 11]},
        {"ngram_range": [1, 10**9]},
        {"ngram_range": "12"},
        {"ngram_range": None},
        {"binary": None},
        {"norm": "max"},
        {"link": "probit"},
        {"more": 1},
    ],
    ids=repr,
)
def test_options_of_a_file_are_checked(change: dict[str, object]) -> None:
    good = {**vars(Options()), "ngram_range": [1, 1]}
    assert Options.checked(good) == Options()
    with pytest.raises(ValueError, match="option"):
        Options.checked({**good, **change})
    with pytest.raises(ValueError, match="option"):
        Options.checked(list(good))


@pytest.fixture(scope="module")
def saved(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "mine.npz"
    pipeline, names = fitted("pairs", "each by itself", texts)
    Model.from_sklearn(pipeline, names).save(path)
    return path


def test_it_loads_and_scores_without_numpy_and_many_without_scikit_learn(saved: Path) -> None:
    code = f"""
import sys
from headline_score import Model
model = Model.load({str(saved)!r})
model.score("The ferry may close"), model.explain("The ferry may close")
print("numpy" in sys.modules)
model.score_many(["The ferry may close", None])
print("sklearn" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_workers_score_alike(saved: Path, texts: list[str]) -> None:
    model = Model.load(saved)
    alone, together = model.score_many(texts), model.score_many(texts, workers=2)
    assert all(np.array_equal(alone[target], together[target]) for target in model.targets)


def test_it_is_evaluated_as_any_model(saved: Path, texts: list[str]) -> None:
    grades = dict(zip(TARGETS, labels(texts).T.astype(float), strict=True))
    results = evaluate(Model.load(saved), texts, grades, resamples=10)
    assert results["speculation"].metrics["AUC"].value > 0.9


def test_the_command_takes_it(saved: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "headline_score", *arguments, "--model", str(saved)]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=100
        ).stdout

    assert list(json.loads(run("The ferry may close", "--json"))) == [
        "headline",
        *TARGETS,
        "coverage",
    ]
    assert "ferry   4-9" in run("explain", "The ferry may close")
    (tmp_path / "news.csv").write_text("title,clickbait\nThe ferry may close,1\nFerry opens,0\n")
    assert run("batch", "news.csv", "--prefix", "mine ").startswith(
        "title,clickbait,mine clickbait"
    )
    assert "AUC" in run("evaluate", "news.csv", "--resamples", "10", "--target", "clickbait")
