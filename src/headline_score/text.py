"""Text normalisation: what typography does to a headline must not decide its score.

`normalise` decodes HTML entities, straightens quotes and dashes, and reduces accented,
full-width and ligature letters to plain ones (Unicode NFKD without its combining marks).
Letter case is left alone, as capitals can shout; `features` folds it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Only these pieces of a text can change; everything else is ASCII and stays as it is.
_PIECE = re.compile(
    r"&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|[^\x00-\x7f]+"
)

_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("‘’‚‛ʼ′´", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("–—―", " - ")
    | dict.fromkeys("‐‑−", "-")
    | {"…": "..."}
)

# Combining marks and invisible format characters (zero-width space, soft hyphen, …) stand
# inside words and vanish; any other character that is no letter or digit parts words.
_VANISHING = frozenset({"Mn", "Me", "Cf"})


def _plain(piece: str) -> str:
    if piece[0] == "&":
        from html import unescape  # its table of 2,231 names is rarely needed

        piece = unescape(piece)
    # Translated twice: before, as NFKD would take "…" and "´" apart; after, as it makes new ones.
    decomposed = unicodedata.normalize("NFKD", piece.translate(_TYPOGRAPHY)).translate(_TYPOGRAPHY)
    return "".join(
        character
        if character.isascii() or character.isalnum()
        else ""
        if unicodedata.category(character) in _VANISHING
        else " "
        for character in decomposed
    )


def normalise(text: str) -> str:
    """Return `text` with its typography made plain, its letter case kept.

    >>> normalise("Caf&eacute; “reopens” — finally…")
    'Cafe "reopens"  -  finally...'
    """
    if text.isascii() and "&" not in text:
        return text
    return _PIECE.sub(lambda match: _plain(match.group()), text)


def offsets(text: str) -> list[int]:
    """Return for each character of `normalise(text)` its place in `text`, and the end.

    A character that stands for a longer piece (an entity, say) has the piece's first place;
    so a span `[i, j)` of the normalised text covers `[offsets[i], offsets[j])` of `text`.

    >>> offsets("a&amp;b")
    [0, 1, 6, 7]
    """
    return [*_places(text), len(text)]


def _places(text: str) -> Iterator[int]:
    done = 0
    for match in _PIECE.finditer(text):
        yield from range(done, match.start())
        done = match.end()
        if match.group()[0] == "&":
            yield from (match.start() for _ in _plain(match.group()))
            continue
        for place in range(match.start(), done):
            # NFKD decomposes one character at a time and only reorders marks, which vanish.
            yield from (place for _ in _plain(text[place]))
    yield from range(done, len(text))
