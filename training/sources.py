"""The public corpora: where each is, under which licence, and how its columns are read.

Headlines belong to their publishers and are not ours to ship. What ships is
`annotations.csv.gz`: the grades, each keyed by `headline_key`. Whoever has the corpora, from
the Hugging Face hub or as local CSV files, can join the two and rebuild the model.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Features, Value, disable_progress_bars, load_dataset

disable_progress_bars()

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """A public corpus of headlines."""

    name: str
    """Its name, in the `source` column of the annotations if it has rows there."""

    address: str
    """Its original public address."""

    licence: str
    """Its licence, as far as we have seen it stated: look at the address before you use it."""

    hub_id: str | None = None
    """Its data set id on the Hugging Face hub, where one holds this very corpus."""

    column: str = "headline"
    """The column of the headlines on the hub."""

    hub_labels: dict[str, str] | None = None
    """For each target that its own labels tell of their column on the hub: strengths in [0, 1]."""

    file: str | None = None
    """The file in the `--data` directory that holds it with its own labels, if one does."""

    labels: dict[str, str] | None = None
    """For each target that its own labels tell of their column in the file."""

    note: str = ""
    """What a user of it must know."""


ALL = [
    Source(
        "all-the-news-2016-17",
        "https://www.kaggle.com/datasets/snapcrack/all-the-news",
        "not seen",
        note="hub data sets of the name are the later 2.x releases",
    ),
    Source(
        "huffpost-2018-22",
        "https://www.kaggle.com/datasets/rmisra/news-category-dataset",
        "CC BY 4.0 or CC0 1.0: mirrors differ",
        hub_id="heegyu/news-category-dataset",
        note="version 3, rows from 2018 on",
    ),
    Source("upworthy-2013-15", "https://osf.io/jd64p", "not seen"),
    Source(
        "uci-2014",
        "https://archive.ics.uci.edu/dataset/359/news+aggregator",
        "not seen",
    ),
    Source(
        "fakenewsnet",
        "https://github.com/KaiDMML/FakeNewsNet",
        "not seen",
        hub_id="rickstello/FakeNewsNet",
        column="title",
    ),
    Source("emergent", "https://github.com/willferreira/mscproject", "not seen"),
    Source(
        "hacker-news-2016",
        "https://www.kaggle.com/datasets/hacker-news/hacker-news-posts",
        "not seen",
    ),
    Source(
        "gold-commodity",
        "https://www.kaggle.com/datasets/ankurzing/sentiment-analysis-in-commodity-market-gold",
        "CC BY-NC-ND 4.0",
        hub_id="SaguaroCapital/sentiment-analysis-in-commodity-market-gold",
        column="News",
    ),
    Source(
        "abc-au-2003-04",
        "https://doi.org/10.7910/DVN/SYBGZL",
        "CC0 1.0",
        hub_id="rajistics/million-headlines",
        column="headline_text",
    ),
    Source("reddit-news-2021-22", "titles of Reddit's news forums, no archive known", "not seen"),
    Source("salerno-2019-20", "University of Salerno, no archive known", "not seen"),
    Source("gnews-2025-26", "Google News, no archive known", "not seen"),
    Source("google-news-top-2025", "Google News top stories, no archive known", "not seen"),
    Source(
        "webis17-titles",
        "https://zenodo.org/records/5530410",
        "CC BY 4.0",
        note="titles of the articles that the tweets of webis17 link to",
    ),
    Source(
        "webis17",
        "https://zenodo.org/records/5530410",
        "CC BY 4.0",
        file="webis17.csv",
        labels={"clickbait": "score"},
        note="tweets graded by five humans each; a scale of its own: its mean is 0.32",
    ),
    Source(
        "stopclickbait",
        "https://github.com/bhargaviparanjape/clickbait",
        "MIT",
        hub_id="marksverdhei/clickbait_title_classification",
        column="title",
        hub_labels={"clickbait": "clickbait"},
        file="stopclickbait.csv",
        labels={"clickbait": "label"},
        note="the label is the outlet, and letter case nearly gives it away: only to test on",
    ),
]
"""Every corpus that a model was trained or tested on."""


class MissingDataError(Exception):
    """What a script needs is not in the `--data` directory."""


def headline_key(headline: str) -> str:
    """Return the key of a headline: 16 hexadecimal digits.

    The recipe: decode HTML entities, squeeze each run of white space to one blank, strip, and
    take the first 8 bytes of the SHA-256 of the UTF-8.

    >>> headline_key("Cats &amp;  dogs") == headline_key("Cats & dogs")
    True
    """
    text = " ".join(html.unescape(headline).split())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def number(headline: str) -> int:
    """Return the key of a headline as a number, as `teacher.npz` has it."""
    return int(headline_key(headline), 16)


def read_own(file: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file that ships in this folder, every cell a str."""
    open_text = gzip.open if file.endswith(".gz") else open
    with open_text(HERE / file, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read_csv(data: Path, file: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV file in the data directory, every cell a str."""
    path = data / file
    if not path.is_file():
        raise MissingDataError(f"{path} is missing: --data must name a directory that holds it")
    with (gzip.open if file.endswith(".gz") else open)(path, "rt", encoding="utf-8") as stream:
        columns = stream.readline().strip().split(",")
    return list(
        load_dataset(
            "csv",
            data_files=str(path),
            split="train",
            features=Features({column: Value("string") for column in columns}),
            keep_default_na=False,
        )
    )


def headlines(data: Path | None) -> Iterator[tuple[str, str, str]]:
    """Yield the headlines of the archives, each with its publisher, or "", and its source.

    They come from `annotated.csv` and `unlabelled.csv.gz` in the directory `data`, or, if that is
    None, from the hub, as far as the corpora have an id there.
    """
    if data is not None:
        for file in ("annotated.csv", "unlabelled.csv.gz"):
            for row in read_csv(data, file):
                yield row["headline"], row["publisher"], row.get("source", "")
        return
    for source in ALL:
        if source.hub_id is not None and source.labels is None:
            try:
                splits = load_dataset(source.hub_id)
            except Exception as error:  # the hub's client has many kinds
                raise MissingDataError(
                    f"{source.hub_id} can't be had from the hub ({error}): give --data"
                ) from error
            for split in splits.values():
                yield from ((text, "", source.name) for text in split[source.column] if text)


def labelled(name: str, data: Path | None) -> tuple[list[str], dict[str, list[float]]]:
    """Return the headlines and strengths of a corpus that has labels of its own.

    They come from its file in the directory `data`, or, if that is None, from the hub.
    """
    source = next(each for each in ALL if each.name == name)
    if data is not None and source.file is not None and source.labels is not None:
        rows, column, labels = read_csv(data, source.file), "headline", source.labels
    elif data is None and source.hub_id is not None and source.hub_labels is not None:
        rows = list(load_dataset(source.hub_id, split="train"))
        column, labels = source.column, source.hub_labels
    else:
        where = "on the hub" if data else "in a file"
        raise MissingDataError(f"{name} has labels of its own {where} only, or none")
    grades = {target: [float(row[label]) for row in rows] for target, label in labels.items()}
    return [row[column] for row in rows], grades
