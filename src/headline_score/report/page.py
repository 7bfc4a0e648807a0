"""From figures to a page: one file of HTML that needs nothing else, and lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import headline_score
from headline_score import highlight
from headline_score.highlight import shown
from headline_score.model import Model
from headline_score.report.svg import Styles
from headline_score.result import Explanation


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: str
    value: float | None = None
    """What it is sorted by."""
    interval: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    name: str
    cells: Sequence[Cell]
    few: bool = False
    """Whether it rests on too few headlines."""


@dataclass(frozen=True)
class DataTable:
    """A table of figures."""

    caption: str
    headers: Sequence[str]
    rows: Sequence[Row]
    over: Sequence[tuple[str, int]] = ()
    """Names over the headers, each with the number of columns that it spans."""
    sortable: bool = False


@dataclass(frozen=True)
class Headline:
    """A headline to be shown, with its words marked."""

    html: Markup
    more: Markup
    """What moved its score but stands nowhere in it."""
    strength: str
    notes: Sequence[str]


def headline(
    explanation: Explanation, target: str, strength: str, notes: Iterable[str]
) -> Headline:
    """Return an explained headline with its words marked by what they did to a target."""
    part = explanation[target]
    return Headline(
        Markup(highlight.highlighted(explanation.text, part)),
        Markup(highlight.unplaced(part)),
        strength,
        [shown(note) for note in notes if note],
    )


def count(n: int) -> Cell:
    """Return a number's cell."""
    return Cell(f"{n:,}", n)


def mean(value: float, low: float, high: float, digits: int = 2) -> Cell:
    """Return the cell of an estimate with its interval."""
    if math.isnan(value):
        return Cell("–")
    bounds = "" if math.isnan(low) else f"[{low:.{digits}f}, {high:.{digits}f}]"
    return Cell(f"{value:.{digits}f}", round(value, 6), bounds)


def share(value: float) -> Cell:
    """Return a share's cell."""
    return Cell(percent(value), round(value, 6))


def percent(value: float) -> str:
    """Return a share in per cent.

    >>> percent(0.1234), percent(0.0004), percent(0.0)
    ('12.3 %', '0.04 %', '0 %')
    """
    if not value:
        return "0 %"
    return f"{100 * value:.2f} %" if value < 0.001 else f"{100 * value:.1f} %"


def rendered(template: str, styles: Styles, **context: Any) -> str:
    """Return a page.

    Its policy lets the browser load nothing, and run and apply nothing but what is written here.

    Args:
        template: name of the template.
        styles: of its charts.
        context: what the template asks for. Text is escaped, but for `Markup`.
    """
    templates = files("headline_score.report") / "templates"
    css, script = (
        (templates / name).read_text(encoding="utf-8") for name in ("style.css", "script.js")
    )
    style = "\n".join([css, highlight.STYLE, styles.css])
    policy = "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"style-src 'sha256-{_sha256(style)}'",
            f"script-src 'sha256-{_sha256(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    environment = Environment(
        loader=PackageLoader("headline_score.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        context,
        policy=policy,
        style=Markup(style),
        script=Markup(script),
        library_version=headline_score.__version__,
    )


def provenance(
    model: Model, sources: Sequence[str], command: str, headlines: int
) -> list[tuple[str, str]]:
    """Return what a page says of its making: nothing but what its input decides."""
    found = [
        ("Headlines", f"{headlines:,}"),
        ("Input", ", ".join(map(shown, sources))),
        ("Model", f"{model.version}: {', '.join(model.targets)}"),
        ("Library", f"headline-score {headline_score.__version__}"),
    ]
    return [*found, ("Command", shown(command))] if command else found


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
