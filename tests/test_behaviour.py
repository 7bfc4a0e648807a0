"""What the shipped model must get right, in the manner of CheckList (Ribeiro et al. 2020).

Minimum functionality: `behaviour.csv`, self-written headlines by phenomenon, each high (at least
the target's threshold) or low (below it). What the model fails there is known, strictly: a case
that begins to pass must lose its mark. Then invariances, and directions.
"""

import csv
from pathlib import Path

import pytest

from headline_score import default_model, score

DATA = Path(__file__).parent / "behaviour.csv"
CASES = list(csv.DictReader(DATA.read_text(encoding="utf-8").splitlines()))

PLAIN = [
    "Council approves new bus lanes",
    "Central bank holds rates at 4%",
    "Wildfire closes coastal road near Split",
    "Museum reopens after two-year renovation",
    "Farmers protest outside parliament over milk prices",
]
LOUD = [
    "You won't believe what this mayor did next",
    "Minister may quit over ferry contract, sources say",
    "Star destroys rival in brutal takedown",
    "21 tiny desserts you need to try this weekend",
    "Is the night train about to disappear?",
]
SMALL = 0.1  # the most that what should not matter may move a score


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=f"{case['phenomenon']}: {case['headline']} ({case['target']})",
            marks=[pytest.mark.xfail(reason=case["known_failure"])] * bool(case["known_failure"]),
        )
        for case in CASES
    ],
)
def test_minimum_functionality(case: dict[str, str]) -> None:
    strength = score(case["headline"])[case["target"]]
    threshold = default_model().thresholds[case["target"]]
    assert (strength >= threshold) == (case["level"] == "high"), f"{strength:.3f}"


@pytest.mark.parametrize("headline", [*PLAIN, *LOUD])
@pytest.mark.parametrize(
    ("before", "after"),
    [("two", "three"), ("4%", "5%"), ("21", "23"), ("Split", "Zadar"), ("milk", "grain")],
)
def test_numbers_and_places_change_little(headline: str, before: str, after: str) -> None:
    original, swapped = score(headline), score(headline.replace(before, after))
    for target in original.targets:
        assert abs(original[target] - swapped[target]) <= SMALL


@pytest.mark.parametrize("headline", [*PLAIN, *LOUD])
@pytest.mark.parametrize("restyle", [str.lower, str.title, lambda text: f"“{text}”"[1:-1] + "."])
def test_case_and_a_full_stop_change_little(headline: str, restyle: object) -> None:
    assert callable(restyle)
    original, restyled = score(headline), score(restyle(headline))
    for target in original.targets:
        assert abs(original[target] - restyled[target]) <= SMALL


@pytest.mark.parametrize("headline", PLAIN)
@pytest.mark.parametrize(
    ("target", "louder"),
    [
        ("speculation", "{}, sources say"),
        ("speculation", "{} – report"),
        ("clickbait", "You won't believe this: {}"),
        ("clickbait", "Here's why {}"),
        ("sensationalism", "SHOCKING: {}!"),
        ("sensationalism", "{} in stunning betrayal"),
    ],
)
def test_what_should_raise_a_score_does(headline: str, target: str, louder: str) -> None:
    assert score(louder.format(headline))[target] > score(headline)[target]


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
