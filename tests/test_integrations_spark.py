"""Scores as columns of a Spark table, on a cluster of two executors, each a process of its own."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import skip_or_fail
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import array, col, get, lit, replace
from pyspark.sql.types import StringType, StructField, StructType

import headline_score
from headline_score import HeadlineScoreError, Model, ModelFileError, TableError
from headline_score.integrations._models import loaded
from headline_score.integrations.spark import _Worker, score_columns

ROWS = 500_000
PARTITIONS = 8
TEMPLATES = [
    "Ferry service resumes after storm number {}",
    "You Won't Believe What Ferryman {} Did Next",
    None,
    "Could ferry fares rise by {} pence?",
    "HORROR as storm “{}” SHOCKS the whole island!",
    "",
    "Council passes budget, {} votes to 7",
]


@pytest.fixture(scope="module")
def java() -> Iterator[None]:
    if not (shutil.which("java") or "JAVA_HOME" in os.environ):
        skip_or_fail("Spark needs Java, 17 or later")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        yield


@pytest.fixture(scope="module")
def spark(java: None) -> Iterator[SparkSession]:
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        # No task starts before both executors have, and so both have some.
        .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
        .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "600s")
        .getOrCreate()
    )
    yield session
    session.stop()


def table(spark: SparkSession, rows: int) -> DataFrame:
    """Return a table whose titles Spark itself makes up."""
    template = get(array(*map(lit, TEMPLATES)), col("id") % len(TEMPLATES))
    return spark.range(rows, numPartitions=PARTITIONS).select(
        "id",
        array("id").alias("tags"),
        replace(template, lit("{}"), col("id").cast("string")).alias("title"),
    )


def made_up(rows: int) -> list[str | None]:
    """Return the same titles."""
    templates = (TEMPLATES[i % len(TEMPLATES)] for i in range(rows))
    return [
        None if template is None else template.format(i) for i, template in enumerate(templates)
    ]


def check(found: pa.Table, model: Model, prefix: str = "") -> None:
    """Compare all scores with those of this process, to the last bit."""
    found = found.sort_by("id")
    titles = made_up(len(found))
    assert found["title"].to_pylist() == titles
    for name, column in model.score_many(titles).items():
        values = found[prefix + name]
        assert values.null_count == titles.count(None)
        assert np.array_equal(values.to_numpy(), column, equal_nan=True)


def test_two_executors_score_half_a_million_rows_as_one_process_does(
    spark: SparkSession, shipped: Model
) -> None:
    def told(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Add, in the task that scored them, where rows were scored."""
        for batch in batches:
            who = pa.array([os.environ["SPARK_EXECUTOR_DIRS"]] * len(batch))
            yield pa.RecordBatch.from_arrays([*batch.columns, who], [*batch.schema.names, "who"])

    scored = score_columns(table(spark, ROWS), "title")
    assert scored.columns == ["id", "tags", "title", *shipped.targets]
    found = scored.mapInArrow(told, StructType([*scored.schema, StructField("who", StringType())]))
    arrow = found.toArrow()
    assert len(arrow) == ROWS
    assert len(arrow["who"].unique()) == 2
    check(arrow, shipped)


def test_workers_get_a_model_of_ones_own_and_load_it_once(
    spark: SparkSession, small: Model, shipped: Model, tmp_path: Path
) -> None:
    def loads(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Tell how often this worker process has loaded a file, and has had it already."""
        for _ in batches:
            known = loaded.cache_info()
            yield pa.RecordBatch.from_pydict({"loads": [known.misses], "uses": [known.hits]})

    # Two files of one name, the second of them twice, as a model in memory too.
    paths = [tmp_path / place / "model.npz" for place in ("a", "b")]
    for path, model in zip(paths, (shipped, small), strict=True):
        path.parent.mkdir()
        model.save(path)
    df = table(spark, 700)
    tables = [score_columns(df, "title", path, prefix="my ") for path in paths]
    of_memory = score_columns(df, "title", small)
    shutil.rmtree(tmp_path)  # workers have what they need
    for scored, model in zip(tables, (shipped, small), strict=True):
        check(scored.toArrow(), model, "my ")
    check(of_memory.toArrow(), small)
    told = spark.range(100, numPartitions=PARTITIONS).mapInArrow(loads, "loads long, uses long")
    found = told.collect()
    assert all(row["loads"] <= len(paths) for row in found)
    assert any(row["uses"] for row in found)


def test_sql_goes_on_from_the_scores(spark: SparkSession, shipped: Model) -> None:
    score_columns(table(spark, 700), "title").createOrReplaceTempView("scored")
    found = spark.sql("SELECT count(*), avg(speculation) FROM scored WHERE id % 7 IN (2, 3)")
    n, mean = found.first() or (0, 0)
    asked = made_up(700)[3::7]
    assert n == 200
    assert mean == pytest.approx(shipped.score_many(asked)["speculation"].mean(), rel=1e-12)


def test_an_empty_table(spark: SparkSession) -> None:
    scored = score_columns(table(spark, 700).where("id < 0"), "title")
    assert scored.count() == 0


def test_what_can_not_be_scored_is_refused_before_anything_runs(
    spark: SparkSession, tmp_path: Path
) -> None:
    df = table(spark, 7)
    with pytest.raises(TableError, match="no column 'headline'; there are: id, tags, title"):
        score_columns(df, "headline")
    with pytest.raises(TableError, match="the column 'id' is of type bigint, not string"):
        score_columns(df, "id")
    with pytest.raises(TableError, match=r"a column 'clickbait' already.*prefix"):
        score_columns(df.withColumnRenamed("id", "Clickbait"), "title")
    with pytest.raises(ModelFileError, match=r"none\.npz"):
        score_columns(df, "title", tmp_path / "none.npz")


def test_a_worker_of_another_version_refuses() -> None:
    worker = _Worker("title", ("clickbait",), "0.0.0", None)
    with pytest.raises(HeadlineScoreError, match=rf"{headline_score.__version__}.*driver has 0\.0"):
        list(worker([]))
