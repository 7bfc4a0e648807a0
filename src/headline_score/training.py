"""Training a model from graded headlines. Needs the `train` extra; scoring never does.

A grade in [0, 1] is a strength, and each target is one logistic regression on it: a headline
of grade g counts as positive with weight g and as negative with weight 1 - g, which maximises
the likelihood of a fractional outcome (Papke & Wooldridge 1996, J. Appl. Econometrics 11).
"""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headline_score.arrays import KINDS, array
from headline_score.calibration import IDENTITY, calibrated
from headline_score.default import default_model
from headline_score.errors import MissingExtraError, TrainingError
from headline_score.evaluation import POSITIVE
from headline_score.features import (
    END,
    NAME,
    SHAPE,
    START,
    cue_pairs,
    is_word,
    shape,
    stem,
    terms,
    tokens,
)
from headline_score.model import Model
from headline_score.model_file import MOST_WEIGHTS, Header, Parameters, coded, decoded
from headline_score.result import is_target
from headline_score.text import normalise
from headline_score.vocabulary import BOUNDARY, FIRST_WORD

try:
    import scipy
    import sklearn
    from joblib import Parallel, delayed
    from scipy.optimize import minimize
    from scipy.sparse import csr_array, vstack
    from scipy.special import expit
    from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import precision_recall_curve
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import FunctionTransformer
    from threadpoolctl import threadpool_limits
except ImportError as error:
    raise MissingExtraError("training", "train", error.name or "scikit-learn") from None

Floats = NDArray[np.float64]
Read = tuple[str, list[str]]  # a normalised text, and its tokens
Calibration = tuple[float, float, float]

PRECISE = 0.9
"""Precision that the second threshold of a target is to have on out-of-fold predictions."""

CUE_WEIGHT = 0.7
"""Weight of a pair of cues beside that of other terms of like rarity."""

LEAST_SLOPE = 0.2
"""Least slope of the calibration at high log-odds, so that even the loudest can be told apart."""


