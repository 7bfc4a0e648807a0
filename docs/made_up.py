"""A made-up corpus of headlines: eight invented outlets over two years, each with its style.

    python docs/made_up.py OUT.csv [--n 6000] [--seed 1]

For the screenshots of the report, and for its tests. Outlets, places and news are invented.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator

PLACES = (
    "Ambleton Brackwater Carrow Dunmore Eastholm Farrowby Glenwick Inverdale Larkhill Millbrook"
    " Northfen Oakhaven Redmouth Saltmarsh Thornbury Westering"
).split()
THINGS = (
    "ferry,harbour,library,tram line,night bus,hospital wing,swimming pool,bridge,school kitchen,"
    "flood barrier,market hall,bus station,theatre,cycle path,water main,wind farm,museum,airport"
).split(",")
PEOPLE = (
    "mayor,harbour board,council,minister,bus drivers,nurses,teachers,residents,fishers,farmers,"
    "shopkeepers,auditors,engineers,judges,students,pensioners"
).split(",")
PLAINLY = (
    "{People} approve {thing} budget for {place}",
    "{place} {thing} reopens after repairs",
    "{People} vote on {thing} in {place}",
    "{place} names new head of {thing}",
    "{thing} work in {place} to begin in {month}",
    "{People} and {people} agree on {thing} timetable",
    "{place} council publishes {thing} accounts",
    "{n} new places at {place} school",
    "{thing} in {place} sold for {n} million",
    "{People} elect new chair in {place}",
    "{place} marks {n} years of its {thing}",
    "Court upholds fine over {place} {thing}",
    "Rain delays {thing} repairs in {place}",
    "{place} adds {n} buses on Sundays",
)
GUESSING = (
    "{place} {thing} could close by {month}, report suggests",
    "{People} may strike over {thing}, sources say",
    "Is this the end of the {place} {thing}?",
    "Why the {thing} might cost {place} more than it thinks",
    "What if the {place} {thing} never reopens?",
    "{People} reportedly considering sale of {thing}",
    "Will the {people} ever agree on the {place} {thing}?",
    "Could a new {thing} save {place}?",
    "{thing} plan likely to fail, insiders claim",
    "Experts fear {place} could lose its {thing} within {n} years",
)
BAITING = (
    "{n} things nobody tells you about the {place} {thing}",
    "You won't believe what {people} found under the {place} {thing}",
    "This {place} {thing} has a secret, and you will want to see it",
    "Here's why everyone in {place} is talking about the {thing}",
    "{n} reasons you should never miss the {place} {thing}",
    "The one trick {people} use to beat the {thing} queue",
    "What happened next at the {place} {thing} will melt your heart",
    "We tried the {place} {thing} so you don't have to",
    "Can you guess which {thing} these {people} are hiding?",
    "I spent {n} days at the {place} {thing}. This is what I learned",
)
SHOUTING = (
    "{place} {thing} fiasco: furious {people} SLAM bungling council",
    "Terrifying moment {thing} collapses in {place}",
    "Outrage as {people} blow {n} million on {thing}!",
    "{place} in chaos as {thing} nightmare drags on",
    "Heartbreak for {people} as {thing} horror unfolds",
    "SHOCKING: {people} caught in {place} {thing} scandal",
    "Shameful {thing} betrayal leaves {place} {people} in tears",
    "Monster storm smashes {place} {thing} to pieces",
    "Savage cuts will destroy {place} {thing}, warn angry {people}",
    "{People} blasted over disgraceful {thing} blunder",
)
KINDS = (PLAINLY, GUESSING, BAITING, SHOUTING)
# How often each writes plainly, guesses, baits and shouts; at the start and at the end.
OUTLETS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "The Ambleton Ledger": ((92, 5, 2, 1), (92, 5, 2, 1)),
    "Coast & Country": ((82, 10, 6, 2), (80, 12, 6, 2)),
    "Harbour Wire": ((88, 9, 1, 2), (74, 22, 2, 2)),
    "Morning Beacon": ((66, 16, 6, 12), (62, 18, 8, 12)),
    "The Evening Gull": ((52, 12, 8, 28), (44, 12, 8, 36)),
    "Westering Whisper": ((44, 42, 8, 6), (40, 46, 8, 6)),
    "ClickPort": ((30, 12, 52, 6), (52, 14, 28, 6)),
    "Daily Foghorn": ((24, 12, 16, 48), (22, 12, 14, 52)),
}
SHARES = (22, 14, 18, 14, 12, 8, 9, 10)
MONTHS = 24


def rows(n: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """Yield n rows of headline, outlet and date, the same for the same seed."""
    generator = random.Random(seed)
    for _ in range(n):
        outlet = generator.choices(list(OUTLETS), SHARES)[0]
        month = generator.randrange(MONTHS)
        before, after = OUTLETS[outlet]
        done = month / (MONTHS - 1)
        weights = [b + (a - b) * done for b, a in zip(before, after, strict=True)]
        template = generator.choice(generator.choices(KINDS, weights)[0])
        people, others = generator.sample(PEOPLE, 2)
        headline = template.format(
            People=people,
            people=others,
            place=generator.choice(PLACES),
            thing=generator.choice(THINGS),
            month=generator.choice(["spring", "summer", "autumn", "winter"]),
            n=generator.randrange(3, 30),
        )
        yield {
            "headline": headline[0].upper() + headline[1:],
            "outlet": outlet,
            "date": f"{2029 + month // 12}-{month % 12 + 1:02}-{generator.randrange(1, 29):02}",
        }


def write(path: str, n: int, seed: int = 1) -> None:
    """Write a CSV file of n rows."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["headline", "outlet", "date"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows(n, seed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--n", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.out, arguments.n, arguments.seed)
