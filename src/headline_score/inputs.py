"""Which files are meant by the paths and patterns that a user names."""

from __future__ import annotations

import os
from collections.abc import Sequence

from headline_score.errors import TableError
from headline_score.streams import STANDARD_STREAM


def expand(patterns: Sequence[str]) -> list[str]:
    """Return the files that are meant, each once, in the order of the patterns.

    A file with several paths, such as a link to it, goes by the first of them.

    Args:
        patterns: paths, `-`, and patterns such as `news/*.csv` or `news/**/*.csv`, whose files are
            sorted by name. What a file is called to the letter is its path, whatever signs it has.

    Raises:
        TableError: no file matches a pattern.
    """
    found: dict[str, str] = {}
    for path in (path for pattern in patterns for path in _matching(pattern)):
        found.setdefault(path if path == STANDARD_STREAM else os.path.realpath(path), path)
    return [*found.values()]


def _matching(pattern: str) -> list[str]:
    from glob import glob, has_magic  # not above: few need it

    if not has_magic(pattern) or os.path.lexists(pattern):
        return [pattern]
    if found := sorted(path for path in glob(pattern, recursive=True) if not os.path.isdir(path)):
        return found
    raise TableError(f"{pattern}: no file matches this pattern")
