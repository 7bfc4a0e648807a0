"""The features of a headline, made here and nowhere else, for training and scoring alike.

Terms are what the TF-IDF vocabulary holds: words, pairs of neighbours (2-grams) running over
markers at the text's start and end, stems, and pairs of cues, hundreds of telling words, wherever
in the text they stand. Shape is a short vector of what words leave out, such as shouting.

`vocabulary` and `bulk_reader` find the same terms faster, as rows of a model's weights; tests hold
them to this file.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from functools import lru_cache
from itertools import combinations, pairwise
from math import log

from headline_score.text import normalise, offsets

RECIPE = 3
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
# For each ASCII character itself, but 0 for a digit: quicker to look up than a mapping of few.
_DIGITS = "".join("0" if chr(code).isdigit() else chr(code) for code in range(128))


def split(plain: str) -> list[str]:
    """Return the words and telling punctuation marks of a normalised text, in order.

    Letters are lower-cased and every digit becomes 0, so that numbers count by their length.

    >>> split("Why Ann's 15 Ports Won't Reopen - report")
    ['why', "ann's", '00', 'ports', "won't", 'reopen', '-', 'report']
    """
    return [fold_digits(token) for token in split_as_is(plain)]


def split_as_is(plain: str) -> list[str]:
    """Return what `split` does, with the digits as they are: `fold_digits` makes them alike."""
    return _TOKEN.findall(plain.lower())


def fold_digits(text: str) -> str:
    """Return a text with every ASCII digit 0."""
    return text.translate(_DIGITS)


def tokens(plain: str, names: Container[str] = frozenset()) -> list[str]:
    """Return what `split` does, with each run of names as one `NAME`: none has a weight of its own.

    >>> tokens("Why Ann Lee's 15 Ports Won't Reopen - report", {"ann", "lee"})
    ['why', '<name>', '00', 'ports', "won't", 'reopen', '-', 'report']
    """
    found: list[str] = []
    for token in split(plain):
        if not is_name(token, names):
            found.append(token)
        elif not found or found[-1] != NAME:
            found.append(NAME)
    return found


def with_unknown_as_names(tokens: list[str], known: Container[str]) -> list[str]:
    """Return the tokens with each run of names and of unknown words as one `NAME`.

    Most words that a large vocabulary lacks are names. A word is known if `known` holds it or its
    stem; what begins with a digit or is a punctuation mark is no word here.

    >>> with_unknown_as_names(["<name>", "okoro", "snubs", "zanele"], {"snub"})
    ['<name>', 'snubs', '<name>']
    """
    found: list[str] = []
    for token in tokens:
        if is_unknown(token, known):
            token = NAME
        if token != NAME or not found or found[-1] != NAME:
            found.append(token)
    return found


def is_name(token: str, names: Container[str]) -> bool:
    """Tell a word that `names` holds, also with 's."""
    return token.removesuffix("'s") in names


def is_unknown(token: str, known: Container[str]) -> bool:
    """Tell a word that `known` holds neither as it is nor by its stem."""
    return token[0].isalpha() and token not in known and stem(token) not in known


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
        if bare[-1] == "e" or (bare[-1] == bare[-2] and bare[-1] not in "aeioszl0"):
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


def term_spans(text: str, names: Container[str], known: Container[str]) -> list[tuple[int, int]]:
    """Return for each of a text's `terms` its place `[start, end)` in the raw text.

    The terms are those of its tokens after `with_unknown_as_names`. One with a boundary marker has
    the place of its word alone.
    """
    places = offsets(text)
    found: list[str] = []
    spans: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(normalise(text).lower()):
        token = fold_digits(match.group())
        if is_name(token, names) or is_unknown(token, known):
            token = NAME
        start = places[match.start()]
        end = max(places[match.end()], places[match.end() - 1] + 1)
        if found and found[-1] == token == NAME:
            spans[-1] = (spans[-1][0], end)
            continue
        found.append(token)
        spans.append((start, end))
    marked = [*spans[:1], *spans, *spans[-1:]] or [(0, 0), (0, 0)]
    pairs = [(left[0], right[1]) for left, right in pairwise(marked)]
    inflected = [span for token, span in zip(found, spans, strict=True) if stem(token) != token]
    return [*spans, *pairs, *inflected]


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
