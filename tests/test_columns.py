from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from datasets import Dataset

from headline_score import score_many

HEADLINES = [
    "Ferry service resumes after storm",
    None,
    "You Won't Believe What This Ferryman Did Next",
    "",
    "Ferry fares may rise",
]
TEXTS = [headline for headline in HEADLINES if headline is not None]
EXPECTED = {
    target: [np.nan if h is None else score_many([h])[target][0] for h in HEADLINES]
    for target in ("clickbait", "speculation", "sensationalism")
}


def with_missing(missing: object) -> list[Any]:
    return [missing if headline is None else headline for headline in HEADLINES]


COLUMNS: dict[str, Callable[[], Any]] = {
    "list": lambda: list(HEADLINES),
    "list with float NaN": lambda: with_missing(float("nan")),
    "list with pandas NA": lambda: with_missing(pd.NA),
    "tuple": lambda: tuple(HEADLINES),
    "generator": lambda: (headline for headline in HEADLINES),
    "numpy objects": lambda: np.array(HEADLINES, dtype=object),
    "pandas objects": lambda: pd.Series(HEADLINES, dtype=object),
    "pandas objects with NaN": lambda: pd.Series(with_missing(np.nan), dtype=object),
    "pandas string": lambda: pd.Series(HEADLINES, dtype="string"),
    "pandas pyarrow string": lambda: pd.Series(HEADLINES, dtype="string[pyarrow]"),
    "pandas category": lambda: pd.Series(HEADLINES, dtype="category"),
    "pandas with an index": lambda: pd.Series(HEADLINES, index=[9, 9, 3, 1, 0]),
    "polars": lambda: pl.Series(HEADLINES),
    "arrow": lambda: pa.array(HEADLINES),
    "arrow dictionary": lambda: pa.array(HEADLINES).dictionary_encode(),
    "arrow chunked": lambda: pa.chunked_array([HEADLINES[:2], HEADLINES[2:]]),
    "datasets column": lambda: Dataset.from_dict({"title": HEADLINES})["title"],
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=list(COLUMNS))
def test_any_column_gives_an_array_of_floats_for_each_target(column: Callable[[], Any]) -> None:
    scores = score_many(column())
    assert list(scores) == list(EXPECTED)
    for target, values in scores.items():
        assert type(values) is np.ndarray
        assert values.dtype == np.float64
        np.testing.assert_array_equal(values, EXPECTED[target])


@pytest.mark.parametrize(
    "column", [COLUMNS[name] for name in ("list", "numpy objects", "pandas string", "polars")]
)
def test_the_input_is_left_as_it_was(column: Callable[[], Any]) -> None:
    given = column()
    score_many(given)
    assert repr(given) == repr(column())


@pytest.mark.parametrize(
    "empty", [[], (), iter([]), np.array([], dtype=str), pd.Series([], dtype=object), pa.array([])]
)
def test_no_headlines_give_empty_columns(empty: Any) -> None:
    scores = score_many(empty)
    assert list(scores) == list(EXPECTED)
    assert all(v.shape == (0,) and v.dtype == np.float64 for v in scores.values())


def test_tables_take_the_columns() -> None:
    scores = score_many(HEADLINES)
    titles = pd.DataFrame({"title": HEADLINES}, index=[4, 3, 2, 1, 0])
    for table in (
        *(pd.DataFrame(scores), titles.assign(**scores)),
        *(pl.DataFrame(scores), pa.table(scores)),
    ):
        for target, expected in EXPECTED.items():
            np.testing.assert_array_equal(np.asarray(table[target]), expected)


def test_a_dataset_maps_in_batches() -> None:
    data = Dataset.from_dict({"title": HEADLINES})
    scored = data.map(lambda batch: score_many(batch["title"]), batched=True, batch_size=2)
    for target, expected in EXPECTED.items():
        np.testing.assert_array_equal(np.array(scored[target], dtype=float), expected)


TITLES = {"title": TEXTS}


@pytest.mark.parametrize(
    "wrong",
    [
        "Ferry service resumes",
        b"Ferry service resumes",
        TITLES,
        pd.DataFrame(TITLES),
        pl.DataFrame(TITLES),
        pa.table(TITLES),
        Dataset.from_dict(TITLES),
        np.array([TEXTS]),
        np.array("Ferry service resumes"),
    ],
    ids=lambda wrong: type(wrong).__module__ + "." + type(wrong).__name__,
)
def test_what_is_no_column_is_refused_with_advice(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"takes a column of headlines.*use score\(\).*one column"):
        score_many(wrong)


@pytest.mark.parametrize("wrong", [7, 0.5, b"Ferry", ["Ferry"], {"title": "Ferry"}])
@pytest.mark.parametrize("row", [0, 1, 4999])
def test_what_is_no_headline_is_refused_with_its_row(wrong: object, row: int) -> None:
    column: list[Any] = ["Ferry service resumes"] * 5000
    column[row] = wrong
    with pytest.raises(TypeError, match=rf"headline {row} .*{type(wrong).__name__}, not str"):
        score_many(column)
