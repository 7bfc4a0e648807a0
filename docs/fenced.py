"""Lets the Python reference show doctests as code: to Markdown a bare `>>>` is a quotation."""

from __future__ import annotations

import re
from typing import Any

import griffe

_DOCTEST = re.compile(r"(?m)^>>> (?:.+\n?)+")  # up to a blank line


class Fenced(griffe.Extension):
    """Puts each doctest of a docstring into a block of code."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of an object, if it has one."""
        if obj.docstring:
            obj.docstring.value = _DOCTEST.sub(
                lambda match: f"```pycon\n{match.group().rstrip()}\n```\n", obj.docstring.value
            )
