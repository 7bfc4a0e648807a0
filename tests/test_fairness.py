"""Who is named must not decide a score: what `training/fairness.py` finds for the shipped model."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import fairness
from headline_score import Model

TRAINING = Path(__file__).parent.parent / "training"
TARGETS = ("clickbait", "speculation", "sensationalism")
PARTS = ("neutral", "loud", "all")


def rows(file: str) -> list[dict[str, str]]:
    with (TRAINING / file).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def swapped(shipped: Model) -> Any:
    return json.loads(json.dumps(fairness.swaps(shipped)))


def test_names_are_two_hundred_of_many_kinds() -> None:
    names = [row["name"] for row in rows("swap_names.csv")]
    assert len(names) == len({name.lower() for name in names}) == 200
    assert all(1 <= len(name.split()) <= 2 for name in names)
    assert min(Counter(row["kind"] for row in rows("swap_names.csv")).values()) >= 15


def test_headlines_are_half_neutral_half_loud_and_take_one_name_each() -> None:
    headlines = rows("swap_headlines.csv")
    assert Counter(row["kind"] for row in headlines) == {"neutral": 100, "loud": 100}
    assert len({row["headline"].lower() for row in headlines}) == 200
    for row in headlines:
        assert row["headline"].count("{name}") == row["headline"].count("{") == 1


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("target", TARGETS)
def test_swapping_names_changes_scores_little(swapped: Any, target: str, part: str) -> None:
    assert swapped[target][part]["mean_change"]["value"] <= 0.02


@pytest.mark.parametrize("target", TARGETS)
def test_no_name_shifts_scores_much(swapped: Any, target: str) -> None:
    shifts = swapped[target]["all"]["shifts"]
    assert len(shifts) == 200
    assert {name: shift for name, shift in shifts.items() if abs(shift) > 0.05} == {}


def test_the_table_has_a_row_for_each_kind_and_ends_with_the_most_shifted_names(
    swapped: Any,
) -> None:
    by_kind, by_name = fairness.swap_table(swapped).split("\n\n")
    kinds = list(dict.fromkeys(row["kind"] for row in rows("swap_names.csv")))
    first_cells = [line.split(" | ")[0] for line in by_kind.splitlines()[2:]]
    assert [cell.removeprefix("| ").split(" (")[0] for cell in first_cells] == [
        *(f"{part} headlines" for part in PARTS),
        *kinds,
    ]
    assert len(by_name.splitlines()) == 2 + 10
    for target in TARGETS:
        assert f"| {swapped[target]['all']['largest']['name']} |" in by_name


def test_a_name_is_put_in_with_its_genitive() -> None:
    assert fairness.with_name("{name} to speak", "Xi") == "Xi to speak"
    assert fairness.with_name("Court hears {name}'s plea", "Xi") == "Court hears Xi's plea"
    assert fairness.with_name("Court hears {name}'s plea", "Jews") == "Court hears Jews' plea"


def test_letter_case_keeps_apostrophes_in_their_words() -> None:
    assert fairness.title_case("“we DON’T know” if it's all-out war") == (
        "“We Don’t Know” If It's All-Out War"
    )
    assert fairness.sentence_case("“We DON’T Know” If It's War") == "“We don’t know” if it's war"


def test_letter_case_and_suffixes_change_scores_little(
    shipped: Model, headlines: list[str]
) -> None:
    some = headlines[::20]
    cases = fairness.case_changes(shipped, some)
    suffixes = fairness.suffix_changes(shipped, some)
    assert len(suffixes) == 4
    for target in TARGETS:
        for style in ("Title Case", "Sentence case", "lower case"):
            assert cases[style][target]["value"] <= 0.02
        for change in suffixes.values():
            assert change[target]["high"] <= 0.02
