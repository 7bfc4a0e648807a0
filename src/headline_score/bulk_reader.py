"""Reading many headlines at once: what `Vocabulary.read` finds in one, found by array operations.

The texts are joined into one array of bytes, and each step is done for all of them: bytes to kinds,
kinds to tokens, tokens to 64-bit hashes, hashes to words, neighbours to pairs. Python runs for a
single token only where the vocabulary has no such word. The texts must be ASCII, as nearly all
headlines are once they are normalised.

No word is taken for another. No two listed words have one hash: of those that would, one is listed,
and the others are looked up one by one. And where a token has the hash of a listed word, its length
and all its bytes but the first eight are compared with the word's. If those are alike so are the
first eight, as hashing is one to one in each of them.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headline_score.features import LONGEST_WORD, MOST_CUES, PUNCTUATION, loudness
from headline_score.lookup import SCATTER, HashTable
from headline_score.vocabulary import BOUNDARY, KNOWN, NAMED, NOTHING, UNKNOWN, Vocabulary

Bytes = NDArray[np.uint8]
Integers = NDArray[np.integer[Any]]
Keys = NDArray[np.uint64]

# Kinds of bytes; any other is part of no token.
_LETTER, _MARK, _APOSTROPHE, _DOT, _DASH = range(1, 6)
_KINDS = {
    **dict.fromkeys(string.ascii_letters + string.digits, _LETTER),
    **dict.fromkeys(PUNCTUATION, _MARK),
    "'": _APOSTROPHE,
    ".": _DOT,
    "-": _DASH,
}
_KIND = bytes(_KINDS.get(chr(byte), 0) for byte in range(256))
_FOLD = bytes.maketrans(
    (string.ascii_uppercase + string.digits).encode(),
    (string.ascii_lowercase + "0" * 10).encode(),
)
_BLANK = np.array([byte < 128 and chr(byte).isspace() for byte in range(256)])
_A, _Z, _BANG = b"AZ!"
_SHOUT = 4  # capitals in a row, without which no word is shouted

_GAP = "\n"  # before, between and after texts: a blank, and part of no token
_CHUNK = 8  # bytes hashed at once
_MASKS = np.array([256**n - 1 for n in range(_CHUNK + 1)], np.uint64)  # its first n bytes
_REMEMBERED = 2**16  # tokens that the vocabulary lacks: bounds memory
_SPREAD = np.uint64(32)  # half of a hash


class Readings(NamedTuple):
    """The readings of n texts."""

    rows: Integers
    """Rows of their terms, shape (terms,): those of a text rising, once each, `NOTHING` first."""

    lengths: Integers
    """Number of tokens of each, a run of names being one, shape (n,)."""

    loudness: NDArray[np.float64]
    """Shape of each but for its length: `features.loudness`, shape (n, 3)."""

    coverage: NDArray[np.float64]
    """Share of the words of each that the model knows, shape (n,)."""


class BulkReader:
    """The tables of a vocabulary, for many texts."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._name = vocabulary.name
        self._looked_up = vocabulary.looked_up
        self._remembered = lru_cache(_REMEMBERED)(vocabulary.looked_up)
        names = vocabulary.names
        starts, rights = np.asarray(vocabulary.starts), np.asarray(vocabulary.rights)
        self._base, cues = vocabulary.first_pair, len(vocabulary.cues)
        lefts = np.repeat(np.arange(self._base + cues, dtype=np.int64), np.diff(starts))
        last = int(starts[self._base])  # of the neighbours
        self._pairs = HashTable((lefts[:last] * self._base + rights[:last]).astype(np.uint64))
        self._pair_row = np.arange(self._base - 1, self._base + last, dtype=np.int32)
        self._pair_row[0] = NOTHING  # of what is no pair
        self._cue_pair_row = np.full((cues, cues), NOTHING, np.int32)
        self._cue_pair_row[lefts[last:] - self._base, rights[last:]] = self._base + np.arange(
            last, len(rights)
        )
        self._list(list({*vocabulary.words, *names, *(f"{name}'s" for name in names)}))

    def _list(self, words: list[str]) -> None:
        """Make the table of words that need no looking up."""
        encoded = [word.encode() for word in words]
        lengths = np.fromiter(map(len, encoded), np.int64, len(words))
        starts = np.cumsum(lengths) - lengths
        self._chunks, self._longest = _chunks(b"".join(encoded)), int(lengths.max())
        hashes, first = np.unique(self._hashes(self._chunks, starts, lengths), return_index=True)
        self._listed, self._lengths, self._starts = HashTable(hashes), lengths[first], starts[first]
        known = [self._looked_up(words[place]) for place in first.tolist()]
        # What is known of each listed token, int32 each, shape (listed,)
        self._row, self._stem, self._kind, self._cue = np.array(known, np.int32).T.copy()

    def read(self, texts: Sequence[str]) -> Readings:
        """Read n normalised ASCII texts, n > 0."""
        n = len(texts)
        raw = _GAP.join(["", *texts, ""]).encode("ascii")
        data = np.frombuffer(raw, np.uint8)  # (bytes,)
        lengths = np.fromiter(map(len, texts), np.int64, n)
        begins = np.concatenate([[1], 1 + np.cumsum(lengths + 1)])  # (n + 1,): places of texts

        starts, ends = _tokens(raw, data)  # (tokens,) each
        text = np.repeat(np.arange(n), np.diff(np.searchsorted(starts, begins)))  # of each token
        row, stem, kind, cue = self._known(raw, starts, ends)

        kinds = np.bincount(text * 4 + kind, minlength=4 * n).reshape(n, 4)
        words = kinds[:, UNKNOWN] + kinds[:, NAMED] + kinds[:, KNOWN]
        known = np.where(kinds[:, KNOWN] > 0, kinds[:, NAMED] + kinds[:, KNOWN], 0)

        named = row == self._name
        again = np.flatnonzero(named[1:] & named[:-1] & (text[1:] == text[:-1])) + 1
        counts = np.bincount(text, minlength=n)
        lengths = counts - np.bincount(text[again], minlength=n)  # a run of names is one

        line = np.full(
            len(row) + n + 1, BOUNDARY, np.int64
        )  # each text's rows, a boundary before and after
        line[np.arange(1, len(row) + 1) + text] = row
        found = [
            (np.arange(n), np.full(n, NOTHING)),
            (text, row),
            (text, stem),
            (np.repeat(np.arange(n), counts + 1), self._pair_rows(line)),
            *self._cue_pair_rows(text, cue),
        ]
        return Readings(
            rows=_distinct(found)[1],
            lengths=lengths,
            loudness=_loudness(texts, data, begins),
            coverage=known / np.maximum(words, 1),
        )

    def _known(self, raw: bytes, starts: Integers, ends: Integers) -> list[Any]:
        """Return rows, stems, kinds and cues of tokens, each of shape (tokens,)."""
        chunks, lengths = _chunks(raw.translate(_FOLD)), ends - starts
        place = self._listed.find(self._hashes(chunks, starts, lengths))
        place[self._lengths[place] != lengths] = -1
        long = np.flatnonzero((place >= 0) & (lengths > _CHUNK))
        for done in range(_CHUNK, self._longest, _CHUNK):
            of_word = _chunk(self._chunks, self._starts[place[long]], lengths[long], done)
            other = of_word != _chunk(chunks, starts[long], lengths[long], done)
            place[long[other]] = -1
            long = long[~other & (lengths[long] > done + _CHUNK)]
            if not long.size:
                break
        columns = [each[place] for each in (self._row, self._stem, self._kind, self._cue)]
        strange = np.flatnonzero(place < 0)
        if strange.size:
            places = zip(starts[strange].tolist(), ends[strange].tolist(), strict=True)
            found = [self._unlisted(raw[start:end].lower().decode()) for start, end in places]
            for column, values in zip(columns, zip(*found, strict=True), strict=True):
                column[strange] = values
        return columns

    def _unlisted(self, token: str) -> tuple[int, int, int, int]:
        look_up = self._remembered if len(token) <= LONGEST_WORD else self._looked_up
        return look_up(token)

    def _hashes(self, chunks: Keys, starts: Integers, lengths: Integers) -> Keys:
        """Return the hash of each token, shape (tokens,), by at most its `_longest` first bytes.

        Eight bytes at a time: exclusive or, multiplication by an odd number, and the upper half
        mixed into the lower.
        """
        hashes = np.zeros(len(starts), np.uint64)
        left = np.arange(len(starts))  # those that have so many bytes
        for done in range(0, self._longest, _CHUNK):
            if done:
                left = left[lengths[left] > done]
            if not left.size:
                break
            mixed = hashes[left] ^ _chunk(chunks, starts[left], lengths[left], done)
            mixed *= SCATTER  # odd: one to one
            hashes[left] = mixed ^ mixed >> _SPREAD
        return hashes

    def _pair_rows(self, line: Integers) -> NDArray[np.int32]:
        keys = line[:-1] * self._base + line[1:]
        return self._pair_row[self._pairs.find(keys.astype(np.uint64)) + 1]

    def _cue_pair_rows(self, text: Integers, cue: Integers) -> list[tuple[Integers, Integers]]:
        """Return, for each distance between cues of a text in order, texts and rows of pairs."""
        is_cue = cue >= 0
        text, cue = _distinct([(text[is_cue], cue[is_cue])])
        rank = np.arange(len(text)) - np.searchsorted(text, text)  # among the cues of its text
        text, cue = text[rank < MOST_CUES], cue[rank < MOST_CUES]
        found: list[tuple[Integers, Integers]] = []
        for distance in range(1, MOST_CUES):
            together = np.flatnonzero(text[distance:] == text[:-distance])
            if not together.size:
                break
            rows = self._cue_pair_row[cue[together], cue[together + distance]]
            found.append((text[together], rows))
        return found


