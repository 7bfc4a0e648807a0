import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headline_score import TableError
from headline_score.graded import Graded, read_graded
from headline_score.tables import format_of

DEFAULTS: dict[str, str | None] = {"clickbait": None, "speculation": None}
TABLE = """headline,clickbait,hype,publisher,kicker
Ferry sails,0,3,Gazette,Harbour
"You won't believe it, really",1,,Courier,Wow
,1,1,Courier,Nothing
Tram may close,0.25,1.5,Gazette,City
"""


def read(
    tmp_path: Path,
    content: str = TABLE,
    name: str = "a.csv",
    targets: dict[str, str | None] = DEFAULTS,
    **settings: Any,
) -> Graded:
    path = tmp_path / name
    path.write_text(content)
    return read_graded(str(path), file_format=format_of(name) or "", targets=targets, **settings)


def test_headlines_are_read_with_the_grades_of_the_default_targets_there_are(
    tmp_path: Path,
) -> None:
    assert read(tmp_path) == Graded(
        headlines=["Ferry sails", "You won't believe it, really", "Tram may close"],
        grades={"clickbait": [0, 1, 0.25]},
        groups=None,
        without_text=1,
    )


def test_grades_are_divided_by_the_top_of_their_scale_and_an_empty_cell_is_nan(
    tmp_path: Path,
) -> None:
    grades = read(tmp_path, targets={"exaggeration": "hype"}, scale=3).grades
    assert grades == {"exaggeration": pytest.approx([1, math.nan, 0.5], nan_ok=True)}


def test_json_lines_hold_grades_as_numbers_text_or_null(tmp_path: Path) -> None:
    lines = "".join(
        f'{{"headline": "Ferry {i} sails", "clickbait": {grade}}}\n'
        for i, grade in enumerate(["2", '"1"', "null", "0.5", "true"])
    )
    lines += '{"headline": "Ferry 5 sails"}\n'
    grades = read(tmp_path, lines, "a.jsonl", scale=2).grades["clickbait"]
    assert grades == pytest.approx([1, 0.5, math.nan, 0.25, 0.5, math.nan], nan_ok=True)


def test_groups_and_headlines_can_have_columns_of_any_name(tmp_path: Path) -> None:
    # The row without a headline leaves its group out.
    assert read(tmp_path, group_column="publisher").groups == ["Gazette", "Courier", "Gazette"]
    data = read(tmp_path, group_column="publisher", column="kicker")
    assert data.groups == ["Gazette", "Courier", "Courier", "Gazette"]
    assert data.headlines == ["Harbour", "Wow", "Nothing", "City"]


@pytest.mark.parametrize(
    ("targets", "group_column", "message"),
    [
        ({"speculation": None}, None, "no column of grades .*--target.*'hype'"),
        ({"clickbait": None, "fear": "fright"}, None, "no column 'fright' .* of 'fear'"),
        (DEFAULTS, "story", "no column 'story' to group by"),
    ],
)
def test_a_missing_column_is_named(
    tmp_path: Path, targets: dict[str, str | None], group_column: str | None, message: str
) -> None:
    with pytest.raises(TableError, match=f"a.csv: {message}"):
        read(tmp_path, targets=targets, group_column=group_column)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("high", "'clickbait' holds 'high', not a number"),
        ("1.5", "'clickbait' holds 1.5, outside 0 to 1: .*--scale"),
        ("-0.5", "'clickbait' holds -0.5, outside 0 to 1"),
        ("nan", "'clickbait' holds nan"),
    ],
)
def test_a_grade_that_is_none_is_said_and_where(tmp_path: Path, cell: str, message: str) -> None:
    content = f'headline,clickbait\n"Ferry\nsails",1\nTram late,{cell}\n'
    with pytest.raises(TableError, match=f"a.csv:4: {message}"):
        read(tmp_path, content)


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_grade_beyond_all_floats_is_outside_the_scale(tmp_path: Path, sign: str) -> None:
    content = f'{{"headline": "Ferry", "clickbait": {sign}{"9" * 401}}}\n'
    with pytest.raises(TableError, match=r"a.jsonl:1: 'clickbait' holds .{50}…, outside 0 to 1"):
        read(tmp_path, content, "a.jsonl")


@pytest.mark.parametrize("bad", ["title", "clickbait", "story", "source"])
def test_a_cell_that_cannot_be_read_is_named_but_a_label_is_none(tmp_path: Path, bad: str) -> None:
    columns = {
        "title": [b"Ferry sails", b"Tram late"],
        "clickbait": [b"0", b"1"],
        "story": [b"a", b"b"],
        "source": [b"Gazette", b"Courier"],
    }
    columns[bad][1] = b"\xff"
    kinds = {name: pa.string() if name == "title" else pa.binary() for name in columns}
    arrays = [pa.array(cells, pa.binary()).view(kinds[name]) for name, cells in columns.items()]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(arrays, names=list(columns)), path)

    def graded() -> Graded:
        return read_graded(
            str(path),
            file_format="parquet",
            targets=DEFAULTS,
            group_column="story",
            labels={"by": lambda table: "source"},
        )

    if bad == "source":
        assert graded().labels == {"by": ["Gazette", None]}
        return
    with pytest.raises(TableError, match=rf"a\.parquet: row 2: column '{bad}' holds bytes"):
        graded()
