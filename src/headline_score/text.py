"""Text normalisation: what typography does to a headline must not decide its score.

`normalise` decodes HTML entities, straightens quotes and dashes, reduces accented, full-width and
ligature letters to plain ones (Unicode NFKD without its combining marks), and leaves out a
publisher's name at the end, as in "Ferry resumes - The Daily Example".
Letter case is left alone, as capitals can shout; `features` folds it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Only these pieces of a text can change; everything else is ASCII and stays as it is, but for a
# publisher's name.
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

# A publisher's name at the end, after a dash or bar, whatever its letter case: a well-known one, an
# address, or one that is made like one. Kickers ("| Live", "- report") are no publishers.
_PUBLISHER = re.compile(
    r"""\s+[-|]\s+
    (?:
        (?:the\s+)?(?:abc|al\ jazeera|ap|associated\ press|atlantic|axios|bbc|billboard|bloomberg
        |business\ insider|buzzfeed|cbc|cbs|cnbc|cnet|cnn|daily\ beast|daily\ mail|deutsche\ welle
        |dw|economist|engadget|entertainment\ weekly|espn|euronews|financial\ times|forbes
        |france\ 24|ft|globe\ and\ mail|guardian|hollywood\ reporter|huffpost|itv|kotaku|mashable
        |mother\ jones|ms\ ?now|msnbc|nbc|new\ york\ post|new\ york\ times|new\ yorker|newsweek
        |nikkei\ asia|npr|nyt|nytimes|pbs|pitchfork|politico|propublica|reuters|rolling\ stone|rte
        |techcrunch|telegraph|times\ of\ \w+|tmz|usa\ today|vanity\ fair|variety|verge|vogue|vox
        |wall\ street\ journal|washington\ post|wired|wsj|yahoo)
        (?:\s+(?:asia|business|finance|health|news|politics|sports?|uk|us|world))?
    |
        [a-z0-9-]{3,}\.(?:com|org|net|info|tv|news|co\.uk|co|ca|com\.au|in|ie)
    |
        the\s+(?:daily|evening|sunday)\s+\w+
    |
        (?!(?:bad|big|breaking|desperate|end|fake|final|good|hard|latest|more|no|old|sad|shock|these|top
        |tough|true|war|what|why)\b)
        (?:the\s+)?(?:[\w.&']+\s+){1,2}
        (?:broadcasting|chronicle|courier|examiner|gazette|herald|inquirer|journal|news|post|times
        |tribune)
    )
    \s*$""",
    re.VERBOSE | re.IGNORECASE,
)
_LONGEST_SUFFIX = 80  # characters: bounds the search
_MOST_SUFFIXES = 2
_SHORTEST = 2  # words that a headline has without its publisher

# Combining marks and invisible format characters (zero-width space, soft hyphen, …) stand
# inside words and vanish; any other character that is no letter or digit parts words.
_VANISHING = frozenset({"Mn", "Me", "Cf"})


def _plain(piece: str) -> str:
    if piece[0] == "&":
        from html import unescape  # its table of 2,231 names is rarely needed

        piece = unescape(piece)
    return "".join(map(_plain_character, piece))


@lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    """Return what stands for a character: one at a time, as what NFKD reorders vanishes anyway.

    (It takes quadratic time for a long run of combining marks.)
    """
    # Translated twice: before, as NFKD would take "…" and "´" apart; after, as it makes new ones.
    decomposed = unicodedata.normalize("NFKD", character.translate(_TYPOGRAPHY))
    return "".join(
        part
        if part.isascii() or part.isalnum()
        else ""
        if unicodedata.category(part) in _VANISHING
        else " "
        for part in decomposed.translate(_TYPOGRAPHY)
    )


def normalise(text: str) -> str:
    """Return `text` with its typography made plain, its letter case kept.

    >>> normalise("Caf&eacute; “reopens” — finally…")
    'Cafe "reopens"  -  finally...'
    >>> normalise("Ferry resumes | The Daily Example")
    'Ferry resumes'
    """
    if not text.isascii() or "&" in text:
        text = _PIECE.sub(lambda match: _plain(match.group()), text)
    if " - " in text or " | " in text:  # without one of these no publisher can follow
        return _without_publisher(text)
    return text


def _without_publisher(plain: str) -> str:
    for _ in range(_MOST_SUFFIXES):
        end = len(plain.rstrip())
        match = _PUBLISHER.search(plain, max(end - _LONGEST_SUFFIX, 0), end)
        if not match or len(plain[: match.start()].split(None, _SHORTEST)) < _SHORTEST:
            break
        plain = plain[: match.start()]
    return plain


def offsets(text: str) -> list[int]:
    """Return for each character of `normalise(text)` its place in `text`, and the end.

    A character that stands for a longer piece (an entity, say) has the piece's first place;
    so a span `[i, j)` of the normalised text covers `[offsets[i], offsets[j])` of `text`.

    >>> offsets("a&amp;b")
    [0, 1, 6, 7]
    """
    return [*_places(text), len(text)][: len(normalise(text)) + 1]


def _places(text: str) -> Iterator[int]:
    done = 0
    for match in _PIECE.finditer(text):
        yield from range(done, match.start())
        done = match.end()
        if match.group()[0] == "&":
            yield from (match.start() for _ in _plain(match.group()))
            continue
        for place in range(match.start(), done):
            yield from (place for _ in _plain_character(text[place]))
    yield from range(done, len(text))
