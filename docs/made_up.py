"""A made-up corpus of headlines: eight invented outlets over two years, each with its style.

    python docs/made_up.py OUT.csv [--n 6000] [--seed 1]

For the screenshots of the report, and for its tests. Outlets, places and news are invented.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",")]


PLACES = _listed(
    """Ambleton, Brackwater, Carrow, Dunmore, Eastholm, Farrowby, Glenwick, Inverdale, Larkhill,
    Millbrook, Northfen, Oakhaven, Redmouth, Saltmarsh, Thornbury, Westering"""
)
THINGS = _listed(
    """ferry, harbour, library, tram line, night bus, hospital wing, swimming pool, bridge,
    school kitchen, flood barrier, market hall, bus station, theatre, cycle path, water main,
    wind farm, museum, airport"""
)
PEOPLE = _listed(
    """councillors, harbour pilots, ministers, bus drivers, nurses, teachers, residents, fishers,
    farmers, shopkeepers, auditors, engineers, judges, students, pensioners"""
)
PLAIN = """{People} approve {thing} budget for {place}
{place} {thing} reopens after repairs
{People} vote on {thing} in {place}
{place} names new head of {thing}
{Thing} work in {place} to begin in {season}
{People} and {people} agree on {thing} timetable
{place} publishes {thing} accounts
{n} new places at {place} school
{Thing} in {place} sold for {n} million
{People} elect new chair in {place}
{place} marks {n} years of its {thing}
Court upholds fine over {place} {thing}
Rain delays {thing} repairs in {place}
{place} adds {n} buses on Sundays
{People} return to work at {place} {thing}
{Thing} tickets to rise by {n} pence in {place}
{place} plants {n} trees beside the {thing}
Survey of {place} {thing} finds few faults""".splitlines()
GUESSING = """{place} {thing} could close by {season}, report suggests
{People} may strike over {thing}, sources say
Is this the end of the {place} {thing}?
Why the {thing} might cost {place} more than it thinks
What if the {place} {thing} never reopens?
{People} reportedly considering sale of {thing}
Will the {people} ever agree on the {place} {thing}?
Could a new {thing} save {place}?
{Thing} plan likely to fail, insiders claim
Experts fear {place} will lose its {thing} within {n} years
Rumours grow of a second {thing} for {place}
Minister hints at closing {place} {thing}
{place} {thing} deal said to be near collapse
Are {people} about to walk out in {place}?
Mystery buyer tipped to take over {thing}
{Thing} bill expected to double, according to leaked memo""".splitlines()
BAITING = """{n} things nobody tells you about the {place} {thing}
You won't believe what {people} found under the {place} {thing}
This {place} {thing} has a secret, and you will want to see it
Here's why everyone in {place} is talking about the {thing}
{n} reasons you should never miss the {place} {thing}
The one trick {people} use to beat the {thing} queue
What happened next at the {place} {thing} will melt your heart
We tried the {place} {thing} so you don't have to
Can you guess which {thing} these {people} are hiding?
I spent {n} days at the {place} {thing}. This is what I learned
Only true {place} locals can pass this {thing} quiz
{People} reveal what they really think of your {thing}
The {place} {thing} photo that has everyone confused
Think you know {place}? These {n} facts will surprise you
She bought a {thing} in {place}. Then the phone rang
How to make your {thing} trip twice as good, in {n} easy steps""".splitlines()
SHOUTING = """{place} {thing} fiasco: furious {people} SLAM bungling bosses
Terrifying moment {thing} collapses in {place}
Outrage as {people} blow {n} million on {thing}!
{place} in chaos as {thing} nightmare drags on
Heartbreak for {people} as {thing} horror unfolds
SHOCKING: {people} caught in {place} {thing} scandal
Shameful {thing} betrayal leaves {place} {people} in tears
Monster storm smashes {place} {thing} to pieces
Savage cuts will destroy {place} {thing}, warn angry {people}
{People} blasted over disgraceful {thing} blunder
{place} erupts in fury at {thing} rip-off
Hero {people} in dramatic dash from blazing {thing}
Bloodbath feared as {thing} war explodes in {place}
Panic grips {place} after {thing} catastrophe
Brutal {thing} crackdown sparks revolt by {people}
Humiliation for {place} as {thing} dream crumbles""".splitlines()
KINDS = (PLAIN, GUESSING, BAITING, SHOUTING)

# How often each is plain, guesses, baits and shouts, at the start and at the end.
OUTLETS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "The Ambleton Ledger": ((92, 5, 2, 1), (92, 5, 2, 1)),
    "Harbour Wire": ((90, 7, 1, 2), (66, 30, 2, 2)),
    "Coast & Country": ((82, 10, 6, 2), (80, 12, 6, 2)),
    "Morning Beacon": ((66, 16, 6, 12), (62, 18, 8, 12)),
    "Daily Foghorn": ((30, 12, 16, 42), (16, 12, 12, 60)),
    "The Evening Gull": ((56, 12, 8, 24), (40, 14, 8, 38)),
    "ClickPort": ((16, 12, 66, 6), (56, 14, 24, 6)),
    "Westering Whisper": ((44, 42, 8, 6), (36, 50, 8, 6)),
}
SHARES = (22, 18, 14, 14, 10, 8, 12, 5)
MONTHS, FIRST_YEAR = 24, 2029


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
        thing = generator.choice(THINGS)
        headline = template.format(
            People=people.capitalize(),
            people=others,
            place=generator.choice(PLACES),
            thing=thing,
            Thing=thing.capitalize(),
            season=generator.choice(["spring", "summer", "autumn", "winter"]),
            n=generator.randrange(3, 30),
        )
        day = generator.randrange(1, 29)
        yield {
            "headline": headline,
            "outlet": outlet,
            "date": f"{FIRST_YEAR + month // 12}-{month % 12 + 1:02}-{day:02}",
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
