"""Parquet and Arrow IPC in and out: every column and type kept, conversions, damage, memory."""

import csv
import gzip
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headline_score import MissingExtraError, TableError, default_model, score_many
from headline_score.batch import Summary, score_file
from headline_score.graded import read_graded
from headline_score.streams import reading
from headline_score.tables import FORMATS, format_of

Batch = Callable[..., "subprocess.CompletedProcess[bytes]"]
TARGETS = ["clickbait", "speculation", "sensationalism"]
HEADLINES = ["Harbour board approves ferry timetable", None, "You won't BELIEVE this ferry!"]
KINDS = ["parquet", "arrow", "arrows"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


def run(source: Path, target: Path, **more: Any) -> Summary:
    output_format = format_of(target.name) or ""
    return score_file(
        str(source), str(target), default_model(), output_format=output_format, **more
    )


def write(path: Path, table: pa.Table, group: int = 2**20) -> Path:
    """Write a table with so many rows in each row group, or record batch."""
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=group)
    else:
        kind = pa.ipc.new_file if path.suffix == ".arrow" else pa.ipc.new_stream
        with kind(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=group)
    return path


def read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    data = path.read_bytes()
    kind = pa.ipc.open_file if path.suffix == ".arrow" else pa.ipc.open_stream
    return kind(data).read_all()


def kept(table: pa.Table, path: Path) -> pa.Table:
    """Return what a format keeps of a table: Parquet has no large texts in dictionaries."""
    return read(write(path, table.combine_chunks().unify_dictionaries()))


def expected(headlines: list[str | None]) -> pa.Table:
    """Return the score columns that headlines should get."""
    scores = score_many([h if h and h.strip() else None for h in headlines])
    columns = {
        name: pa.array([None if np.isnan(v) else v for v in values.round(6).tolist()], pa.float64())
        for name, values in scores.items()
    }
    return pa.table(columns)


N = len(HEADLINES)
ANY_TYPES = pa.table(
    {
        "headline": pa.array(HEADLINES),
        "i": pa.array([1, None, -3], pa.int16()),
        "u": pa.array([2**64 - 1, None, 0], pa.uint64()),
        "f": pa.array([0.1, None, -2.5], pa.float32()),
        "half": pa.array([np.float16(0.5), None, np.float16(2)], pa.float16()),
        "yes": pa.array([True, None, False]),
        "day": pa.array([date(2026, 11, 29), None, date(1999, 1, 1)]),
        "at": pa.array([1_234_567_891, None, 0], pa.timestamp("ns")),
        "there": pa.array([1_234, None, 0], pa.timestamp("ms", "Europe/Paris")),
        "price": pa.array([Decimal("1.50"), None, Decimal("0.00")]),
        "raw": pa.array(["é".encode(), None, b""]),
        "tags": pa.array([["sea", "bus"], None, []]),
        "by": pa.array([{"name": "A", "born": date(1999, 1, 1)}, None, {"name": None}]),
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int32())),
        "large": pa.array(["港口", None, ""], pa.large_string()),
        "view": pa.array(["view", None, ""], pa.string_view()),
        "source": pa.array(["Gazette", None, "Gazette"]).dictionary_encode(),
        "nothing": pa.nulls(N),
    }
).replace_schema_metadata({"made by": "hand"})


@pytest.mark.parametrize("after", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_all_columns_keep_their_types_and_the_scores_are_floats(
    tmp_path: Path, before: str, after: str
) -> None:
    source = write(tmp_path / f"in.{before}", ANY_TYPES)
    target = tmp_path / f"out.{after}"
    assert run(source, target) == Summary(rows=3, without_text=1)
    table = read(target)
    before_it = kept(read(source), tmp_path / f"kept.{after}")
    assert table.select(ANY_TYPES.schema.names).equals(before_it)
    assert table.schema.metadata == {b"made by": b"hand"}
    assert table.select(TARGETS).equals(expected(HEADLINES))
    assert table.schema.names == [*ANY_TYPES.schema.names, *TARGETS]


TEXT_TYPES = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.int32(), pa.large_string()),
]
words = (
    st.none() | st.text(max_size=8) | st.sampled_from(["Ferry may sail", "You won't BELIEVE it"])
)


