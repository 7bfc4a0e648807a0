"""Scores as columns of a Spark table: for more than one machine. Needs the `spark` extra."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import headline_score
from headline_score.default import default_model
from headline_score.errors import HeadlineScoreError, MissingExtraError, TableError
from headline_score.integrations._models import ModelSource, digest, loaded, resolved
from headline_score.model import Model
from headline_score.tables import name_taken

try:
    import pyarrow as pa
    from pyspark import SparkFiles
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType
except ImportError as error:
    raise MissingExtraError("scoring in Spark", "spark", error.name or "pyspark") from None


def score_columns(
    df: DataFrame, column: str, model: ModelSource = None, prefix: str = ""
) -> DataFrame:
    """Return the table with a column of DOUBLE for each target, NULL where the headline is.

    All columns go through the Python workers as Arrow batches: select and filter before, not
    after. A worker process loads the model once, and needs this library in the driver's version; a
    model file of your own is sent to it.

    Args:
        df: the table.
        column: name of its column of headlines, a STRING.
        model: a model, or the path of a model file; by default the shipped model.
        prefix: put before the name of each column of scores.

    Raises:
        TableError: the table has no such column of strings, or has one by the name of a target.
        ModelFileError: the model file can't be loaded.
    """
    scorer = resolved(model)
    names = [prefix + target for target in scorer.targets]
    _check(df, column, names)
    worker = _Worker(column, tuple(names), headline_score.__version__, _sent(df, model))
    schema = StructType([*df.schema.fields, *(StructField(name, DoubleType()) for name in names)])
    return df.mapInArrow(worker, schema)


def _check(df: DataFrame, column: str, names: Iterable[str]) -> None:
    if column not in df.columns:
        raise TableError(f"no column {column!r}; there are: {', '.join(df.columns)}")
    if not isinstance(kind := df.schema[column].dataType, StringType):
        raise TableError(f"the column {column!r} is of type {kind.simpleString()}, not string")
    taken = {name.lower() for name in df.columns}  # Spark takes no account of case
    if clash := next((name for name in names if name.lower() in taken), None):
        raise TableError(name_taken(clash))


def _sent(df: DataFrame, model: ModelSource) -> tuple[str, str] | None:
    """Send the workers a model's file; return its name there, and its digest."""
    if model is None:
        return None
    folder = Path(_folder())
    if isinstance(model, Model):
        model.save(source := folder / "model.npz")
    else:
        source = Path(model)
    found = digest(source)
    # Named after its contents, as a session takes one file of each name; a copy, as it is read when
    # a worker asks for it.
    copy = folder / f"headline-score-{found}.npz"
    if not copy.exists():
        shutil.copyfile(source, copy)
    df.sparkSession.sparkContext.addFile(str(copy))
    return copy.name, found


@lru_cache(maxsize=1)
def _folder() -> str:
    """Return a folder that lasts as long as this process."""
    folder = tempfile.mkdtemp(prefix="headline-score-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@dataclass(frozen=True)
class _Worker:
    """What scores batches in a worker process."""

    column: str
    names: tuple[str, ...]
    version: str
    """The driver's, of this library."""

    file: tuple[str, str] | None
    """Name and digest of the model's file; None for the shipped model."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        if self.version != headline_score.__version__:
            raise HeadlineScoreError(
                f"this worker has headline-score {headline_score.__version__}, but the driver has"
                f" {self.version}: scores could differ; install the same version"
            )
        if self.file:
            name, expected = self.file
            model = loaded(SparkFiles.get(name), expected)
        else:
            model = default_model()
        for batch in batches:
            scores = model.score_many(batch[self.column]).values()
            yield pa.RecordBatch.from_arrays(
                [*batch.columns, *(pa.array(of, from_pandas=True) for of in scores)],
                names=[*batch.schema.names, *self.names],
            )
