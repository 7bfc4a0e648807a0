"""Scores as SQL functions of DuckDB."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headline_score import HeadlineScoreError, Model, ModelFileError, score_many
from headline_score.integrations.duckdb import register


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


class Counting(Model):
    """Counts the headlines that it scores."""

    rows = 0

    def score_block(self, headlines: list[str | None]) -> Any:
        self.rows += len(headlines)
        return super().score_block(headlines)


def test_scores_of_files_by_source(
    con: duckdb.DuckDBPyConnection,
    headlines: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "news").mkdir()
    for i, source in enumerate(("Harbour Post", "Island Times")):
        titles = [*headlines[i::2], None]
        table = pa.table({"title": titles, "source": [source] * len(titles)})
        pq.write_table(table, f"news/{i}.parquet")
    register(con)
    query = "SELECT source, avg(speculation(title)) FROM 'news/*.parquet' GROUP BY 1 ORDER BY 1"
    found = con.sql(query).fetchall()
    means = [score_many(headlines[i::2])["speculation"].mean() for i in range(2)]
    assert [source for source, _ in found] == ["Harbour Post", "Island Times"]
    np.testing.assert_allclose([mean for _, mean in found], means, rtol=1e-12)


def test_each_row_has_its_scores_and_null_for_null(
    con: duckdb.DuckDBPyConnection, headlines: list[str]
) -> None:
    titles = [None, "", *headlines * 3, None]
    con.register("news", pa.table({"title": titles}))
    names = register(con)
    calls = ", ".join(f"{name}(title) AS {name}" for name in names)
    found = con.execute(f"SELECT {calls} FROM news").fetchnumpy()
    for name, column in score_many(titles).items():
        assert np.array_equal(np.ma.filled(found[name], np.nan), column, equal_nan=True)
    assert con.sql("SELECT clickbait(NULL), typeof(clickbait('a'))").fetchall() == [
        (None, "DOUBLE")
    ]


def test_several_functions_of_a_column_score_it_once(
    con: duckdb.DuckDBPyConnection, small: Model
) -> None:
    register(con, model := Counting(small.parameters))
    con.execute("""
        SELECT avg(loud(title)), avg("open question"(title)), max(loud(title))
        FROM (SELECT 'Ferry ' || i AS title FROM range(10_000) AS t(i))""").fetchall()
    assert model.rows == 10_000


def test_another_query_of_other_titles_has_scores_of_its_own(
    con: duckdb.DuckDBPyConnection,
) -> None:
    register(con)
    for title in ("Ferry fares may rise", "You Won't Believe What This Ferryman Did Next", ""):
        found = con.execute("SELECT clickbait(?)", [title]).fetchall()
        assert found == [(score_many([title])["clickbait"][0],)]


def test_a_model_of_ones_own_with_names_that_are_no_identifiers(
    con: duckdb.DuckDBPyConnection, small: Model, tmp_path: Path
) -> None:
    small.save(tmp_path / "small.npz")
    names = register(con, tmp_path / "small.npz", prefix='my "')
    assert names == ('my "loud', 'my "open question')
    found = con.sql("""SELECT "my ""open question"('Will the ferry resume?')""").fetchall()
    assert found == [(small.score_many(["Will the ferry resume?"])["open question"][0],)]


def test_a_second_call_replaces_the_functions(
    con: duckdb.DuckDBPyConnection, small: Model, shipped: Model
) -> None:
    register(con)
    register(con)
    register(con, small, prefix="my_")
    assert con.sql("SELECT my_loud('Storm') IS NOT NULL AND clickbait('Storm') > 0").fetchall() == [
        (True,)
    ]
    first, second = Counting(small.parameters), Counting(small.parameters)
    register(con, first)
    register(con, second)
    con.sql("SELECT loud('Storm')").fetchall()
    assert (first.rows, second.rows) == (0, 1)


def test_a_function_of_duckdbs_own_is_left_alone(
    con: duckdb.DuckDBPyConnection, small: Model
) -> None:
    header = replace(small.header, targets=("loud", "lower"))
    clashing = Model(replace(small.parameters, header=header))
    with pytest.raises(HeadlineScoreError, match=r"has a function 'lower' already.*a prefix"):
        register(con, clashing)
    assert con.sql("SELECT lower('A')").fetchall() == [("a",)]
    with pytest.raises(duckdb.CatalogException):
        con.sql("SELECT loud('Storm')")
    assert register(con, clashing, prefix="is_") == ("is_loud", "is_lower")


def test_a_function_of_your_own_is_never_replaced(con: duckdb.DuckDBPyConnection) -> None:
    register(con, prefix="my_")
    con.create_function("speculation", lambda text: 7.0, ["VARCHAR"], "DOUBLE")
    with pytest.raises(HeadlineScoreError, match=r"has a function 'speculation' already"):
        register(con)
    assert con.sql("SELECT speculation('Storm'), my_clickbait('Storm') > 0").fetchall() == [
        (7.0, True)
    ]
    with pytest.raises(duckdb.CatalogException):
        con.sql("SELECT clickbait('Storm')")


def test_cursors_in_threads_score_alike(
    con: duckdb.DuckDBPyConnection, headlines: list[str]
) -> None:
    register(con)
    con.register("titles", pa.table({"title": headlines * 5}))
    con.execute("CREATE TABLE kept AS SELECT * FROM titles")
    found: list[Any] = []

    def work(name: str) -> None:
        with con.cursor() as cursor:
            found.append((name, cursor.sql(f"SELECT {name}(title) FROM kept").fetchnumpy()))

    names = ("clickbait", "speculation", "sensationalism") * 2
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = score_many(headlines * 5)
    assert len(found) == len(names)
    for name, columns in found:
        (column,) = columns.values()
        assert np.array_equal(column, expected[name])


def test_a_model_that_does_not_load_registers_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(ModelFileError, match=r"none\.npz"):
        register(con, tmp_path / "none.npz")
