"""The features of scikit-learn's `TfidfVectorizer` for words, made here without scikit-learn.

This is the recipe of models that were scikit-learn pipelines; the shipped model's is in `features`.
Tests hold it to scikit-learn's own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt
from typing import Any

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


Found = list[tuple[int, list[int | None]]]
"""For a number of words the row of each term of that many, by its first word; None: it has none."""


def grams(words: Sequence[str], rows: Mapping[str, int], options: Options) -> Found:
    """Return the terms of a text without its stop words, as far as they have rows."""
    low, high = options.ngram_range
    found: Found = []
    for length in range(low, min(high, len(words)) + 1):
        terms = map(" ".join, zip(*[words[i:] for i in range(length)], strict=False))
        found.append((length, [*map(rows.get, words if length == 1 else terms)]))
    return found


def coverage(found: Found, words: int) -> float:
    """Return the share of a text's words, but for stop words, that are part of a term found."""
    if words and len(found) == 1 and found[0][0] == 1:
        return 1 - found[0][1].count(None) / words
    known = bytearray(words)
    for length, rows in found:
        for first, row in enumerate(rows):
            if row is not None:
                known[first : first + length] = b"\1" * length
    return known.count(1) / words if words else 0.0


def values(found: Found, idf: memoryview[Any], options: Options) -> dict[int, float]:
    """Return the value of each row among a text's terms, as TF-IDF, normed."""
    rows = [row for _, some in found for row in some if row is not None]
    counts: dict[int, float] = dict.fromkeys(sorted(rows), 1)  # so that order does not matter
    if len(counts) < len(rows) and not options.binary:
        counts.update(Counter(rows))
        if options.sublinear_tf:
            counts = {row: 1 + log(count) for row, count in counts.items()}
    weighted = {row: count * idf[row] for row, count in counts.items()}
    if options.norm is None:
        return weighted
    if options.norm == "l1":
        norm = sum(map(abs, weighted.values()))
    else:
        norm = sqrt(sum([value * value for value in weighted.values()]))
    return {row: value / norm for row, value in weighted.items()} if norm else weighted
