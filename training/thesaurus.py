"""How many training headlines hold each loaded, hedging and baiting word of `thesaurus.csv`?"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from headline_score.text import normalise
from sources import read_own
from train import Rows

ENOUGH = 8  # training headlines

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def words(headline: str) -> set[str]:
    """Return the words of a headline; of a hyphenated one also its parts.

    >>> sorted(words("Must-see Row"))
    ['must', 'must-see', 'row', 'see']
    """
    whole = set(_WORD.findall(normalise(headline).lower()))
    return whole | {part for word in whole for part in word.split("-")}


def uses(headlines: Iterable[str], keys: Mapping[str, Sequence[str]]) -> Counter[str]:
    """Return for each key how many headlines hold it; a word may stand for several keys."""
    found: Counter[str] = Counter()
    for headline in headlines:
        found.update({key for word in words(headline) for key in keys.get(word, ())})
    return found


def coverage_rows(rows: Rows) -> list[list[object]]:
    """Return for each kind its lemmas and inflected forms, and how many have enough headlines."""
    lemmas = [
        (row["kind"], row["lemma"], row["forms"].split()) for row in read_own("thesaurus.csv")
    ]
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for kind, lemma, forms in lemmas:
        for form in forms:
            keys[form] += [f"{kind}/{lemma}", form]
    pairs = zip(rows.headlines, rows.kind, strict=True)
    own = [text for text, kind in pairs if kind == "graded"]
    graded, every = uses(own, keys), uses(rows.headlines, keys)
    found: list[list[object]] = []
    for kind in sorted({kind for kind, *_ in lemmas}):
        its = [f"{kind}/{lemma}" for each, lemma, _ in lemmas if each == kind]
        inflected = [form for each, _, forms in lemmas if each == kind for form in forms]
        enough = [sum(graded[key] >= ENOUGH for key in some) for some in (its, inflected)]
        all_told = sum(every[form] >= ENOUGH for form in inflected)
        found.append([kind, len(its), enough[0], len(inflected), enough[1], all_told])
    return found


COLUMNS = (
    "kind",
    "lemmas",
    f"lemmas in {ENOUGH} or more graded",
    "forms",
    f"forms in {ENOUGH} or more graded",
    f"forms in {ENOUGH} or more of all",
)