def train(
    headlines: Iterable[str],
    grades: Mapping[str, ArrayLike],
    *,
    seed: int = 0,
    sample_weight: ArrayLike | None = None,
    groups: Sequence[object] | None = None,
    representative: ArrayLike | None = None,
    C: float | Mapping[str, float] = 5.0,
    min_df: int = 2,
    names: Iterable[str] | None = None,
    cues: Iterable[str] | None = None,
    version: str = "unversioned",
    n_jobs: int | None = None,
) -> Model:
    """Train a model on graded headlines.

    Five-fold cross-validation gives each headline an out-of-fold prediction. On these the
    strengths are calibrated (beta calibration) and the thresholds of best F1 and of precision 0.9
    found. With too few headlines for that, neither is done, and the
    thresholds are 0.5.

    Args:
        headlines: n texts.
        grades: for each target's name n strengths in [0, 1], or 0/1 labels; NaN: not graded.
        seed: of the random folds; the same data and seed give the same model.
        sample_weight: n weights, non-negative; by default all 1.
        groups: n labels; headlines of one group (a story, a publisher) share a fold. Headlines
            alike but for case and punctuation always do, that of the first one's group.
        representative: n weights, non-negative: how many of the headlines to be scored each one
            stands for, for base rates, calibration and thresholds; by default `sample_weight`.
        C: inverse strength of the L2 penalty, or one for each target.
        min_df: terms in fewer headlines are left out.
        names: lower-case words that count as names, all alike; by default the shipped model's.
        cues: lower-case words any two of which, wherever in a headline, make a term; by default
            the shipped model's.
        version: the model's own version, kept in its file.
        n_jobs: processes to fit in, as joblib counts them; the model does not depend on it.

    Raises:
        TrainingError: the data can't make a model; the message says which row or target.
    """
    if isinstance(headlines, str) or not isinstance(grades, Mapping):
        raise TrainingError("train() takes a column of headlines and, by target, columns of grades")
    texts = list(headlines)
    strengths = _checked(texts, grades)
    weights = _weights("sample_weight", sample_weight, np.ones(len(texts)))
    typical = _weights("representative", representative, weights)
    for target, column in zip(grades, strengths.T, strict=True):
        if not _both_outcomes(column, weights):
            raise TrainingError(f"target {target!r}: all grades are alike, or none is given")

    pipeline = make_pipeline(
        {name: _per_target(C, name) for name in grades},
        default_model().names if names is None else frozenset(_words("names", names)),
        default_model().cues if cues is None else _words("cues", cues),
        min_df,
        n_jobs,
    )
    try:
        matrix = csr_array(pipeline[:-1].fit_transform(texts))
    except ValueError as error:  # no text holds a word, or none twice
        raise TrainingError(
            f"no term is left to learn from: none is in min_df={min_df} headlines"
        ) from error
    if matrix.shape[1] * len(grades) > MOST_WEIGHTS:
        raise TrainingError(
            f"{matrix.shape[1]:,} terms for {len(grades):,} targets are more weights than the"
            f" {MOST_WEIGHTS:,} of a model file: raise min_df"
        )
    classifier = pipeline[-1]
    folds = assign_folds(texts, groups, seed)
    held_out = out_of_fold(classifier, matrix, strengths, weights, folds)
    classifier.fit(matrix, strengths, weights)

    thresholds, base_rates = [], []  # thresholds: of best F1, of precision 0.9
    for t, target in enumerate(grades):
        graded = (typical > 0) & ~np.isnan(strengths[:, t])
        y, w, logits = strengths[graded, t], typical[graded], held_out[graded, t]
        if not graded.any():
            raise TrainingError(f"target {target!r}: no representative headline is graded")
        base_rates.append(float(np.clip(np.average(y, weights=w), 1e-6, 1 - 1e-6)))
        if np.isfinite(logits).all() and _both_outcomes(y, w):
            classifier.calibrations_[t] = beta_calibration(logits, y, w)
            thresholds.append(_thresholds(calibrated(logits, classifier.calibrations_[t]), y, w))
        else:
            thresholds.append((0.5, 0.5))
    header = Header(
        targets=tuple(grades),
        version=version,
        rows=len(texts),
        data_sha256=data_sha256(texts, strengths),
        trained_with={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
    )
    return from_pipeline(pipeline, header, base_rates, thresholds)


class GradedLogisticRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """One scikit-learn `LogisticRegression` for each column of graded targets.

    `fit(X, Y)` takes Y of shape (n, targets), strengths in [0, 1], NaN where not graded;
    `predict(X)` gives strengths of that shape.
    """

    def __init__(self, C: Sequence[float], n_jobs: int | None = None) -> None:
        self.C = C
        self.n_jobs = n_jobs

    def fit(self, X: csr_array, y: Floats, sample_weight: Floats) -> GradedLogisticRegression:
        """Fit one logistic regression for each column of `y`; its strengths are not calibrated."""
        self.estimators_: list[LogisticRegression] = Parallel(n_jobs=self.n_jobs)(
            delayed(fit_fractional)(X, column, sample_weight, C)
            for column, C in zip(y.T, self.C, strict=True)
        )
        self.calibrations_ = [IDENTITY] * y.shape[1]
        return self

    def decision_function(self, X: csr_array) -> Floats:
        """Return the log-odds before calibration, shape (n, targets)."""
        return np.column_stack([each.decision_function(X) for each in self.estimators_])

    def predict(self, X: csr_array) -> Floats:
        """Return the strengths, shape (n, targets)."""
        return calibrated(self.decision_function(X), np.transpose(self.calibrations_))


def make_pipeline(
    C: Mapping[str, float],
    names: frozenset[str],
    cues: Iterable[str],
    min_df: int = 2,
    n_jobs: int | None = None,
) -> Pipeline:
    """Return the unfitted scikit-learn pipeline that a model is trained as."""
    features = FeatureUnion(
        [
            ("terms", TermVectorizer(tuple(cues), min_df)),
            ("shape", FunctionTransformer(_shapes)),
        ]
    )
    return Pipeline(
        [
            ("reader", Reader(names, min_df)),
            ("features", features),
            ("grades", GradedLogisticRegression(tuple(C.values()), n_jobs)),
        ]
    )


class Reader(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns texts into pairs of normalised text and tokens, unknown words as names.

    A word is known if it, or its stem, stands in at least `min_df` texts: the words of the
    vocabulary that is learnt from these tokens with that `min_df`.
    """

    def __init__(self, names: frozenset[str], min_df: int) -> None:
        self.names = names
        self.min_df = min_df

    def fit(self, X: Iterable[str], y: object = None) -> Reader:
        """Find the known words, `known_`."""
        texts: Counter[str] = Counter()
        for text in X:
            found = tokens(normalise(text), self.names)
            texts.update({*found, *map(stem, found)})
        known = frozenset(word for word, n in texts.items() if n >= self.min_df)
        if not any(map(is_word, known)):
            raise ValueError(f"no word is in {self.min_df} texts")
        self.known_: frozenset[str] | None = known
        return self

    def transform(self, X: Iterable[str]) -> list[Read]:
        """Return normalised text and tokens of each text."""
        return [(plain, tokens(plain, self.names, self.known_)) for plain in map(normalise, X)]


class TermVectorizer(TfidfVectorizer):  # type: ignore[misc]
    """TF-IDF of the terms of what a `Reader` read, pairs of cues at a weight of `CUE_WEIGHT`."""

    def __init__(
        self, cues: tuple[str, ...], min_df: int = 1, vocabulary: Sequence[str] | None = None
    ) -> None:
        super().__init__(binary=True, min_df=min_df, vocabulary=vocabulary)
        self.cues = cues

    def build_analyzer(self) -> Callable[[Read], list[str]]:
        """Return what gives the terms of a text."""
        numbers = {cue: number for number, cue in enumerate(self.cues)}
        return lambda read: [*terms(read[1]), *cue_pairs(read[1], numbers)]

    def fit(self, raw_documents: Iterable[Read], y: object = None) -> TermVectorizer:
        """Learn terms and inverse document frequencies."""
        super().fit(raw_documents)
        together = [" + " in term for term in self.get_feature_names_out()]
        rarity: Floats = super().idf_
        self.idf_ = rarity * np.where(together, CUE_WEIGHT, 1)
        return self

    def fit_transform(self, raw_documents: Iterable[Read], y: object = None) -> csr_array:
        """Return the matrix of the rows that it is fitted to."""
        return self.fit(raw_documents).transform(raw_documents)


def from_pipeline(
    pipeline: Pipeline,
    header: Header,
    base_rates: Sequence[float],
    thresholds: Sequence[tuple[float, float]],
) -> Model:
    """Return the model with the weights of a fitted `make_pipeline` pipeline, a byte for each."""
    reader, vectorizer = pipeline[0], pipeline[1].transformer_list[0][1]
    coefficients = np.vstack([each.coef_ for each in pipeline[-1].estimators_]).T
    columns = {term: i for i, term in enumerate(vectorizer.get_feature_names_out())}
    words = sorted({NAME, *(term for term in columns if " " not in term)})
    cues = list(vectorizer.cues)
    row = {word: i for i, word in enumerate(words, FIRST_WORD)} | {START: BOUNDARY, END: BOUNDARY}
    number = {cue: i for i, cue in enumerate(cues)}
    first_cue = FIRST_WORD + len(words)
    pairs: list[tuple[int, int, str]] = []  # left and right member, term
    for term in columns:
        one, _, other = term.partition(" + ")
        left, _, right = term.partition(" ")
        if other:
            pairs.append((first_cue + number[one], number[other], term))
        elif right:
            pairs.append((row[left], row[right], term))
    pairs.sort()
    # -1: NAME, if no text has a name
    at = [columns.get(term, -1) for term in [*words, *(term for *_, term in pairs)]]
    absent = np.array(at) < 0
    codes, scale = coded(np.where(absent[:, None], 0, coefficients[at]))
    lefts = np.bincount([left for left, *_ in pairs], minlength=first_cue + len(cues))
    found: dict[str, NDArray[Any]] = {
        "starts": np.concatenate([[0], np.cumsum(lefts)]).astype(np.int32),
        "rights": np.array([right for _, right, _ in pairs], np.int32),
        "idf": np.where(absent, 0, vectorizer.idf_[at]).astype(np.float32),
        "codes": codes,
        "scale": scale,
        "shape_weights": coefficients[-len(SHAPE) :],
        "bias": np.concatenate([each.intercept_ for each in pipeline[-1].estimators_]),
        "base_rates": np.array(base_rates),
        "thresholds": np.array([best_f1 for best_f1, _ in thresholds]),
        "precise_thresholds": np.array([precise for _, precise in thresholds]),
        "calibration": np.transpose(pipeline[-1].calibrations_),
    }
    arrays: dict[str, Any] = {
        name: array(values.tobytes(), KINDS[values.dtype.str], values.shape)
        for name, values in found.items()
    }
    return Model(
        Parameters(header=header, words=words, names=sorted(reader.names), cues=cues, **arrays)
    )


def to_pipeline(model: Model) -> Pipeline:
    """Return the fitted scikit-learn pipeline of a model: the reference its scores are held to.

    Its strengths are the model's own, but for texts without a known word: to those the model
    gives its base rates.
    """
    parameters = model.parameters
    if not isinstance(parameters, Parameters):
        raise TypeError("this model is none of the recipe that is trained here")
    pipeline = make_pipeline(dict.fromkeys(model.targets, 1.0), model.names, model.cues)
    pipeline[0].known_ = frozenset(parameters.words)
    vectorizer = pipeline[1].transformer_list[0][1]
    vectorizer.set_params(vocabulary=parameters.terms)
    vectorizer.idf_ = np.asarray(parameters.idf).astype(np.float64)
    weights = decoded(np.asarray(parameters.codes), np.asarray(parameters.scale))
    coefficients = np.vstack([weights, np.asarray(parameters.shape_weights)])
    pipeline[-1].estimators_ = []
    pipeline[-1].calibrations_ = list(zip(*parameters.calibration.tolist(), strict=True))
    for weights, bias in zip(coefficients.T, parameters.bias, strict=True):
        estimator = LogisticRegression()
        estimator.classes_ = np.array([0, 1])
        estimator.coef_ = np.ascontiguousarray(weights[None, :])
        estimator.intercept_ = np.array([bias])
        pipeline[-1].estimators_.append(estimator)
    return pipeline


def data_sha256(texts: Sequence[str], strengths: Floats) -> str:
    """Return the SHA-256 of training data: a JSON-like line a headline, in order."""
    digest = hashlib.sha256()
    for text, row in zip(texts, strengths.tolist(), strict=True):
        digest.update(f"{text!a},{row}\n".encode())
    return digest.hexdigest()


def _shapes(texts: Iterable[Read]) -> Floats:
    return np.array([shape(plain, len(found)) for plain, found in texts])


def beta_calibration(logits: Floats, y: Floats, w: Floats) -> Calibration:
    """Return the coefficients of `calibrated` that make held-out log-odds fit their grades best.

    Beta calibration (Kull, Silva Filho & Flach 2017, AISTATS) for fractional grades `y` and weights
    `w`. Platt's smoothing of the outcomes (1999, Advances in Large Margin Classifiers) keeps the
    coefficients finite where the grades can be told apart perfectly.
    """
    positive, negative = float(np.sum(w * y)), float(np.sum(w * (1 - y)))
    low, high = 1 / (negative + 2), (positive + 1) / (positive + 2)
    smoothed, share = low + (high - low) * y, w / np.sum(w)

    def fit(columns: list[Floats], least: list[float | None]) -> list[float]:
        X = np.column_stack(columns)

        def loss(coefficients: Floats) -> tuple[float, Floats]:
            z = X @ coefficients
            gradient = X.T @ (share * (expit(z) - smoothed))
            return float(np.sum(share * (np.logaddexp(0, z) - smoothed * z))), gradient

        start, bounds = (
            [1.0 if each is not None else 0.0 for each in least],
            [(x, None) for x in least],
        )
        with threadpool_limits(limits=1):  # as in fit_fractional
            found = minimize(loss, start, jac=True, method="L-BFGS-B", tol=1e-12, bounds=bounds)
        return list(found.x.tolist())

    softplus, ones = np.logaddexp(0, logits), np.ones_like(logits)
    a, b, c = fit([logits - softplus, softplus, ones], [0.0, LEAST_SLOPE, None])
    if a > 0:
        return a, b, c
    slope, c = fit([logits, ones], [0.0, None])  # 0: what can't be learnt is not learnt inverted
    return slope, slope, c


def fit_fractional(X: csr_array, y: Floats, w: Floats, C: float) -> LogisticRegression:
    """Fit a logistic regression on strengths `y`; rows of weight 0 or grade NaN do not count.

    The L2 penalty is one step of adaptive ridge (Grandvalet 1998, ICANN): after a first fit with
    the same penalty for all terms, it is the less for a term the more that term weighed. So what
    tells much is shrunk less than the many terms that tell hardly anything.
    """
    positive, negative = w * np.nan_to_num(y) > 0, w * (1 - np.nan_to_num(y, nan=1.0)) > 0
    outcomes = np.repeat([1, 0], [positive.sum(), negative.sum()])
    weights = np.concatenate([(w * y)[positive], (w * (1 - y))[negative]])
    # More than one BLAS thread would add in an order of its own, and change the last bits.
    with threadpool_limits(limits=1):
        rows = vstack([X[positive], X[negative]], format="csr")
        first = LogisticRegression(C=C, tol=1e-5, max_iter=5000).fit(rows, outcomes, weights)
        scale = _leniency(first.coef_[0])
        rows.data *= scale[rows.indices]  # which is to divide the penalty by its square
        fitted = LogisticRegression(C=C, tol=1e-6, max_iter=5000).fit(rows, outcomes, weights)
    fitted.coef_ *= scale
    return fitted


def _leniency(first: Floats) -> Floats:
    """Return how much less each term is to be shrunk; the squares are 1 on average."""
    size = np.abs(first)
    scale = np.sqrt(size + size.mean())
    return scale / np.sqrt(np.mean(scale**2)) if scale.any() else np.ones_like(scale)


def out_of_fold(
    classifier: GradedLogisticRegression,
    X: csr_array,
    Y: Floats,
    w: Floats,
    folds: NDArray[np.intp],
) -> Floats:
    """Return each row's log-odds from a fit without its fold; NaN where that can't be."""
    jobs = [(fold, t) for fold in np.unique(folds) for t in range(Y.shape[1])]
    jobs = [(fold, t) for fold, t in jobs if _both_outcomes(Y[folds != fold, t], w[folds != fold])]
    fits = Parallel(n_jobs=classifier.n_jobs)(
        delayed(fit_fractional)(X[folds != fold], Y[folds != fold, t], w[folds != fold], C)
        for fold, t in jobs
        for C in [classifier.C[t]]
    )
    logits = np.full(Y.shape, np.nan)
    for (fold, t), fit in zip(jobs, fits, strict=True):
        logits[folds == fold, t] = fit.decision_function(X[folds == fold])
    return logits


def assign_folds(texts: list[str], groups: Sequence[object] | None, seed: int) -> NDArray[np.intp]:
    """Return each row's fold, rows of a group and near-identical headlines together."""
    twins = [" ".join(filter(is_word, tokens(normalise(text)))) for text in texts]
    if not any(twins):
        raise TrainingError("no term is left to learn from: no headline holds a word")
    labels = list(twins)
    if groups is not None:
        groups = list(groups)
        if len(groups) != len(texts):
            raise TrainingError(f"{len(groups)} groups for {len(texts)} headlines")
        first = dict(zip(reversed(twins), (str(g) for g in reversed(groups)), strict=True))
        labels = [first[twin] for twin in twins]
    codes = np.unique(labels, return_inverse=True)[1]
    folds = np.zeros(len(texts), np.intp)
    n_folds = min(5, codes.max() + 1)
    if n_folds > 1:
        splitter = GroupKFold(n_folds, shuffle=True, random_state=seed)
        for fold, (_, test) in enumerate(splitter.split(codes, groups=codes)):
            folds[test] = fold
    return folds


def _weights(name: str, given: ArrayLike | None, default: Floats) -> Floats:
    if given is None:
        return default
    try:
        weights = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != default.shape or not ((weights >= 0) & np.isfinite(weights)).all():
        raise TrainingError(f"{name} must be {len(default)} non-negative numbers")
    return weights


def _thresholds(p: Floats, y: Floats, w: Floats) -> tuple[float, float]:
    """Return the threshold of best F1, and the lowest from there on of precision `PRECISE`.

    Where nothing is positive they are 0.5; where no threshold is as precise, the second is 1.
    """
    if not (y >= POSITIVE).any():
        return 0.5, 0.5
    precision, recall, thresholds = precision_recall_curve(y >= POSITIVE, p, sample_weight=w)
    precision, recall = precision[:-1], recall[:-1]  # the last point has no threshold
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best_f1 = int(np.argmax(f1))
    precise = thresholds[best_f1:][precision[best_f1:] >= PRECISE]
    return float(thresholds[best_f1]), float(precise[0]) if precise.size else 1.0


def _both_outcomes(y: Floats, w: Floats) -> bool:
    return bool(np.nansum(w * y) > 0 and np.nansum(w * (1 - y)) > 0)


def _words(name: str, given: Iterable[str]) -> list[str]:
    """Return words, once each, or say which of them no text can hold."""
    if isinstance(given, str):
        raise TrainingError(f"{name} must be several words, not one text")
    words = list(dict.fromkeys(given))
    for word in words:
        if not isinstance(word, str) or (tokens(word) != [word] and word != NAME):
            raise TrainingError(f"{name}: {word!r} is no lower-case word as headlines are read")
        if not word.isprintable():
            raise TrainingError(f"{name}: {word!r} can't be written")
    return words


def _per_target(C: float | Mapping[str, float], target: str) -> float:
    value = C.get(target) if isinstance(C, Mapping) else C
    if value is None or not value > 0:
        raise TrainingError(f"target {target!r}: C must be a positive number, not {value}")
    return value


def _checked(texts: list[str], grades: Mapping[str, Any]) -> Floats:
    """Return the grades as an array of shape (n, targets), or say what is wrong with them."""
    if not texts:
        raise TrainingError("there is no headline to train on")
    if not grades:
        raise TrainingError("there is no target to train for")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise TrainingError(f"headline {row} (from 0) is {type(text).__name__}, not str")
    columns = []
    for target, values in grades.items():
        if not is_target(target):
            raise TrainingError(f"{target!r} can't be a target's name: choose another")
        try:
            column = np.array(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise TrainingError(f"target {target!r}: {error}") from None
        if column.shape != (len(texts),):
            raise TrainingError(
                f"target {target!r}: grades of shape {column.shape} for {len(texts)} headlines"
            )
        wrong = np.flatnonzero((column < 0) | (column > 1))
        if wrong.size:
            raise TrainingError(
                f"target {target!r}: grade {column[wrong[0]]:g} of headline {wrong[0]} (from 0)"
                " is outside [0, 1]: divide grades by the top of their scale"
            )
        columns.append(column)
    return np.column_stack(columns)
