"""`python -m headline_score` is `headline-score`."""

from headline_score.cli import main

main(prog_name="headline-score")
