"""Write `names.txt`: the words that headlines write with a capital even in mid-sentence.

    python training/make_names.py --data ../shared/data

A word is a name if it stands capitalised in at least 93 % of its uses, three or more, inside
sentence-case headlines: not at their start, nor after a mark that may begin a sentence; or if it is
in `more_names.txt`, our own list of leaders, countries, peoples, parties, religions, clubs,
companies, first names, surnames and cities. The model sees names as one token, so that none has a
weight of its own. A list of words, in no way a list of headlines; letter case plays no part when a
headline is scored.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from headline_score.text import normalise
from sources import HERE, MissingDataError, read_csv, read_own

LEAST_USES = 3
LEAST_SHARE = 0.93
NOT_NAMES = {"i"}  # the pronoun

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_OPENS_A_SENTENCE = re.compile(r"[:?!.\"'|-]")


def is_sentence_case(words: list[str]) -> bool:
    """Tell whether most longer words after the first begin with a small letter."""
    longer = [word for word in words[1:] if len(word) >= 4 and word.isalpha()]
    small = sum(word[0].islower() for word in longer)
    return len(words) >= 5 and bool(longer) and small >= 0.6 * len(longer)


def inner_words(headline: str) -> Iterator[str]:
    """Yield the words of a sentence-case headline whose capital is a choice, without 's."""
    plain = normalise(headline)
    matches = list(_WORD.finditer(plain))
    if not plain.islower() and is_sentence_case([match.group() for match in matches]):
        for before, match in pairwise(matches):
            if not _OPENS_A_SENTENCE.search(plain, before.end(), match.start()):
                word = match.group().removesuffix("'s")
                if word.isalpha():
                    yield word


def find_names(headlines: Iterable[str]) -> list[str]:
    """Return the names among the words of the headlines, in lower case and sorted."""
    uses: Counter[str] = Counter()
    capitalised: Counter[str] = Counter()
    for headline in headlines:
        for word in inner_words(headline):
            uses[word.lower()] += 1
            capitalised[word.lower()] += word[0].isupper()
    return sorted(
        word
        for word, n in uses.items()
        if n >= LEAST_USES and capitalised[word] >= LEAST_SHARE * n and word not in NOT_NAMES
    )


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    data = parser.parse_args().data
    try:
        rows = [*read_csv(data, "annotated.csv"), *read_csv(data, "unlabelled.csv.gz")]
    except MissingDataError as error:
        raise SystemExit(str(error)) from None
    rows += read_own("contrast.csv")
    more = (HERE / "more_names.txt").read_text(encoding="utf-8").split()
    found = {*find_names(row["headline"] for row in rows), *more}
    loaded = {form for row in read_own("thesaurus.csv") for form in row["forms"].split()}
    names = sorted(found - loaded)
    (HERE / "names.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    print(f"{len(names):,} names")


if __name__ == "__main__":
    main()
