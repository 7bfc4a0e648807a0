"""Several inputs and patterns: their rows one after another, in one output."""

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from headline_score import TableError, default_model, score_many
from headline_score.batch import Summary, score_file
from headline_score.inputs import expand
from headline_score.tables import format_of

Batch = Callable[..., "subprocess.CompletedProcess[bytes]"]
TARGETS = ["clickbait", "speculation", "sensationalism"]


def run(sources: list[Path], target: Path, **more: Any) -> Summary:
    output_format = format_of(target.name) or ""
    names = [str(source) for source in sources]
    return score_file(names, str(target), default_model(), output_format=output_format, **more)


def files(folder: Path, contents: dict[str, str]) -> list[Path]:
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    return [folder / name for name in contents]


def ids(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


# Which files


def test_a_pattern_means_its_files_by_name_each_once_in_the_patterns_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files(tmp_path, dict.fromkeys(["b.csv", "a.csv", "c.tsv", "d/e.csv", "[x].csv", "x.csv"], ""))
    (tmp_path / "folder.csv").mkdir()
    assert expand(["?.csv"]) == ["a.csv", "b.csv", "x.csv"]
    assert expand(["b.csv", "-", "?.csv", "none.csv"]) == [
        *("b.csv", "-", "a.csv", "x.csv", "none.csv")
    ]
    assert expand(["**/*.csv"]) == ["[x].csv", "a.csv", "b.csv", "d/e.csv", "x.csv"]
    assert expand(["[x].csv"]) == ["[x].csv"]  # a file that is called so
    assert expand([]) == []


def test_a_file_with_several_paths_is_meant_once_by_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: Batch
) -> None:
    monkeypatch.chdir(tmp_path)
    files(tmp_path, {"a.csv": "id,headline\n1,Ferry\n", "b.csv": "id,headline\n2,Tram\n"})
    (tmp_path / "link.csv").symlink_to("a.csv")
    assert expand(["./a.csv", "-", str(tmp_path / "a.csv"), "*.csv", "./-", "-"]) == [
        *("./a.csv", "-", "b.csv", "./-")
    ]
    batch("link.csv", "./b.csv", "?.csv", "-o", "out.csv", cwd=tmp_path)
    assert ids(tmp_path / "out.csv") == ["1", "2"]


def test_a_pattern_that_nothing_matches_is_an_error_that_names_it(
    tmp_path: Path, batch: Batch
) -> None:
    files(tmp_path, {"a.csv": "headline\nFerry\n"})
    with pytest.raises(TableError, match=r"b\*\.csv: no file matches"):
        expand(["b*.csv"])
    done = batch("a.csv", "b*.csv", "-o", "out.csv", rc=1, cwd=tmp_path)
    assert done.stderr == b"Error: b*.csv: no file matches this pattern\n"
    assert not (tmp_path / "out.csv").exists()


# Their rows


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_of_all_inputs_come_in_order(tmp_path: Path, batch: Batch, workers: int) -> None:
    for k in range(3):
        lines = [f"{k}-{i},Ferry {i} sails\n" for i in range(k, 6000)]
        (tmp_path / f"{2 - k}.csv").write_text("id,headline\n" + "".join(lines))
    table = pa.table({"id": ["p"], "headline": ["Tram late"]})
    pq.write_table(table, tmp_path / "p.parquet")
    order = ["1.csv", "?.csv", "p.parquet"]
    batch(*order, "-o", "out.csv", "--workers", workers, cwd=tmp_path)
    found = ids(tmp_path / "out.csv")
    assert found == [f"{k}-{i}" for k in (1, 2, 0) for i in range(k, 6000)] + ["p"]
    one_by_one = b"".join(batch(n, cwd=tmp_path).stdout for n in ("1.csv", "0.csv", "2.csv"))
    scored = [line for line in one_by_one.splitlines() if not line.startswith(b"id,")]
    assert (tmp_path / "out.csv").read_bytes().splitlines()[1:-1] == scored


def test_formats_may_differ_and_the_first_tells_the_outputs(tmp_path: Path, batch: Batch) -> None:
    files(
        tmp_path,
        {
            "a.jsonl": '{"id": 1, "headline": "Ferry"}\n',
            "b.csv": "id,headline\n2,Tram\n",
            "c.tsv": "id\theadline\n3\tBus\n",
        },
    )
    lines = batch("a.jsonl", "b.csv", "c.tsv", cwd=tmp_path).stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [1, "2", "3"]
    done = batch("-", "a.jsonl", "--format", "jsonl", cwd=tmp_path, input=b'{"headline": "X"}\n')
    assert [json.loads(line)["headline"] for line in done.stdout.splitlines()] == ["X", "Ferry"]


