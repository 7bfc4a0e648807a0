"""The features of a headline, made here and nowhere else, for training and scoring alike.

Terms are what the TF-IDF vocabulary holds: words, pairs of neighbours (2-grams) running over
markers at the text's start and end, stems, and pairs of cues, hundreds of telling words, wherever
in the text they stand. Shape is a short vector of what words leave out, such as shouting.

`vocabulary` and `bulk_reader` find the same terms faster, as rows of a model's weights; tests hold
them to this file.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, pairwise
from math import log
from typing import NamedTuple

from headline_score.text import normalise, offsets

RECIPE = 4
"""Number of the recipe in this file; a model only scores the features it was trained on."""

START, END, NAME = "<s>", "</s>", "<name>"  # no token of a text looks like these
SHAPE = ("capitals", "all capitals", "exclamation marks", "length", "length squared")
"""Names of the columns of `shape`: those of `loudness`, then those of `length_shape`."""

LOUD = 3  # columns of `loudness`

MOST_CUES = 12
"""How many different cues of a text make pairs: bounds the cost of a long one."""

PUNCTUATION = '?!:"|#@$%'
_TOKEN = re.compile(
    rf"""[^\W_]+(?:'[^\W_]+)*     # a word, also "won't" and "Xi's"
    | [{PUNCTUATION}]             # marks that tell a question, a quotation or a kicker
    | \.\.+                       # an ellipsis
    | (?<!\S)-+(?!\S)             # a dash between blanks, not a hyphen
    """,
    re.VERBOSE,
)
_CAPITALS = re.compile("[A-Z]{4}")
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")  # shorter ones are mostly acronyms
_SHOUTABLE = re.compile(r"\b[A-Za-z]{4,}\b")
_SHORTEST, _USUAL_LENGTH, LONGEST = 3, 10, 30  # tokens; beyond, few headlines teach anything
QUIET = (0.0, 0.0, 0.0)  # of a text that is not loud
_MOST_BANGS = 3
LONGEST_WORD = 40  # letters; what is longer has no inflection, and no place in a cache
_INFLECTION = re.compile(r"(?<=...)(?:ingly|edly|ing|ers?|ed|es|ly|(?<![isu])s|')$")
_SHORTEST_DISGUISE = 3  # letters: of shorter tokens many are words of their own, as "4x"
_LETTERS_FOR_DIGITS = (str.maketrans("0134578", "oieastb"), str.maketrans("0134578", "oleastb"))
_REPEATED = re.compile(r"([^\W\d_])\1+")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1\1+")
# For each ASCII character itself, but 0 for a digit: quicker to look up than a mapping of few.
_DIGITS = "".join("0" if chr(code).isdigit() else chr(code) for code in range(128))


class Token(NamedTuple):
    """A token of a text, and its place `[start, end)` there."""

    word: str
    start: int
    end: int


def split(plain: str) -> list[str]:
    """Return the words and telling punctuation marks of a normalised text, in lower case.

    >>> split("Why Ann's 15 Ports Won't Reopen - report")
    ['why', "ann's", '15', 'ports', "won't", 'reopen', '-', 'report']
    """
    return _TOKEN.findall(plain.lower())


def tokens(
    plain: str, names: Container[str] = frozenset(), known: Container[str] | None = None
) -> list[str]:
    """Return what a normalised text is read as: `read_as` of what `split` finds.

    A run of names is one token, so that no name has a weight of its own.

    >>> tokens("Why Ann Lee's 15 Ports Won't Reopen - report", {"ann", "lee"})
    ['why', '<name>', '00', 'ports', "won't", 'reopen', '-', 'report']
    >>> tokens("Okoro Shocckingly SNU8S Zanele", known={"snubs", "shockingly"})
    ['<name>', 'shockingly', 'snubs', '<name>']
    """
    return [token.word for token in _tokens(plain, names, known)]


def placed_tokens(text: str, names: Container[str], known: Container[str] | None) -> list[Token]:
    """Return the `tokens` of a raw text with their places in it."""
    places = offsets(text)
    return [
        # An end is one character on at least, where a character stands for many
        Token(word, places[start], max(places[end], places[end - 1] + 1))
        for word, start, end in _tokens(normalise(text), names, known)
    ]


def _tokens(plain: str, names: Container[str], known: Container[str] | None) -> Iterator[Token]:
    run: Token | None = None
    for match in _TOKEN.finditer(plain.lower()):
        token = Token(read_as(match.group(), names, known), *match.span())
        if token.word == NAME:
            run = Token(NAME, run.start if run else token.start, token.end)
            continue
        if run:
            yield run
            run = None
        yield token
    if run:
        yield run


def read_as(token: str, names: Container[str], known: Container[str] | None) -> str:
    """Return what a token of a text is read as.

    Every digit becomes 0, so that numbers count by their length. A listed name, also with 's, is
    `NAME`; and so is any other unknown word, as most that a large vocabulary lacks are names,
    unless it is a known one in disguise (see `respellings`).

    Args:
        token: one that `split` returns.
        names: the listed names.
        known: words and stems: a word is known if this holds it or its stem; None: all words are.
    """
    word = fold_digits(token)
    if is_name(word, names):
        return NAME
    if known is None or not word[0].isalnum() or word in known or stem(word) in known:
        return word
    for other in respellings(token):
        if other in known:
            return NAME if is_name(other, names) else other
    return NAME if word[0].isalpha() else word


def respellings(token: str) -> Iterator[str]:
    """Yield what a misspelt word may stand for: l1ke for like, shoccking and soooo for others.

    >>> [*respellings("w0w")], [*respellings("soooo")], [*respellings("ports")]
    (['wow'], ['soo', 'so'], [])
    """
    if not _SHORTEST_DISGUISE <= len(token) <= LONGEST_WORD:
        return
    if not token.isalpha() and any(map(str.isalpha, token)):
        words = dict.fromkeys(token.translate(letters) for letters in _LETTERS_FOR_DIGITS)
        yield from (word for word in words if word != token)
    if not _REPEATED.search(token):
        return
    if _DRAWN_OUT.search(token):
        yield _DRAWN_OUT.sub(r"\1\1", token)
        yield _DRAWN_OUT.sub(r"\1", token)
        return
    for match in _REPEATED.finditer(token):
        yield token[: match.start()] + token[match.start() + 1 :]
    yield _REPEATED.sub(r"\1", token)


def fold_digits(text: str) -> str:
    """Return a text with every ASCII digit 0."""
    return text.translate(_DIGITS)


def is_name(token: str, names: Container[str]) -> bool:
    """Tell a word that `names` holds, also with 's."""
    return token.removesuffix("'s") in names


def is_word(token: str) -> bool:
    """Tell a word or name from a punctuation token."""
    return token[0].isalnum() or token == NAME


def stem(word: str) -> str:
    """Return a word without its inflection, so that betray, betrays and betrayed share a term.

    A light suffix stripper in the manner of Porter (1980, Program 14), step 1.

    >>> [stem(word) for word in ("betrays", "betrayed", "slammed", "parties", "raging", "loss")]
    ['betray', 'betray', 'slam', 'party', 'rag', 'loss']
    """
    return word if len(word) > LONGEST_WORD else _stem(word)


@lru_cache(maxsize=2**16)
def _stem(word: str) -> str:
    bare = _INFLECTION.sub("", word.removesuffix("'s"))
    if len(bare) > 3:
        if bare[-1] == "e" or (bare[-1] == bare[-2] and bare[-1] not in "aeioszl0.-"):
            return bare[:-1]
        if bare[-1] == "i":
            return f"{bare[:-1]}y"
    return bare


def terms(tokens: list[str]) -> list[str]:
    """Return the terms of a tokenised text: its tokens, its 2-grams, and the stems not yet there.

    >>> terms(["ports", "reopen"])
    ['ports', 'reopen', '<s> ports', 'ports reopen', 'reopen </s>', 'port']
    """
    pairs = [f"{left} {right}" for left, right in pairwise([START, *tokens, END])]
    stems = [stemmed for token in tokens if (stemmed := stem(token)) != token]
    return [*tokens, *pairs, *stems]


def cue_pairs(tokens: list[str], cues: Mapping[str, int]) -> list[str]:
    """Return each pair of different cues among the tokens, wherever they stand.

    A linear model learns from them what one word does to another: what a question mark makes of
    "will", or a number of "reasons". Of more than `MOST_CUES` the lowest numbers count.

    >>> cue_pairs(["why", "you", "pay", "?"], {"?": 0, "you": 1, "why": 2})
    ['? + you', '? + why', 'you + why']

    Args:
        tokens: those of one text.
        cues: the cues, each with its number.
    """
    found = sorted({token for token in tokens if token in cues}, key=cues.__getitem__)
    return [f"{one} + {other}" for one, other in combinations(found[:MOST_CUES], 2)]


def term_spans(found: Sequence[Token]) -> list[tuple[int, int]]:
    """Return for each of the `terms` of a text's tokens its place `[start, end)`.

    One with a boundary marker has the place of its word alone.
    """
    spans = [(token.start, token.end) for token in found]
    marked = [*spans[:1], *spans, *spans[-1:]] or [(0, 0), (0, 0)]
    pairs = [(left[0], right[1]) for left, right in pairwise(marked)]
    inflected = [(start, end) for word, start, end in found if stem(word) != word]
    return [*spans, *pairs, *inflected]


_READABLE = {"<s>": "start ·", "</s>": "· end", "<name>": "a name", "+": "…"} | {
    "0" * digits: f"number({digits})" for digits in range(1, 10)
}


def readable(term: str) -> str:
    """Return a term as a reader understands it.

    >>> readable("<s> why"), readable("<name> </s>"), readable("will + ?"), readable("000 ways")
    ('start · why', 'a name · end', 'will … ?', 'number(3) ways')
    """
    return " ".join(_READABLE.get(word, word) for word in term.split(" "))


def shape(plain: str, length: int) -> tuple[float, ...]:
    """Return the shape of a normalised text of `length` tokens, a number for each name in `SHAPE`.

    0 is usual.
    """
    return *loudness(plain), *length_shape(length)


def loudness(plain: str) -> tuple[float, float, float]:
    """Return the share of longer words in capitals, 1 if there is no other letter, and the bangs.

    Those are exclamation marks, as a share of the three beyond which none shouts louder.
    """
    shouts = _CAPITALS.search(plain)  # quicker than to look for words
    if not shouts and "!" not in plain:
        return QUIET
    bangs = min(plain.count("!"), _MOST_BANGS) / _MOST_BANGS
    shouted = len(_SHOUTED.findall(plain)) if shouts else 0
    if not shouted:
        return 0.0, 0.0, bangs
    return shouted / len(_SHOUTABLE.findall(plain)), float(plain.isupper()), bangs


@lru_cache
def length_shape(length: int) -> tuple[float, float]:
    """Return the logarithm of a number of tokens, 0 for a usual one, and its square."""
    value = log((1 + min(max(length, _SHORTEST), LONGEST)) / (1 + _USUAL_LENGTH))
    return value, value * value
