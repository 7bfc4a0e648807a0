import csv
import gzip
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headline_score import MissingExtraError, TableError, default_model, score_many
from headline_score.batch import Summary, score_file
from headline_score.tables import format_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TARGETS = ["clickbait", "speculation", "sensationalism"]
PACK: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstd.compress}
UNPACK: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".zst": zstd.decompress}
HEADLINES = ["Harbour board approves ferry timetable", "You won't BELIEVE this ferry!"]
SAMPLES = {
    "csv": 'id,headline,note\n1,{},"x, y"\n2,{},z\n',
    "tsv": "id\theadline\tnote\n1\t{}\tx, y\n2\t{}\tz\n",
    "jsonl": '{{"id": 1, "headline": "{}", "note": "x, y"}}\n'
    '{{"id": 2, "headline": "{}", "note": "z"}}\n',
    "txt": "{}\n{}\n",
}


def run(source: Path, target: Path, column: str | None = None, prefix: str = "") -> Summary:
    return score_file(
        str(source),
        str(target),
        default_model(),
        input_format=format_of(source.name) or "",
        output_format=format_of(target.name) or "",
        column=column,
        prefix=prefix,
    )


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read a table with other code than the library's; each byte is a character."""
    raw = path.read_bytes()
    text = UNPACK.get(path.suffix, bytes)(raw).decode("latin-1")
    if ".jsonl" in path.suffixes:
        return [json.loads(line) for line in text.split("\n")[:-1]]
    delimiter = "\t" if ".tsv" in path.suffixes else ","
    return [*csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]