def _chunks(text: bytes) -> Keys:
    """Return from each byte of a text on eight of them as a number, shape (bytes + 1,)."""
    return np.ndarray(len(text) + 1, "<u8", text + bytes(_CHUNK), strides=(1,))


def _chunk(chunks: Keys, starts: Integers, lengths: Integers, done: int) -> Keys:
    """Return the next eight bytes of each token after `done`; 0 beyond its end, shape (tokens,)."""
    left = np.clip(lengths - done, 0, _CHUNK)
    return chunks[np.minimum(starts + done, len(chunks) - 1)] & _MASKS[left]


def _tokens(raw: bytes, data: Bytes) -> tuple[Integers, Integers]:
    """Return where tokens start and end, shape (tokens,) each, as `features.split` finds them."""
    kind = np.frombuffer(bytearray(raw.translate(_KIND)), np.uint8)  # (bytes,), to be changed
    special = np.flatnonzero(kind >= _APOSTROPHE)  # few
    which = kind[special]
    at = special[which == _APOSTROPHE]
    kind[at] = np.where((kind[at - 1] == _LETTER) & (kind[at + 1] == _LETTER), _LETTER, 0)
    at = special[which == _DOT]
    kind[at] = np.where((data[at - 1] == data[at]) | (data[at + 1] == data[at]), _DOT, 0)
    at = special[which == _DASH]
    first, last = at[data[at - 1] != data[at]], at[data[at + 1] != data[at]]  # of each run
    alone = _BLANK[data[first - 1]] & _BLANK[data[last + 1]]
    kind[at] = np.where(np.repeat(alone, last - first + 1), _DASH, 0)

    edge = (kind[1:] != kind[:-1]) | (kind[1:] == _MARK)  # each mark is a token of its own
    starts = np.flatnonzero(edge & (kind[1:] > 0)) + 1
    edge = (kind[1:] != kind[:-1]) | (kind[:-1] == _MARK)
    return starts, np.flatnonzero(edge & (kind[:-1] > 0)) + 1


