import json
from itertools import pairwise
from math import fsum

import pytest
from hypothesis import given

from headline_score import Model, explain, score
from headline_score.calibration import calibrated
from headline_score.features import tokens

TARGETS = ("clickbait", "speculation", "sensationalism")
UNREADABLE = ["", "  ", "@@@@", "港口罢工", "?!", "zxqvwk"]


@given(...)
def test_contributions_and_bias_add_up_to_the_score(text: str) -> None:
    strengths = score(text)
    explanation = explain(text)
    assert explanation.targets == TARGETS
    for target in TARGETS:
        part = explanation[target]
        total = part.bias + fsum(c.log_odds for c in part.contributions)
        assert part.logit == pytest.approx(total, abs=1e-9)
        assert calibrated(total, part.calibration) == pytest.approx(strengths[target], abs=1e-9)
        assert part.strength == pytest.approx(strengths[target], abs=1e-9)


@given(...)
def test_contributions_are_sorted_and_lie_in_the_text(text: str) -> None:
    for part in explain(text).parts:
        sizes = [abs(c.log_odds) for c in part.contributions]
        assert sizes == sorted(sizes, reverse=True)
        assert len({c.term for c in part.contributions}) == len(part.contributions)
        for contribution in part.contributions:
            assert contribution.log_odds != 0
            assert bool(contribution.spans) != contribution.term.startswith("[")
            assert all(0 <= start < end <= len(text) for start, end in contribution.spans)


@given(...)
def test_highlights_part_the_text_and_add_up_to_its_terms(text: str) -> None:
    for part in explain(text).parts:
        stretches = list(part.highlights())
        assert all(start < end for start, end, _ in stretches)
        assert all(left[1] <= right[0] for left, right in pairwise(stretches))
        assert sum(log_odds for *_, log_odds in stretches) == pytest.approx(
            fsum(c.log_odds for c in part.contributions if c.spans), abs=1e-9
        )


def test_places_hold_the_words() -> None:
    text = "Why the mayor's night ferry, the 7.15, may not leave the harbour again"
    words = [c for c in explain(text).speculation.contributions if c.spans and " " not in c.term]
    for word in words:
        for start, end in word.spans:
            assert word.term[:-1] in tokens(text[start:end])[0]  # the word, or its stem
    [the] = [word for word in words if word.term == "the"]
    assert the.spans == ((4, 7), (29, 32), (53, 56))


@pytest.mark.parametrize("text", UNREADABLE)
def test_unreadable_text_has_nothing_to_explain(shipped: Model, text: str) -> None:
    explanation = explain(text)
    for target in TARGETS:
        part = explanation[target]
        assert part.contributions == ()
        assert list(part.highlights()) == []
        assert part.strength == pytest.approx(shipped.base_rates[target], abs=1e-12)
    assert "no known word" in str(explanation)


@pytest.mark.parametrize(
    ("text", "target", "word"),
    [
        ("Council may cut bus routes", "speculation", "may"),
        ("Harbour ferries could return by spring", "speculation", "could"),
        ("Shocking state of village kennels", "sensationalism", "shocking"),
        ("Harbour repairs turn into a fiasco", "sensationalism", "fiasco"),
    ],
)
def test_the_telling_word_comes_first(text: str, target: str, word: str) -> None:
    part = explain(text)[target]
    first = next(c for c in part.contributions if c.spans)
    assert word in {text[start:end].lower() for start, end in first.spans}
    assert first.log_odds > 0
    strongest = max(part.highlights(), key=lambda stretch: stretch[2])
    assert word in text[strongest[0] : strongest[1]].lower()


def test_an_explanation_survives_json() -> None:
    explanation = explain("Caf\u00e9’s \ud800 ferry may NOT leave!")
    as_dict = json.loads(json.dumps(explanation.to_dict()))
    assert list(as_dict) == ["text", "coverage", *TARGETS]
    assert as_dict["text"] == explanation.text
    for target in TARGETS:
        part = explanation[target]
        assert as_dict[target]["bias"] == part.bias
        assert as_dict[target]["strength"] == part.strength
        assert as_dict[target]["contributions"] == [
            {"term": c.term, "log_odds": c.log_odds, "spans": [list(s) for s in c.spans]}
            for c in part.contributions
        ]


def test_an_explanation_reads_as_text() -> None:
    heading, *lines = str(explain("Council may cut bus routes")).splitlines()
    assert heading == "Council may cut bus routes"
    assert [line.split()[0] for line in lines] == list(TARGETS)


@pytest.mark.parametrize("wrong", [None, 3, b"Ferry", ["Ferry"]])
def test_explain_takes_one_str(wrong: object) -> None:
    with pytest.raises(TypeError, match=f"one headline as a str, not {type(wrong).__name__}"):
        explain(wrong)  # type: ignore[arg-type]