def write(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(PACK.get(path.suffix, bytes)(data))
    return path


@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
@pytest.mark.parametrize("extension", SAMPLES)
def test_all_columns_are_kept_and_the_scores_of_score_many_appended(
    tmp_path: Path, extension: str, packed: str
) -> None:
    source = write(tmp_path / f"in.{extension}{packed}", SAMPLES[extension].format(*HEADLINES))
    # Lines of text have no columns, so what is made of them is CSV.
    target = tmp_path / f"out.{extension.replace('txt', 'csv')}{packed}"
    assert run(source, target) == Summary(rows=2, without_text=0)

    before = [{"headline": h} for h in HEADLINES] if extension == "txt" else rows_of(source)
    after = rows_of(target)
    assert [[*row] for row in after] == [[*row, *TARGETS] for row in before]
    assert [{k: row[k] for k in row if k not in TARGETS} for row in after] == before
    for name, values in score_many(HEADLINES).items():
        assert [float(row[name]) for row in after] == values.round(6).tolist()


@pytest.mark.parametrize(("source", "target"), [("csv", "jsonl"), ("jsonl", "tsv")])
def test_a_table_can_change_its_format(tmp_path: Path, source: str, target: str) -> None:
    one = write(tmp_path / f"in.{source}", SAMPLES[source].format(*HEADLINES))
    two = tmp_path / f"out.{target}"
    run(one, two)
    assert [(str(row["id"]), row["headline"], row["note"]) for row in rows_of(two)] == [
        ("1", HEADLINES[0], "x, y"),
        ("2", HEADLINES[1], "z"),
    ]


def test_json_values_that_are_no_text_become_json_in_a_csv_cell(tmp_path: Path) -> None:
    line = '{"headline": "Ferry sails", "tags": ["sea", 1], "by": {"name": null}, "live": true}\n'
    run(write(tmp_path / "in.jsonl", line), tmp_path / "out.csv")
    (row,) = rows_of(tmp_path / "out.csv")
    cells = {name: json.loads(row[name]) for name in ("tags", "by", "live")}
    assert cells == {"tags": ["sea", 1], "by": {"name": None}, "live": True}


@pytest.mark.parametrize(
    ("name", "content", "nothing"),
    [
        ("a.csv", 'id,headline\n1,Ferry sails\n2,\n3,"  \t"\n4\n', ""),
        ("a.jsonl", '{"headline": "Ferry"}\n{"headline": null}\n{}\n{"headline": " "}\n', None),
        ("a.txt", "Ferry sails\n\n  \n\n", ""),
    ],
)
def test_a_row_without_text_is_kept_with_empty_scores_and_counted(
    tmp_path: Path, name: str, content: str, nothing: object
) -> None:
    target = tmp_path / ("out.csv" if name == "a.txt" else f"out{Path(name).suffix}")
    assert run(write(tmp_path / name, content), target) == Summary(rows=4, without_text=3)
    scores = [[row[name] for name in TARGETS] for row in rows_of(target)]
    assert nothing not in scores[0]
    assert scores[1:] == [[nothing] * 3] * 3


cells = st.binary(max_size=30).map(lambda raw: raw.replace(b"\0", b""))  # Python 3.10: no NUL
byte_order_marks = st.sampled_from([b"", b"\xef\xbb\xbf"])


@settings(deadline=None, max_examples=100)
@given(rows=st.lists(st.tuples(cells, cells), max_size=6), mark=byte_order_marks)
def test_any_csv_table_comes_out_as_it_went_in_with_its_scores(
    rows: list[tuple[bytes, bytes]], mark: bytes
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(["headline", "note"])
    writer.writerows([cell.decode("latin-1") for cell in row] for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        source = write(Path(folder, "in.csv"), mark + stream.getvalue().encode("latin-1"))
        summary = run(source, Path(folder, "out.csv"))
        after = rows_of(Path(folder, "out.csv"))
    found = [(row["headline"].encode("latin-1"), row["note"].encode("latin-1")) for row in after]
    assert found == rows
    texts = [headline.decode("utf-8", "surrogateescape") for headline, _ in rows]
    scores = score_many([text if text.strip() else None for text in texts])
    for name, values in scores.items():
        expected = ["" if np.isnan(v) else v for v in values.round(6).tolist()]
        assert [row[name] and float(row[name]) for row in after] == expected
    assert summary.rows == len(rows)
    assert summary.without_text == int(np.isnan(scores["clickbait"]).sum())


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=4))
def test_any_json_record_comes_out_as_it_went_in(rows: list[dict[str, Any]]) -> None:
    rows = [{**row, "headline": "Ferry sails"} for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        run(write(source, "".join(json.dumps(row) + "\n" for row in rows)), target)
        after = [json.loads(line) for line in target.read_bytes().splitlines()]
    assert [{k: row[k] for k in row if k not in TARGETS} for row in after] == rows


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_bytes_that_are_no_utf8_survive_in_json_lines(tmp_path: Path, name: str) -> None:
    text = b"caf\xe9 \xff\xfe \xc3\xa9"
    run(write(tmp_path / "in.jsonl", b'{"headline": "%b"}\n' % text), tmp_path / name)
    assert rows_of(tmp_path / name)[0]["headline"].encode("latin-1") == text


def test_half_a_surrogate_pair_survives_as_json_but_is_an_error_as_csv(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", '{"headline": "Ferry \\ud83d sails"}\n')
    run(source, tmp_path / "out.jsonl")
    assert rows_of(tmp_path / "out.jsonl")[0]["headline"] == "Ferry \ud83d sails"
    with pytest.raises(TableError):
        run(source, tmp_path / "out.csv")


def test_bytes_come_out_where_another_character_is_escaped_but_half_ones_do_not(
    tmp_path: Path,
) -> None:
    text = b"caf\xe9 \xff \\u00e9 \\ud83d\\udea2"
    source = write(tmp_path / "in.jsonl", b'{"headline": "%b", "caf\xe9": 1}\n' % text)
    run(source, tmp_path / "out.csv")
    (row,) = rows_of(tmp_path / "out.csv")
    assert (row["headline"].encode("latin-1"), row["caf\xe9"]) == (
        b"caf\xe9 \xff " + "é 🚢".encode(),
        "1",
    )
    with source.open("ab") as file:
        file.write(b'{"headline": "caf\xe9 \\udce9"}\n')
    with pytest.raises(TableError, match=r"in\.jsonl:2: half a surrogate pair"):
        run(source, tmp_path / "out.csv")


@pytest.mark.parametrize("target", ["out.csv", "out.tsv", "out.parquet", "out.arrow"])
@pytest.mark.parametrize("escape", ["\\ud800", "\\udce9"])
def test_a_name_with_half_a_surrogate_pair_is_told_with_its_line(
    tmp_path: Path, target: str, escape: str
) -> None:
    lines = f'{{"headline": "Ferry"}}\n\n{{"headline": "Tram", "by{escape}": 1}}\n'
    source = write(tmp_path / "in.jsonl", lines)
    with pytest.raises(TableError) as error:
        run(source, tmp_path / target)
    assert str(error.value).startswith(f"{source}:3: the name of column 'by{escape}' ")
    run(source, tmp_path / "out.jsonl")
    assert rows_of(tmp_path / "out.jsonl")[1][json.loads(f'"by{escape}"')] == 1


def test_a_name_that_is_no_utf8_comes_out_as_it_went_in_where_it_can(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", b"headline,caf\xe9\nFerry,1\n")
    for name in ("out.tsv", "out.jsonl"):
        run(source, tmp_path / name)
        assert rows_of(tmp_path / name)[0]["caf\xe9"] == "1"
    with pytest.raises(TableError) as error:
        run(source, tmp_path / "out.parquet")
    assert str(error.value).startswith(f"{source}: the name of column 'caf\\udce9' is no UTF-8")


def test_a_cell_may_be_long_and_the_column_of_the_headlines_be_named(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", f"headline,kicker\n{'x' * 200_000},{HEADLINES[1]}\n")
    run(source, tmp_path / "out.csv", column="kicker")
    row = source.read_text().splitlines()[1]
    scores = ",".join(str(values.round(6)[0]) for values in score_many(HEADLINES[1:]).values())
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == f"{row},{scores}"


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("in.csv", "headline,clickbait\nFerry sails,old\n", ""),
        ("in.jsonl", '{"headline": "a"}\n{"headline": "b", "clickbait": "old"}\n', ":2"),
    ],
)
def test_a_column_called_like_a_score_asks_for_a_prefix(
    tmp_path: Path, name: str, content: str, place: str
) -> None:
    source = write(tmp_path / name, content)
    target = tmp_path / f"out.{name[3:]}"
    with pytest.raises(TableError, match=f"{name}{place}: .*'clickbait'.*--prefix"):
        run(source, target)
    run(source, target, prefix="new_")
    last = rows_of(target)[-1]
    assert [*last] == ["headline", "clickbait", *(f"new_{name}" for name in TARGETS)]
    assert last["clickbait"] == "old"


@pytest.mark.parametrize(
    ("source", "target", "content", "expected"),
    [
        ("a.csv", "b.csv", "id,headline\n", "id,headline,clickbait,speculation,sensationalism\n"),
        ("a.txt", "b.csv", "", "headline,clickbait,speculation,sensationalism\n"),
        ("a.jsonl", "b.jsonl", "", ""),
    ],
)
def test_a_table_without_rows_stays_one(
    tmp_path: Path, source: str, target: str, content: str, expected: str
) -> None:
    assert run(write(tmp_path / source, content), tmp_path / target) == Summary()
    assert (tmp_path / target).read_text() == expected


@pytest.mark.parametrize("first", ["{}", '{"id": 1}'])
def test_the_first_json_line_may_lack_the_headline_but_not_all_of_them(
    tmp_path: Path, first: str
) -> None:
    source = write(tmp_path / "in.jsonl", f'{first}\n{{"id": 2, "headline": "Ferry sails"}}\n')
    assert run(source, tmp_path / "out.jsonl") == Summary(rows=2, without_text=1)
    with pytest.raises(TableError, match="no column 'headline'"):
        run(write(source, f"{first}\n{first}\n"), tmp_path / "out.jsonl")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.jsonl", '{"headline": "a"}\n' * 20_000 + '{"headline": "b", "by": "c"}\n', "by"),
        (
            "in.jsonl",
            '{"headline": "a"}\n{"headline": [7]}\n',
            "in.jsonl:2: the headline is an array",
        ),
        ("in.csv", "headline,id\n" + "a,1\n" * 9_000 + "b,2,3\n", "in.csv:9002: 3 cells"),
        ("in.csv", "id\n1\n", "in.csv: no column"),
    ],
    ids=["late key", "list", "cells", "column"],
)
@pytest.mark.parametrize("old", [None, "what was there before"])
def test_an_error_leaves_the_output_as_it_was(
    tmp_path: Path, name: str, content: str, message: str, old: str | None
) -> None:
    source, target = write(tmp_path / name, content), tmp_path / "out.csv"
    if old is not None:
        target.write_text(old)
    with pytest.raises(TableError, match=message):
        run(source, target)
    assert {path.name for path in tmp_path.iterdir()} == {name, *(["out.csv"] if old else [])}
    assert old is None or target.read_text() == old


def test_of_two_files_the_one_at_fault_is_named(tmp_path: Path) -> None:
    source = tmp_path / "in.csv.gz"
    source.write_bytes(b"headline\nFerry sails\n")
    with pytest.raises(TableError, match=r"in\.csv\.gz: "):
        run(source, tmp_path / "out.csv")
    with pytest.raises(TableError, match=r"none.out\.csv: No such file or directory"):
        run(write(source, "headline\nFerry sails\n"), tmp_path / "none" / "out.csv")


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "table.csv.zst"])
def test_a_table_can_be_scored_in_place(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, "headline\n" + "Ferry sails at noon\n" * 10_000)
    assert run(path, path).rows == 10_000
    assert {tuple(row) for row in rows_of(path)} == {("headline", *TARGETS)}
    assert len(rows_of(path)) == 10_000
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_the_extension_tells_of_packing_in_any_case(tmp_path: Path) -> None:
    for end in (".gz", ".zst"):
        source = tmp_path / f"IN.CSV{end}".upper()
        source.write_bytes(PACK[end](b"headline\nFerry sails\n"))
        target = tmp_path / f"OUT.CSV{end}".upper()
        score_file(
            str(source), str(target), default_model(), input_format="csv", output_format="csv"
        )
        assert UNPACK[end](target.read_bytes()).startswith(b"headline,clickbait,")


