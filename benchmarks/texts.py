"""Texts to time scoring on: made-up headlines, and what no headline looks like."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from string import ascii_lowercase

CONTRAST = Path(__file__).parent.parent / "training" / "contrast.csv"

Hostile = Callable[[int, random.Random], str]


def invented_headlines() -> list[tuple[str, int]]:
    """Return the project's own invented headlines, each with its grade of clickbait, 0 to 3."""
    with CONTRAST.open(encoding="utf-8", newline="") as stream:
        return [(row["headline"], int(row["clickbait"])) for row in csv.DictReader(stream)]


def made_up_headlines(n: int) -> list[str]:
    """Return n distinct headlines, each joined from parts of two invented ones.

    Every seventh has typographic quotes, as a seventh of real headlines is not ASCII.
    """
    invented = [headline.split() for headline, _ in invented_headlines()]
    generator = random.Random(0)
    made: dict[str, None] = {}
    while len(made) < n:
        head, tail = generator.sample(invented, 2)
        words = head[: len(head) // 2] + tail[len(tail) // 2 :]
        if len(made) % 7 == 0:
            words[-1] = f"“{words[-1]}”"
        made[" ".join(words)] = None
    return list(made)


def _repeated(pieces: str) -> Hostile:
    return lambda n, _: "".join(islice(cycle(pieces.split("/")), n))


def _letters(n: int, generator: random.Random) -> str:
    return "".join(generator.choices(ascii_lowercase, k=n))


def _different_words(n: int, generator: random.Random) -> str:
    letters = _letters(8 * n, generator)
    return " ".join(letters[8 * i : 8 * i + 8] for i in range(n))


HOSTILE: dict[str, Hostile] = {
    "letters without a blank": _letters,
    "one word again and again": _repeated("shocking "),
    "different words": _different_words,
    "a word in capitals": _repeated("SHOCK "),
    "`!` and `?`": _repeated("!/?"),
    "`&amp;`": _repeated("&amp;"),
    "typographic quotes": _repeated("“so”/ ‘so’ "),
    "dashes": _repeated("-"),
    "a dash between blanks": _repeated(" - "),
    "emoji": _repeated("😱/🔥/🚨 "),
    # Marks of two classes in turn, which Unicode's normal forms have to sort.
    "combining marks": lambda n, _: "e" + "\u0301\u0323" * n,
}
"""Kinds of hostile text: what makes one of n pieces, by a generator where chance has a part."""