@settings(max_examples=60)
@given(
    headlines=st.lists(words, max_size=12),
    kinds=st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
    text=st.sampled_from(TEXT_TYPES),
    group=st.integers(1, 5),
    data=st.data(),
)
def test_any_table_comes_out_as_it_went_in_with_its_scores(
    headlines: list[str | None],
    kinds: tuple[str, str],
    text: pa.DataType,
    group: int,
    data: st.DataObject,
) -> None:
    n = len(headlines)
    count = st.none() | st.integers(-(2**63), 2**63 - 1)
    real = st.none() | st.floats(allow_nan=False)
    raw = st.none() | st.binary(max_size=4)
    table = pa.table(
        {
            "n": pa.array(data.draw(st.lists(count, min_size=n, max_size=n)), pa.int64()),
            "title": pa.array(headlines, pa.string()).cast(text),
            "x": pa.array(data.draw(st.lists(real, min_size=n, max_size=n)), pa.float64()),
            "raw": pa.array(data.draw(st.lists(raw, min_size=n, max_size=n)), pa.binary()),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        kind = "arrows" if kinds[0] == "arrow" and pa.types.is_dictionary(text) else kinds[0]
        source = write(Path(folder, f"in.{kind}"), table, group)
        run(source, Path(folder, f"out.{kinds[1]}"))
        after = read(Path(folder, f"out.{kinds[1]}"))
        before = kept(read(source), Path(folder, f"kept.{kinds[1]}"))
    assert after.schema.types[:4] == before.schema.types
    assert after.select(table.schema.names).to_pydict() == table.to_pydict()
    assert after.select(TARGETS).to_pydict() == expected(headlines).to_pydict()


@pytest.mark.parametrize("kind", KINDS)
def test_large_tables_come_out_whole_in_order_by_any_number_of_workers(
    tmp_path: Path, kind: str
) -> None:
    n = 30_000
    table = pa.table(
        {
            "headline": [f"Ferry {i} sails" if i % 7 else None for i in range(n)],
            "source": pa.array([f"Gazette {i // 5000}" for i in range(n)]).dictionary_encode(),
            "id": range(n),
        }
    )
    source = write(tmp_path / "in.parquet", table, 7_000)
    for workers in (1, 2):
        run(source, tmp_path / f"{workers}.{kind}", workers=workers)
    after = read(tmp_path / f"1.{kind}")
    assert after["id"].to_pylist() == [*range(n)]
    assert after["source"].to_pylist() == table["source"].to_pylist()
    assert after["clickbait"].null_count == len(range(0, n, 7))
    assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()


def test_rows_are_gathered_to_large_row_groups(tmp_path: Path) -> None:
    table = pa.table({"headline": ["Ferry sails"] * 20_000})
    run(write(tmp_path / "in.parquet", table, 500), tmp_path / "out.parquet")
    assert pq.ParquetFile(tmp_path / "out.parquet").num_row_groups == 1


def test_a_data_frame_of_pandas_comes_back_with_its_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"title": HEADLINES, "n": [1, 2, 3]}, index=["a", "b", "c"])
    frame.to_parquet(tmp_path / "in.parquet")
    run(tmp_path / "in.parquet", tmp_path / "out.parquet")
    after = pd.read_parquet(tmp_path / "out.parquet")
    assert after.index.tolist() == ["a", "b", "c"]
    assert after.n.tolist() == [1, 2, 3]
    assert after.clickbait.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_what_polars_writes_is_read(tmp_path: Path, kind: str) -> None:
    """Its Arrow files hold no sound stream, as the format has it: only the footer tells."""
    frame = pl.DataFrame({"title": HEADLINES, "n": [1, 2, 3]})
    source = tmp_path / f"in.{kind}"
    if kind == "parquet":
        frame.write_parquet(source)
    elif kind == "arrow":
        frame.write_ipc(source)
    else:
        frame.write_ipc_stream(source)
    run(source, tmp_path / f"out.{kind}")
    assert read(tmp_path / f"out.{kind}").drop(TARGETS).to_pydict() == frame.to_dict(
        as_series=False
    )


