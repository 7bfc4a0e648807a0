"""What the shipped model must get right, in the manner of CheckList (Ribeiro et al. 2020).

Minimum functionality: `behaviour.csv`, self-written headlines by phenomenon, each high (at least
the target's threshold: grade 2 or 3) or low (below it: grade 0 or 1). `invariances.csv`: rewrites
that should move no score. `directions.csv`: rewrites that must make a headline's score higher, or,
where it is high already, not lower. Labels follow the annotation guideline, not the model. What the
model fails there is known, strictly: a case that begins to pass must lose its mark.
"""

from collections import Counter
from typing import Any

import pytest

from behaviour import (
    DIRECTION,
    INVARIANCE,
    MINIMUM,
    SUITES,
    Case,
    Suite,
    behaviour_table,
    pass_rate,
)
from headline_score import Model, default_model, score

TARGETS = ("clickbait", "speculation", "sensationalism")
ALLOWED = {
    "target": set(TARGETS),
    "level": {"high", "low"},
    "expected": {"higher", "not lower"},
}


def cases(suite: Suite) -> list[Any]:
    """Return the cases of a suite; what is known to fail is to fail."""
    return [
        pytest.param(
            case,
            id=": ".join(value for column, value in case.items() if column != "known_failure"),
            marks=[pytest.mark.xfail(reason=case["known_failure"])] * bool(case["known_failure"]),
        )
        for case in suite.cases()
    ]


def assert_passes(suite: Suite, case: Case) -> None:
    scores = [score(case[text]) for text in ("headline", "changed") if text in case]
    assert suite.passes(default_model(), case), " → ".join(map(str, scores))


@pytest.mark.parametrize("case", cases(MINIMUM))
def test_minimum_functionality(case: Case) -> None:
    assert_passes(MINIMUM, case)


@pytest.mark.parametrize("case", cases(INVARIANCE))
def test_what_should_not_matter_changes_little(case: Case) -> None:
    assert_passes(INVARIANCE, case)


@pytest.mark.parametrize("case", cases(DIRECTION))
def test_what_should_raise_a_score_does(case: Case) -> None:
    assert_passes(DIRECTION, case)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.file)
def test_cases_are_well_formed_and_stand_once(suite: Suite) -> None:
    found = suite.cases()
    labelled = [tuple(v for k, v in case.items() if k != "known_failure") for case in found]
    assert len(set(labelled)) == len(labelled)
    for case in found:
        assert None not in case  # a cell too many
        assert None not in case.values()  # one too few
        assert case["headline"].strip() != case.get("changed", "").strip()
        for column in ALLOWED.keys() & case.keys():
            assert case[column] in ALLOWED[column]


def test_there_are_hundreds_of_headlines_and_some_of_each_phenomenon() -> None:
    found = MINIMUM.cases()
    levels = {(case["headline"], case["target"]): case["level"] for case in found}
    assert len(levels) == len(found)  # no headline is both high and low
    assert len({case["headline"].casefold() for case in found}) >= 300
    assert min(Counter(case["phenomenon"] for case in found).values()) >= 8
    for suite in (INVARIANCE, DIRECTION):
        assert min(Counter(case["kind"] for case in suite.cases()).values()) >= 5


def test_no_case_was_trained_on(contrast: list[dict[str, str]]) -> None:
    trained = {row["headline"].casefold() for row in contrast}
    for suite in SUITES:
        for case in suite.cases():
            assert case["headline"].casefold() not in trained
            assert case.get("changed", "").casefold() not in trained


def test_the_table_has_every_part_and_counts_known_failures(shipped: Model) -> None:
    records = behaviour_table(shipped).records()
    for suite in SUITES:
        *parts, total = [record for record in records if record["test"] == suite.name]
        sizes = Counter(case[suite.part] for case in suite.cases())
        assert {part["phenomenon or kind"]: part["n"] for part in parts} == sizes
        assert total["n"] == sum(sizes.values())
        failures = sum(bool(case["known_failure"]) for case in suite.cases())
        assert total["passed"] == sum(sizes.values()) - failures


def test_a_pass_rate_has_an_interval_also_when_all_pass() -> None:
    every, none = pass_rate([True] * 10), pass_rate([False] * 10)
    assert (every.value, every.high, none.value, none.low) == (1, 1, 0, 0)
    assert every.low == pytest.approx(0.7225, abs=1e-4)  # 1 / (1 + 1.96² / 10)
    assert none.high == pytest.approx(1 - every.low)


def test_the_seed_headline_is_speculative_and_louder_than_its_plain_twin() -> None:
    seed = score("Japan To Court Russia As Ally Against China, Putin Betrays Xi Jinping – Report")
    plain = score("Japan sets up ministry for economic ties with Russia")
    assert seed.speculation > 0.5 > plain.speculation
    assert seed.sensationalism > 2 * plain.sensationalism


@pytest.mark.parametrize(
    "headline", ["{} betrays {}", "{} meets {} in Geneva", "Is {} about to sue {}?"]
)
def test_names_are_not_verdicts(headline: str) -> None:
    reference = score(headline.format("Putin", "Xi Jinping"))
    for one, other in [("Macron", "Merkel"), ("Modi", "Joe Biden"), ("Barcelona", "Chelsea")]:
        assert score(headline.format(one, other)) == reference
        assert score(headline.format(other.lower(), one)) == reference


def test_the_flagship_headline_is_loud_and_its_plain_twin_is_not() -> None:
    assert score("Putin Betrays Xi Jinping").sensationalism >= 0.45
    plain = score("Putin Meets Xi Jinping")
    assert max(plain.sensationalism, plain.speculation) < 0.1
