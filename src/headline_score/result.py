"""What scoring and explaining return."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from math import fsum
from typing import NamedTuple, TypeVar

from headline_score import calibration

T = TypeVar("T")

UNREAD = "no known word: base rates"
"""What is said of a text that the model could not read."""

UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""A character that is never shown as it is.

Control characters, other ends of lines, what turns the order of letters round, half characters,
and what is none.
"""


class _ByTarget(Mapping[str, T]):
    """A mapping from target to what belongs to it, which is also an attribute of that name."""

    def _by_target(self) -> dict[str, T]:
        raise NotImplementedError

    def __getitem__(self, target: str) -> T:
        return self._by_target()[target]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_target())

    def __len__(self) -> int:
        return len(self._by_target())

    def __getattr__(self, name: str) -> T:
        # Called for what is no field; by copy and pickle also before there are any.
        if self.__dict__ and not name.startswith("_") and name in self:
            return self[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self]


@dataclass(frozen=True, repr=False, init=False)
class Score(_ByTarget[float]):
    """The strengths of one headline, as attributes and by name.

    A table of scores wants `to_dict()`, or `score_many` in the first place.

    >>> s = Score(("clickbait", "speculation"), (0.0312, 0.6418), 1.0, (0.4, 0.3), (0.8, 0.7))
    >>> s.speculation == s["speculation"] == dict(s)["speculation"] == 0.6418
    True
    >>> print(s)
    clickbait 0.03  speculation 0.64
    >>> s.flags(), s.flags(precise=True)
    (['speculation'], [])
    """

    targets: tuple[str, ...]
    """Names of what was scored; for the shipped model clickbait, speculation, sensationalism."""

    strengths: tuple[float, ...]
    """One strength in [0, 1] for each target: 0 not at all, 1 as strong as it gets."""

    coverage: float
    """Share of the text's words that the model knows, in [0, 1].

    At 0.0 nothing was read, and each strength is the base rate of the model's training data.
    """

    thresholds: tuple[float, ...]
    """The model's threshold of best F1 for each target."""

    precise_thresholds: tuple[float, ...]
    """The model's threshold of precision 0.9 for each target."""

    def __init__(
        self,
        targets: tuple[str, ...],
        strengths: tuple[float, ...],
        coverage: float,
        thresholds: tuple[float, ...],
        precise_thresholds: tuple[float, ...],
    ) -> None:
        # All at once: what a frozen dataclass does one by one takes twice as long.
        self.__dict__.update(
            targets=targets,
            strengths=strengths,
            coverage=coverage,
            thresholds=thresholds,
            precise_thresholds=precise_thresholds,
        )

    def flags(self, *, precise: bool = False) -> list[str]:
        """Return the targets whose strength reaches the model's threshold; none if not read.

        Args:
            precise: take the threshold above which nine in ten flagged headlines were positive
                in cross-validation, instead of the one of best F1.
        """
        thresholds = self.precise_thresholds if precise else self.thresholds
        pairs = zip(self.targets, self.strengths, thresholds, strict=True)
        return [target for target, strength, at in pairs if self.coverage and strength >= at]

    def to_dict(self) -> dict[str, float]:
        """Return the strengths by target name, and `coverage`."""
        return {**self._by_target(), "coverage": self.coverage}

    def to_json(self) -> str:
        """Return `to_dict` as one line of JSON."""
        return json.dumps(self.to_dict())

    def _by_target(self) -> dict[str, float]:
        return dict(zip(self.targets, self.strengths, strict=True))

    def __repr__(self) -> str:
        return f"Score({', '.join(f'{k}={v:.4g}' for k, v in self.to_dict().items())})"

    def _repr_html_(self) -> str:
        from headline_score import highlight  # not above: only notebooks need it

        return highlight.of_score(self)

    def __str__(self) -> str:
        strengths = "  ".join(f"{name} {value:.2f}" for name, value in self._by_target().items())
        return strengths if self.coverage else f"{strengths}  ({UNREAD})"


@dataclass(frozen=True)
class Contribution:
    """What one feature of a headline adds to the log-odds of one target."""

    term: str
    """The word, pair of neighbours or of cues ("will + ?"), or a shape feature in brackets."""

    log_odds: float
    """The exact addend, in natural log-odds before calibration; a positive one raises the score."""

    spans: tuple[tuple[int, int], ...]
    """Each place `[start, end)` of the term in the text; empty for a shape feature."""


