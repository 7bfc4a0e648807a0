"""The terms of a model: which rows of its weights a text has.

Rows are numbered through: two that add nothing, words (tokens and stems), pairs of neighbours,
pairs of cues. `Vocabulary.read` finds those of one text; `bulk.BulkReader` those of many at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, count, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headline_score.features import (
    END,
    MOST_CUES,
    NAME,
    START,
    is_name,
    is_word,
    split,
    stem,
)

NOTHING, BOUNDARY, FIRST_WORD = range(3)
"""Rows of what is no term, of a text's start and end, and of the first word."""

MARK, UNKNOWN, NAMED, KNOWN = range(4)
"""Kinds of tokens: punctuation, a word that the model lacks, a listed name, a word it knows."""

_REMEMBERED = 2**16  # tokens: bounds memory


class Token(NamedTuple):
    """What a vocabulary makes of a token."""

    row: int
    """Row of the word, or `NOTHING`."""

    stem: int
    """Row of its stem, or `NOTHING`."""

    kind: int
    """`MARK`, `UNKNOWN`, `NAMED` or `KNOWN`."""

    cue: int
    """Number of the cue that it is, or -1."""


class Reading(NamedTuple):
    """What a vocabulary makes of a text."""

    rows: list[int]
    """`NOTHING`, and the rows of its terms, rising, once each."""

    length: int
    """Number of its tokens, a run of names being one."""

    coverage: float
    """Share of its words that the model knows; 0 if those are but names."""


class Vocabulary:
    """The terms of a model, and their rows."""

    def __init__(
        self,
        words: Sequence[str],
        pairs: NDArray[np.int32],
        cue_pairs: NDArray[np.int32],
        names: frozenset[str],
        cues: Sequence[str],
    ) -> None:
        """Number the terms.

        Args:
            words: n different words, `features.NAME` among them.
            pairs: rows of neighbours, shape (pairs, 2).
            cue_pairs: numbers of cues, shape (cue pairs, 2), the lower one first.
            names: words that count as names.
            cues: telling words, each numbered by its place.
        """
        self.names = names
        self.words = {word: row for row, word in enumerate(words, FIRST_WORD)}
        """Row of each word."""
        self.cues = {word: number for number, word in enumerate(cues)}
        """Number of each cue."""
        self.name = self.words[NAME]
        """Row of a run of names."""
        self.base = FIRST_WORD + len(words)
        """Rows of neighbours make a key: left * base + right."""
        self.pairs = dict(zip(self.keys_of(pairs), count(self.base)))
        """Row of each pair of neighbours, by its key."""
        first = self.base + len(pairs)
        self.cue_pairs = np.full((len(cues), len(cues)), NOTHING, np.int32)
        """Row of each pair of cues, by their numbers, the lower one first."""
        self.cue_pairs[tuple(cue_pairs.T)] = np.arange(first, first + len(cue_pairs))
        self._cue_pairs = memoryview(self.cue_pairs.ravel())  # type: ignore[arg-type]
        name_cue = self.cues.get(NAME, -1)
        self._named = Token(self.name, NOTHING, NAMED, name_cue)
        self._unknown = Token(self.name, NOTHING, UNKNOWN, name_cue)
        self._tokens: dict[str, Token] = {}

    def keys_of(self, pairs: NDArray[np.int32]) -> list[int]:
        """Return the key of each pair of rows, shape (n, 2)."""
        left, right = pairs.T.astype(np.int64)
        return list((left * self.base + right).tolist())

    def token(self, token: str) -> Token:
        """Return what is known of a token."""
        found = self._tokens.get(token)
        if found is None:
            found = self.looked_up(token)
            if len(self._tokens) < _REMEMBERED:
                self._tokens[token] = found
        return found

    def looked_up(self, token: str) -> Token:
        """Return what `token` does, and remember nothing."""
        if is_name(token, self.names):
            return self._named
        row, stem_row = self.words.get(token, NOTHING), self.words.get(stem(token), NOTHING)
        known = KNOWN if row or stem_row else UNKNOWN
        if known == UNKNOWN and token[0].isalpha():
            return self._unknown
        kind = known if is_word(token) else MARK
        return Token(row, stem_row, kind, self.cues.get(token, -1))

    def read(self, plain: str) -> Reading:
        """Read a normalised text."""
        remembered = self._tokens.get
        tokens = [remembered(token) or self.token(token) for token in split(plain)]
        ids, stems, kinds, cues = zip(*tokens, strict=True) if tokens else ((), (), (), ())
        line = [BOUNDARY, *ids, BOUNDARY]
        if ids.count(self.name) > 1:  # a run of names is one
            line[1:] = [one for last, one in pairwise(line) if not last == one == self.name]
        row, base = self.pairs.get, self.base
        rows = {NOTHING, *ids, *stems}
        rows.update([row(left * base + right, NOTHING) for left, right in pairwise(line)])
        found = sorted({*cues} - {-1})[:MOST_CUES]
        if len(found) > 1:
            cue_row, n = self._cue_pairs, len(self.cues)
            rows.update([cue_row[one * n + other] for one, other in combinations(found, 2)])
        words = len(kinds) - kinds.count(MARK)
        known = words - kinds.count(UNKNOWN)
        coverage = known / words if KNOWN in kinds else 0.0
        return Reading(sorted(rows), len(line) - 2, coverage)

    def row(self, term: str) -> int:
        """Return the row of a term as `features` writes it, or `NOTHING`."""
        one, _, other = term.partition(" + ")
        if other:
            return int(self.cue_pairs[self.cues[one], self.cues[other]])
        left, _, right = term.partition(" ")
        if right:
            return self.pairs.get(self._row(left) * self.base + self._row(right), NOTHING)
        return self.words.get(term, NOTHING)

    def _row(self, word: str) -> int:
        return BOUNDARY if word in (START, END) else self.words.get(word, NOTHING)
