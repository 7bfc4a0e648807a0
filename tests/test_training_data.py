"""The parts of the training data that are made, not found."""

from itertools import pairwise

import numpy as np
import pytest

import thesaurus
from crossed import LONGEST, SHORTEST, crossed, fingerprint
from evaluate import plain_lowest
from headline_score.evaluation import Metric
from padded import padded
from report import Table, filled
from train import is_like, on_scale, tweet_group, words

HEADLINES = [
    "Harbour council approves new ferry for the northern islands",
    "Mayor calls the new tram line a gift to the harbour",
    "Ten reasons the harbour is better than the beach",
    "Beach volleyball returns to the harbour for the summer",
]
ONE_SOURCE = ["example"] * len(HEADLINES)


def pairs(headline: str) -> set[tuple[str, str]]:
    words = headline.lower().split()
    return set(pairwise(words))


def test_crossed_headlines_are_new_but_each_pair_of_words_is_old() -> None:
    found = crossed(HEADLINES, ONE_SOURCE, 200, seed=1)
    old = set().union(*map(pairs, HEADLINES))
    assert len(found) == 200
    for text, first in found:
        assert pairs(text) <= old
        assert text.split()[0] == HEADLINES[first].split()[0]
        assert SHORTEST <= len(text.split()) <= LONGEST


def test_crossed_headlines_are_always_alike() -> None:
    first, again, other = (
        fingerprint([text for text, _ in crossed(HEADLINES, ONE_SOURCE, 50, seed)])
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_only_headlines_of_one_source_are_crossed() -> None:
    sources = ["a", "b", "c", "d"]
    assert crossed(HEADLINES, sources, 5, seed=1) == []


def test_padded_headlines_hold_a_headline_and_keep_its_grades() -> None:
    headlines = [*HEADLINES, "Mayor destroys the council"]
    grades = [[0.0, 0.0], [0.3, 0.0], [0.7, 0.0], [0.0, 0.0], [0.2, 0.9]]
    publishers = ["one", "one", "one", "other", "one"]
    found = padded(headlines, grades, publishers, 300, seed=1)
    assert len(found) == 300
    assert padded(headlines, grades, publishers, 300, seed=1) == found
    for text, place, strengths in found:
        assert headlines[place] in text
        assert strengths == grades[place]  # those of a plain one beside it are lower
        assert publishers[place] == "one" or headlines[0] not in text
    assert {place for _, place, _ in found} >= {2, 4}
    assert padded(headlines[:2], grades[:2], publishers[:2], 5, seed=1) == []  # none is telling


def test_human_grades_take_the_teachers_scale_and_keep_their_order() -> None:
    human = [0.9, 0.1, 0.5, 0.5]
    taught = [[0.0, 0.2, 0.3], [0.1, 0.2, 0.3], [0.2, 0.2, 0.3], [0.8, 0.2, 0.3]]
    clickbait, *others = zip(*on_scale(human, taught), strict=True)
    assert clickbait[1] < clickbait[2] == clickbait[3] < clickbait[0] <= 0.8
    assert np.allclose(others, [[0.2] * 4, [0.3] * 4])
    assert on_scale([], []) == []


@pytest.mark.parametrize(
    ("headline", "held"),
    [
        ("Must-see row", {"must-see", "must", "see", "row"}),
        ("Mayor’s “shocking” plan", {"mayor's", "shocking", "plan"}),
        ("", set()),
    ],
)
def test_words_are_counted_whole_and_by_part(headline: str, held: set[str]) -> None:
    assert thesaurus.words(headline) == held
    keys = {word: [word, "any"] for word in held}
    assert thesaurus.uses([headline] * 3, keys) == dict.fromkeys({*held, *["any"][: len(held)]}, 3)


def test_a_tweet_like_a_test_headline_is_told() -> None:
    tested = [words("Ten reasons the harbour is better than the beach")]
    assert is_like(words("10 reasons: the harbour IS better than the beach!"), tested)
    assert is_like(words("Reasons the harbour is better than any beach"), tested)
    assert not is_like(words("Harbour council approves new ferry"), tested)
    assert tweet_group("Ferry stops!") == tweet_group("stops: ferry") != tweet_group("ferry runs")


def test_a_family_is_right_where_a_plain_telling_is_strictly_lowest() -> None:
    def family(name: str, *grades: int) -> list[dict[str, str]]:
        return [{"family": name, "sensationalism": str(grade)} for grade in grades]

    rows = family("right", 0, 2) + family("tie", 0, 1) + family("wrong", 0, 0, 3)
    rows += family("plain alone", 0, 0)
    n, share = plain_lowest(rows, [0.1, 0.9, 0.5, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1])
    assert n == 3
    assert str(share).startswith("0.333")


def test_tables_go_between_their_markers_and_into_json() -> None:
    table = Table(["what", "n"], [["a|b", 1200], ["c", Metric(0.5, 0.4, float("nan"))]])
    text = filled("x <!-- begin: t -->old<!-- end: t --> y", {"t": str(table)})
    assert "old" not in text
    assert "| a\\|b | 1,200 |" in text
    assert text.startswith("x <!-- begin: t -->")
    assert filled(text, {"t": str(table)}) == text
    assert table.records()[1] == {"what": "c", "n": {"value": 0.5, "low": 0.4, "high": None}}
