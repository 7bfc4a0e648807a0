"""The features of a headline, made here and nowhere else, for training and scoring alike.

Terms are the TF-IDF vocabulary: word 1-grams and 2-grams, the 2-grams running over markers at
the text's start and end. Shape is a short vector of what words leave out, such as shouting.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import log1p

from headline_score.text import normalise, offsets

RECIPE = 1
"""Number of the recipe in this file; a model only scores the features it was trained on."""

START, END = "<s>", "</s>"
SHAPE = ("capitals", "all capitals", "exclamation marks", "length", "length squared")
"""Names of the columns of `shape`."""

PUNCTUATION = '?!:"|#@$%'
_TOKEN = re.compile(
    rf"""[^\W_]+(?:'[^\W_]+)*     # a word, also "won't" and "Xi's"
    | [{PUNCTUATION}]             # marks that tell a question, a quotation or a kicker
    | \.\.+                       # an ellipsis
    | (?<!\S)-+(?!\S)             # a dash between blanks, not a hyphen
    """,
    re.VERBOSE,
)
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")  # shorter ones are mostly acronyms
_SHOUTABLE = re.compile(r"\b[A-Za-z]{4,}\b")
_DIGITS = str.maketrans("123456789", "0" * 9)


def tokens(plain: str) -> list[str]:
    """Return the words and telling punctuation marks of a normalised text, in order.

    Letters are lower-cased and every digit becomes 0, so that numbers count by their length.

    >>> tokens("Why 15 Ports Won't Reopen - report")
    ['why', '00', 'ports', "won't", 'reopen', '-', 'report']
    """
    return _TOKEN.findall(_fold(plain))


def is_word(token: str) -> bool:
    """Tell a word from a punctuation token."""
    return token[0].isalnum()


def ngrams(tokens: list[str]) -> list[str]:
    """Return the terms of a tokenised text: its words, then its 2-grams, markers included.

    >>> ngrams(["ports", "reopen"])
    ['ports', 'reopen', '<s> ports', 'ports reopen', 'reopen </s>']
    """
    return [*tokens, *(f"{a} {b}" for a, b in pairwise([START, *tokens, END]))]


def shape(plain: str, tokens: list[str]) -> tuple[float, ...]:
    """Return the shape of a normalised text: a number for each name in `SHAPE`, about 0 to 1."""
    shouted = len(_SHOUTED.findall(plain))
    length = log1p(len(tokens)) / 3
    return (
        shouted / len(_SHOUTABLE.findall(plain)) if shouted else 0.0,
        1.0 if shouted and plain.isupper() else 0.0,
        min(plain.count("!"), 3) / 3,
        length,
        length * length,
    )


def terms(text: str) -> list[str]:
    """Return the terms of a raw text: the analyzer of a scikit-learn `TfidfVectorizer`."""
    return ngrams(tokens(normalise(text)))


def term_spans(text: str) -> list[tuple[int, int]]:
    """Return for each of `terms(text)` its place `[start, end)` in the raw text.

    A term with a boundary marker has the place of its word alone.
    """
    places = offsets(text)
    words = [
        (places[start], max(places[end], places[end - 1] + 1))
        for start, end in (match.span() for match in _TOKEN.finditer(_fold(normalise(text))))
    ]
    marked = [*words[:1], *words, *words[-1:]] or [(0, 0), (0, 0)]
    return [*words, *((left[0], right[1]) for left, right in pairwise(marked))]


def _fold(plain: str) -> str:
    return plain.lower().translate(_DIGITS)
