from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray

from headline_score import Model, TrainingError
from headline_score.model_file import ARRAYS
from headline_score.training import train

PLACES = ("harbour", "library", "stadium", "museum", "airport", "market", "bridge", "school")
NEWS = ("closes", "reopens", "expands", "moves")
TIMES = ("today", "in spring", "next week", "for good", "again", "after repairs")
TINY = [f"{place} fiasco" for place in PLACES[:6]] + [f"{place} opens" for place in PLACES[:6]]
LOUD = [1.0] * 6 + [0.0] * 6


def generated(word: str) -> list[str]:
    return [f"{p} {n} {word} {t}" for p in PLACES for n in NEWS for t in TIMES]


SURELY, MAYBE = generated("surely"), generated("maybe")
TEXTS = SURELY + MAYBE
DOUBT = np.repeat([0.0, 1.0], len(SURELY))


def weights_of(model: Model) -> list[bytes]:
    p = model.parameters
    arrays = [getattr(p, name) for name in ARRAYS]
    return [array.tobytes() for array in arrays]


def test_a_learnt_word_moves_the_score_its_way() -> None:
    model = train(TEXTS, {"doubt": DOUBT})
    for place in ("harbour", "zoo"):
        maybe = model.score(f"{place} maybe closes").doubt
        assert maybe > 0.9 > 0.1 > model.score(f"{place} surely closes").doubt
    first = model.explain("harbour maybe closes").doubt.contributions[0]
    assert "maybe" in first.term
    assert first.log_odds > 0
    assert 0 < model.thresholds["doubt"] < 1


def test_the_precise_threshold_is_never_the_lower_one() -> None:
    for labels in (DOUBT, np.where(DOUBT, 2 / 3, 1 / 6)):
        model = train(TEXTS, {"doubt": labels})
        assert model.thresholds["doubt"] <= model.precise_thresholds["doubt"] <= 1
        for text in ("harbour maybe closes", "harbour surely closes", "harbour"):
            score = model.score(text)
            assert set(score.flags(precise=True)) <= set(score.flags())


@pytest.mark.parametrize("as_column", [tuple, np.array, pl.Series, lambda c: pd.Series(c, c[::-1])])
def test_targets_have_any_names_and_grades_and_groups_are_any_columns(
    as_column: Callable[[Any], Any],
) -> None:
    names, groups = ("too loud", "über", "x"), [*range(6), *range(6)]
    model = train(iter(TINY), {n: as_column(LOUD) for n in names}, groups=as_column(groups))
    labels = {name: [y == 1 for y in LOUD] for name in names}
    assert weights_of(model) == weights_of(train(TINY, labels, groups=groups))
    assert list(model.score_many(TINY)) == list(names)
    assert model.score(TINY[0])["too loud"] > 0.5 > model.score(TINY[-1])["too loud"]


def test_fractional_grades_are_met_on_average() -> None:
    model = train(TEXTS, {"doubt": np.where(DOUBT, 2 / 3, 1 / 6)})
    assert model.base_rates["doubt"] == pytest.approx(5 / 12)
    assert model.score_many(MAYBE)["doubt"].mean() == pytest.approx(2 / 3, abs=0.05)
    assert model.score_many(SURELY)["doubt"].mean() == pytest.approx(1 / 6, abs=0.05)


@pytest.mark.parametrize("target", ["clickbait", "speculation", "sensationalism"])
def test_strengths_of_unseen_headlines_are_calibrated(
    contrast: list[dict[str, str]], target: str
) -> None:
    seen, unseen = contrast[:2000], contrast[2000:4000]
    texts, families = ([row[column] for row in seen] for column in ("headline", "family"))
    model = train(texts, {target: [int(row[target]) / 3 for row in seen]}, groups=families)
    strengths = model.score_many(row["headline"] for row in unseen)[target]
    truth = np.array([int(row[target]) / 3 for row in unseen])
    assert strengths.mean() == pytest.approx(truth.mean(), abs=0.08)
    assert np.mean((strengths - truth) ** 2) < 0.9 * truth.var()
    assert strengths[truth > 0.5].mean() > strengths[truth == 0].mean() + 0.1


def test_an_ungraded_headline_counts_for_no_target_it_lacks() -> None:
    doubt, other = DOUBT.copy(), np.arange(len(TEXTS)) % 2.0
    doubt[::3] = np.nan
    model = train(TEXTS, {"doubt": doubt, "other": other})
    assert model.base_rates["doubt"] == pytest.approx(np.nanmean(doubt))
    assert model.score("harbour maybe closes").doubt > 0.9
    alone = train(TEXTS, {"doubt": doubt})
    assert np.array_equal(alone.score_many(TEXTS)["doubt"], model.score_many(TEXTS)["doubt"])


