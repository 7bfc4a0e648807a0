"""Scores as a Polars expression, by every engine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from headline_score import Model, ModelFileError, score_many
from headline_score.integrations.polars import scores

Collect = Callable[[pl.LazyFrame], pl.DataFrame]

COLLECT: dict[str, Collect] = {
    "in memory": lambda frame: frame.collect(),
    "streaming": lambda frame: frame.collect(engine="streaming"),
}


def expected(headlines: list[Any], model: Model) -> dict[str, list[float | None]]:
    columns = model.score_many(headlines)
    return {
        name: [None if x != x else x for x in column.tolist()] for name, column in columns.items()
    }


@pytest.fixture
def titles(headlines: list[str]) -> list[str | None]:
    return [None, "", *headlines, None]


@pytest.mark.parametrize("collect", COLLECT.values(), ids=list(COLLECT))
def test_every_engine_gives_the_same_scores_and_nulls(
    titles: list[str | None], shipped: Model, collect: Collect
) -> None:
    frame = pl.LazyFrame({"title": titles, "row": range(len(titles))})
    scored = frame.with_columns(scores("title").struct.unnest())
    wanted = expected(titles, shipped)
    assert scored.collect_schema() == {
        "title": pl.String,
        "row": pl.Int64,
        **dict.fromkeys(wanted, pl.Float64),
    }
    found = collect(scored)
    assert found["title"].to_list() == titles
    assert found.select(*wanted).to_dict(as_series=False) == wanted


@pytest.mark.parametrize("collect", COLLECT.values(), ids=list(COLLECT))
def test_map_batches_takes_score_many_as_it_is(headlines: list[str], collect: Collect) -> None:
    frame = pl.LazyFrame({"title": [*headlines, None]})
    clickbait = pl.col("title").map_batches(
        lambda titles: pl.Series(score_many(titles)["clickbait"], nan_to_null=True),
        return_dtype=pl.Float64,
        is_elementwise=True,
    )
    found = collect(frame.select(clickbait))["title"].to_list()
    assert found == [*score_many(headlines)["clickbait"].tolist(), None]


def test_a_parquet_file_is_scored_in_a_stream_to_another(
    titles: list[str | None], shipped: Model, tmp_path: Path
) -> None:
    pl.DataFrame({"title": titles}).write_parquet(tmp_path / "in.parquet", row_group_size=100)
    frame = pl.scan_parquet(tmp_path / "in.parquet")
    frame.with_columns(scores("title").struct.unnest()).sink_parquet(tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet").to_dict(as_series=False)
    assert found == {"title": titles, **expected(titles, shipped)}


def test_a_column_is_scored_once_for_all_its_fields(small: Model) -> None:
    class Counting(Model):
        rows = 0

        def score_block(self, headlines: list[str | None]) -> Any:
            type(self).rows += len(headlines)
            return super().score_block(headlines)

    frame = pl.DataFrame({"title": ["Ferry resumes", "Ferry fares may rise"]})
    frame.with_columns(scores("title", Counting(small.parameters)).struct.unnest())
    assert Counting.rows == 2


def test_a_model_of_ones_own_by_groups(small: Model, tmp_path: Path) -> None:
    small.save(tmp_path / "small.npz")
    frame = pl.DataFrame({"paper": ["A", "B", "A"], "title": ["Ferry", None, "Storm horror!"]})
    score = scores(pl.col("title"), tmp_path / "small.npz", prefix="my ")
    found = frame.group_by("paper").agg(score.struct.field("my open question").mean())
    column = small.score_many(["Ferry", "Storm horror!"])["open question"]
    assert dict(found.rows()) == {"A": pytest.approx(column.mean(), rel=1e-12), "B": None}


def test_no_rows() -> None:
    frame = pl.DataFrame({"title": []}, schema={"title": pl.String})
    assert frame.with_columns(scores("title").struct.unnest()).shape == (0, 4)


def test_a_model_that_does_not_load_is_told_when_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.npz"):
        scores("title", tmp_path / "none.npz")
