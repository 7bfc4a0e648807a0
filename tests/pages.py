"""Pages of HTML as the tests look at them, and what a strict page must not have."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link"}
ALLOWED = re.findall(
    "[a-z0-9]+",
    """a bdi body button caption clippath dd defs details div dl dt figcaption figure footer g
    h1 h2 h3 head header html li link main mark meta ol p path rect script section span strong
    style summary svg table tbody td text th thead title tr ul use""",
)


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    parents: list["Element"] = field(default_factory=list)


class Page(HTMLParser):
    """A parsed page. Raises `AssertionError` if its elements are not nested and closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {key: value or "" for key, value in attrs}
        assert len(attributes) == len(attrs)
        element = Element(tag, attributes, parents=[*self._open])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, css_class: str = "") -> list[Element]:
        return [
            element
            for element in self.elements
            if element.tag == tag
            and (not css_class or css_class in element.attributes.get("class", "").split())
        ]

    @property
    def text(self) -> str:
        """What a reader sees."""
        return " ".join(self.all("body")[0].text.split())


def checked(html: str) -> Page:
    """Return the parsed page, after checks that hold for each.

    Known elements alone; no code but the page's own, by its hash; no address that is not on the
    page; headings in order; labels that are there; no control characters, and none that turn the
    order of letters round.
    """
    page = Page(html)
    assert {element.tag for element in page.elements} <= {*ALLOWED}
    [policy] = [e.attributes["content"] for e in page.all("meta") if "http-equiv" in e.attributes]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        [element] = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    identifiers = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(identifiers) == len(set(identifiers))
    for element in page.elements:
        for name, value in element.attributes.items():
            assert name != "style"
            assert not name.startswith("on")
            if name in ("href", "src"):
                assert value == "data:," or value[1:] in identifiers
            if name == "aria-labelledby":
                assert value in identifiers
            for target in re.findall(r"url\((.*?)\)", value):
                assert target[1:] in identifiers
    assert "url(" not in page.all("style")[0].text
    assert page.all("html")[0].attributes["lang"] == "en"
    levels = [int(e.tag[1]) for e in page.elements if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for svg in page.all("svg"):
        assert svg.attributes["role"] == "img"
        assert svg.attributes["aria-label"]
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html
    )
    return page
