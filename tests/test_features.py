from collections.abc import Container
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headline_score.features import (
    END,
    MOST_CUES,
    NAME,
    SHAPE,
    START,
    cue_pairs,
    placed_tokens,
    respellings,
    shape,
    stem,
    term_spans,
    terms,
    tokens,
)
from headline_score.text import normalise

NAMES = frozenset({"ann", "lee", "york"})
KNOWN = frozenset({"port", "shut", "new"})


def analyze(
    text: str, names: Container[str] = frozenset(), known: Container[str] | None = None
) -> list[str]:
    return terms(tokens(normalise(text), names, known))


def spans_of(
    text: str, names: Container[str] = frozenset(), known: Container[str] | None = None
) -> list[tuple[int, int]]:
    return term_spans(placed_tokens(text, names, known))


UNSEEN = "".join(map(chr, [*range(9), *range(14, 28), 127]))
PLAIN = st.text(st.characters(max_codepoint=127, exclude_characters="&" + UNSEEN))


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("Ferry STOPS", ["ferry", "stops"]),
        ("It won't, the mayor's aide said.", ["it", "won't", "the", "mayor's", "aide", "said"]),
        ("'Quit' plea", ["quit", "plea"]),
        ("Fare up 15% to $1,299", ["fare", "up", "00", "%", "to", "$", "0", "000"]),
        ("Really?! No...", ["really", "?", "!", "no", "..."]),
        ('Mayor: "go"', ["mayor", ":", '"', "go", '"']),
        ("co-op - again", ["co", "op", "-", "again"]),
        ("snake_case", ["snake", "case"]),
        ("", []),
    ],
)
def test_tokens_are_words_and_telling_marks(plain: str, expected: list[str]) -> None:
    assert tokens(plain) == expected


def test_terms_are_words_neighbours_up_to_the_ends_and_stems() -> None:
    pairs = {f"{START} port", "port shuts", f"shuts {END}"}
    assert set(terms(["port", "shuts"])) == {"port", "shuts", "shut"} | pairs


@pytest.mark.parametrize("typed", ["Port “shut”", 'port "SHUT"', "P\u00adort &quot;shut&quot;"])
def test_typography_and_case_leave_the_terms_alone(typed: str) -> None:
    assert analyze(typed) == analyze('port "shut"')


@given(...)
def test_each_term_has_a_place_in_the_text(text: str) -> None:
    spans = spans_of(text)
    assert len(spans) == len(analyze(text))
    has_term = bool(tokens(normalise(text)))
    for start, end in spans:
        assert 0 <= start <= end <= len(text)
        assert (start < end) == has_term


@given(PLAIN)
def test_places_of_plain_words_hold_the_words(text: str) -> None:
    for token, (start, end) in zip(tokens(text), spans_of(text), strict=False):
        assert tokens(text[start:end]) == [token]
        assert len(token) == end - start


@pytest.mark.parametrize(
    ("text", "term", "place"),
    [
        ("The café’s cat", "cafe's", "café’s"),
        ("Cafe\u0301 shut", "cafe", "Cafe\u0301"),
        ("Caf&eacute; shut", "cafe", "Caf&eacute;"),
        ("Ten &quot;lost&quot; cats", '" lost', "&quot;lost"),
        ("Ten lost cats", f"{START} ten", "Ten"),
        ("Ten lost cats", f"cats {END}", "cats"),
        ("Ten lost cats", "ten lost", "Ten lost"),
        ("Ten lost cats", "cat", "cats"),
        ("ﬁnal 12 days", "final 00", "ﬁnal 12"),
    ],
)
def test_a_term_is_found_where_it_stands(text: str, term: str, place: str) -> None:
    start, end = spans_of(text)[analyze(text).index(term)]
    assert text[start:end] == place


@given(st.lists(st.sampled_from("abcdefghijklmnopqrst")))
def test_pairs_of_cues_are_those_of_its_different_cues(tokens: list[str]) -> None:
    cues = {cue: number for number, cue in enumerate("tsrqponmlkjihgfe")}
    found = cue_pairs(tokens, cues)
    here = min(len({*tokens} & {*cues}), MOST_CUES)
    assert len(found) == len({*found}) == here * (here - 1) / 2
    assert cue_pairs(tokens[::-1], cues) == found
    for pair in found:
        one, other = pair.split(" + ")
        assert {one, other} <= {*tokens}
        assert cues[one] < cues[other]


