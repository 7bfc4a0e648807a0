"""The terms of a model: which rows of its weights a text has.

Rows are numbered through: two that add nothing, words (tokens and stems), pairs. A pair has a left
and a right member: neighbours are two words, or a word and a boundary; cues, which as left members
are numbered on from the words, have their pairs after these. `Vocabulary.read` finds the rows of
one text; `bulk_reader.BulkReader` those of many at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from headline_score.features import (
    END,
    LONGEST_WORD,
    MOST_CUES,
    NAME,
    START,
    fold_digits,
    is_name,
    is_word,
    read_as,
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

    pairs: dict[int, int]
    """For the row of what follows, the row of the pair, if it is one."""


class Vocabulary:
    """The terms of a model, and their rows."""

    def __init__(
        self,
        words: Sequence[str],
        starts: memoryview[Any],
        rights: memoryview[Any],
        names: Iterable[str],
        cues: Sequence[str],
    ) -> None:
        """Number the terms.

        Args:
            words: different words, `features.NAME` among them.
            starts: for each left member, where its pairs begin among all; and the end of the last.
            rights: the right member of each pair: a row, or the number of a cue.
            names: words that count as names.
            cues: telling words, each numbered by its place.
        """
        self.names = frozenset(names)
        self.words = {word: row for row, word in enumerate(words, FIRST_WORD)}
        """Row of each word."""
        self.cues = {word: number for number, word in enumerate(cues)}
        """Number of each cue."""
        self.name = self.words[NAME]
        """Row of a run of names."""
        self.first_pair = FIRST_WORD + len(words)
        """Row of the first pair; and left member of the first pair of cues."""
        self.starts, self.rights = starts, rights
        self._pairs = _Pairs(self.first_pair, starts, rights)
        name_cue = self.cues.get(NAME, -1)
        self._named = (self.name, NOTHING, NAMED, name_cue)
        self._unknown = (self.name, NOTHING, UNKNOWN, name_cue)
        self._boundary = Token(BOUNDARY, NOTHING, MARK, -1, self._pairs[BOUNDARY])
        self._tokens: dict[str, Token] = {}

    def looked_up(self, token: str) -> tuple[int, int, int, int]:
        """Return row, stem, kind and cue of a `Token`."""
        word = read_as(token, self.names, self.words)
        if word == NAME:
            return self._named if is_name(fold_digits(token), self.names) else self._unknown
        row, stem_row = self.words.get(word, NOTHING), self.words.get(stem(word), NOTHING)
        kind = KNOWN if row or stem_row else UNKNOWN
        return row, stem_row, kind if is_word(word) else MARK, self.cues.get(word, -1)

    def read(self, plain: str) -> tuple[set[int], int, float]:
        """Read a normalised text.

        Returns:
            The rows of its terms, beside `NOTHING` and `BOUNDARY`; its number of tokens, a run of
            names being one; and its coverage, the share of its words that the model knows, 0 if
            those are but names.
        """
        remembered = self._tokens.get
        tokens = [remembered(token) or self._token(token) for token in split(plain)]
        rows, stems, kinds, cues, pairs = zip(self._boundary, *tokens, strict=True)
        following = [*rows[1:], BOUNDARY]
        found = {*rows, *stems}
        found.update([of.get(row, NOTHING) for of, row in zip(pairs, following, strict=True)])
        together = sorted({*cues})  # the first is -1, the boundary's
        if len(together) > 2:
            del together[MOST_CUES + 1 :], together[0]
            of_cue = [self._pairs[self.first_pair + cue] for cue in together]
            found.update(
                [
                    of.get(other, NOTHING)
                    for place, of in enumerate(of_cue, 1)
                    for other in together[place:]
                ]
            )
        length = len(tokens)
        if rows.count(self.name) > 1:  # a run of names is one; two of them are no pair
            length -= list(zip(rows, following, strict=True)).count((self.name, self.name))
        words = len(kinds) - kinds.count(MARK)
        coverage = (words - kinds.count(UNKNOWN)) / words if KNOWN in kinds else 0.0
        return found, length, coverage

    def row(self, term: str) -> int:
        """Return the row of a term as `features` writes it, or `NOTHING`."""
        one, _, other = term.partition(" + ")
        if other:
            return self._pairs[self.first_pair + self.cues[one]].get(self.cues[other], NOTHING)
        left, _, right = term.partition(" ")
        if right:
            return self._pairs[self._row(left)].get(self._row(right), NOTHING)
        return self.words.get(term, NOTHING)

    def _token(self, token: str) -> Token:
        known = self.looked_up(token)
        found = Token(*known, self._pairs[known[0]])
        if len(token) <= LONGEST_WORD:
            if len(self._tokens) >= _REMEMBERED:
                self._tokens.clear()
            self._tokens[token] = found
        return found

    def _row(self, word: str) -> int:
        return BOUNDARY if word in (START, END) else self.words.get(word, NOTHING)


class _Pairs(dict[int, dict[int, int]]):
    """By left member the rows of its pairs, by right member; made when first asked for."""

    def __init__(self, first: int, starts: memoryview[Any], rights: memoryview[Any]) -> None:
        self._first, self._starts, self._rights = first, starts, rights

    def __missing__(self, left: int) -> dict[int, int]:
        start, end = self._starts[left], self._starts[left + 1]
        rows = range(self._first + start, self._first + end)
        found = self[left] = dict(zip(self._rights[start:end], rows, strict=True))
        return found
