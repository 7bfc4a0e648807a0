import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headline_score import TableError
from headline_score.streams import reading, writing
from headline_score.tables import FORMATS, Record, format_of
from headline_score.tables.table import CellTable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def read(path: Path) -> tuple[list[str], list[tuple[int, Record]]]:
    with reading(str(path)) as source:
        table = FORMATS[format_of(path.name) or ""].read(source)
        values = {column: table.getter(column) for column in table.columns}
        rows = [(n, {name: get(row) for name, get in values.items()}) for n, row in table.rows]
        return table.columns, rows


def headline_column(path: Path, wanted: str | None = None) -> str:
    with reading(str(path)) as source:
        return FORMATS["csv"].read(source).headline_column(wanted)


@pytest.mark.parametrize(
    ("file_format", "paths"),
    [
        ("csv", ["a.csv", "a.b.CSV", "a.csv.gz", "a.csv.ZST"]),
        ("tsv", ["dir.csv/a.tsv.gz", "a.tab"]),
        ("jsonl", ["a.jsonl.gz", "a.ndjson"]),
        ("lines", ["a.txt"]),
        ("parquet", ["a.parquet", "a.pq", "a.parquet.gz"]),
        ("arrow", ["a.arrow", "a.feather", "a.ipc"]),
        ("arrows", ["a.arrows"]),
        ("feed", ["a.xml", "a.rss", "a.atom"]),
        (None, ["a.gz", "a.zst", "a.xlsx", "-"]),
    ],
)
def test_an_extension_tells_the_format(file_format: str | None, paths: list[str]) -> None:
    assert {format_of(path) for path in paths} == {file_format}


@pytest.mark.parametrize(
    ("header", "wanted", "column"),
    [
        ("id,title,headline", None, "headline"),
        ("id,Title", None, "Title"),
        ("id, HEADLINE ", None, " HEADLINE "),
        ("id,headline,kicker", "kicker", "kicker"),
    ],
)
def test_the_headlines_column_is_found(
    tmp_path: Path, header: str, wanted: str | None, column: str
) -> None:
    (tmp_path / "a.csv").write_text(f"{header}\n")
    assert headline_column(tmp_path / "a.csv", wanted) == column


@pytest.mark.parametrize("wanted", [None, "Kicker"])
def test_without_the_headlines_column_the_error_names_the_columns_there_are(
    tmp_path: Path, wanted: str | None
) -> None:
    (tmp_path / "a.csv").write_text("id,kicker\n1,Harbour\n")
    with pytest.raises(TableError, match=r"a\.csv.*--column.*'id', 'kicker'"):
        headline_column(tmp_path / "a.csv", wanted)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv: empty"),
        ("a.csv", "headline,id,headline\n", "two columns are called 'headline'"),
        ("a.csv", "headline,id\nFerry sails,1\nPort, closed,2\n", "a.csv:3: 3 cells"),
        ("a.tsv", "headline\tid\nFerry\tsails\t1\n", "a.tsv:2: 3 cells"),
        # Else all the rows after it would be one cell, and nobody would know.
        ("a.csv", 'headline,id\n"Ferry sails,1\nPort closed,2\n', "a.csv"),
        ("a.jsonl", '{"headline": "Ferry sails"}\n\n{"headline": \n', "a.jsonl:3: not JSON"),
        ("a.jsonl", '["Ferry sails"]\n', "a.jsonl:1: not a JSON object"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_and_where(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(TableError) as error:
        read(tmp_path / name)
    assert message in str(error.value)


def test_rows_go_by_their_first_line_blank_lines_are_none_and_short_ones_are_filled(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.csv"
    path.write_text('headline,id\nFerry sails,1\n\n"Port\ncloses",2\nTram late\n')
    _, rows = read(path)
    assert [(line, row["id"]) for line, row in rows] == [(2, "1"), (4, "2"), (6, "")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.csv", ["headline", "Ferry sails", "Port closes"]),
        ("a.jsonl", ['{"headline": "Ferry sails"}', '{"headline": "Port closes"}']),
        ("a.txt", ["Ferry sails", "Port closes"]),
    ],
)
def test_line_ends_and_byte_order_mark_are_no_part_of_the_data(
    tmp_path: Path, name: str, lines: list[str], mark: str, end: str
) -> None:
    (tmp_path / name).write_bytes((mark + end.join(lines) + end).encode())
    columns, rows = read(tmp_path / name)
    assert columns == ["headline"]
    assert [row["headline"] for _, row in rows] == ["Ferry sails", "Port closes"]


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    # With the checksum that the zstd command adds too; without, not all damage can be told.
    "zst": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}


@pytest.mark.parametrize("end", PACK)
@pytest.mark.parametrize("damage", ["not packed", "cut short", "damaged", "missing"])
def test_a_packed_file_that_cannot_be_read_is_a_table_error(
    tmp_path: Path, end: str, damage: str
) -> None:
    path = tmp_path / f"a.csv.{end}"
    packed = PACK[end](repr([*range(5000)]).encode())
    content = {
        "not packed": b"headline\nFerry sails\n",
        "cut short": packed[:-9],
        "damaged": packed[:40] + b"\xff" * 40 + packed[80:],
    }
    if damage in content:
        path.write_bytes(content[damage])
    with pytest.raises(TableError, match=rf"a\.csv\.{end}"):
        read(path)


def test_zst_that_was_written_is_read_with_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.zst"
    with writing(str(path)) as file:
        file.write(b"Ferry sails\n" * 9)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(TableError, match=r"a\.txt\.zst: damaged Zstandard file: .*checksum"):
        read(path)


class Counted(str):
    """A name that counts how often it is compared."""

    __hash__ = str.__hash__
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return str.__eq__(self, other)


def test_the_work_grows_with_the_number_of_columns_and_not_its_square() -> None:
    names = [str(i) for i in range(2000)]
    one, other = (CellTable("a.csv", [*map(Counted, names)], iter(())) for _ in range(2))
    one.refuse_twins(one.columns)
    with pytest.raises(TableError, match="another order"):
        one.following(CellTable("b.csv", other.columns[::-1], iter(())))
    assert Counted.comparisons < 20 * len(names)
    twins = CellTable("a.csv", [*names, "7"], iter(()))
    with pytest.raises(TableError, match=r"a\.csv: two columns are called '7': rename one"):
        twins.refuse_twins(names)
