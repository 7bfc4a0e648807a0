"""Scores as a Polars expression. Needs the `polars` extra."""

from __future__ import annotations

from headline_score.errors import MissingExtraError
from headline_score.integrations._models import ModelSource, resolved
from headline_score.model import Model

try:
    import polars as pl
except ImportError as error:
    raise MissingExtraError("scoring in Polars", "polars", error.name or "polars") from None


def scores(column: str | pl.Expr, model: ModelSource = None, prefix: str = "") -> pl.Expr:
    """Return an expression of the scores of a column: a struct with a field for each target.

    It works row by row, so that the streaming engine takes it in parts. A null gives a struct of
    nulls, which means and sums pass over.

    >>> import polars as pl
    >>> from headline_score.integrations.polars import scores
    >>> df = pl.DataFrame({"title": ["You Won't Believe What This Mayor Did Next", None]})
    >>> scored = df.with_columns(scores("title").struct.unnest())
    >>> scored.columns
    ['title', 'clickbait', 'speculation', 'sensationalism']
    >>> scored["clickbait"].round(1).to_list()
    [0.9, None]

    Args:
        column: name of a column of strings, or an expression of one.
        model: a model, or the path of a model file; by default the shipped model.
        prefix: put before the name of each field.

    Raises:
        ModelFileError: the model file can't be loaded.
    """
    scorer = resolved(model)
    expression = pl.col(column) if isinstance(column, str) else column
    return expression.map_batches(
        lambda titles: _scored(titles, scorer, prefix),
        return_dtype=pl.Struct({prefix + target: pl.Float64 for target in scorer.targets}),
        is_elementwise=True,
    )


def _scored(titles: pl.Series, model: Model, prefix: str) -> pl.Series:
    columns = model.score_many(titles)
    return pl.DataFrame(
        [pl.Series(prefix + name, column, nan_to_null=True) for name, column in columns.items()]
    ).to_struct(titles.name)
