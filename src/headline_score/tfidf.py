"""The features of scikit-learn's `TfidfVectorizer` for words, made here without scikit-learn.

This is the recipe of a model that was a scikit-learn pipeline; the shipped model's is in `features`.
Tests hold it to scikit-learn's own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt
from typing import Any, NamedTuple

SHORTEST = {1: re.compile(r"\b\w+\b"), 2: re.compile(r"\b\w\w+\b")}
"""By the least number of letters of a token the pattern that finds tokens.

No other pattern is known, as one from a model file could take time without end.
"""

MOST_WORDS = 10
"""How many words a term may have: bounds the cost of a long text."""

NORMS = ("l1", "l2", None)
ACCENTS = ("ascii", "unicode", None)
LINKS = ("logistic", "softmax", "normalised")


@dataclass(frozen=True)
class Options:
    """What decides how a text is read and scored, under scikit-learn's names where it has one."""

    lowercase: bool = True
    strip_accents: str | None = None
    """One of `ACCENTS`."""

    shortest: int = 2
    """Letters that a token has at least, of `SHORTEST`."""

    ngram_range: tuple[int, int] = (1, 1)
    binary: bool = False
    sublinear_tf: bool = False
    norm: str | None = "l2"
    """One of `NORMS`."""

    link: str = "logistic"
    """One of `LINKS`: whether each target has a chance of its own, or all share one, which is
    parted in proportion to the exponentials of their sums, or to their logistic functions."""

    @classmethod
    def checked(cls, values: Any) -> Options:
        """Return options from what a file says, or raise a `ValueError`."""
        if not isinstance(values, dict) or set(values) != set(cls.__dataclass_fields__):
            raise ValueError("its options are not those of its recipe")
        ngrams = values["ngram_range"]
        found = cls(**{**values, "ngram_range": tuple(ngrams) if type(ngrams) is list else ()})
        flags = (found.lowercase, found.binary, found.sublinear_tf)
        numbers = (found.shortest, *found.ngram_range)
        if {*map(type, flags)} != {bool} or {*map(type, numbers)} != {int} or len(numbers) != 3:
            raise ValueError("its options have values of other types")
        if found.shortest not in SHORTEST or not 1 <= numbers[1] <= numbers[2] <= MOST_WORDS:
            raise ValueError("its options have numbers out of range")
        for value, known in (
            (found.strip_accents, ACCENTS),
            (found.norm, NORMS),
            (found.link, LINKS),
        ):
            if value not in known:
                raise ValueError("an option of it has a value that this version does not know")
        return found


class Gram(NamedTuple):
    """A term that stands in a text: a row, the first of its words there, and how many it has."""

    row: int
    first: int
    length: int


def normalise(text: str, options: Options) -> str:
    """Return a text in lower case and without accents, as far as the options say.

    >>> normalise("CAFÉ", Options()), normalise("CAFÉ", Options(strip_accents="ascii"))
    ('café', 'cafe')
    """
    if options.lowercase:
        text = text.lower()
    if options.strip_accents is None or text.isascii():
        return text
    return "".join(map(_STRIPPED[options.strip_accents], text))


# One character at a time: NFKD takes quadratic time for a long run of combining marks, and what it
# reorders are only those, which vanish.
@lru_cache(maxsize=4096)
def _without_marks(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character)
    return "".join(part for part in parts if not unicodedata.combining(part))


@lru_cache(maxsize=4096)
def _ascii(character: str) -> str:
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()


_STRIPPED: dict[str, Callable[[str], str]] = {"unicode": _without_marks, "ascii": _ascii}


def placed_tokens(text: str, options: Options) -> list[tuple[str, int, int]]:
    """Return the tokens of a raw text with their places `[start, end)` in it.

    >>> placed_tokens("Naïve mayor", Options(strip_accents="unicode"))
    [('naive', 0, 5), ('mayor', 6, 11)]
    """
    places = []  # of each character of the normalised text
    for place, letter in enumerate(text):  # a character has as many in any company
        places += [place] * len(normalise(letter, options))
    places.append(len(text))
    return [
        (
            match.group(),
            places[match.start()],
            max(places[match.end()], places[match.end() - 1] + 1),
        )
        for match in SHORTEST[options.shortest].finditer(normalise(text, options))
    ]


def grams(words: Sequence[str], rows: dict[str, int], options: Options) -> list[Gram]:
    """Return the terms of a text without its stop words, among those that have rows."""
    low, high = options.ngram_range
    get, n = rows.get, len(words)
    found = []
    if low == 1:
        found = [Gram(row, i, 1) for i, row in enumerate(map(get, words)) if row is not None]
        low = 2
    for length in range(low, min(high, n) + 1):
        for first in range(n - length + 1):
            row = get(" ".join(words[first : first + length]))
            if row is not None:
                found.append(Gram(row, first, length))
    return found


def values(found: Sequence[Gram], idf: Sequence[float], options: Options) -> dict[int, float]:
    """Return the value of each row among a text's terms, as TF-IDF, normed."""
    counts: dict[int, float] = {}
    for gram in found:
        counts[gram.row] = counts.get(gram.row, 0) + 1
    if options.binary:
        counts = dict.fromkeys(counts, 1)
    elif options.sublinear_tf:
        counts = {row: 1 + log(count) for row, count in counts.items()}
    weighted = {row: count * idf[row] for row, count in counts.items()}
    if options.norm is None:
        return weighted
    if options.norm == "l1":
        norm = sum(map(abs, weighted.values()))
    else:
        norm = sqrt(sum(value * value for value in weighted.values()))
    return {row: value / norm for row, value in weighted.items()} if norm else weighted
