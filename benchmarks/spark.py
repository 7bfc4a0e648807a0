"""Time `score_columns` on a Spark cluster of two executor processes, by how many are at work.

    python benchmarks/spark.py [--write]

Prints a table in Markdown; with --write it also goes to `RESULTS.md` beside this file. Needs the
`spark` and `train` extras, and Java. All is timed in turn, so that a machine's drift hits all
alike; each executor has one core.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script can't see its own package
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ["OMP_NUM_THREADS"] = "1"

import pyspark
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import array, col, get, lit, replace

from benchmarks.clock import Clock, Times
from benchmarks.report import RESULTS, between, machine, markdown
from headline_score import score_many
from headline_score.integrations.spark import score_columns

EXECUTORS = (1, 2)
ALONE = "`score_many` in one process, without Spark"
BUSY = (
    " The cores had other work to do, so that these figures are low, spread widely, and do not tell"
    " what a second executor adds: measure on an idle machine."
)
TEMPLATES = [
    "Ferry service resumes after storm number {}",
    "You Won't Believe What Ferryman {} Did Next",
    "Could ferry fares rise by {} pence?",
    "HORROR as storm “{}” SHOCKS the whole island!",
    "Council passes budget, {} votes to 7",
]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="also to RESULTS.md")
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    spark = (
        SparkSession.builder.master(f"local-cluster[{max(EXECUTORS)},1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
        .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "600s")
        .getOrCreate()
    )
    titles = [TEMPLATES[i % len(TEMPLATES)].format(i) for i in range(arguments.rows)]
    functions: dict[str, Callable[[], object]] = {ALONE: partial(score_many, titles)}
    for n in EXECUTORS:
        df = table(spark, arguments.rows, n)
        plain = df.mapInArrow(lambda batches: batches, df.schema)
        functions[f"{_executors(n)}, the rows through Python unscored"] = partial(_run, plain)
        functions[f"{_executors(n)}, `score_columns`"] = partial(_run, score_columns(df, "title"))
    clock = Clock(arguments.repeats)
    taken = clock.in_turn(f"{arguments.rows:,} rows", functions)
    spark.stop()
    text = "\n".join(
        [
            f"- {machine()}, pyspark {pyspark.__version__};"
            f" load average before the start: {load:.1f}." + BUSY * (load > 0.5),
            f"- {arguments.rows:,} made-up rows; medians of {clock.repeats}, with the least and"
            " most, timed in turn. A cluster of two executors with a core each; one works where the"
            " table has one partition. Both run on this machine, beside Spark's own driver.",
            "",
            markdown(
                ["", "rows a second", "time"],
                ([name, rate(arguments.rows, times), str(times)] for name, times in taken.items()),
            ),
        ]
    )
    print(text)
    if clock.failures:
        sys.exit(f"failed: {clock.failures}")
    if arguments.write:
        between(RESULTS, "spark", text)


def table(spark: SparkSession, rows: int, partitions: int) -> DataFrame:
    """Return a table whose titles Spark makes up, at no cost to speak of."""
    template = get(array(*map(lit, TEMPLATES)), col("id") % len(TEMPLATES))
    title = replace(template, lit("{}"), col("id").cast("string"))
    return spark.range(rows, numPartitions=partitions).select("id", title.alias("title"))


def rate(rows: int, times: Times) -> str:
    """Return rows a second, to three digits."""
    low, middle, high = (
        f"{float(f'{rows / s:.3g}'):,.0f}"
        for s in (max(times.seconds), times.median, min(times.seconds))
    )
    return f"{middle} ({low}–{high})"


def _executors(n: int) -> str:
    return f"{n} executor{'s' * (n > 1)}"


def _run(df: DataFrame) -> None:
    """Have all rows made, and written nowhere."""
    df.write.format("noop").mode("overwrite").save()


if __name__ == "__main__":
    main()
