"""Scores as SQL functions of DuckDB. Needs the `duckdb` extra."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from headline_score.errors import HeadlineScoreError, MissingExtraError
from headline_score.integrations._models import ModelSource, resolved
from headline_score.model import Model

try:
    import duckdb
    import pyarrow as pa
except ImportError as error:
    raise MissingExtraError("scoring in DuckDB", "duckdb", error.name or "duckdb") from None

Columns: TypeAlias = dict[str, NDArray[np.float64]]

_registered: WeakKeyDictionary[duckdb.DuckDBPyConnection, set[str]] = WeakKeyDictionary()
"""By connection the names of the functions that `register` made on it."""

_KEPT = 16  # chunks, of up to 2,048 rows: as many threads may be at work with one each


def register(
    con: duckdb.DuckDBPyConnection, model: ModelSource = None, prefix: str = ""
) -> tuple[str, ...]:
    """Make a SQL function of each target, by its name, and return the names.

    A function takes a text and gives a DOUBLE, and NULL for NULL. A query that calls several of
    them on one column scores it once. What an earlier call registered on this connection is
    replaced. Cursors of the connection have the functions too. A name that is no SQL identifier
    stands in double quotes: `"open question"(title)`.

    >>> import duckdb
    >>> from headline_score.integrations.duckdb import register
    >>> con = duckdb.connect()
    >>> register(con)
    ('clickbait', 'speculation', 'sensationalism')
    >>> con.sql("SELECT speculation('Council may cut bus routes') > 0.3").fetchall()
    [(True,)]

    Args:
        con: the connection.
        model: a model, or the path of a model file; by default the shipped model.
        prefix: put before the name of each function.

    Raises:
        ModelFileError: the model file can't be loaded.
        HeadlineScoreError: the database has a function of such a name already, or two names differ
            in upper and lower case alone; no function is registered.
    """
    scorer = resolved(model)
    names = {prefix + target: target for target in scorer.targets}
    if len({name.lower() for name in names}) < len(names):  # to SQL they are one
        raise HeadlineScoreError(
            f"names of SQL functions that differ in case alone: {', '.join(names)}"
        )
    own = _registered.setdefault(con, set())
    # Asked, as some versions of DuckDB let a function of their own be replaced.
    found = con.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    ours = {name.lower() for name in own}
    if taken := ({name.lower() for (name,) in found} - ours) & {name.lower() for name in names}:
        raise HeadlineScoreError(
            f"the database has a function {min(taken)!r} already, DuckDB's own, yours or of another"
            " connection: use that one, or give these names a prefix"
        )
    wanted = {name.lower() for name in names}
    for name in [name for name in own if name.lower() in wanted]:
        with suppress(duckdb.InvalidInputException):  # a cursor, or you, removed it
            con.remove_function(name)
        own.remove(name)
    score = _remembering(scorer)
    create: Any = con.create_function  # its type hints lack the short forms that it takes
    for name, target in names.items():
        function = _function(score, target)
        create(*(name, function, ["VARCHAR"], "DOUBLE"), type="arrow", null_handling="special")
        own.add(name)
    return tuple(names)


def _function(score: Callable[[Any], Columns], target: str) -> Callable[[Any], Any]:
    # NaN becomes NULL. A lambda, as DuckDB evaluates the type hints of what has some.
    return lambda titles: pa.array(score(titles)[target], from_pandas=True)


def _remembering(model: Model) -> Callable[[Any], Columns]:
    """Return what scores a chunk, or knows the scores if it was among the last ones.

    DuckDB calls each function of a query with the same chunk, one after the other, and compares
    far more quickly than a model scores. No thread-local data: to Python each call of a thread of
    DuckDB's comes from a new one.
    """
    last: deque[tuple[Any, Columns]] = deque(maxlen=_KEPT)

    def score(titles: Any) -> Columns:
        for known, columns in last.copy():
            if known.equals(titles):
                return columns
        columns = model.score_many(titles)
        last.appendleft((titles, columns))
        return columns

    return score