def test_grades_of_weight_0_do_not_matter() -> None:
    ignored = np.arange(len(TEXTS)) % 4 == 0
    weight = np.where(ignored, 0.0, 2.0)
    wrong = np.where(ignored, 1 - DOUBT, DOUBT)
    right = train(TEXTS, {"doubt": DOUBT}, sample_weight=weight)
    assert weights_of(train(TEXTS, {"doubt": wrong}, sample_weight=weight)) == weights_of(right)
    assert weights_of(train(TEXTS, {"doubt": wrong})) != weights_of(right)


def test_representative_weights_set_the_level() -> None:
    noisy = np.where(np.arange(len(TEXTS)) % 5 == 0, 1 - DOUBT, DOUBT)
    weight = np.where(noisy, 0.1, 1.0)
    even = train(TEXTS, {"doubt": noisy})
    rare = train(TEXTS, {"doubt": noisy}, representative=weight)
    assert even.base_rates["doubt"] == pytest.approx(noisy.mean())
    assert rare.base_rates["doubt"] == pytest.approx(np.average(noisy, weights=weight))
    for model, weights in ((even, None), (rare, weight)):
        mean = np.average(model.score_many(TEXTS)["doubt"], weights=weights)
        assert mean == pytest.approx(model.base_rates["doubt"], abs=0.03)


def gap(model: Model, texts: list[str], grades: dict[str, NDArray[np.float64]]) -> float:
    """Return by how much the model scores what it was taught is high above what is low."""
    [(target, grade)] = grades.items()
    strengths = model.score_many(texts)[target]
    return float(strengths[grade == 1].mean() - strengths[grade == 0].mean())


def test_groups_keep_a_story_out_of_its_own_validation() -> None:
    # Each story has a word of its own that tells its random grade; no other word tells anything.
    stories = [f"{PLACES[i % 8]} news about item{chr(97 + i)}" for i in range(24)]
    texts = [f"{story} {time}" for story in stories for time in TIMES]
    groups = np.repeat(np.arange(24), len(TIMES))
    grades = {"random": (groups * 7 % 5 < 2).astype(float)}
    assert gap(train(texts, grades), texts, grades) > 0.9
    assert -0.01 < gap(train(texts, grades, groups=groups.tolist()), texts, grades) < 0.3


@pytest.mark.parametrize(
    "twin", [str, str.upper, lambda text: f"“{text}!”", lambda text: text.replace(" ", " – ")]
)
def test_twins_of_a_headline_do_not_validate_each_other(twin: Callable[[str], str]) -> None:
    # Grades are random, so that only knowing a headline's twin could tell its grade.
    random = np.random.default_rng(3)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    once = ["".join(random.choice(letters, 6)) + " shuts" for _ in range(150)]
    texts = [*once, *map(twin, once)]
    grades = {"random": np.tile(random.integers(0, 2, 150).astype(float), 2)}
    assert -0.01 < gap(train(texts, grades), texts, grades) < 0.3


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_the_same_data_and_seed_give_the_same_file(
    tmp_path: Path, contrast: list[dict[str, str]], n_jobs: int | None
) -> None:
    rows = contrast[:300]
    texts = [row["headline"] for row in rows]
    grades = {t: [int(row[t]) / 3 for row in rows] for t in ("speculation", "sensationalism")}

    def trained(seed: int, n_jobs: int | None = None) -> bytes:
        path = tmp_path / "model.npz"
        train(texts, grades, seed=seed, n_jobs=n_jobs).save(path)
        return path.read_bytes()

    assert trained(1, n_jobs) == trained(1)
    assert trained(2) != trained(1)


def test_a_model_tells_what_it_was_trained_on() -> None:
    model = train(TINY, {"loud": LOUD}, version="2.1")
    assert model.version == "2.1"
    assert model.header.rows == 12
    assert {"python", "numpy", "scipy", "scikit-learn"} == set(model.header.trained_with)
    others = [
        train(TINY, {"loud": [0.9, *LOUD[1:]]}),
        train([*TINY[:-1], "museum opens"], {"loud": LOUD}),
        train([*TINY, "zoo"], {"loud": [*LOUD, np.nan]}),
    ]
    assert len({model.header.data_sha256, *(m.header.data_sha256 for m in others)}) == 4
    assert train(TINY, {"loud": LOUD}, seed=9).header.data_sha256 == model.header.data_sha256


