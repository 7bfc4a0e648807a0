"""Text normalisation: what typography does to a headline must not decide its score.

`normalise` decodes HTML entities, straightens quotes and dashes, reduces accented, full-width and
ligature letters to plain ones (Unicode NFKD without its combining marks), leaves out what nobody
sees, undoes two disguises (letters of other scripts among Latin ones, "S H O C K I N G"), and drops
a publisher's name at the end, as in "Ferry resumes - The Daily Example".
Letter case is left alone, as capitals can shout; `features` folds it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Only these pieces of a text can change: entities, and what is neither blank nor printable ASCII.
# Everything else stays as it is, but for letters apart and a publisher's name.
_PIECE = re.compile(
    r"&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    r"|[^\t-\r\x1c-~â]+|â(?:[\x80€][\x80-\xbf˜™œ“”‹])?"
)
# Quotes and dashes whose UTF-8 was read as Latin-1 or Windows-1252: by their last character, after
# "â\x80" or "â€". (Of others the first two are left out.)
_MISREAD = str.maketrans(
    dict.fromkeys("\x98\x99˜™", "'")
    | dict.fromkeys("\x9c\x9dœ", '"')
    | dict.fromkeys("\x93\x94“”", " - ")
    | {"¦": "..."}
)

_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("‘’‚‛ʼ′´\x91\x92", "'")  # \x91 to \x97: Windows-1252 that was read as Latin-1
    | dict.fromkeys("“”„‟″«»\x93\x94", '"')
    | dict.fromkeys("–—―\x96\x97", " - ")
    | dict.fromkeys("‐‑−", "-")
    | {"…": "..."}
    # Latin letters of another make, which NFKD leaves: small, on black squares, in black circles
    | dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
    | {chr(first + i): chr(ord("A") + i) for first in (0x1F150, 0x1F170) for i in range(26)}
)

# Letters of other scripts that look like Latin ones (after Unicode's confusables.txt, UTS #39), to
# be read as these where a word has both: a wholly Greek or Cyrillic word stays what it is.
_LOOK_ALIKES = str.maketrans(
    # Cyrillic
    "аеєорсухіјѕһԁӏԛԝкмтвнгяцҽәӘАЕОРСУХІЈЅҺКМТВН"
    # Greek, Coptic
    "οανρτυικγχηεσςϲωΑΒΕΖΗΙΚΜΝΟΡΤΥΧⲟⲣⲥ"
    # Armenian, Cherokee
    "օսոհցզՏՕՍᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏁᎾᏢᎡᏚᎢᏙᎳᎽᏃ"
    # Latin letters for sounds
    "ıɑɡəǝɛƏƐ",
    "aeeopcyxijshdlqwkmtbhrrueeEAEOPCYXIJSHKMTBH"
    "oavptuikyxneoccwABEZHIKMNOPTYXopc"
    "ounhgqSOUABCDEGHIJKLMNOPRSTVWYZ"
    "iageeeEE",
)
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z]")
_APART = re.compile(
    r"(?<!\w)(?<!\w')[A-Za-z]( {1,2}|[-._])[A-Za-z](?:\1[A-Za-z]){2,}(?!['.-]?\w|@)"
)
_LONGEST_ACRONYM = 6  # letters

# A publisher's name at the end, after a dash or bar, whatever its letter case: a well-known one, an
# address, or one that is made like one. Kickers ("| Live", "- report") are no publishers.
_PUBLISHER = re.compile(
    r"""[ ]+[-|][ ]+
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
_SHORTEST = 2  # words that a headline has without its publisher
_HEAD = 200  # characters in which these are looked for

# Combining marks and what nobody sees (zero-width space, soft hyphen, control characters, Unicode's
# other Default_Ignorable_Code_Points) stand inside words and vanish; any other character that is no
# letter or digit parts words.
_VANISHING = frozenset({"Mn", "Me", "Cf"})
_CONTROLS = bytes({*range(9), *range(0x0E, 0x1C), 0x7F})  # of ASCII
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u115f\u1160\u2065\u3164\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)


def _is_one(piece: str) -> bool:
    """Tell whether a piece stands for one character."""
    return piece[0] == "&" or (len(piece) == 3 and piece[:2] in ("â\x80", "â€"))


def _plain(piece: str) -> str:
    if piece[0] == "&":
        from html import unescape  # its table of 2,231 names is rarely needed

        piece = unescape(piece)
    elif _is_one(piece):
        piece = piece[2].translate(_MISREAD)
    return "".join(map(_plain_character, piece))


@lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    """Return what stands for a character: one at a time, as what NFKD reorders vanishes anyway.

    (It takes quadratic time for a long run of combining marks.)
    """
    # Translated twice: before, as NFKD would take "…" and "´" apart; after, as it makes new ones.
    decomposed = unicodedata.normalize("NFKD", character.translate(_TYPOGRAPHY))
    return "".join(map(_seen, decomposed.translate(_TYPOGRAPHY)))


def _seen(part: str) -> str:
    if unicodedata.category(part) in _VANISHING or _UNSEEN.match(part):
        return ""
    return part if part.isascii() or part.isalnum() else " "


def normalise(text: str) -> str:
    """Return `text` with its typography made plain, its letter case kept.

    >>> normalise("Caf&eacute; “reopens” — finally…")
    'Cafe "reopens"  -  finally...'
    >>> normalise("S H O C K as ferry resumes | The Daily Example")
    'SHOCK as ferry resumes'
    """
    plain = text.isascii() and "&" not in text and text.isprintable()
    return _finished(text if plain else _typed_plainly(text))


def normalise_all(texts: list[str]) -> list[str]:
    """Return `normalise` of each text, in less time: controls are looked for in all at once."""
    letters = "".join(texts).encode(errors="surrogatepass")
    if len(letters.translate(None, _CONTROLS)) < len(letters):
        return list(map(normalise, texts))
    return [
        _finished(text if text.isascii() and "&" not in text else _typed_plainly(text))
        for text in texts
    ]


def _typed_plainly(text: str) -> str:
    plain = _PIECE.sub(lambda match: _plain(match.group()), text)
    return plain if plain.isascii() else _LETTERS.sub(_undisguised, plain)


def _finished(plain: str) -> str:
    if _may_be_apart(plain):
        plain = _APART.sub(lambda match: match.group()[:: _step(match)], plain)
    if " - " in plain or " | " in plain:  # without one of these no publisher can follow
        return _without_publisher(plain)
    return plain


def _undisguised(match: re.Match[str]) -> str:
    """Return a word, in Latin letters if it has some and others that look like them."""
    word = match.group()
    if word.isascii() or not _LATIN.search(word):
        return word
    latin = word.translate(_LOOK_ALIKES)
    return latin if latin.isascii() else word


def _may_be_apart(plain: str) -> bool:
    # Quicker than to look. Mostly every sixth character is a blank.
    return (
        5 * plain.count(" ") > len(plain)
        or ("-" in plain and plain.count("-") > 2)
        or ("." in plain and plain.count(".") > 2)
        or ("_" in plain and plain.count("_") > 2)
    )


def _step(match: re.Match[str]) -> int:
    """Return how far apart the letters of a word are; 1 if it is an acronym, and is to stay."""
    acronym = match[1][0] != " " and match.group().isupper()
    short = len(match.group()) < 2 * _LONGEST_ACRONYM
    return 1 if acronym and short else 1 + len(match[1])


def _without_publisher(plain: str) -> str:
    kept = end = len(plain)
    blanks = end - len(plain.rstrip())
    while match := _PUBLISHER.search(plain, max(end - blanks - _LONGEST_SUFFIX, 0), end - blanks):
        end, blanks = match.start(), 0
        if len(plain[: min(end, _HEAD)].split(None, _SHORTEST)) < _SHORTEST:
            break
        kept = end
    return plain[:kept]


def offsets(text: str) -> list[int]:
    """Return for each character of `normalise(text)` its place in `text`, and the end.

    A character that stands for a longer piece (an entity, say) has the piece's first place;
    so a span `[i, j)` of the normalised text covers `[offsets[i], offsets[j])` of `text`.

    >>> offsets("a&amp;b")
    [0, 1, 6, 7]
    """
    places = [*_places(text), len(text)]
    plain = _typed_plainly(text)
    if _may_be_apart(plain):
        kept, done = [], 0
        for match in _APART.finditer(plain):
            word = places[match.start() : match.end() : _step(match)]
            kept += [*places[done : match.start()], *word]
            done = match.end()
        places = [*kept, *places[done:]]
    return places[: len(normalise(text)) + 1]


def _places(text: str) -> Iterator[int]:
    done = 0
    for match in _PIECE.finditer(text):
        yield from range(done, match.start())
        done = match.end()
        if _is_one(match.group()):
            yield from (match.start() for _ in _plain(match.group()))
            continue
        for place in range(match.start(), done):
            yield from (place for _ in _plain_character(text[place]))
    yield from range(done, len(text))
