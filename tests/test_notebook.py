import subprocess
import sys

import pytest
from hypothesis import given
from pages import Page

from headline_score import explain, score
from headline_score.highlight import shown

TEXT = "You Won't Believe <b>Why</b> This Mayor's Ferry & Tram Fiasco May SHOCK You!"
TARGETS = ["clickbait", "speculation", "sensationalism"]


def parsed(html: str) -> Page:
    page = Page(html)
    known = {"bdi", "div", "mark", "meter", "p", "style", "table", "td", "th", "tr"}
    assert {e.tag for e in page.elements} <= known
    assert not any(
        name == "style" or name.startswith("on") for e in page.elements for name in e.attributes
    )
    return page


def test_an_explanation_shows_the_headline_for_each_target_with_its_words_marked() -> None:
    page = parsed(explain(TEXT)._repr_html_())
    assert [e.text for e in page.all("th")] == TARGETS
    assert [e.text for e in page.all("bdi")] == [TEXT] * 3
    raised = [e.text for e in page.all("mark", "hs-up3")]
    assert "May" in raised
    assert any("exclamation marks +" in e.text for e in page.all("mark"))
    assert "raises" in page.all("p")[0].text


@given(...)
def test_any_headline_is_shown_as_text(text: str) -> None:
    explanation = explain(text)
    page = parsed(explanation._repr_html_())
    for element in page.all("bdi"):
        assert element.text == shown(text)
    for part in explanation.parts:
        parsed(part._repr_html_())
    html = explanation._repr_html_() + "".join(part._repr_html_() for part in explanation.parts)
    html.encode()
    assert len(shown(text)) == len(text)


def test_a_long_headline_is_cut_and_said_to_be() -> None:
    [first, *_] = parsed(explain("shocking ferry " * 1000)._repr_html_()).all("bdi")
    assert first.text.startswith("shocking ferry shocking")
    assert first.text.endswith("… (15,000 characters)")
    assert len(first.text) < 400


def test_a_target_shows_its_contributions_that_add_up() -> None:
    part = explain("Council may cut bus routes").speculation
    page = parsed(part._repr_html_())
    cells = [e.text for e in page.all("td")]
    numbers = [float(cell) for cell in cells[::2]]
    assert cells[1::2][:2] == ["[bias]", "may"]
    assert sum(numbers) == pytest.approx(part.logit, abs=0.01)


def test_a_score_shows_bars_and_flags() -> None:
    page = parsed(score(TEXT)._repr_html_())
    assert [e.text for e in page.all("th")] == TARGETS
    strengths = [float(e.attributes["value"]) for e in page.all("meter")]
    assert strengths == pytest.approx(score(TEXT).strengths, abs=1e-4)
    rows = [e.text for e in page.all("tr")]
    assert [target for target, row in zip(TARGETS, rows, strict=True) if "flagged" in row] == score(
        TEXT
    ).flags()


@pytest.mark.parametrize("what", [score, explain])
def test_of_an_unread_text_it_is_said(what: type) -> None:
    assert "no known word: base rates" in parsed(what("zxqvwk")._repr_html_()).all("p")[0].text


def test_who_only_scores_does_not_wait_for_html() -> None:
    code = (
        "import sys; from headline_score import score, explain; explain('Ferry'); score('Ferry');"
        "print(*{'html', 'jinja2', 'numpy', 'headline_score.highlight'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_it_needs_no_extra() -> None:
    code = (
        "import sys; sys.modules.update(jinja2=None, matplotlib=None, markupsafe=None);"
        "from headline_score import explain; print(explain('Ferry fiasco')._repr_html_()[:4])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "<div\n"
