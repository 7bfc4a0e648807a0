"""From a matplotlib figure to inline SVG that takes the page's fonts and colours.

matplotlib draws with the colours of `INKS`, which stand for the page's own: each becomes a CSS
variable, so that a chart follows the page into the dark. Styles become classes, as a strict page
forbids style attributes. Text stays text; any that a user wrote is put in afterwards, so that
matplotlib neither measures nor parses it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from matplotlib import style
from matplotlib.figure import Figure

INK, SOFT, GRID, PAPER = "#010101", "#010102", "#010103", "#010104"
"""Of text, of axes and small text, of grids, of the page."""

TARGETS = tuple(f"#0102{i:02x}" for i in range(1, 7))
"""One for each target, and then again."""

INKS = {INK: "ink", SOFT: "soft", GRID: "grid", PAPER: "paper"} | {
    colour: f"target{i}" for i, colour in enumerate(TARGETS)
}
"""The CSS variable that each colour stands for."""

FONT = 11.5  # px
_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": SOFT,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": SOFT,
    "axes.labelsize": FONT,
    "axes.linewidth": 0.8,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib; the page has another
    "font.size": FONT,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": FONT - 1,
    "legend.frameon": False,
    "legend.labelcolor": SOFT,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "headline-score",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": SOFT,
    "xtick.labelcolor": SOFT,
    "xtick.labelsize": FONT,
    "xtick.major.size": 3,
    "ytick.color": SOFT,
    "ytick.labelcolor": SOFT,
    "ytick.labelsize": FONT,
    "ytick.major.size": 0,
}
_PLACEHOLDER = re.compile(r"@(\d+)@")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT_SIZE = re.compile(r"(\d+(?:\.\d+)?)px")
_KEPT = ("clip-path", "font-size", "opacity", "text-anchor")
_KEPT_BEGINNINGS = ("fill", "stroke")


@dataclass
class Styles:
    """The classes of a page's charts, by what they stand for."""

    names: dict[str, str] = field(default_factory=dict)

    def name(self, declarations: str) -> str:
        """Return the name of the class of these declarations."""
        return self.names.setdefault(declarations, f"m{len(self.names)}")

    @property
    def css(self) -> str:
        """The rules of all of them."""
        return "\n".join(f".{name}{{{rule}}}" for rule, name in self.names.items())


def drawing() -> AbstractContextManager[None]:
    """Return the context to draw charts in: the house's style, whatever the user's settings."""
    return style.context(["default", _STYLE])


def placeholder(number: int) -> str:
    """Return what matplotlib is given for a user's text of that number."""
    return f"@{number}@"


def inline(
    figure: Figure,
    styles: Styles,
    *,
    name: str,
    label: str,
    texts: Mapping[int, tuple[str, str]] | None = None,
) -> str:
    """Return a figure as an SVG element for a page of HTML.

    Args:
        figure: drawn with `INKS`, one point for each pixel.
        styles: of the page; the figure's are added.
        name: the element's own, different from that of any other on the page.
        label: what it shows, for those who can't see it.
        texts: what stands for each placeholder, as short as the chart needs it and in full.
    """
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(stream.getvalue())
    used = {match for text in root.itertext() for match in _PLACEHOLDER.findall(text)}
    _themed(root, styles, name, texts or {})
    assert texts is None or used <= {str(number) for number in texts}
    width, height = root.attrib["viewBox"].split()[2:]
    root.attrib.clear()
    root.attrib |= {
        "viewBox": f"0 0 {width} {height}",
        "role": "img",
        "aria-label": label,
        "class": "chart",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _themed(
    root: ElementTree.Element, styles: Styles, name: str, texts: Mapping[int, tuple[str, str]]
) -> None:
    """Make a figure's elements fit for a page, in place."""
    for parent in [*root.iter()]:
        for child in [*parent]:
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    referred = {
        reference
        for element in root.iter()
        for key, value in element.items()
        for reference in [*_REFERENCE.findall(value), *_hash(key, value)]
    }
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.text = (element.text or "").strip()
        element.tail = ""
        attributes = dict(element.items())
        element.attrib.clear()
        for key, value in attributes.items():
            key = key.rpartition("}")[2]
            if key == "style":
                element.set("class", styles.name(_declarations(value)))
            elif key == "id":
                if value in referred:
                    element.set("id", f"{name}-{value}")
            elif key == "href":
                element.set("href", f"#{name}-{value[1:]}")
            elif key == "d":
                element.set("d", " ".join(value.split()))
            elif not (key == "transform" and value.startswith("rotate(-0 ")):
                element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))
    for element in [*root.iter("text")]:
        if match := _PLACEHOLDER.fullmatch(element.text or ""):
            element.text, full = texts[int(match[1])]
            if element.text != full:
                ElementTree.SubElement(element, "title").text = full
    for parent in [*root.iter()]:  # what only held an id
        for child in [*parent]:
            if child.tag in ("g", "defs") and not len(child):
                parent.remove(child)


def _hash(key: str, value: str) -> list[str]:
    return [value[1:]] if key.endswith("href") else []


def _declarations(declared: str) -> str:
    """Return a style with the page's colours, and without matplotlib's fonts."""
    kept = []
    for declaration in declared.split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font" and (size := _FONT_SIZE.search(value)):
            key, value = "font-size", size[0]
        if key in _KEPT or key.startswith(_KEPT_BEGINNINGS):
            kept.append(f"{key}:{f'var(--{INKS[value]})' if value in INKS else value}")
    return ";".join(kept)
