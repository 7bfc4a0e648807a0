"""What features add to the log-odds of many headlines together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class TermTotals:
    """What is to be known of scored headlines to tell what each feature added to their log-odds.

    A feature is a term, by its number, or after all these one of what a model has beside terms.
    Headlines that were not read (coverage 0) have none.
    """

    def __init__(self, terms: int, others: int) -> None:
        """Begin with no headline.

        Args:
            terms: number of the model's terms.
            others: number of its other features.
        """
        self._terms = terms
        self.headlines = 0
        """Number of headlines that were read."""
        self.counts = np.zeros(terms + others, np.int64)
        """In how many of them each feature is (its value is not 0), shape (features,)."""
        self.amounts = np.zeros(terms + others)
        """The sum of its values, shape (features,)."""

    def add(self, terms: Integers, values: Floats, others: Floats) -> None:
        """Add n headlines.

        Args:
            terms: those of all of them, shape (m,); those of a headline are different.
            values: of each, shape (m,).
            others: values of the other features, shape (n, others).
        """
        end = self._terms
        self.headlines += len(others)
        self.counts[:end] += np.bincount(terms, minlength=end)
        self.amounts[:end] += np.bincount(terms, values, end)
        self.counts[end:] += (others != 0).sum(0)
        self.amounts[end:] += others.sum(0)
