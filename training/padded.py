"""Headlines with more around them: what a headline promises or shouts, plain words don't take back.

The graded headlines of a publisher with a plain one of the same publisher before or after them, or
with a date or hashtags after them. A target's grade is the higher one of both headlines. They are
made anew from the data each time, always alike, and kept nowhere.
"""

from __future__ import annotations

import calendar
import random
from collections import defaultdict
from collections.abc import Sequence

SHORTEST, LONGEST = 8, 16  # words of a plain headline
PLAIN = 0.01  # its highest grade
TELLING = 1 / 3  # least grade, of some target, that plain words might drown
MONTHS = tuple(calendar.month_name)[1:]


def padded(
    headlines: Sequence[str],
    grades: Sequence[Sequence[float]],
    publishers: Sequence[str],
    n: int,
    seed: int,
) -> list[tuple[str, int, list[float]]]:
    """Return n texts, each with the place of the headline that it is made of, and its grades.

    Seven in ten are telling headlines beside a plain one; half of the others are any.
    """
    choose = random.Random(seed)
    plain: defaultdict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(headlines):
        if max(grades[i]) <= PLAIN and SHORTEST <= len(text.split()) <= LONGEST:
            plain[publishers[i]].append(i)
    every = [i for i, publisher in enumerate(publishers) if publisher in plain]
    telling = [i for i in every if max(grades[i]) >= TELLING]
    found: list[tuple[str, int, list[float]]] = []
    while telling and len(found) < n:
        i, kind = choose.choice(telling), choose.random()
        other = choose.choice(plain[publishers[i]])
        one, clause = headlines[i].rstrip(".!?, "), headlines[other]
        higher = [max(pair) for pair in zip(grades[i], grades[other], strict=True)]
        if kind < 0.4:
            found.append((f"{one}{choose.choice((', ', '; ', '. ', ', as '))}{clause}", i, higher))
        elif kind < 0.7:
            found.append((f"{clause}{choose.choice((', ', ': ', '. '))}{headlines[i]}", i, higher))
        else:
            if choose.random() < 0.5:
                i = choose.choice(every)
                clause = headlines[choose.choice(plain[publishers[i]])]
            more = _date(choose) if kind < 0.85 else _hashtags(clause, choose)
            found.append((f"{headlines[i]} {more}", i, list(grades[i])))
    return found


def _date(choose: random.Random) -> str:
    day, month, year = choose.randint(1, 28), choose.choice(MONTHS), choose.randint(1990, 2030)
    return choose.choice(
        (
            f"({day} {month} {year})",
            f"- {month} {day}, {year}",
            f"| {day} {month[:3]} {year}",
            f"({day}/{MONTHS.index(month) + 1}/{year})",
            f"[{month} {year}]",
        )
    )


def _hashtags(clause: str, choose: random.Random) -> str:
    words = [word.lower() for word in clause.split() if word.isalpha() and len(word) > 4]
    return " ".join(f"#{word}" for word in choose.sample(words, min(len(words), 3)))
