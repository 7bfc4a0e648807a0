"""How far do disguises and padding move the scores of headlines that should score high?

    python training/robustness.py                            # on contrast.csv
    python training/robustness.py --data ../shared/data      # on the positives of gold.csv

For each target the headlines of at least half strength are rewritten: in ways that let a reader
see the same words, or with more words around them. Prints the mean score, with a 95 % bootstrap
interval over headlines, and the share still flagged at the model's threshold.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import numpy as np

from fairness import asked_for, bootstrap_mean
from headline_score import Model
from headline_score.evaluation import POSITIVE
from report import Table
from train import TARGETS

SEED = 0
CLAUSE = ", as the council of the region met on Tuesday to discuss the budget for the coming year"
_WORD = re.compile(r"[A-Za-z]{4,}")
_HOMOGLYPHS = str.maketrans("aceopxyACEHKMOPTX", "асеорхуАСЕНКМОРТХ")
_ARMENIAN = str.maketrans("gnou", "ցոօս")
_SMALL = str.maketrans("abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ")
_LEET = str.maketrans("aeios", "43105")


def _inside(change: Callable[[str], str]) -> Callable[[str], str]:
    """Return what changes each word of four letters and more."""
    return lambda text: _WORD.sub(lambda match: change(match.group()), text)


def _doubled(word: str) -> str:
    place = random.Random(word).randrange(1, len(word))
    return word[: place + 1] + word[place:]


def _spread(sign: str) -> Callable[[str], str]:
    """Return what puts a sign between the letters of a text's longest word."""

    def change(text: str) -> str:
        words: list[str] = sorted(_WORD.findall(text), key=len)
        return text.replace(words[-1], sign.join(words[-1]), 1) if words else text

    return change


REWRITES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "zero-width space in each word": _inside(lambda word: f"{word[:2]}\u200b{word[2:]}"),
    "soft hyphen in each word": _inside(lambda word: f"{word[:2]}\u00ad{word[2:]}"),
    "Hangul filler in each word": _inside(lambda word: f"{word[:2]}\u3164{word[2:]}"),
    "control character in each word": _inside(lambda word: f"{word[:2]}\x08{word[2:]}"),
    "Cyrillic look-alikes": _inside(lambda word: word.translate(_HOMOGLYPHS)),
    "Armenian look-alikes": _inside(lambda word: word.translate(_ARMENIAN)),
    "small capitals": _inside(lambda word: word.lower().translate(_SMALL)),
    "full-width letters": _inside(lambda word: "".join(chr(ord(c) + 0xFEE0) for c in word)),
    "bold mathematical letters": _inside(
        lambda word: "".join(
            chr(ord(c) - ord("a") + 0x1D41A if c.islower() else ord(c) - ord("A") + 0x1D400)
            for c in word
        )
    ),
    "digits for letters (l1ke th15)": _inside(lambda word: word[0] + word[1:].translate(_LEET)),
    "a letter doubled in each word": _inside(_doubled),
    "longest word s p a c e d": _spread(" "),
    "longest word d.o.t.t.e.d": _spread("."),
    "longest word h-y-p-h-e-n-e-d": _spread("-"),
    "a plain clause of 15 words after it": lambda text: text.rstrip(".!?") + CLAUSE,
    "a plain clause before it": lambda text: f"{CLAUSE[5:].capitalize()}: {text}",
    "a publisher after it": lambda text: f"{text} | The Daily Example",
    "a date after it": lambda text: f"{text} (12 March 2026)",
    "hashtags after it": lambda text: f"{text} #harbour #council #regional",
}


def robustness_table(model: Model, headlines: dict[str, list[str]]) -> Table:
    """Return by rewrite mean scores and shares flagged of each target's headlines."""
    rows: list[list[object]] = []
    for name, rewrite in REWRITES.items():
        cells: list[object] = []
        for target, texts in headlines.items():
            scores = model.score_many(list(map(rewrite, texts)))[target]
            flagged = float(np.mean(scores >= model.thresholds[target]))
            cells.append(f"{bootstrap_mean(scores)}, {flagged:.0%}")
        rows.append([name, *cells])
    headers = [f"{target} (n = {len(texts)})" for target, texts in headlines.items()]
    return Table(["mean score, share flagged", *headers], rows)


def positives(rows: list[dict[str, str]], top: float) -> dict[str, list[str]]:
    """Return for each target the headlines of at least half strength, grades being up to `top`."""
    return {
        target: [row["headline"] for row in rows if float(row[target]) / top >= POSITIVE]
        for target in TARGETS
    }


def main() -> None:
    """Print the table."""
    model, rows, top = asked_for(__doc__ or "")
    print(robustness_table(model, positives(rows, top)))


if __name__ == "__main__":
    main()
