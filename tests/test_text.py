from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from headline_score.text import normalise, normalise_all, offsets


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Ferry &amp; tram &lt;late&gt;", "Ferry & tram <late>"),
        ("It&#39;s back &#x2014; again", "It's back - again"),
        ("Caf&eacute; &ldquo;shut&rdquo;", 'Cafe "shut"'),
        ("‘We won’t’, says “mayor”", "'We won't', says \"mayor\""),
        ("Bridge – shut— «again»", 'Bridge - shut - "again"'),
        ("Port﹘shut", "Port - shut"),
        ("well‑known co‐op", "well-known co-op"),
        ("And then…", "And then..."),
        ("Café naïve Ångström", "Cafe naive Angstrom"),
        ("Cafe\u0301 nai\u0308ve", "Cafe naive"),
        ("Ｐｏｒｔ　ｃｌｏｓｅｄ！", "Port closed!"),
        ("ﬁnal oﬃce", "final office"),
        ("\ufeffzero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("ŉ port", "'n port"),
        ("港口 порт", "港口 порт"),
        ("☕ port ™", "port TM"),
        ("Тhis shосking роrt", "This shocking port"),
        ("This S H O C K I N G port", "This SHOCKING port"),
        ("S H O C K I N G!", "SHOCKING!"),
        ("‘y o u r  p o r t’", "'your port'"),
        ("Ｓ Ｈ Ｏ Ｃ Ｋ port", "SHOCK port"),
        ("S\u200b H\u200b O C K", "SHOCK"),
        ("Vitamin A B C", "Vitamin A B C"),
        ("И м е н а", "И м е н а"),
        ("Порт закрыт, сосна растет", "Порт закрыт, сосна растет"),
        ("Москва says no", "Москва says no"),
        ("Λιμάνι closed", "Λιμανι closed"),
    ],
)
def test_typography_becomes_plain(raw: str, plain: str) -> None:
    assert normalise(raw).split() == plain.split()


def test_ascii_without_entity_or_publisher_is_left_alone() -> None:
    ascii_text = "".join(filter(is_seen, map(chr, range(128)))).replace("&", "")
    assert normalise(ascii_text) == ascii_text
    assert normalise("R&D; a & b &nosuchentity;") == "R&D; a & b &nosuchentity;"


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("s.h.o.c.k now", "shock now"),
        ("S-H-O-C-K-I-N-G", "SHOCKING"),
        ("(W  A  R  N)", "(WARN)"),
        ("C.E.O.s may go", "CEOs may go"),
        *(
            (text, text)
            for text in ["U.S.S.R. falls", "N.C.A.A.", "J.R.R.T. Smith", "A-B-C-D", "R.E.M."]
        ),
        *(
            (text, text)
            for text in ["a.b.c.d@e.com", "x.y.z.w.py", "1-0-1-2", "e.g. a b", "U.S.-U.K."]
        ),
    ],
)
def test_letters_apart_are_one_word_but_for_acronyms(raw: str, plain: str) -> None:
    assert normalise(raw) == plain


@pytest.mark.parametrize("read_as", ["latin-1", "cp1252"])
@pytest.mark.parametrize("sign", "‘’“–—…")
def test_signs_whose_utf_8_was_misread_are_mended(sign: str, read_as: str) -> None:
    misread = sign.encode().decode(read_as)
    assert normalise(f"Café won{misread}t{sign}") == normalise(f"Café won{sign}t{sign}")
    assert normalise(f"é{misread}é") == normalise(f"é{sign}é")


def is_seen(character: str) -> bool:
    return character.isprintable() or character.isspace()


def test_what_nobody_sees_vanishes() -> None:
    for first, last in [
        *[(0x00, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x90), (0xAD, 0xAD), (0x300, 0x36F)],
        *[(0x115F, 0x1160), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F)],
        *[(0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)],
        *[(0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)],
    ]:
        for code in range(first, last + 1):
            assert normalise(f"fer{chr(code)}ry") == "ferry", hex(code)


@given(st.lists(st.text(st.sampled_from("ab &;.-|\x00\x1b\x7f\n\u200béâ\x80€\x99”"))))
def test_many_texts_are_normalised_as_each_alone(texts: list[str]) -> None:
    assert normalise_all(texts) == list(map(normalise, texts))


@given(...)
def test_only_ascii_letters_and_digits_are_left(text: str) -> None:
    assert all(c.isascii() or c.isalnum() for c in normalise(text))


@given(...)
@example("ŉ")
def test_a_normalised_text_is_normal(text: str) -> None:
    plain = normalise(text)
    assume("&" not in plain)  # "&amp;lt;" is "&lt;", which is an entity again
    assert normalise(plain) == plain


@given(...)
@example("a&NotEqualTilde;b&#0;½")
def test_each_character_has_its_place_in_the_raw_text(text: str) -> None:
    places = offsets(text)
    assert len(places) == len(normalise(text)) + 1
    assert all(left <= right for left, right in pairwise(places))
    assert places[0] >= 0
    assert places[-1] == len(text) or text[places[-1] :].split()[0] in {"-", "|", "–", "—"}


PUBLISHERS = ["The Daily Example", "Example News", "example.com", "BBC", "CNN Politics", "WSJ"]
PUBLISHERS += ["Oregon Public Broadcasting", "The New York Times", "Times of India", "AP | CNN"]
PUBLISHERS += ["Rolling Stone", "Kotaku", "BBC" + " " * 100, "BBC - CNN | NPR - Vox"]


@pytest.mark.parametrize("recase", [str, str.upper, str.lower, str.title])
@pytest.mark.parametrize("publisher", PUBLISHERS)
@pytest.mark.parametrize("mark", [" - ", " | ", " – ", " — ", " &ndash; ", " -  "])
def test_a_publisher_at_the_end_is_left_out(
    mark: str, publisher: str, recase: Callable[[str], str]
) -> None:
    for headline in ("Ferry resumes", "Why did the ferry stop?"):
        text = f"{headline}{mark}{recase(publisher)}"
        assert normalise(text) == headline
        assert offsets(text) == offsets(headline)


@pytest.mark.parametrize(
    "headline",
    [
        "Ferry to be sold - report",
        "Ferry to be sold – sources",
        "Ferry strike | What we know",
        "Ferry strike - what it means for the post",
        "Ferry strike - as it happened",
        "Reuters",
        "- BBC",
        "Mail - and the news",
        "Evening Post",
        "Mayor quits - shock bad news",
        "Mayor Quits - Why It Matters for the Post",
        "Ferry Strike | What We Know",
        "Quits | report",
        "Opinion | Mayor Betrays Council",
        "Exclusive | Mayor Slams Council",
        "Ferry | Tram | Mayor Slams Council",
        "Mayor Quits - The Shocking Truth",
        "Mayor Quits - Desperate Times",
        "Final score: 2 - 1.et",
        "Ferry Strike | LIVE",
        "News - BBC",
        "Ferry strike -\tBBC",
    ],
)
def test_what_is_no_publisher_stays(headline: str) -> None:
    for text in (headline, headline.lower(), headline.upper(), headline.title()):
        assert normalise(text).split() == text.replace("–", "-").split()
