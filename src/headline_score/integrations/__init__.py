"""Scores inside other engines: a module for each, none of which is imported before you do.

Each is a thin adapter over `Model.score_many`, needs its engine installed, and takes a model of
your own as a file or a `Model`. What takes arrays needs none of them: for pandas it is
`df.assign(**score_many(df.title))`.

- `headline_score.integrations.polars`: `scores("title")` is an expression.
- `headline_score.integrations.duckdb`: `register(con)` makes SQL functions.
- `headline_score.integrations.datasets`: `Scorer("title")` is a function for `map`.
- `headline_score.integrations.spark`: `score_columns(df, "title")` adds columns, on a cluster.
"""
