"""Finding the places of many 64-bit keys at once."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import count

import numpy as np
from numpy.typing import NDArray

SCATTER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio: numbers multiplied by it scatter well (Knuth, TAOCP 6.4)."""

_MOST_STEPS = 256  # from a key's first slot to its own; usual are some twenty


def _multipliers(keys: NDArray[np.uint64]) -> Iterator[np.uint64]:
    """Yield odd numbers to multiply keys by: one that scatters most keys well, and then others.

    Those follow from all of the keys, so nobody can make a model whose keys none of them scatters.
    """
    yield SCATTER
    digest = sha256(keys.tobytes())
    for number in count():
        digest.update(b"%d" % number)
        yield np.uint64(int.from_bytes(digest.digest()[:8], "little") | 1)


class HashTable:
    """Distinct keys and their places: open addressing with linear probing, half of it free.

    Two keys are never taken for each other: a slot holds the whole key.
    """

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        bits = max(2, (2 * len(keys)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._last = np.intp((1 << bits) - 1)
        for attempt, self._multiplier in enumerate(_multipliers(keys)):
            if self._filled(keys, _MOST_STEPS << attempt):
                break

    def _filled(self, keys: NDArray[np.uint64], most: int) -> bool:
        """Give each key a slot, or tell that `most` steps are not enough for all."""
        self._keys = np.zeros(self._last + 1, np.uint64)
        self._places = np.full(self._last + 1, -1, np.int32)  # -1: a free slot
        waiting = np.arange(len(keys), dtype=np.int32)
        slots = self._first_slots(keys)
        for _ in range(most):
            free = self._places[slots] < 0
            self._places[slots[free]] = waiting[free]  # of several for one slot, the last stays
            left = self._places[slots] != waiting
            waiting, slots = waiting[left], (slots[left] + 1) & self._last
            if not waiting.size:
                break
        taken = self._places >= 0
        self._keys[taken] = keys[self._places[taken]]
        return not waiting.size

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the place of each key, shape (n,), among those of the table; -1: it has none."""
        slots = self._first_slots(keys)
        places = self._places.take(slots)
        # Where another key has the slot, the key is in one of the next, before a free one.
        rest = np.flatnonzero((self._keys.take(slots) != keys) & (places >= 0))
        slots = slots[rest]
        while rest.size:
            slots = (slots + 1) & self._last
            found = self._places.take(slots)
            places[rest] = found
            other = (self._keys.take(slots) != keys[rest]) & (found >= 0)
            rest, slots = rest[other], slots[other]
        return places

    def _first_slots(self, keys: NDArray[np.uint64]) -> NDArray[np.intp]:
        return ((keys * self._multiplier) >> self._shift).astype(np.intp)
