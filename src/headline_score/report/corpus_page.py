"""The page on a corpus of headlines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
from markupsafe import Markup

from headline_score import highlight
from headline_score.highlight import shown
from headline_score.report import charts, page
from headline_score.report.corpus import NONE, Corpus, Telling, period_name
from headline_score.report.page import Cell, DataTable, Row
from headline_score.report.summaries import (
    FEW,
    LENGTH,
    MANY,
    RESAMPLES,
    Driver,
    Group,
    Time,
    by_publisher,
    drivers,
    over_time,
)
from headline_score.report.svg import Styles

MEANINGS = {
    "clickbait": "is writing to make you click rather than to inform you.",
    "speculation": "is a main claim that rests on conjecture.",
    "sensationalism": "is wording that is louder than the news.",
}
_BANDS = (("none", 1 / 6), ("slight", 0.5), ("considerable", 5 / 6), ("heavy", 1.0))
_HIGHEST, _LOWEST = 10, 5  # publishers of a chart, if there are many
_MOST_ROWS = 2000  # of the publishers' table: bounds the page
_OPEN_ROWS = 25  # a table of more is closed
_UP, _DOWN = 10, 5  # terms of a chart
_MOST_TERMS = 50  # of a table


def corpus_page(corpus: Corpus, *, title: str, sources: Sequence[str], command: str) -> str:
    """Return the page on a corpus.

    Args:
        corpus: its headlines.
        title: of the page.
        sources: names of the files.
        command: what made the page, or nothing.
    """
    styles = Styles()
    model, targets = corpus.model, corpus.model.targets
    n = len(corpus.strengths)
    publishers, time = by_publisher(corpus), over_time(corpus)
    return page.rendered(
        "corpus.html",
        styles,
        title=shown(title),
        kicker="report",
        lede=_lede(corpus, publishers),
        targets=targets,
        tiles=_tiles(corpus),
        read=f"{n:,}",
        counted=_counted(corpus),
        remarks=_remarks(corpus),
        meanings=[(name, MEANINGS[name], t) for t, name in enumerate(targets) if name in MEANINGS],
        distributions=_distributions(styles, corpus) if n else None,
        bands=_bands(corpus) if n else None,
        publishers=_publishers(styles, corpus, publishers) if publishers else None,
        time=_time(styles, corpus, time) if len(time.groups) > 1 else None,
        telling=_telling(corpus) if any(corpus.telling) else None,
        few=FEW,
        legend=Markup(highlight.legend()),
        drivers=_drivers(styles, corpus) if n else None,
        provenance=page.provenance(model, sources, command, n),
    )


def _lede(corpus: Corpus, publishers: Sequence[Group]) -> str:
    n = len(corpus.strengths)
    if not n:
        return "There is no headline in it that the model can read."
    said = f"{n:,} {'headline' if n == 1 else 'headlines'}"
    if len(publishers) > 1:
        said += f" of {len(publishers):,} publishers"
    dated = corpus.periods[corpus.periods != NONE]
    if dated.size:
        first, last = period_name(int(dated.min())), period_name(int(dated.max()))
        said += f", {first}" if first == last else f", {first} to {last}"
    return f"{said}: how much are they shouting, baiting or guessing?"


def _tiles(corpus: Corpus) -> list[dict[str, str]]:
    n = len(corpus.strengths)
    return [
        {
            "target": target,
            "flagged": page.percent(float(corpus.flagged[:, t].mean())) if n else "–",
            "threshold": f"{corpus.model.thresholds[target]:.2f}",
            "mean": f"{corpus.strengths[:, t].mean(dtype=np.float64):.3f}" if n else "–",
        }
        for t, target in enumerate(corpus.model.targets)
    ]


def _counted(corpus: Corpus) -> list[str]:
    counts = corpus.counts
    found = [f"read, of {_rows(counts.rows + counts.left_out)}"]
    found += [f"{counts.without_text:,} without a headline"] * bool(counts.without_text)
    found += [f"{counts.unread:,} without a word the model knows"] * bool(counts.unread)
    found += [f"{counts.left_out:,} that can’t be read"] * bool(counts.left_out)
    return found


def _remarks(corpus: Corpus) -> list[str]:
    """Return what is to be said of rows and columns that are missing."""
    counts, found = corpus.counts, []
    if counts.left_out:
        found.append(
            f"Left out, as unreadable: {_rows(counts.left_out)}. The first: "
            + "; ".join(map(shown, counts.first_left_out))
        )
    if not corpus.by:
        found.append("No column of publishers: name one with --by.")
    elif counts.without_publisher:
        found.append(f"Without a publisher: {_rows(counts.without_publisher)}.")
    if not corpus.over:
        found.append("No column of dates: name one with --over.")
    elif counts.without_date:
        found.append(f"Without a date: {_rows(counts.without_date)}.")
    if counts.bad_dates:
        found.append(
            f"With a date that can’t be read, such as “{shown(counts.example_of_bad_date)}”:"
            f" {_rows(counts.bad_dates)}, which count everywhere but over time."
        )
    return found


def _rows(n: int) -> str:
    return f"{n:,} {'row' if n == 1 else 'rows'}"


def _distributions(styles: Styles, corpus: Corpus) -> list[Markup]:
    top = charts.tallest_bin(corpus.strengths) * 1.08
    return [
        Markup(
            charts.distribution(
                styles,
                t,
                target,
                corpus.strengths[:, t],
                corpus.flagged[:, t],
                corpus.model.thresholds[target],
                top,
            )
        )
        for t, target in enumerate(corpus.model.targets)
    ]


def _bands(corpus: Corpus) -> DataTable:
    edges = [0, *(top for _, top in _BANDS)]
    edges[-1] = 1.1  # 1 belongs to the last
    counts = [np.histogram(strengths, edges)[0].tolist() for strengths in corpus.strengths.T]
    n = len(corpus.strengths)
    rows = [
        Row(
            f"{name}: {edges[i]:.2f} to {top:.2f}",
            list(chain.from_iterable((page.count(c[i]), page.share(c[i] / n)) for c in counts)),
        )
        for i, (name, top) in enumerate(_BANDS)
    ]
    targets = corpus.model.targets
    return DataTable(
        "Headlines by strength",
        ["strength", *["headlines", "share"] * len(targets)],
        rows,
        over=[("", 1), *((target, 2) for target in targets)],
    )


def _figures(corpus: Corpus, group: Group) -> list[Cell]:
    """Return the cells of a group of headlines: n, and mean and share flagged of each target."""
    cells = [page.count(group.n)]
    for t in range(len(corpus.model.targets)):
        cells += [
            page.mean(group.means[t], group.lows[t], group.highs[t]),
            page.share(group.flagged[t]),
        ]
    return cells


def _group_table(corpus: Corpus, caption: str, first: str, rows: Sequence[Row]) -> DataTable:
    targets = corpus.model.targets
    return DataTable(
        caption,
        [first, "headlines", *["mean strength", "flagged"] * len(targets)],
        rows,
        over=[("", 2), *((target, 2) for target in targets)],
        sortable=True,
    )


def _publishers(styles: Styles, corpus: Corpus, groups: Sequence[Group]) -> dict[str, Any]:
    ranked = [group for group in groups if not group.few]
    top = max((high for group in ranked for high in group.highs), default=1.0) * 1.06
    drawn: list[Markup] = []
    many = len(ranked) > _HIGHEST + _LOWEST
    for t, target in enumerate(corpus.model.targets) if ranked else ():
        order = sorted(ranked, key=lambda group: -group.means[t])
        some = [*order[:_HIGHEST], *order[-_LOWEST:]] if many else order
        overall = float(corpus.strengths[:, t].mean(dtype=np.float64))
        gap = _HIGHEST if many else None
        svg = charts.ranking(styles, t, target, some, corpus.names, overall, top, gap)
        drawn.append(Markup(svg))
    rows = [
        Row(shown(corpus.names[group.name]), _figures(corpus, group), group.few)
        for group in groups[:_MOST_ROWS]
    ]
    said = (
        f"By the column {_quoted(corpus.by)}. Dots are mean strengths, bars their 95 % intervals"
        f" (bootstrap, {RESAMPLES} resamples; normal beyond {MANY:,} headlines), the dashed line"
        " the mean of all."
    )
    if many:
        said += f" Shown are the {_HIGHEST} highest and the {_LOWEST} lowest of {len(ranked):,}."
    small = len(groups) - len(ranked)
    if small:
        said += (
            f" {small:,} with fewer than {FEW} headlines {'is' if small == 1 else 'are'} not"
            f" ranked, and in grey italics in the table."
        )
    caption = f"{len(rows):,} publishers, by number of headlines"
    summary = f"All {len(rows):,} publishers as a table" if len(rows) > 1 else "As a table"
    if len(rows) < len(groups):
        caption += f"; {len(groups) - len(rows):,} more, with fewer headlines, are left out"
        summary = f"The {len(rows):,} publishers with most headlines as a table"
    return {
        "said": said,
        "charts": drawn,
        "summary": summary,
        "table": _group_table(corpus, caption, "publisher", rows),
        "open": len(rows) <= _OPEN_ROWS,
    }


def _time(styles: Styles, corpus: Corpus, time: Time) -> dict[str, Any]:
    wide = [group for group in time.groups if not group.few] or time.groups
    values = chain.from_iterable((*group.means, *group.highs) for group in wide)
    top = min(max(value for value in values if value == value) * 1.1, 1.02) or 1.0
    rows = [
        Row(period_name(group.name), _figures(corpus, group), group.few) for group in time.groups
    ]
    said = (
        f"Mean strength by {time.unit}, by the column {_quoted(corpus.over)}, with 95 % intervals."
        f" Hollow dots: fewer than {FEW} headlines. Times are taken as they are written, whatever"
        " their zone."
    )
    if time.without_month:
        said += f" {time.without_month:,} headlines have only a year, and are left out here."
    return {
        "said": said,
        "charts": [
            Markup(charts.timeline(styles, t, target, time, top))
            for t, target in enumerate(corpus.model.targets)
        ],
        "table": _group_table(corpus, f"Headlines by {time.unit}", time.unit, rows),
    }


def _telling(corpus: Corpus) -> list[list[page.Headline]]:
    explain = lru_cache(corpus.model.explain)  # one may stand for several targets

    def headline(target: str, found: Telling) -> page.Headline:
        when = period_name(found.period) if found.period != NONE else ""
        notes = [found.publisher, when]
        return page.headline(explain(found.text), target, f"{found.strength:.2f}", notes)

    targets = corpus.model.targets
    return [
        [headline(target, found) for found in best]
        for target, best in zip(targets, corpus.telling, strict=True)
    ]


def _drivers(styles: Styles, corpus: Corpus) -> dict[str, Any]:
    found = drivers(corpus, _MOST_TERMS)
    targets = corpus.model.targets
    # Every headline has a length, which tells little.
    words = [tuple([d for d in part if d.term != LENGTH] for part in parts) for parts in found]
    drawn = [(up[:_UP], down[:_DOWN]) for up, down in words]
    reach = max((driver.mean for up, _ in drawn for driver in up[:1]), default=0.0)
    return {
        "charts": [
            Markup(charts.terms(styles, t, target, up, down, reach)) if up or down else None
            for t, (target, (up, down)) in enumerate(zip(targets, drawn, strict=True))
        ],
        "tables": [
            DataTable(
                f"Terms that raise or lower {target}, as a table",
                ["term", "headlines", "mean over all", "mean where it stands"],
                [*map(_driver, chain(up, down))],
                sortable=True,
            )
            for target, (up, down) in zip(targets, found, strict=True)
        ],
    }


def _driver(driver: Driver) -> Row:
    return Row(
        shown(driver.name),
        [
            page.count(driver.headlines),
            Cell(f"{driver.mean:+.4f}", driver.mean),
            Cell(f"{driver.where:+.2f}", driver.where),
        ],
    )


def _quoted(names: Sequence[str]) -> str:
    return " and ".join(f"“{shown(name)}”" for name in names)
