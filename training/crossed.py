"""Headlines made of two: more text for the teacher to grade than there are headlines.

The words of one headline up to a word, then those of another after the same word, both of one
archive. Each 2-gram is a real one, so a linear model can learn from the teacher's grades what the
2-grams are worth in other company than the few that real headlines show; cf. the n-gram sampling
of Tang et al. (2019, arXiv:1903.12136). They are made anew from the data each time, always alike,
and kept nowhere.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Sequence

SHORTEST, LONGEST = 4, 20  # words
_MARKS = ",:;.?!\"'"


def crossed(
    headlines: Sequence[str], sources: Sequence[str], n: int, seed: int
) -> list[tuple[str, int]]:
    """Return n texts, each with the place of the headline that it begins with; fewer if few fit."""
    choose = random.Random(seed)
    words = [headline.split() for headline in headlines]
    places: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for i, text in enumerate(words):
        for j in range(1, len(text) - 1):
            places[sources[i], _plain(text[j])].append((i, j))
    found: list[tuple[str, int]] = []
    tries = 100 * n if words else 0
    while len(found) < n and tries:
        tries -= 1
        i = choose.randrange(len(words))
        if len(words[i]) <= SHORTEST:
            continue
        j = choose.randrange(1, len(words[i]) - 1)
        other, k = choose.choice(places[sources[i], _plain(words[i][j])])
        text = words[i][: j + 1] + words[other][k + 1 :]
        if other != i and SHORTEST <= len(text) <= LONGEST:
            found.append((" ".join(text), i))
    return found


def fingerprint(texts: Sequence[str]) -> str:
    """Return the SHA-256 of texts in their order."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _plain(word: str) -> str:
    return word.lower().strip(_MARKS)
