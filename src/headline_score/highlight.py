"""Headlines as HTML, their words marked by what they did to a score: in notebooks and reports.

Any text is shown as text. Marks are classes, which `STYLE` gives translucent colours that suit
light and dark pages: no script, and no style attributes, which a strict page forbids.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from headline_score.result import UNREAD, UNSAFE, joined

if TYPE_CHECKING:
    from headline_score.result import Explanation, Score, TargetExplanation

LONGEST_SHOWN = 300
"""Characters of a headline that are shown."""

FAINT, STRONG, HEAVY = 0.1, 0.5, 1.0
"""Log-odds that a stretch must move to be marked, and to be marked more strongly."""

STYLE = """
.hs-mark{color:inherit;border-radius:.2em;padding:.04em .1em;margin:0 -.1em;
-webkit-box-decoration-break:clone;box-decoration-break:clone}
.hs-up1{background:rgba(230,159,0,.20)}
.hs-up2{background:rgba(230,159,0,.34)}
.hs-up3{background:rgba(230,159,0,.5)}
.hs-down1{background:rgba(86,140,233,.14);border-bottom:1px dashed rgba(86,140,233,.9)}
.hs-down2{background:rgba(86,140,233,.26);border-bottom:1px dashed rgba(86,140,233,.9)}
.hs-down3{background:rgba(86,140,233,.38);border-bottom:1px dashed rgba(86,140,233,.9)}
""".strip()
"""Of the marks."""

_NOTEBOOK_STYLE = """
.hs-box{font-family:inherit;line-height:1.6}
.hs-box table.hs-table{border-collapse:collapse;margin:.2em 0}
.hs-box table.hs-table th,.hs-box table.hs-table td{padding:.15em .9em .15em 0;text-align:left;
vertical-align:top;background:none;border:0;font-variant-numeric:tabular-nums}
.hs-box .hs-note{font-size:.85em;opacity:.8;margin:.2em 0}
.hs-box meter{width:7em}
.hs-box meter::-webkit-meter-optimum-value{background:rgb(230,159,0)}
.hs-box meter::-moz-meter-bar{background:rgb(230,159,0)}
""".strip()

# Control characters get their pictures (U+2400 …), what parts words a blank, all else U+FFFD.
_SHOWN = (
    {chr(code): chr(0x2400 + code) for code in range(0x20)}
    | dict.fromkeys("\t\n\r\f\v", " ")
    | {"\x7f": "\u2421"}
)


def shown(text: str) -> str:
    r"""Return a text of the same length that a page can show: no control or half characters.

    >>> shown("Ferry\x1b fiasco\nin \u202eport")
    'Ferry␛ fiasco in �port'
    """
    # One character for one, so that places stay.
    return UNSAFE.sub(lambda found: _SHOWN.get(found[0], "\ufffd"), text)


def highlighted(text: str, part: TargetExplanation) -> str:
    """Return a headline as HTML with its stretches marked by their log-odds.

    Only its first `LONGEST_SHOWN` characters are shown, and said to be so.

    Args:
        text: the headline that `part` explains.
        part: of one target.
    """
    plain, done, pieces = shown(text[:LONGEST_SHOWN]), 0, []
    for start, end, log_odds in part.highlights():
        if start >= len(plain):
            break
        pieces.append(escape(plain[done:start]))
        pieces.append(marked(plain[start:end], log_odds))
        done = end
    pieces.append(escape(plain[done:]))
    if len(text) > len(plain):
        pieces.append(f"… ({len(text):,} characters)")
    return f'<bdi dir="auto">{"".join(pieces)}</bdi>'


def marked(text: str, log_odds: float) -> str:
    """Return a shown text as HTML, marked if it moved a score by `FAINT` or more."""
    size = abs(log_odds)
    if size < FAINT:
        return escape(text)
    level = 1 + (size >= STRONG) + (size >= HEAVY)
    mark = f"hs-{'up' if log_odds > 0 else 'down'}{level}"
    return f'<mark class="hs-mark {mark}" title="{log_odds:+.2f}">{escape(text)}</mark>'


def unplaced(part: TargetExplanation) -> str:
    """Return what moved the score but stands nowhere, such as shouting, as HTML; "" if nothing."""
    found: dict[str, float] = {}
    for c in part.contributions:
        if not c.spans:
            name = joined(c.term).strip("[]")
            found[name] = found.get(name, 0.0) + c.log_odds
    return " ".join(
        marked(f"{name} {log_odds:+.1f}", log_odds)
        for name, log_odds in found.items()
        if abs(log_odds) >= FAINT
    )


def legend() -> str:
    """Return the legend of the marks as HTML."""
    return (
        f"{marked('raises', FAINT)} {marked('more', STRONG)} {marked('most', HEAVY)},"
        f" {marked('lowers', -FAINT)} {marked('more', -STRONG)} {marked('most', -HEAVY)}"
        f" the score: by {FAINT}, {STRONG} and {HEAVY:g} log-odds or more"
    )


def of_explanation(explanation: Explanation) -> str:
    """Return an explanation as HTML for a notebook: a line for each target, and a legend."""
    rows = []
    for target, part in explanation.items():
        more = unplaced(part)
        rows.append(
            f'<tr><th scope="row">{escape(target)}</th><td>{part.strength:.2f}</td>'
            f"<td>{highlighted(explanation.text, part)}{more and ' ' + more}</td></tr>"
        )
    said = legend() if explanation.coverage else escape(UNREAD)
    return _box(f'<table class="hs-table">{"".join(rows)}</table><p class="hs-note">{said}</p>')


def of_target(part: TargetExplanation, most: int = 15) -> str:
    """Return one target's explanation as HTML for a notebook: its strongest contributions."""
    rows = [f"<tr><td>{part.bias:+.3f}</td><td>[bias]</td></tr>"]
    rows += [
        f"<tr><td>{c.log_odds:+.3f}</td><td>{marked(shown(c.term), c.log_odds)}</td></tr>"
        for c in part.contributions[:most]
    ]
    more = len(part.contributions) - most
    said = f"strength {part.strength:.2f}" + (f"; {more} smaller ones not shown" * (more > 0))
    said = f'<p class="hs-note">{said}</p>'
    head = '<tr><th scope="col">log-odds</th><th scope="col">term</th></tr>'
    return _box(f'<table class="hs-table">{head}{"".join(rows)}</table>{said}')


def of_score(score: Score) -> str:
    """Return a score as HTML for a notebook: a bar and a number for each target."""
    flags = score.flags()
    rows = [
        f'<tr><th scope="row">{escape(target)}</th>'
        f'<td><meter min="0" max="1" value="{strength:.4f}">{strength:.2f}</meter></td>'
        f"<td>{strength:.2f}</td><td>{'flagged' if target in flags else ''}</td></tr>"
        for target, strength in score.items()
    ]
    note = "" if score.coverage else f'<p class="hs-note">{escape(UNREAD)}</p>'
    return _box(f'<table class="hs-table">{"".join(rows)}</table>{note}')


def _box(content: str) -> str:
    return f'<div class="hs-box"><style>{_NOTEBOOK_STYLE}\n{STYLE}</style>{content}</div>'