def _distinct(found: Sequence[tuple[Any, Any]]) -> tuple[Integers, Integers]:
    """Return pairs of a text's number and a row, sorted and once each."""
    bits = max(int(rows.max(initial=0)) for _, rows in found).bit_length()
    most = max(int(texts.max(initial=0)) for texts, _ in found)
    kind = np.uint32 if (most + 1) << bits < 2**32 else np.uint64  # half the bytes sort faster
    keys = np.concatenate(
        [texts.astype(kind) << kind(bits) | rows.astype(kind) for texts, rows in found]
    )
    keys.sort()
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)]]
    return (keys >> kind(bits)).astype(np.int64), (keys & kind((1 << bits) - 1)).astype(np.int64)


def _loudness(texts: Sequence[str], data: Bytes, begins: Integers) -> NDArray[np.float64]:
    """Return the loudness of texts, shape (n, 3)."""

    def text_of(places: Any) -> Any:
        return np.searchsorted(begins, places, "right") - 1

    found = np.zeros((len(texts), 3))
    capital = data - np.uint8(_A) <= _Z - _A  # bytes below A wrap round
    run = capital[: max(len(data) - _SHOUT + 1, 0)].copy()
    for place in range(1, _SHOUT):
        run &= capital[place : len(run) + place]
    loud = np.concatenate([np.flatnonzero(run), np.flatnonzero(data == _BANG)])
    for i in np.unique(text_of(loud)).tolist():  # few
        found[i] = loudness(texts[i])
    return found
