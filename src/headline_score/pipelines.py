"""Fitted scikit-learn pipelines as models, and models as such pipelines.

A pipeline becomes a model if `tfidf` can do what it does; else what it can't is named.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headline_score.arrays import LARGEST, array
from headline_score.calibration import IDENTITY, strength
from headline_score.errors import MissingExtraError, PipelineError
from headline_score.model import Model
from headline_score.model_file import MOST_LETTERS, Header, Parameters, Stored
from headline_score.result import is_target
from headline_score.tfidf import ACCENTS, MOST_WORDS, SHORTEST, Options
from headline_score.tfidf_file import TfidfParameters
from headline_score.tfidf_scorer import linked

try:
    import sklearn
    from sklearn.exceptions import NotFittedError
    from sklearn.feature_extraction.text import (
        CountVectorizer,
        TfidfTransformer,
        TfidfVectorizer,
    )
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.multioutput import MultiOutputClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import LabelBinarizer
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise MissingExtraError(
        "a scikit-learn pipeline", "sklearn", error.name or "scikit-learn"
    ) from None

Floats = NDArray[np.float64]

PATTERNS = {
    r"(?u)\b\w\w+\b": 2,
    r"\b\w\w+\b": 2,
    r"(?u)\b\w+\b": 1,
    r"\b\w+\b": 1,
    r"(?u)\w+": 1,
    r"\w+": 1,
}
"""By a known `token_pattern` the least number of letters of a token."""

_PLACE = "Pipeline(TfidfVectorizer or CountVectorizer, [TfidfTransformer,] classifier)"
_PROBES = 200  # terms of which texts are made to compare scores on
_CLOSE = 1e-6


def model_of(
    pipeline: Pipeline,
    targets: str | Sequence[str] | None = None,
    *,
    thresholds: Mapping[str, float] | None = None,
    precise_thresholds: Mapping[str, float] | None = None,
    version: str = "unversioned",
) -> Model:
    """Return the model with the scores of a fitted pipeline: see `Model.from_sklearn`."""
    vectorizer, transformer, classifier = _steps(pipeline)
    options = _options(vectorizer, transformer)
    coefficients, bias, link, classes = _weights(classifier)
    names = _names(targets, classes, bias)
    options = replace(options, link=link)

    vocabulary = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    if len(vocabulary) != len(coefficients):
        raise PipelineError(
            f"the vectorizer has {len(vocabulary):,} terms and the classifier weights for"
            f" {len(coefficients):,}: were they fitted together?"
        )
    idf = transformer.idf_ if transformer.use_idf else np.ones(len(vocabulary))
    # Of a fixed vocabulary some terms may be such as no text can have.
    find = SHORTEST[options.shortest].findall
    kept = np.array([bool(term) and " ".join(find(term)) == term for term in vocabulary])
    words = [term for term, keep in zip(vocabulary, kept, strict=True) if keep]
    if not words:
        raise PipelineError("the vectorizer has no term that its token_pattern finds")
    _check_size(words, len(names))

    chances = linked(bias.tolist(), link)  # of a text without a known word
    base_rates = np.clip([strength(chance, IDENTITY) for chance in chances], 1e-12, 1 - 1e-12)
    numbers: dict[str, Any] = {
        "idf": np.asarray(idf)[kept],
        "weights": coefficients[kept],
        "bias": bias,
        "base_rates": base_rates,
        "thresholds": _by_target("thresholds", thresholds, names, 0.5),
        "precise_thresholds": _by_target("precise_thresholds", precise_thresholds, names, 1.0),
        "calibration": np.repeat(np.array(IDENTITY)[:, None], len(names), axis=1),
    }
    stop_words = vectorizer.get_stop_words() or ()
    parameters = TfidfParameters(
        header=Header(
            targets=names,
            version=version,
            trained_with={
                "python": platform.python_version(),
                "numpy": np.__version__,
                "scikit-learn": sklearn.__version__,
            },
        ),
        options=options,
        words=words,
        stop_words=sorted(word for word in stop_words if find(word) == [word]),
        **{
            name: array(values.astype(np.float64).tobytes(), "d", values.shape)
            for name, values in numbers.items()
        },
    )
    model = Model(_checked(parameters))
    _compare(model, pipeline)
    return model


def pipeline_of(model: Model) -> Pipeline:
    """Return the fitted pipeline with the scores of a model: see `Model.to_sklearn`."""
    parameters: Stored = model.parameters
    if isinstance(parameters, Parameters):
        from headline_score.training import to_pipeline

        return to_pipeline(model)
    assert isinstance(parameters, TfidfParameters)
    options = parameters.options
    vectorizer = TfidfVectorizer(
        lowercase=options.lowercase,
        strip_accents=options.strip_accents,
        token_pattern=next(p for p, shortest in PATTERNS.items() if shortest == options.shortest),
        ngram_range=options.ngram_range,
        stop_words=parameters.stop_words or None,
        binary=options.binary,
        sublinear_tf=options.sublinear_tf,
        norm=options.norm,
        vocabulary=parameters.words,
    )
    vectorizer.idf_ = np.array(parameters.idf)
    weights, bias = np.array(parameters.weights), np.array(parameters.bias)
    return Pipeline([("tfidf", vectorizer), ("classifier", _classifier(model, weights, bias))])


def _classifier(model: Model, weights: Floats, bias: Floats) -> Any:
    assert isinstance(model.parameters, TfidfParameters)
    link, targets = model.parameters.options.link, np.array(model.targets)
    if link == "softmax":
        return _logistic(targets, weights.T, bias)
    each = [
        _logistic(np.array([0, 1]), w[None], b[None]) for w, b in zip(weights.T, bias, strict=True)
    ]
    if link == "normalised":
        classifier = OneVsRestClassifier(LogisticRegression())
        classifier.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(targets)
        # The binarizer sorts the classes, and these stay with their estimators.
        classifier.classes_ = classifier.label_binarizer_.classes_ = targets
    elif len(each) == 1:
        return each[0]
    else:
        classifier = MultiOutputClassifier(LogisticRegression())
        classifier.classes_ = [one.classes_ for one in each]
    classifier.estimators_ = each
    return classifier


def _logistic(classes: NDArray[Any], coefficients: Floats, intercept: Floats) -> LogisticRegression:
    classifier = LogisticRegression()
    classifier.classes_ = classes
    classifier.coef_ = np.ascontiguousarray(coefficients)
    classifier.intercept_ = intercept
    classifier.n_features_in_ = coefficients.shape[1]
    return classifier


def _steps(pipeline: Any) -> tuple[CountVectorizer, TfidfTransformer, Any]:
    """Return vectorizer, transformer and classifier of a fitted pipeline."""
    if type(pipeline) is not Pipeline:
        raise PipelineError(f"{_PLACE} is what can become a model, not {type(pipeline).__name__}")
    steps = [
        (name, step) for name, step in pipeline.steps if step is not None and step != "passthrough"
    ]
    kinds = [type(step) for _, step in steps]
    readers = ([TfidfVectorizer], [CountVectorizer, TfidfTransformer], [CountVectorizer])
    if kinds[:-1] not in readers:
        known = {kind for kinds in readers for kind in kinds}
        other = [(name, step) for name, step in steps[:-1] if type(step) not in known]
        wrong = "its steps are others"
        if other:
            wrong = (
                f"its step {other[0][0]!r}, of type {type(other[0][1]).__name__}, is unsupported"
            )
        raise PipelineError(f"only {_PLACE} can become a model: {wrong}")
    vectorizer, classifier = steps[0][1], steps[-1][1]
    try:
        for _, step in steps:
            check_is_fitted(step)
    except NotFittedError:
        raise PipelineError("the pipeline is not fitted: call its fit first") from None
    if kinds[0] is TfidfVectorizer:
        return vectorizer, vectorizer._tfidf, classifier
    if len(steps) == 3:
        return vectorizer, steps[1][1], classifier
    return vectorizer, TfidfTransformer(norm=None, use_idf=False), classifier


def _options(vectorizer: CountVectorizer, transformer: TfidfTransformer) -> Options:
    """Return the options of a recipe that a vectorizer follows, or name one that none has."""
    for name, supported in (
        ("input", "content"),
        ("analyzer", "word"),
        ("preprocessor", None),
        ("tokenizer", None),
    ):
        if getattr(vectorizer, name) != supported:
            raise _unsupported(vectorizer, name, f"only {supported!r}")
    if vectorizer.strip_accents not in ACCENTS:
        raise _unsupported(vectorizer, "strip_accents", "only 'ascii', 'unicode' and None")
    shortest = PATTERNS.get(vectorizer.token_pattern)
    if shortest is None:
        patterns = " and ".join(list(PATTERNS)[::2])
        raise _unsupported(vectorizer, "token_pattern", f"only {patterns}")
    low, high = map(int, vectorizer.ngram_range)
    if not 1 <= low <= high <= MOST_WORDS:
        raise _unsupported(vectorizer, "ngram_range", f"only from 1 to {MOST_WORDS} words")
    return Options(
        lowercase=bool(vectorizer.lowercase),
        strip_accents=vectorizer.strip_accents,
        shortest=shortest,
        ngram_range=(low, high),
        binary=bool(vectorizer.binary),
        sublinear_tf=bool(transformer.sublinear_tf),
        norm=transformer.norm,
    )


def _unsupported(step: object, name: str, but: str) -> PipelineError:
    value = repr(getattr(step, name))[:80]
    return PipelineError(
        f"{type(step).__name__}({name}={value}) is unsupported: a model file can hold {but}"
    )


def _weights(classifier: Any) -> tuple[Floats, Floats, str, list[Any] | None]:
    """Return coefficients, shape (n, t); intercepts, shape (t,); link; and classes, if known."""
    kind = type(classifier)
    if kind in (LogisticRegression, LogisticRegressionCV):
        return _of_logistic(classifier)
    if kind not in (MultiOutputClassifier, OneVsRestClassifier):
        raise PipelineError(
            f"a classifier of type {kind.__name__} is unsupported: a model has the weights of"
            " LogisticRegression or LogisticRegressionCV, one or more of them in"
            " MultiOutputClassifier or OneVsRestClassifier"
        )
    columns = []
    for each in classifier.estimators_:
        if type(each) not in (LogisticRegression, LogisticRegressionCV):
            raise PipelineError(
                f"{kind.__name__} of {type(each).__name__} is unsupported: a model has the weights"
                " of LogisticRegression, and needs both outcomes of each target"
            )
        if len(each.classes_) != 2:
            raise PipelineError(f"{kind.__name__} of targets with over two classes is unsupported")
        columns.append(_of_logistic(each)[:2])
    coefficients = np.hstack([weights for weights, _ in columns])
    bias = np.concatenate([intercept for _, intercept in columns])
    if kind is MultiOutputClassifier:
        return coefficients, bias, "logistic", None
    classes = list(classifier.classes_)
    if classifier.multilabel_ or len(columns) == 1:
        return coefficients, bias, "logistic", classes[-len(columns) :]
    return coefficients, bias, "normalised", classes


def _of_logistic(classifier: LogisticRegression) -> tuple[Floats, Floats, str, list[Any]]:
    classes = list(classifier.classes_)
    kind = getattr(classifier, "multi_class", "auto")  # till scikit-learn 1.7
    if len(classes) > 2:
        shared = "normalised" if kind == "ovr" or classifier.solver == "liblinear" else "softmax"
    else:
        if kind == "multinomial":
            raise _unsupported(classifier, "multi_class", "of two classes one logistic function")
        shared, classes = "logistic", classes[1:]
    # without fit_intercept it is one 0 for all
    bias = np.zeros(len(classes)) + classifier.intercept_
    return np.asarray(classifier.coef_).T, bias, shared, classes


def _names(
    given: str | Sequence[str] | None, classes: Sequence[Any] | None, bias: Floats
) -> tuple[str, ...]:
    found: Iterable[Any] = (given,) if isinstance(given, str) else given or classes or ()
    names = tuple(str(name) if isinstance(name, str) else name for name in found)
    if given is None and not all(isinstance(name, str) for name in names or (None,)):
        raise PipelineError(
            f"name what the pipeline predicts, as its classes have no names: targets=…, {len(bias)}"
            " of them"
        )
    if len(names) != len(bias):
        raise PipelineError(f"{len(names)} targets are named, and the pipeline has {len(bias)}")
    for name in names:
        if not is_target(name):
            raise PipelineError(f"{name!r} can't be a target's name: choose another by targets=…")
    return names


def _by_target(
    what: str, given: Mapping[str, float] | None, names: tuple[str, ...], default: float
) -> Floats:
    if other := set(given or {}) - set(names):
        raise PipelineError(f"{what}: {sorted(map(str, other))[0]!r} is no target of the pipeline")
    return np.array([float((given or {}).get(name, default)) for name in names])


def _check_size(terms: Sequence[str], targets: int) -> None:
    """Check that a file can hold so much."""
    most = min(TfidfParameters.MOST_WORDS["words"], (LARGEST // 2) // (8 * (1 + targets)))
    if len(terms) > most or sum(len(term.encode()) + 1 for term in terms) > MOST_LETTERS:
        raise PipelineError(
            f"{len(terms):,} terms are more than a model file can hold, which is {most:,} for so"
            f" many targets, of {MOST_LETTERS:,} bytes: fit with max_features, or a higher min_df"
        )


def _checked(parameters: TfidfParameters) -> TfidfParameters:
    """Return the parameters as a file of them would be read."""
    described = {
        **parameters.described,
        "targets": list(parameters.header.targets),
        "options": {
            **asdict(parameters.options),
            "ngram_range": list(parameters.options.ngram_range),
        },
    }
    try:
        return TfidfParameters.checked(described, parameters.arrays())
    except ValueError as error:
        raise PipelineError(f"the pipeline can't become a model: {error}") from error


def _compare(model: Model, pipeline: Pipeline) -> None:
    """Check scores against the pipeline's own: another scikit-learn may do other things."""
    terms = model.parameters.terms
    some = terms[:: max(1, len(terms) // _PROBES)]
    texts = ["", "Ça, 7 İ", *some, *map(" ".join, zip(some, some[1:], some[::-1], strict=False))]
    expected = pipeline.predict_proba(texts)
    if isinstance(expected, list):
        expected = np.column_stack([each[:, 1] for each in expected])
    elif expected.shape[1] != len(model.targets):
        expected = expected[:, 1:]
    found = np.column_stack(list(model.score_many(texts).values()))
    apart = np.abs(found - expected)
    if not apart.max() <= _CLOSE:
        text = texts[int(np.argmax(apart.max(axis=1)))]
        raise PipelineError(
            f"the model would score {text[:60]!r} {apart.max():.2g} away from the pipeline: an"
            " option of it is not known here"
        )
