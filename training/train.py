"""Rebuild the shipped model from the public headlines and this folder's grades.

    python training/train.py --data ../shared/data            # writes the shipped model anew
    python training/train.py --data ../shared/data --check    # is it the same, byte for byte?

The bytes depend on the versions of Python, NumPy, SciPy and scikit-learn, which the model names,
and not on the processor, so long as it is an x86-64 of the last ten years.

The rows are the annotated headlines, the invented ones of `contrast.csv`, and others with the
grades of fine-tuned transformers, as `training/distill.py` put them into `teacher.npz`: ungraded
headlines, crossed ones (`crossed.py`), and the tweets of Webis Clickbait 2017, in the order in
which humans graded them. Some of the annotated ones come again with more around them (`padded.py`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

import sources
from crossed import crossed, fingerprint
from headline_score import Model
from headline_score.features import is_word, tokens
from headline_score.text import normalise
from headline_score.training import train
from padded import padded
from sources import HERE

SHIPPED = HERE.parent / "src" / "headline_score" / "model.npz"
TARGETS = ("clickbait", "speculation", "sensationalism")
VERSION = "2026.11"
SEED = 0
# What sums of floats come to, to the last bit, depends on the instructions that OpenBLAS and NumPy
# choose for a processor: they are to choose AVX2's, which all of the last ten years have.
SAME_BITS = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}

# Chosen by `training/tune.py` on rows that neither model nor teacher had read.
C = {"clickbait": 4.0, "speculation": 4.0, "sensationalism": 8.0}
MIN_DF = 6
CUES = "cues.txt"
# By kind of row
WEIGHTS = {"graded": 1.0, "ungraded": 1.0, "crossed": 0.5, "tweets": 1.0, "padded": 0.25}
CROSSED, PADDED = 100_000, 20_000  # rows
UNLIKE = {"abc-au-2003-04"}  # lower-case without punctuation: not what a headline looks like


@dataclass(frozen=True)
class Rows:
    """The training rows: n of each."""

    headlines: list[str]
    """Texts."""

    grades: dict[str, list[float]]
    """For each target strengths in [0, 1]."""

    groups: list[str]
    """Publisher, or family of invented headlines: what cross-validation keeps together."""

    sources: list[str]
    """Name of the archive, or "contrast" for invented headlines."""

    kind: list[str]
    """A key of `WEIGHTS`: "graded" by the annotator, "padded" made of those; a teacher graded the
    other kinds."""

    natural: list[float]
    """How many headlines of the natural mix each stands for; 0 for hard and invented ones."""

    weights: list[float]
    """How much each counts in training."""


def load_rows(data: Path | None) -> Rows:
    """Return the annotated headlines found in `data` (or on the hub), and the invented ones."""
    text: dict[str, str] = {}
    for headline, *_ in sources.headlines(data):
        text.setdefault(sources.headline_key(headline), headline)
    annotations = sources.read_own("annotations.csv.gz")
    found = [row for row in annotations if row["key"] in text]
    if not found:
        raise sources.MissingDataError("none of the annotated headlines is in the data")
    if len(found) < len(annotations):
        print(
            f"only {len(found):,} of {len(annotations):,} annotated headlines are in the data",
            file=sys.stderr,
        )
    rows = found + sources.read_own("contrast.csv")
    return Rows(
        headlines=[text[row["key"]] if "key" in row else row["headline"] for row in rows],
        grades={target: [int(row[target]) / 3 for row in rows] for target in TARGETS},
        groups=[row.get("family") or row["publisher"] or row["key"] for row in rows],
        sources=[row.get("source", "contrast") for row in rows],
        kind=["graded"] * len(rows),
        natural=[float(row.get("weight", 0)) for row in rows],
        weights=[WEIGHTS["graded"]] * len(rows),
    )


def ungraded(rows: Rows, data: Path | None) -> list[tuple[str, str, str]]:
    """Return the headlines that no annotator graded, each with its group and source, in order."""
    annotated = {sources.headline_key(headline) for headline in rows.headlines}
    found: dict[str, tuple[str, str, str]] = {}
    for headline, publisher, source in sources.headlines(data):
        key = sources.headline_key(headline)
        if key not in annotated and source not in UNLIKE:
            found[key] = headline, publisher or key, source
    return [found[key] for key in sorted(found)]


def cross(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return crossed headlines of the publishers that were not kept from the teacher."""
    kept = [row for row in found if not is_held_out(row[1])]
    pairs = crossed([row[0] for row in kept], [row[2] for row in kept], CROSSED, SEED)
    return [(text, *kept[first][1:]) for text, first in pairs]