@given(...)
def test_shape_is_a_finite_number_for_each_name(text: str) -> None:
    plain = normalise(text)
    values = shape(plain, len(tokens(plain)))
    assert len(values) == len(SHAPE)
    assert all(map(isfinite, values))


@pytest.mark.parametrize("louder", ["Port SHUT DOWN again", "PORT SHUT DOWN AGAIN", "Port shut!"])
def test_shouting_shows_in_the_shape_alone(louder: str) -> None:
    calm, titled = louder.lower().replace("!", ""), louder.title().replace("!", "")
    assert shape(louder, 4) != shape(calm, 4)
    assert shape(titled, 4) == shape(calm, 4)


def test_a_run_of_names_is_one_token_whatever_its_case() -> None:
    expected = ["why", NAME, "left", NAME, "for", "new", NAME]
    assert tokens("Why Ann Lee left York's Lee for New York", NAMES) == expected
    assert tokens("why ann lee left york's lee for new york", NAMES) == expected


@given(
    text=st.lists(st.sampled_from(["ann", "Lee", "YORK's", "port", "?", "é", "…"])).map(" ".join)
)
def test_names_have_places_too(text: str) -> None:
    found, spans = analyze(text, NAMES), spans_of(text, NAMES)
    assert len(found) == len(spans)
    for term, (start, end) in zip(found, spans, strict=True):
        if term == NAME:
            assert set(text[start:end].lower().removesuffix("'s").split()) <= {*NAMES, "york's"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zanele Okoro shuts port", [NAME, "shuts", "port"]),
        ("Ann Okoro shut the port", [NAME, "shut", NAME, "port"]),
        ("Port's 12 ships?", ["port's", "00", NAME, "?"]),
    ],
)
def test_an_unknown_word_counts_as_a_name(text: str, expected: list[str]) -> None:
    assert tokens(text, NAMES, KNOWN) == expected


DISGUISES = [
    ("sh0ck", "shock"),
    ("5h0ck", "shock"),
    ("b3tray4l", "betrayal"),
    ("l1ke", "like"),
    ("l1e", "lie"),
    ("ye11", "yell"),
    ("shocck", "shock"),
    ("sshock", "shock"),
    ("betraayal", "betrayal"),
    ("yelll", "yell"),
    ("yeeeeell", "yell"),
    ("liiiike", "like"),
]


@pytest.mark.parametrize(("typed", "word"), DISGUISES)
def test_a_known_word_in_disguise_is_read(typed: str, word: str) -> None:
    words = {word for _, word in DISGUISES}
    assert tokens(f"This {typed.title()}?", known={*words, "this"}) == ["this", word, "?"]
    as_typed = tokens(typed)
    assert tokens(typed, known={*as_typed}) == as_typed
    assert tokens(typed, known=set()) == [NAME if typed[0].isalpha() else "0h0ck"]
    assert tokens(typed, {word}, words) == [NAME]


@pytest.mark.parametrize("typed", ["2031", "4x", "77", "1,000", "50", "007"])
def test_numbers_are_no_disguised_words(typed: str) -> None:
    known = {"et", "ax", "tt", "oot", "so"}
    assert tokens(typed, known=known) == tokens(typed)


@given(st.text(max_size=300))
def test_respellings_are_few_other_words(token: str) -> None:
    found = [*respellings(token)]
    assert token not in found
    assert len(found) <= 2 + 20 + 1
    assert all(0 < len(word) <= len(token) for word in found)


@pytest.mark.parametrize("mark", ["...", "....", "--", "----", "?"])
def test_a_mark_has_no_stem(mark: str) -> None:
    assert stem(mark) == mark


@given(...)
def test_terms_with_unknown_words_have_places(text: str) -> None:
    assert len(spans_of(text, NAMES, KNOWN)) == len(analyze(text, NAMES, KNOWN))
