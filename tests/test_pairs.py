"""A hundred pairs of names in a clause of treachery and in a plain one, none of them trained on.

Six verbs of treachery, and eight plain ones; known names, unknown ones, and some of two words.
"""

import csv
from pathlib import Path
from typing import Any

import pytest

from headline_score import score

with (Path(__file__).parent / "pairs.csv").open(encoding="utf-8", newline="") as stream:
    PAIRS = list(csv.DictReader(stream))


def clauses(verb: str) -> list[Any]:
    """Return the clauses with one of a pair's two verbs; what is known to fail is to fail."""
    return [
        pytest.param(
            f"{row['subject']} {row[verb].title()} {row['object']}",
            marks=[pytest.mark.xfail(reason="a part of the name has a weight as a word")]
            * (row["known_failure"] == verb),
        )
        for row in PAIRS
    ]


def test_no_pair_was_trained_on(contrast: list[dict[str, str]]) -> None:
    trained = {row["headline"].lower() for row in contrast}
    assert len(PAIRS) == 100
    assert sum(bool(row["known_failure"]) for row in PAIRS) < 10
    for param in clauses("loud") + clauses("plain"):
        assert param.values[0].lower() not in trained


@pytest.mark.parametrize("clause", [*clauses("loud"), "Putin Betrays Xi Jinping"])
def test_treachery_is_loud_and_a_guess_whoever_it_is_between(clause: str) -> None:
    found = score(clause)
    assert found.sensationalism >= 0.45
    assert found.speculation >= 0.25


@pytest.mark.parametrize("clause", [*clauses("plain"), "Putin Meets Xi Jinping"])
def test_a_meeting_is_neither(clause: str) -> None:
    found = score(clause)
    assert found.sensationalism < 0.10
    assert found.speculation < 0.10
