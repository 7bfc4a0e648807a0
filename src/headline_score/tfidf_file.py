"""Layout 4 of the model file: what was a scikit-learn pipeline, by the recipe in `tfidf`.

Beside what every layout has (see `model_file`; t targets, n terms):

- in the header `options`, the fields of `tfidf.Options`
- `words`: the terms, words or several parted by blanks; `stop_words`: what is left out of a text
  before terms are made
- `idf`: float64 (n,), and `weights`: float64 (n, t)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from headline_score.model_file import (
    SHARED,
    TFIDF,
    Stored,
    check_arrays,
    checked_header,
    number_of_words,
    words,
)
from headline_score.tfidf import Options


@dataclass(frozen=True)
class TfidfParameters(Stored):
    """What a model of the recipe in `tfidf` is made of."""

    MADE_BY = TFIDF
    MOST_WORDS = {"words": 2**20, "stop_words": 2**16}  # noqa: RUF012
    ARRAYS = ("idf", "weights", *SHARED)

    options: Options
    words: list[str]
    stop_words: list[str]
    idf: memoryview[Any]
    weights: memoryview[Any]

    @property
    def terms(self) -> list[str]:
        """The terms in the order of their weights."""
        return self.words

    @property
    def described(self) -> dict[str, Any]:
        """What the file's header says beside layout and recipe."""
        return {**super().described, "options": asdict(self.options)}

    @classmethod
    def checked(
        cls, described: dict[str, Any], arrays: dict[str, memoryview[Any]]
    ) -> TfidfParameters:
        """Return what a header and arrays make, or raise a `ValueError`."""
        options = Options.checked(described.get("options"))
        header = checked_header({k: v for k, v in described.items() if k != "options"})
        t = len(header.targets)
        if options.link != "logistic" and t < 2:
            raise ValueError("it has one target, which can't share a chance with others")
        lists = cls.MOST_WORDS
        numbers = {name: number_of_words(name, arrays[name], most) for name, most in lists.items()}
        n = numbers["words"]
        if not n:
            raise ValueError("it has no term")
        check_arrays(arrays, {"idf": ("d", (n,)), "weights": ("d", (n, t))}, t)
        parts: dict[str, Any] = arrays | {name: words(name, arrays[name]) for name in lists}
        return cls(header=header, options=options, **parts)