@pytest.mark.parametrize(
    ("header", "difference"),
    [
        ("id,headline", "it lacks 'by'"),
        ("id,headline,by,on", "it has also 'on'"),
        ("id,title,by", "it lacks 'headline' and has also 'title'"),
        ("headline,id,by", "it has them in another order"),
    ],
)
def test_other_columns_are_an_error_that_names_file_and_difference_before_any_is_scored(
    tmp_path: Path, batch: Batch, header: str, difference: str
) -> None:
    a, b = files(tmp_path, {"a.csv": "id,headline,by\n1,Ferry,x,bad\n", "b.csv": f"{header}\n"})
    done = batch(a, b, "-o", tmp_path / "out.csv", rc=1)
    said = f"Error: {b}: its columns are not those of {a}: {difference}"
    assert done.stderr.decode().startswith(said)
    assert not (tmp_path / "out.csv").exists()
    # What can't be looked at before, is when its turn comes.
    done = batch(a, "-", "--format", "csv", rc=1, input=f"{header}\n".encode())
    assert b"a.csv:2: 4 cells" in done.stderr


def test_json_lines_may_differ_and_as_csv_they_have_the_firsts_columns(tmp_path: Path) -> None:
    a, b = files(
        tmp_path,
        {
            "a.jsonl": '{"headline": "Ferry", "by": "x"}\n',
            "b.jsonl": '{"headline": "Tram"}\n{"headline": "Bus", "on": 1}\n',
        },
    )
    run([a, b], tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [[*row][:-3] for row in rows] == [["headline", "by"], ["headline"], ["headline", "on"]]
    for target in ("out.csv", "out.parquet"):
        with pytest.raises(TableError, match=r"b\.jsonl:2: columns that the first rows lack.*'on'"):
            run([a, b], tmp_path / target)
        assert run([a, b], tmp_path / target, on_error="skip").rows == 2


def test_types_of_parquet_files_must_fit_the_first(tmp_path: Path) -> None:
    def write(name: str, **columns: Any) -> Path:
        pq.write_table(pa.table({"title": ["Ferry"], **columns}), tmp_path / name)
        return tmp_path / name

    a = write("a.parquet", n=pa.array([1], pa.int64()), by=["x"])
    b = write("b.parquet", n=pa.array([2], pa.int8()), by=pa.array(["y"]).dictionary_encode())
    c = write("c.parquet", n=pa.array([3.0]), by=pa.nulls(1))
    run([a, b, c], tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.types[:3] == [pa.string(), pa.int64(), pa.string()]
    assert table.drop(["title", *TARGETS]).to_pydict() == {"n": [1, 2, 3], "by": ["x", "y", None]}

    d = write("d.parquet", n=["4"], by=["z"])
    message = r"d\.parquet: column 'n' is of type string, but int64 in .*a\.parquet"
    with pytest.raises(TableError, match=message):
        run([a, d], tmp_path / "out.parquet")
    assert run([a, d], tmp_path / "out.csv").rows == 2
    e = write("e.parquet", n=[1.5], by=["z"])
    message = r"e\.parquet: row 1: a value that .*a\.parquet can't hold: .* 1\.5"
    with pytest.raises(TableError, match=message):
        run([a, e], tmp_path / "out.parquet")
    (tmp_path / "f.csv").write_text("title,n,by\nTram,7,q\n")
    with pytest.raises(TableError, match=r"f\.csv:2: column 'n' holds a string"):
        run([a, tmp_path / "f.csv"], tmp_path / "out.parquet")


@pytest.mark.parametrize("target", ["out.parquet", "out.arrow"])
def test_a_value_that_does_not_fit_the_first_files_type_costs_its_row_only(
    tmp_path: Path, target: str
) -> None:
    titles = [f"Ferry {i} sails" for i in range(5000)]
    small = pa.table({"title": titles[:1], "n": pa.array([0], pa.int32())})
    pq.write_table(small, tmp_path / "a.parquet")
    numbers = list(range(1, 5000))
    for place in (0, 7, 4998):
        numbers[place] = 2**62
    wide = pa.table({"title": titles[1:], "n": pa.array(numbers, pa.int64())})
    pq.write_table(wide, tmp_path / "b.parquet")
    inputs = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    with pytest.raises(TableError, match=r"b\.parquet: row 1: a value .* 4611686018427387904"):
        run(inputs, tmp_path / target)
    errors = tmp_path / "errors.csv"
    summary = run(inputs, tmp_path / target, on_error="skip", errors=str(errors))
    assert (summary.rows, summary.left_out) == (4997, 3)
    with errors.open(newline="") as file:
        assert [row["row"] for row in csv.DictReader(file)] == ["1", "8", "4999"]
    read = pq.read_table if target.endswith("parquet") else pyarrow.feather.read_table
    table = read(tmp_path / target)
    assert table.schema.field("n").type == pa.int32()
    kept = [i for i in range(5000) if i not in (1, 8, 4999)]
    assert table["n"].to_pylist() == kept
    assert table["title"].to_pylist() == [titles[i] for i in kept]
    alone = score_many([titles[2]])["clickbait"].round(6)[0]
    assert table["clickbait"][1].as_py() == alone


def test_empty_json_lines_among_others_are_no_rows(tmp_path: Path) -> None:
    a, b, c = files(
        tmp_path, {"a.jsonl": "", "b.jsonl": '{"headline": "Ferry"}\n', "c.jsonl": "\n"}
    )
    assert run([a, b, c], tmp_path / "out.csv").rows == 1
    assert (tmp_path / "out.csv").read_text().startswith("headline,clickbait,")
    assert run([a, c], tmp_path / "out.csv").rows == 0


# What goes wrong in one of them


def test_the_error_names_file_and_row(tmp_path: Path) -> None:
    a, b = files(tmp_path, {"a.csv": "headline\nFerry\n", "b.csv": "headline\nTram\nBus,x\n"})
    with pytest.raises(TableError, match=r"b\.csv:3: 2 cells"):
        run([a, b], tmp_path / "out.csv")
    with pytest.raises(TableError, match=r"none\.csv: No such file"):
        run([a, tmp_path / "none.csv"], tmp_path / "out.csv")
    (tmp_path / "c.csv").write_text("id\n")
    with pytest.raises(TableError, match=r"c\.csv: no column 'headline'"):
        run([a, tmp_path / "c.csv"], tmp_path / "out.csv")
    (tmp_path / "d.csv").write_text("headline,clickbait\n")
    with pytest.raises(TableError, match=r"d\.csv: there is a column 'clickbait'"):
        run([a, tmp_path / "d.csv"], tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_rows_left_out_are_listed_with_their_file(tmp_path: Path, batch: Batch) -> None:
    files(
        tmp_path,
        {
            "a.csv": "headline\nFerry,x\n",
            "b.csv": "headline\nTram\nBus,x\n",
            "c.jsonl": '{"headline": []}\n',
        },
    )
    names = ["a.csv", "b.csv", "c.jsonl"]
    done = batch(*names, "-o", "out.csv", "--on-error", "skip", cwd=tmp_path)
    assert b"1 rows, 0 of them without a headline, 0 with" in done.stderr
    assert b"3 left out: see out.csv.errors.csv" in done.stderr
    with (tmp_path / "out.csv.errors.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["file", "line", "reason"]
    assert [row[:2] for row in rows] == [["a.csv", "2"], ["b.csv", "3"], ["c.jsonl", "1"]]
    done = batch(*names, "--on-error", "skip", cwd=tmp_path)
    assert b", 3 left out: a.csv:2, b.csv:3, c.jsonl:1; " in done.stderr
    for errors in ("b.csv", "out.csv"):
        more = ["--on-error", "skip", "--errors", errors]
        done = batch(*names, "-o", "out.csv", *more, rc=1, cwd=tmp_path)
        assert b"can't list the rows" in done.stderr


@pytest.mark.parametrize("output", ["a.csv", "b.csv"])
def test_the_output_may_be_one_of_the_inputs(tmp_path: Path, batch: Batch, output: str) -> None:
    rows = {k: "".join(f"{k}{i},Ferry sails\n" for i in range(9000)) for k in "ab"}
    files(tmp_path, {f"{k}.csv": "id,headline\n" + lines for k, lines in rows.items()})
    batch("a.csv", "b.csv", "-o", output, cwd=tmp_path)
    assert ids(tmp_path / output) == [f"{k}{i}" for k in "ab" for i in range(9000)]


def test_a_file_of_no_known_format_is_named(tmp_path: Path, batch: Batch) -> None:
    files(tmp_path, {"a.csv": "headline\nFerry\n", "b.dat": "headline\nTram\n"})
    done = batch("a.csv", "b.dat", rc=2, cwd=tmp_path)
    assert b"can't tell the format of 'b.dat'" in done.stderr
    with pytest.raises(TableError, match=r"b\.dat: its extension tells no format"):
        run([tmp_path / "a.csv", tmp_path / "b.dat"], tmp_path / "out.csv")
    assert batch("a.csv", "b.dat", "--format", "csv", cwd=tmp_path).stdout.count(b"\n") == 3