@pytest.mark.parametrize("groups", [None, ["one story"] * 12])
@pytest.mark.parametrize("headline", ["museum fiasco", "\ud800 fiasco", ""])
def test_tiny_data_trains(headline: str, groups: list[str] | None, tmp_path: Path) -> None:
    model = train([headline, *TINY[1:]], {"loud": LOUD}, groups=groups)
    model.save(tmp_path / "tiny.npz")
    loaded = Model.load(tmp_path / "tiny.npz")
    assert loaded.score("port fiasco").loud > loaded.score("port opens").loud
    assert loaded.thresholds == model.thresholds


@pytest.mark.parametrize(
    ("headlines", "grades", "message"),
    [
        ([], {"loud": []}, "no headline"),
        (TINY, {}, "no target"),
        (TINY, {"loud": LOUD[1:]}, r"'loud': grades of shape \(11,\) for 12 headlines"),
        (TINY, {"loud": [LOUD] * 12}, r"shape \(12, 12\)"),
        (TINY, {"loud": [*LOUD[:-1], 3]}, r"grade 3 of headline 11 .*divide"),
        (TINY, {"fine": LOUD, "loud": [-0.1, *LOUD[1:]]}, r"'loud': grade -0.1 of headline 0"),
        (TINY, {"loud": [float("inf"), *LOUD[1:]]}, r"grade inf of headline 0"),
        (TINY, {"loud": ["high", *LOUD[1:]]}, "'loud'"),
        (TINY, {"loud": [1] * 12}, "'loud': all grades are alike"),
        (TINY, {"loud": [np.nan] * 12}, "'loud': all grades are alike, or none"),
        ([None, *TINY[1:]], {"loud": LOUD}, "headline 0 .*NoneType, not str"),
        ([*TINY[:-1], b"port"], {"loud": LOUD}, "headline 11 .*bytes, not str"),
        ([f"{chr(97 + i)}ort" for i in range(12)], {"loud": LOUD}, "no term is left"),
        (["@@@", ""] * 6, {"loud": [0, 1] * 6}, "no term is left"),
    ],
)
def test_data_that_makes_no_model_is_refused(
    headlines: Sequence[Any], grades: dict[str, Any], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        train(headlines, grades)


@pytest.mark.parametrize(
    "name",
    ["", "headline", "text", "coverage", "targets", "strengths", "parts", "to_dict", "__dict__", 7],
)
def test_a_target_can_not_have_a_name_that_results_use(name: Any) -> None:
    with pytest.raises(TrainingError, match="can't be a target's name"):
        train(TINY, {name: LOUD})


@pytest.mark.parametrize(
    "options",
    [
        {"sample_weight": [1.0] * 11},
        {"sample_weight": [-1.0, *[1.0] * 11]},
        {"sample_weight": [float("nan")] * 12},
        {"sample_weight": [float("inf")] * 12},
        {"sample_weight": ["heavy"] * 12},
        {"sample_weight": [0.0] * 12},
        {"sample_weight": [1 - y for y in LOUD]},
        {"representative": [1.0] * 13},
        {"representative": [0.0] * 12},
        {"groups": ["a"] * 11},
    ],
)
def test_options_that_do_not_fit_the_data_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match=r"weight|representative|groups|loud"):
        train(TINY, {"loud": LOUD}, **options)


@pytest.mark.parametrize("given", ["names", "cues"])
@pytest.mark.parametrize(
    "words", ["ferry", ["Ferry"], ["two words"], ["ferry\nbus"], [""], ["\ud800"], [7]]
)
def test_words_that_no_text_can_hold_are_refused(given: str, words: Any) -> None:
    with pytest.raises(TrainingError, match=given):
        train(["sea a", "sea b"], {"loud": [1, 0]}, **{given: words})


def test_cues_and_names_may_be_told_twice() -> None:
    model = train(
        ["sea may rise ?", "sea rose", "bus may stop ?", "bus stopped"],
        {"guess": [1, 0, 1, 0]},
        cues=["may", "?", "may"],
        names=["bus", "bus"],
        min_df=1,
    )
    assert model.cues == ("may", "?")
    assert model.names == {"bus"}
    terms = {c.term for c in model.explain("Sea may rise ?").guess.contributions}
    assert "may + ?" in terms


def test_more_weights_than_a_model_file_holds_are_refused_before_they_are_fitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headline_score.training.MOST_WEIGHTS", 9)
    with pytest.raises(TrainingError, match="raise min_df"):
        train(TINY, {"loud": LOUD})