class Summed(NamedTuple):
    """What a feature added to the log-odds of several headlines."""

    term: str
    """As in `Contribution.term`."""

    headlines: int
    """How many of them have it."""

    log_odds: tuple[float, ...]
    """The sum of its contributions to each target."""


def joined(term: str) -> str:
    """Return the name of a feature, the same for both of length: to a reader they are one.

    >>> joined("[length]"), joined("[length squared]"), joined("[capitals]"), joined("length")
    ('[length]', '[length]', '[capitals]', 'length')
    """
    return "[length]" if term == "[length squared]" else term


@dataclass(frozen=True)
class TargetExplanation:
    """Why one target scored as it did: `logit` is `bias` plus the sum of the contributions.

    The strength is `calibration.calibrated(logit, calibration)`, a rising function of it.
    """

    bias: float
    """Log-odds before anything is read."""

    contributions: tuple[Contribution, ...]
    """Every feature with a part in the score, the strongest first, by absolute value."""

    calibration: tuple[float, ...]
    """Three coefficients, the model's for the target; those of no calibration for unread text."""

    @property
    def logit(self) -> float:
        """The log-odds before calibration."""
        return self.bias + fsum(part.log_odds for part in self.contributions)

    @property
    def strength(self) -> float:
        """The strength in [0, 1]."""
        return calibration.strength(self.logit, self.calibration)

    def _repr_html_(self) -> str:
        from headline_score import highlight

        return highlight.of_target(self)

    def highlights(self) -> Iterator[tuple[int, int, float]]:
        """Yield `(start, end, log_odds)` for stretches of the text, in order, none overlapping.

        A term's contribution is spread evenly over the characters of its places, and a stretch
        gets the sum over its characters; so overlapping 2-grams need no choice between them.
        """
        density: defaultdict[int, float] = defaultdict(float)  # where it changes, by how much
        opened: defaultdict[int, int] = defaultdict(int)
        for part in self.contributions:
            length = sum(end - start for start, end in part.spans)
            for start, end in part.spans:
                density[start] += part.log_odds / length
                density[end] -= part.log_odds / length
                opened[start] += 1
                opened[end] -= 1
        level, covered = 0.0, 0
        for left, right in pairwise(sorted(density)):
            level += density[left]
            covered += opened[left]
            if covered:
                yield left, right, level * (right - left)


@dataclass(frozen=True)
class Explanation(_ByTarget[TargetExplanation]):
    """Why a headline scored as it did; `explanation.clickbait` is one target's part."""

    text: str
    """The headline as it was given."""

    targets: tuple[str, ...]
    """Names of what is explained."""

    parts: tuple[TargetExplanation, ...]
    """One explanation for each target."""

    coverage: float
    """Share of the text's words that the model knows; at 0.0 the biases are the base rates."""

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain containers, ready for JSON."""
        return {
            "text": self.text,
            "coverage": self.coverage,
            **{
                target: {
                    "strength": part.strength,
                    "bias": part.bias,
                    "calibration": list(part.calibration),
                    "contributions": [
                        {
                            "term": c.term,
                            "log_odds": c.log_odds,
                            "spans": [list(s) for s in c.spans],
                        }
                        for c in part.contributions
                    ],
                }
                for target, part in self._by_target().items()
            },
        }

    def _by_target(self) -> dict[str, TargetExplanation]:
        return dict(zip(self.targets, self.parts, strict=True))

    def _repr_html_(self) -> str:
        from headline_score import highlight

        return highlight.of_explanation(self)

    def __str__(self) -> str:
        lines = [self.text]
        for target, part in self._by_target().items():
            terms = ", ".join(f"{c.term} {c.log_odds:+.2f}" for c in part.contributions[:5])
            lines.append(f"{target} {part.strength:.2f}: {terms or UNREAD}")
        return "\n".join(lines)


# Names that a target can't have, as a score and its JSON form use them otherwise.
_RESERVED = frozenset({"headline", *dir(Score), *dir(Explanation)}).union(
    field.name for result in (Score, Explanation) for field in fields(result)
)
_LONGEST_NAME = 200


def is_target(name: object) -> bool:
    """Tell whether a target can have this name: a short line that results use for nothing else."""
    return (
        isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name not in _RESERVED
    ) and is_line(name)


def is_line(text: object) -> bool:
    """Tell a text of one line without control characters, fit for a terminal or a table's head."""
    return isinstance(text, str) and not UNSAFE.search(text)