def test_tables_without_rows_stay_tables(tmp_path: Path) -> None:
    for kind in KINDS:
        source = write(tmp_path / f"in.{kind}", ANY_TYPES.slice(0, 0))
        run(source, tmp_path / f"out.{kind}")
        assert read(tmp_path / f"out.{kind}").num_rows == 0
        assert read(tmp_path / f"out.{kind}").schema.names[-3:] == TARGETS
    run(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert (
        (tmp_path / "out.csv")
        .read_text()
        .endswith(",nothing,clickbait,speculation,sensationalism\n")
    )
    (tmp_path / "in.csv").write_text("id,headline\n")
    (tmp_path / "in.jsonl").write_text("")
    for name in ("in.csv", "in.jsonl"):
        run(tmp_path / name, tmp_path / "empty.parquet")
        assert read(tmp_path / "empty.parquet").schema.names[-3:] == TARGETS


# From one format to another


def test_types_become_text_and_json_that_say_the_same(tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", ANY_TYPES)
    run(source, tmp_path / "out.jsonl")
    run(source, tmp_path / "out.csv")
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    first, second, _ = map(json.loads, lines)
    assert {k: v for k, v in first.items() if k not in TARGETS} == {
        "headline": HEADLINES[0],
        "i": 1,
        "u": 2**64 - 1,
        "f": 0.1,
        "half": 0.5,
        "yes": True,
        "day": "2026-11-29",
        "at": "1970-01-01T00:00:01.234567891",
        "there": "1970-01-01T01:00:01.234+01:00",
        "price": "1.50",
        "raw": "é",
        "tags": ["sea", "bus"],
        "by": {"name": "A", "born": "1999-01-01"},
        "map": [["k", 1]],
        "large": "港口",
        "view": "view",
        "source": "Gazette",
        "nothing": None,
    }
    assert set(second.values()) == {None}
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        cells = [*csv.DictReader(file)]
    for column in ("headline", "day", "at", "there", "price", "raw", "large", "source"):
        assert cells[0][column] == first[column]
    assert (cells[0]["i"], cells[0]["f"], cells[0]["yes"]) == ("1", "0.1", "true")
    assert json.loads(cells[0]["tags"]) == first["tags"]
    assert json.loads(cells[0]["by"]) == first["by"]
    assert set(cells[1].values()) == {""}


def test_what_has_no_form_in_text_is_an_error_at_its_row_unless_it_stays_in_arrow(
    tmp_path: Path,
) -> None:
    columns: dict[str, Any] = {
        "bytes that are no UTF-8": [b"ok", b"\xff"],
        "timedelta": pa.array([None, 5], pa.duration("s")),
        "no form in text": pa.array([[0], [2**62]], pa.list_(pa.timestamp("s"))),
        "'k' holds bytes": [{"a": [b"ok"]}, {"a": [b"\xff"]}],
    }
    for reason, column in columns.items():
        source = write(tmp_path / "in.arrow", pa.table({"title": ["Ferry", "Tram"], "k": column}))
        run(source, tmp_path / "out.arrow")
        assert read(tmp_path / "out.arrow")["k"].equals(read(source)["k"])
        for target in ("out.csv", "out.jsonl"):
            with pytest.raises(TableError, match=rf"in\.arrow: row 2: .*{reason}"):
                run(source, tmp_path / target)
            errors = tmp_path / "errors.csv"
            assert run(source, tmp_path / target, on_error="skip", errors=str(errors)).rows == 1
            header, row = csv.reader(errors.read_text().splitlines())
            assert (header, row[0]) == (["row", "reason"], "2")


def test_json_has_null_for_nan_and_nothing_for_an_infinite_number(tmp_path: Path) -> None:
    table = pa.table({"title": ["Ferry", "Tram"], "x": [float("nan"), float("inf")]})
    source = write(tmp_path / "in.parquet", table)
    with pytest.raises(TableError, match="row 2: an infinite number"):
        run(source, tmp_path / "out.jsonl")
    run(source, tmp_path / "out.jsonl", on_error="skip")
    assert '"title": "Ferry", "x": null,' in (tmp_path / "out.jsonl").read_text()
    run(source, tmp_path / "out.csv")
    assert "Tram,inf," in (tmp_path / "out.csv").read_text()


def test_cells_of_text_become_strings_to_the_letter(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('id,headline\n007,"Ferry, late"\n,\n')
    run(tmp_path / "in.csv", tmp_path / "out.parquet")
    table = read(tmp_path / "out.parquet")
    assert table.schema.types == [pa.string()] * 2 + [pa.float64()] * 3
    assert table["id"].to_pylist() == ["007", ""]
    assert table["headline"].to_pylist() == ["Ferry, late", ""]
    assert table["clickbait"].null_count == 1


def test_json_values_get_the_type_that_the_first_rows_have(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {"title": "Ferry", "n": 1, "x": 1, "yes": True, "tags": ["a"], "mixed": 1, "id": 2**64},
        {"title": None, "x": 2.5, "yes": None, "tags": None, "mixed": "two", "by": None, "id": 1},
        {"title": 2001, "n": -(2**63)},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    run(tmp_path / "in.jsonl", tmp_path / "out.parquet")
    table = read(tmp_path / "out.parquet")
    assert table.drop(TARGETS).to_pydict() == {
        "title": ["Ferry", None, "2001"],
        "n": [1, None, -(2**63)],
        "x": [1.0, 2.5, None],
        "yes": [True, None, None],
        "tags": ['["a"]', None, None],
        "mixed": ["1", "two", None],
        "id": [str(2**64), "1", None],
        "by": [None, None, None],
    }
    assert table["clickbait"].null_count == 1


@pytest.mark.parametrize(
    ("late", "reason"),
    [
        ('{"title": "Tram", "n": 1.5}', "column 'n' holds a number that .* int, can't hold"),
        ('{"title": "Tram", "n": "many"}', "column 'n' holds a string"),
        ('{"title": "Tram", "x": 9007199254740993}', "column 'x' holds a number"),
        ('{"title": "Tram", "yes": 1}', "column 'yes' holds a number"),
        ('{"title": "Tram", "new": 1}', "columns that the first rows lack.*'new'"),
        ('{"title": "Tram \\ud83d"}', "column 'title' holds bytes that are no UTF-8, or half"),
    ],
)
def test_a_late_value_of_another_type_is_an_error_at_its_line(
    tmp_path: Path, late: str, reason: str
) -> None:
    first = '{"title": "Ferry", "n": 1, "x": 1.5, "yes": true}\n'
    source = tmp_path / "in.jsonl"
    source.write_text(first * 1200 + late + "\n" + first)
    with pytest.raises(TableError, match=rf"in\.jsonl:1201: {reason}"):
        run(source, tmp_path / "out.parquet")
    assert run(source, tmp_path / "out.parquet", on_error="skip").rows == 1201
    assert read(tmp_path / "out.parquet").num_rows == 1201


def test_bytes_that_are_no_utf8_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"headline,note\nFerry,ok\nTram,\xff\n")
    with pytest.raises(TableError, match=r"in\.csv:3: column 'note' holds bytes that are no UTF-8"):
        run(tmp_path / "in.csv", tmp_path / "out.parquet")


def test_two_columns_of_one_name_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,headline,id\n1,Ferry,2\n")
    with pytest.raises(TableError, match="two columns are called 'id'"):
        run(tmp_path / "in.csv", tmp_path / "out.parquet")


def test_a_type_that_the_format_lacks_is_named(tmp_path: Path) -> None:
    table = pa.table({"title": ["Ferry"], "nothing": pa.array([b""], pa.binary(0))})
    source = write(tmp_path / "in.arrows", table)
    with pytest.raises(TableError, match=r"in\.arrows: can't be written as Parquet: .*length: 0"):
        run(source, tmp_path / "out.parquet")


# What can't be read


@pytest.mark.parametrize("column", [[1, 2], [["Ferry"], ["Tram"]], [b"Ferry", b"Tram"]])
def test_a_headline_column_of_another_type_is_named_with_its_type(
    tmp_path: Path, column: list[Any]
) -> None:
    source = write(tmp_path / "in.parquet", pa.table({"id": [1, 2], "title": column}))
    with pytest.raises(TableError, match=r"in\.parquet: column 'title' is of type .*--column"):
        run(source, tmp_path / "out.parquet")


def test_a_headline_that_is_no_utf8_costs_no_other_row(tmp_path: Path) -> None:
    raw = pa.array([b"Ferry", b"\xff", b"Tram", b"\xfe", b"Bus"])
    text = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())
    source = write(tmp_path / "in.parquet", pa.table({"title": text, "n": range(5)}))
    with pytest.raises(TableError, match=r"row 2: column 'title' holds bytes that are no UTF-8"):
        run(source, tmp_path / "out.parquet")
    summary = run(source, tmp_path / "out.parquet", on_error="skip")
    assert (summary.first_left_out, summary.unit) == ([2, 4], "row")
    after = read(tmp_path / "out.parquet")
    assert after["n"].to_pylist() == [0, 2, 4]
    assert after.select(TARGETS).equals(expected(["Ferry", "Tram", "Bus"]))


def test_a_headline_column_without_any_headline_scores_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", pa.table({"title": pa.nulls(3)}))
    assert run(source, tmp_path / "out.parquet").without_text == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_a_table_error_that_names_it(tmp_path: Path, kind: str) -> None:
    table = pa.table({"title": [f"Ferry {i} sails" for i in range(5000)]})
    whole = write(tmp_path / f"whole.{kind}", table, 1000).read_bytes()
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    source, target = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    damaged = [b"", b"headline\nFerry sails\n", whole[:20], whole[: len(whole) // 2]]
    for content in damaged:
        source.write_bytes(content)
        with pytest.raises(TableError, match=re.escape(f"{source}: damaged, or no ")):
            run(source, target)
    for _ in range(40):
        at = chance.randrange(len(whole))
        damaged.append(whole[:at] + chance.randbytes(8) + whole[at + 8 :])
    refused = 0
    for content in damaged:
        source.write_bytes(content)
        with suppress(TableError):  # nothing else
            run(source, target, on_error="skip")
        refused += not target.exists()
        target.unlink(missing_ok=True)
    assert refused >= 4  # a changed letter is a letter


def test_a_damaged_file_is_one_line_of_error(tmp_path: Path, batch: Batch) -> None:
    source = write(tmp_path / "in.parquet", ANY_TYPES)
    source.write_bytes(source.read_bytes()[:-9])
    done = batch(source, "-o", tmp_path / "out.parquet", rc=1)
    assert f"{source}: damaged, or no Parquet file: ".encode() in done.stderr
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("name", "feature"), [("a.parquet", "Parquet"), ("a.arrow", "Arrow IPC"), ("a.csv", "Parquet")]
)
def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, name: str, feature: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text("headline\nFerry\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError) as error:
        run(tmp_path / name, tmp_path / "out.parquet")
    assert feature in str(error.value)
    assert str(error.value).endswith('pip install "headline-score[parquet]"')
    assert [path.name for path in tmp_path.iterdir()] == [name]


# Damage that reading alone does not find


def written(table: pa.Table, **more: Any) -> bytes:
    """Return a Parquet file whose values are as they are, unpacked."""
    file = io.BytesIO()
    pq.write_table(table, file, compression="none", **more)
    return file.getvalue()


def with_a_place_outside(table: pa.Table, column: str) -> bytes:
    """Return a Parquet file in which one byte of a column of categories is damaged."""
    whole = written(table)
    group = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(0)
    found = group.column(table.schema.names.index(column))
    end = found.dictionary_page_offset + found.total_compressed_size
    for at in range(found.data_page_offset, end):
        damaged = whole[:at] + b"\xff" + whole[at + 1 :]
        with suppress(pa.ArrowException, OSError):
            read_back = pq.read_table(io.BytesIO(damaged))
            try:
                read_back.validate(full=True)
            except pa.ArrowInvalid:
                return damaged
    raise AssertionError("no byte makes a place outside")


@pytest.mark.parametrize("column", ["headline", "place"])
def test_a_place_outside_of_the_categories_is_an_error_not_a_crash(
    tmp_path: Path, batch: Batch, column: str
) -> None:
    titles, places = ["Boat leaves", "Tram waits", "Bus late"], ["x", "y", "z"]
    table = pa.table({"headline": titles * 3, "place": places * 3})
    place = table.schema.names.index(column)
    table = table.set_column(place, column, table[column].dictionary_encode())
    source = tmp_path / "in.parquet"
    source.write_bytes(with_a_place_outside(table, column))
    for target in ("csv", "jsonl", *KINDS):  # in processes of their own, which may crash
        done = batch(source, "-o", tmp_path / f"out.{target}", rc=1)
        wanted = f"Error: {source}: damaged, or no Parquet file: rows 1 to 9: .*out of bounds.*\n"
        assert re.fullmatch(wanted, done.stderr.decode())
        assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
    with source.open("rb") as file:
        batch("-", "--format", "parquet", rc=1, input=file.read())
    with gzip.open(tmp_path / "in.parquet.gz", "wb") as packed:
        packed.write(source.read_bytes())
    batch(tmp_path / "in.parquet.gz", "-o", tmp_path / "out.csv", rc=1)
    sound = write(tmp_path / "sound.parquet", table)
    batch(sound, source, "-o", tmp_path / "out.csv", rc=1)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("text", TEXT_TYPES[:3])
def test_text_that_is_no_utf8_is_no_damage_of_the_file(tmp_path: Path, text: pa.DataType) -> None:
    raw = pa.array([b"Ferry", b"\xff", b"Tram"])
    kinds = dict(zip(TEXT_TYPES, [pa.binary(), pa.large_binary(), pa.binary_view()], strict=False))
    title = raw.cast(kinds[text]).view(text)
    source = write(tmp_path / "in.parquet", pa.table({"title": title, "n": range(3)}))
    for kind in KINDS:
        assert run(source, tmp_path / f"out.{kind}", on_error="skip").first_left_out == [2]
        after = read(tmp_path / f"out.{kind}")
        assert (after["title"].to_pylist(), after["n"].to_pylist()) == (["Ferry", "Tram"], [0, 2])


def test_rows_that_a_parquet_file_says_it_has_are_not_lost(tmp_path: Path) -> None:
    """Of each byte of a small file: what comes out is as many rows, or an error."""
    table = pa.table({"headline": [f"Boat {i} leaves" for i in range(6)], "n": range(6)})
    more: dict[str, Any] = {"row_group_size": 2, "use_dictionary": False, "store_schema": False}
    whole = written(table, **more)
    source = tmp_path / "in.parquet"
    reasons = set()
    for at in range(4, len(whole) - 8):
        for value in {0, whole[at] ^ 1, 0x7F, 0xFF} - {whole[at]}:
            source.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            try:
                with reading(str(source)) as opened:
                    rows = [*FORMATS["parquet"].read(opened).rows]
            except TableError as error:
                reasons |= {*re.findall("by its row groups|but 0 can be read", str(error))}
            else:
                assert len(rows) == 6
    assert len(reasons) == 2


@pytest.mark.parametrize("kind", ["arrow", "arrows"])
def test_a_length_without_end_takes_no_memory(tmp_path: Path, kind: str) -> None:
    source = write(tmp_path / f"in.{kind}", pa.table({"title": ["Ferry", "Tram"]}))
    whole = source.read_bytes()
    stream = io.BytesIO(whole[8 if kind == "arrow" else 0 :])
    batch = [*pa.ipc.MessageReader.open_stream(stream)][1]
    length = batch.body.size.to_bytes(8, "little")
    source.write_bytes(whole.replace(length, length[:7] + b"\x7f"))
    with pytest.raises(TableError, match="damaged, or no Arrow IPC file"):
        run(source, tmp_path / "out.csv")


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_name_that_is_no_utf8_is_an_error(tmp_path: Path, batch: Batch, kind: str) -> None:
    table = pa.table({"title": ["Ferry"], "café": [1]})
    source = write(tmp_path / f"in.{kind}", table)
    if kind == "parquet":
        source.write_bytes(written(table, store_schema=False))
    source.write_bytes(source.read_bytes().replace("café".encode(), b"caf\xff\xff"))
    done = batch(source, "-o", tmp_path / "out.csv", rc=1)
    assert f"{source}: damaged, or no ".encode() in done.stderr
    assert b"the name of a column is no UTF-8" in done.stderr


def test_arrow_streams_that_follow_each_other_are_read_to_the_end(tmp_path: Path) -> None:
    place = pa.array(["x", "y"]).dictionary_encode()
    first = pa.table({"title": ["Ferry", "Tram"], "place": place})
    last = pa.table({"title": ["Bus", "Boat"], "place": pa.array(["z", "x"]).dictionary_encode()})
    a, b = (write(tmp_path / "a.arrows", table).read_bytes() for table in (first, last))
    empty = write(tmp_path / "a.arrows", first.slice(0, 0)).read_bytes()
    source = tmp_path / "in.arrows"
    source.write_bytes(a + empty + b)
    for kind in KINDS:
        assert run(source, tmp_path / f"out.{kind}").rows == 4
        assert read(tmp_path / f"out.{kind}").select(["title", "place"]).to_pydict() == {
            "title": ["Ferry", "Tram", "Bus", "Boat"],
            "place": ["x", "y", "z", "x"],
        }
    other = write(tmp_path / "a.arrows", last.select(["title"])).read_bytes()
    for more, reason in [
        (other, "a second stream follows that has other columns"),
        (b"garbage after it", "damaged.*after the stream's end"),
        (bytes(8), "damaged.*after the stream's end"),
        (b"\n", "damaged.*after the stream's end"),
    ]:
        source.write_bytes(a + more)
        with pytest.raises(TableError, match=rf"in\.arrows: {reason}"):
            run(source, tmp_path / "out.csv")


@pytest.mark.parametrize("legacy", [False, True])
def test_an_arrow_stream_that_is_cut_anywhere_is_refused(tmp_path: Path, legacy: bool) -> None:
    table = pa.table({"title": ["Ferry"] * 6, "place": pa.array(["x"] * 6).dictionary_encode()})
    file = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(use_legacy_format=legacy)
    with pa.ipc.new_stream(file, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=2)
    whole = file.getvalue()
    source = tmp_path / "in.arrows"
    for length in range(len(whole) + 1):
        source.write_bytes(whole[:length])
        with reading(str(source)) as opened:
            if length == len(whole):
                assert len([*FORMATS["arrows"].read(opened).rows]) == 6
            else:
                with pytest.raises(TableError, match="damaged, or no Arrow IPC"):
                    [*FORMATS["arrows"].read(opened).rows]
    source.write_bytes(whole[: -4 if legacy else -8])
    with pytest.raises(TableError, match="the mark of the stream's end is missing"):
        run(source, tmp_path / "out.csv")


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_any_type_stay_where_others_are_left_out(tmp_path: Path, kind: str) -> None:
    titles = pa.array([b"Ferry", b"\xff", b"Tram", b"\xff", b"Bus", b"Boat"])
    title = pa.Array.from_buffers(pa.string(), 6, titles.buffers())
    columns: dict[str, pa.Array] = {
        "view": pa.array([f"{i} views" for i in range(6)], pa.string_view()),
        "list": pa.array([[i] for i in range(6)]),
    }
    source = write(tmp_path / "in.parquet", pa.table({"title": title, **columns}))
    assert run(source, tmp_path / f"out.{kind}", on_error="skip").first_left_out == [2, 4]
    after = read(tmp_path / f"out.{kind}").select([*columns]).to_pydict()
    assert after == {"view": [f"{i} views" for i in (0, 2, 4, 5)], "list": [[0], [2], [4], [5]]}


# The temporary folder


@POSIX
def test_a_full_temporary_folder_is_named(tmp_path: Path, batch: Batch) -> None:
    import resource

    folder = tmp_path / "temporary"
    folder.mkdir()
    table = pa.table({"title": [f"Ferry {i} sails" for i in range(30_000)]})
    whole = write(tmp_path / "in.parquet", table).read_bytes()
    with gzip.open(tmp_path / "in.parquet.gz", "wb") as packed:
        packed.write(whole)
    (tmp_path / "in.csv").write_text("headline\nFerry sails\n")
    more: dict[str, Any] = {
        "env": {**os.environ, "TMPDIR": str(folder)},
        "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        "rc": 1,
    }
    out = tmp_path / "out.csv"
    for done in (
        batch(tmp_path / "in.parquet.gz", "-o", out, **more),
        batch("-", "--format", "parquet", "-o", out, input=whole, **more),
        batch(tmp_path / "in.csv", "-o", out, "--workers", "2", **more),
    ):
        assert b"damaged" not in done.stderr
        wanted = f"the temporary folder {folder} can't hold the copy .*: File too large: set TMPDIR"
        assert re.search(wanted, done.stderr.decode())
        assert not out.exists()
    assert [*folder.iterdir()] == []


# As a command


@POSIX
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pipe", [True, False])
def test_tables_come_from_standard_input_and_go_to_standard_output(
    tmp_path: Path, batch: Batch, kind: str, pipe: bool
) -> None:
    source = write(tmp_path / f"in.{kind}", ANY_TYPES)
    run(source, tmp_path / f"out.{kind}")
    with source.open("rb") as file:
        given: dict[str, Any] = {"input": file.read()} if pipe else {"stdin": file}
        done = batch("-", "--format", kind, **given)
    assert done.stdout == (tmp_path / f"out.{kind}").read_bytes()


@POSIX
def test_an_error_leaves_no_whole_table_on_standard_output(tmp_path: Path, batch: Batch) -> None:
    lines = "headline,id\n" + "Ferry sails,1\n" * 9000 + "Tram,2,3\n"
    (tmp_path / "in.csv").write_text(lines)
    out = tmp_path / "out.parquet"
    with out.open("wb") as file:
        command = [sys.executable, "-m", "headline_score", "batch", "in.csv", "-o", "/dev/stdout"]
        # As a pipe, which can't be taken back.
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=file)
        assert process.stdout
        with process.stdout:
            written = process.stdout.read()
        assert process.wait(300) == 1
    assert b"in.csv:9002: 3 cells" in out.read_bytes()
    assert written.startswith(b"headline,id,clickbait")

    source = write(tmp_path / "in.parquet", pa.table({"title": ["Ferry"] * 9000}), 9000)
    whole = source.read_bytes()
    batch(source, "-o", out)
    assert pq.read_table(out).num_rows == 9000
    source.write_bytes(whole[:4] + bytes(200) + whole[204:])
    done = batch("-", "--format", "parquet", rc=1, input=source.read_bytes())
    with pytest.raises(pa.ArrowException):
        pq.read_table(io.BytesIO(done.stdout))


@POSIX
def test_who_reads_the_output_may_have_enough(tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", pa.table({"title": ["Ferry sails"] * 400_000}))
    command = f"{sys.executable} -m headline_score batch {source} | head -c 4"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=300)
    assert (done.stdout, done.stderr) == (b"PAR1", b"")


@POSIX
def test_a_full_disk_stops_the_run_and_leaves_nothing(tmp_path: Path, batch: Batch) -> None:
    import resource

    table = pa.table({"title": [f"Ferry {i} sails" for i in range(30_000)]})
    source = write(tmp_path / "in.parquet", table)
    for kind in KINDS:
        done = batch(
            source,
            "-o",
            f"out.{kind}",
            rc=1,
            cwd=tmp_path,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        )
        assert done.stderr.decode() == f"Error: out.{kind}: File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@POSIX
@pytest.mark.parametrize("old", [None, "older"])
def test_a_killed_run_leaves_no_output_or_a_whole_one(tmp_path: Path, old: str | None) -> None:
    table = pa.table({"title": [f"Ferry {i} sails at noon" for i in range(200_000)]})
    source = write(tmp_path / "in.parquet", table)
    run(source, tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    seed = time.time_ns()
    print("seed", seed)
    for number, share in enumerate([0.0, random.Random(seed).random(), 1.0]):
        folder = tmp_path / str(number)
        folder.mkdir()
        output = folder / "out.parquet"
        if old:
            output.write_text(old)
        command = [sys.executable, "-m", "headline_score", "batch", str(source), "-o", str(output)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        written = -1
        while process.poll() is None and written < share * len(whole):
            time.sleep(0.001)
            for part in folder.glob(".out.parquet.????????.part"):
                with suppress(FileNotFoundError):
                    written = part.stat().st_size
        process.send_signal(signal.SIGKILL)
        process.wait(300)
        if not (output.exists() and output.read_bytes() == whole):
            assert (output.read_text() if output.exists() else None) == old
        for name in {path.name for path in folder.iterdir()} - {"out.parquet"}:
            assert re.fullmatch(r"\.out\.parquet\.[0-9a-f]{8}\.part", name)


def test_a_table_can_be_scored_in_place(tmp_path: Path, batch: Batch) -> None:
    source = write(tmp_path / "in.parquet", pa.table({"title": ["Ferry sails"] * 10_000}), 1000)
    batch(source, "-o", source)
    assert read(source).schema.names == ["title", *TARGETS]
    assert read(source).num_rows == 10_000
    batch(source, "-o", source, "--prefix", "new_")
    assert read(source).num_columns == 7
    assert b"--prefix" in batch(source, "-o", source, rc=1).stderr


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc")
@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str) -> None:
    """Also where all rows are in one row group, and each of them is large."""
    code = (
        "import re, sys\n"
        "from headline_score.batch import score_file\n"
        "from headline_score import default_model\n"
        "score_file(sys.argv[1], sys.argv[2], default_model(), output_format=sys.argv[3])\n"
        "print(int(re.search('VmHWM:\\\\s+(\\\\d+)', open('/proc/self/status').read())[1]) // 1024)"
    )
    peaks = []
    for rows in (500, 10_000):  # 10 and 200 MB
        table = pa.table(
            {"title": ["Ferry"] * rows, "text": [f"{i:05d}" * 4000 for i in range(rows)]}
        )
        source = write(tmp_path / f"{rows}.{kind}", table, rows if kind == "parquet" else 100)
        args = [str(source), str(tmp_path / f"out.{kind}"), kind]
        done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, timeout=300)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 150  # MB: a row group that is being written, and its text


# What else reads tables


def test_values_are_read_as_text_or_json_has_them(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 29, 8, tzinfo=timezone.utc)
    table = pa.table({"title": ["Ferry"], "at": pa.array([moment], pa.timestamp("us", "UTC"))})
    with reading(str(write(tmp_path / "in.parquet", table))) as source:
        found = FORMATS["parquet"].read(source)
        value = found.getter("at")
        assert [(number, value(row)) for number, row in found.rows] == [
            (1, "2026-11-29T08:00:00.000000Z")
        ]


def test_grades_are_read_from_typed_columns(tmp_path: Path) -> None:
    table = pa.table({"title": ["Ferry", "Tram"], "clickbait": pa.array([3, None], pa.int8())})
    source = write(tmp_path / "in.parquet", table)
    data = read_graded(
        str(source), file_format="parquet", targets={"clickbait": None}, scale=3, column="title"
    )
    assert data.grades["clickbait"] == pytest.approx([1, float("nan")], nan_ok=True)
    with pytest.raises(TableError, match=r"in\.parquet: row 1: 'clickbait' holds 3, outside"):
        read_graded(str(source), file_format="parquet", targets={"clickbait": None})
