"""`python -m headline_score` is `headline-score`."""

from headline_score.cli import run

run()