@pytest.mark.parametrize("end", PACK)
def test_packed_the_same_rows_make_the_same_bytes(tmp_path: Path, end: str) -> None:
    source = write(tmp_path / "in.csv", "headline\nFerry sails\n")
    for name in ("a.csv", "b.csv"):
        run(source, tmp_path / f"{name}{end}")
    assert (tmp_path / f"a.csv{end}").read_bytes() == (tmp_path / f"b.csv{end}").read_bytes()


def test_zst_of_several_frames_is_read_to_its_end(tmp_path: Path) -> None:
    frames = [zstd.compress(text) for text in (b"headline\nFerry\n", b"Tram\n", b"Bus\n")]
    (tmp_path / "in.csv.zst").write_bytes(b"".join(frames))
    assert run(tmp_path / "in.csv.zst", tmp_path / "out.csv").rows == 3


def test_without_zstandard_the_extra_is_named_and_other_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in.csv", "headline\nFerry sails\n")
    write(tmp_path / "in.csv.zst", "headline\nFerry sails\n")
    for module in ("backports.zstd", "compression.zstd", "backports", "compression"):
        monkeypatch.setitem(sys.modules, module, None)
    for one, two in [("in.csv.zst", "out.csv"), ("in.csv", "out.csv.zst")]:
        with pytest.raises(MissingExtraError) as error:
            run(tmp_path / one, tmp_path / two)
        assert str(error.value).endswith('pip install "headline-score[zst]"')
    assert run(source, tmp_path / "out.csv").rows == 1