def with_taught(rows: Rows, data: Path | None) -> Rows:
    """Return the rows and, after them, padded ones, and those that a teacher graded: ungraded
    headlines, crossed ones, and tweets whose clickbait humans graded.
    """
    with np.load(HERE / "teacher.npz", allow_pickle=False) as archive:
        graded = dict(zip(archive["key"].tolist(), archive["grades"].tolist(), strict=True))
        crossed_grades, expected = archive["crossed_grades"], str(archive["crossed_sha256"])
    found = ungraded(rows, data)
    more = [row for row in found if sources.number(row[0]) in graded]
    grades = [graded[sources.number(row[0])] for row in more]
    kind = ["ungraded"] * len(more)
    new = cross(found)
    if len(new) == len(crossed_grades) and fingerprint([row[0] for row in new]) == expected:
        more += new
        grades += crossed_grades.tolist()
        kind += ["crossed"] * len(new)
    else:
        print("crossed headlines are left out: the data are not those graded", file=sys.stderr)
    tweets, human = tweets_of(data)
    more += [(tweet, tweet_group(tweet), "webis17") for tweet in tweets]
    try:
        grades += on_scale(human, [graded[sources.number(tweet)] for tweet in tweets])
    except KeyError:
        raise sources.MissingDataError(
            "webis17.csv holds a tweet that the teacher did not grade: run training/distill.py"
        ) from None
    kind += ["tweets"] * len(tweets)
    longer = pad(rows)
    more += [(text, rows.groups[i], rows.sources[i]) for text, i, _ in longer]
    grades += [grade for *_, grade in longer]
    kind += ["padded"] * len(longer)
    return Rows(
        headlines=rows.headlines + [row[0] for row in more],
        grades={t: rows.grades[t] + [each[i] for each in grades] for i, t in enumerate(TARGETS)},
        groups=rows.groups + [row[1] for row in more],
        sources=rows.sources + [row[2] for row in more],
        kind=rows.kind + kind,
        natural=rows.natural + [0.0] * len(more),
        weights=rows.weights + [WEIGHTS[each] for each in kind],
    )


def pad(rows: Rows) -> list[tuple[str, int, list[float]]]:
    """Return annotated headlines with more around them, each with its place and grades."""
    real = [i for i, source in enumerate(rows.sources) if source != "contrast"]
    texts = padded(
        [rows.headlines[i] for i in real],
        [[column[i] for column in rows.grades.values()] for i in real],
        [rows.groups[i] for i in real],
        PADDED,
        SEED,
    )
    return [(text, real[place], grades) for text, place, grades in texts]


def tweets_of(data: Path | None) -> tuple[list[str], list[float]]:
    """Return the tweets of Webis Clickbait 2017 and their mean human grades; none on the hub.

    Tweets like a headline of the test set are left out: some link to its very articles.
    """
    if data is None:
        print("the tweets are left out: webis17 is not on the hub", file=sys.stderr)
        return [], []
    tweets, grades = sources.labelled("webis17", data)
    tested = [words(row["headline"]) for row in sources.read_csv(data, "gold.csv")]
    kept = [i for i, tweet in enumerate(tweets) if not is_like(words(tweet), tested)]
    return [tweets[i] for i in kept], [grades["clickbait"][i] for i in kept]


def tweet_group(tweet: str) -> str:
    """Return what tweets of the same words share."""
    return sources.headline_key(" ".join(sorted(words(tweet))))


def words(text: str) -> frozenset[str]:
    """Return the different words of a text."""
    return frozenset(filter(is_word, tokens(normalise(text))))


def is_like(own: frozenset[str], others: list[frozenset[str]]) -> bool:
    """Tell whether some other text shares half of the words of both, or more."""
    return any(len(own & other) >= 0.5 * len(own | other) for other in others)


def on_scale(human: list[float], taught: list[list[float]]) -> list[list[float]]:
    """Return the teacher's grades with the clickbait in the order in which humans put it.

    The human grades have a scale of their own, so each takes the teacher's grade of its rank.
    """
    if not human:
        return []
    grades = np.array(taught)
    clickbait = TARGETS.index("clickbait")
    ranks = (rankdata(human) - 0.5) / len(human)
    grades[:, clickbait] = np.quantile(grades[:, clickbait], ranks)
    return [list(row) for row in grades.tolist()]


def read_names() -> frozenset[str]:
    """Return the words that count as names: what `training/make_names.py` found."""
    return frozenset((HERE / "names.txt").read_text(encoding="utf-8").split())


def read_cues() -> list[str]:
    """Return the words any two of which make a term: what `training/make_cues.py` chose."""
    return (HERE / CUES).read_text(encoding="utf-8").split()


def held_out(rows: Rows) -> list[bool]:
    """Tell the rows kept from the teacher: one in eight publishers and families, by hash."""
    return [is_held_out(group) for group in rows.groups]


def is_held_out(group: str) -> bool:
    """Tell whether a publisher or family is kept from the teacher."""
    return sources.headline_key(group)[0] in "07"


def build(rows: Rows) -> Model:
    """Train the model that ships."""
    return train(
        rows.headlines,
        rows.grades,
        seed=SEED,
        groups=rows.groups,
        sample_weight=rows.weights,
        representative=rows.natural,
        C=C,
        min_df=MIN_DF,
        names=read_names(),
        cues=read_cues(),
        version=VERSION,
        n_jobs=-1,
    )


def main() -> None:
    """Build the model; write it, or compare it with the shipped one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="directory of the corpora; else from the hub")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED, help="model file to write")
    parser.add_argument("--check", action="store_true", help="compare with the shipped model")
    arguments = parser.parse_args()
    if not SAME_BITS.items() <= os.environ.items():  # they are read when NumPy is imported
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **SAME_BITS})
    try:
        model = build(with_taught(load_rows(arguments.data), arguments.data))
    except sources.MissingDataError as error:
        raise SystemExit(str(error)) from None
    if not arguments.check:
        model.save(arguments.output)
        print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")
        return
    with tempfile.TemporaryDirectory() as folder:
        rebuilt = Path(folder) / "model.npz"
        model.save(rebuilt)
        if rebuilt.read_bytes() != SHIPPED.read_bytes():
            shipped = Model.load(SHIPPED).header.trained_with
            raise SystemExit(
                f"not the shipped model, which was trained with {shipped};"
                f" here: {model.header.trained_with}"
            )
    print("the same, byte for byte")


if __name__ == "__main__":
    main()
