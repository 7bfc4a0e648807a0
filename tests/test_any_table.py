"""Spreadsheets from hell: each row comes out once, in order, or the run stops and says where."""

import csv
import io
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import pytest

from headline_score import TableError, default_model, score_many
from headline_score.batch import Summary, score_file
from headline_score.tables import format_of

COMMAND = [sys.executable, "-m", "headline_score", "batch"]
PATIENCE = 300
TARGETS = ["clickbait", "speculation", "sensationalism"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


def in_shell(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with words that a shell reads, redirections above all."""
    return subprocess.run(
        ["sh", "-c", f"{shlex.join(COMMAND)} {words}"],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=PATIENCE,
    )


def run(
    source: Path, target: Path, on_error: Literal["fail", "skip"] = "fail", **more: Any
) -> Summary:
    return score_file(
        str(source),
        str(target),
        default_model(),
        input_format=format_of(source.name) or "",
        output_format=format_of(target.name) or "",
        on_error=on_error,
        **more,
    )


def command(
    *args: object, rc: int = 0, before: list[str] | None = None, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run the real command, and see that what it says is no traceback."""
    done = subprocess.run(
        [*(before or []), *COMMAND, *map(str, args)],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        **more,
    )
    assert done.returncode == rc, done.stderr
    assert "Traceback" not in done.stderr
    if rc:
        assert re.fullmatch(r"Error: .+\n", done.stderr)
    return done


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# What can be read


TABLES = {
    "a.csv": 'headline,by\n"Café ""Ferry"" sails, at noon",港口\n🚢 resumes,\n',
    "a.jsonl": '{"headline": "Café sails"}\n{"headline": "🚢 resumes", "by": "港口"}\n',
    "a.txt": "Café sails\n\n🚢 resumes 港口\n",
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", TABLES)
def test_unicode_of_any_kind_with_a_byte_order_mark_comes_out_as_utf8(
    tmp_path: Path, name: str, code: str, end: str
) -> None:
    content = TABLES[name]
    target = f"out{Path(name).suffix.replace('txt', 'csv')}"
    (tmp_path / name).write_bytes(content.encode())
    run(tmp_path / name, tmp_path / target)
    expected = (tmp_path / target).read_bytes()
    mark = "\ufeff" if code.endswith("e") else ""  # the other codecs write it themselves
    (tmp_path / name).write_bytes((mark + content.replace("\n", end)).encode(code))
    run(tmp_path / name, tmp_path / target)
    assert (tmp_path / target).read_bytes() == expected


@pytest.mark.parametrize(
    ("damage", "line"), [(b"\x3d\xd8a\0", 3), (b"\n\0\n\0a", 5)], ids=["half a pair", "half a unit"]
)
@pytest.mark.parametrize("on_error", ["fail", "skip"])
def test_damaged_utf16_stops_the_run_at_its_line(
    tmp_path: Path, damage: bytes, line: int, on_error: Literal["fail", "skip"]
) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes("headline\nFerry sails\n".encode("utf-16") + damage)
    with pytest.raises(TableError, match=rf"a\.csv:{line}: bytes that are no UTF-16"):
        run(source, tmp_path / "b.csv", on_error)
    assert names_in(tmp_path) == {"a.csv"}


@pytest.mark.parametrize("last", ["", "\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_in_cells_are_kept_and_the_last_may_lack(
    tmp_path: Path, end: str, last: str
) -> None:
    cells = ["Ferry\nsails", "Port\r\ncloses", "Tram\ris late", "\n", "Bus", '"Bus"']
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(
        [["id", "headline"], *enumerate(cells)]
    )
    (tmp_path / "a.csv").write_bytes((stream.getvalue().removesuffix(end) + last).encode())
    run(tmp_path / "a.csv", tmp_path / "b.csv")
    found = rows_of(tmp_path / "b.csv")
    assert [(row["id"], row["headline"]) for row in found] == [
        (str(i), cell) for i, cell in enumerate(cells)
    ]


def test_nul_is_a_character_where_python_can_read_it(tmp_path: Path) -> None:
    for name, content in [("a.txt", "Fer\0ry\n"), ("a.jsonl", '{"headline": "Fer\\u0000ry"}\n')]:
        (tmp_path / name).write_text(content)
        run(tmp_path / name, tmp_path / "b.jsonl")
        assert rows_of(tmp_path / "b.jsonl")[0]["headline"] == "Fer\0ry"
    (tmp_path / "a.csv").write_text("headline,id\nFer\0ry,1\nTram,2\n")
    if sys.version_info >= (3, 11):
        run(tmp_path / "a.csv", tmp_path / "b.csv")
        assert [row["headline"] for row in rows_of(tmp_path / "b.csv")] == ["Fer\0ry", "Tram"]
        return
    with pytest.raises(TableError, match=r"a\.csv:2: line contains NUL$"):
        run(tmp_path / "a.csv", tmp_path / "b.csv")
    run(tmp_path / "a.csv", tmp_path / "b.csv", "skip")
    assert [row["headline"] for row in rows_of(tmp_path / "b.csv")] == ["Tram"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_cell_may_have_ten_million_letters(tmp_path: Path, name: str) -> None:
    long = "Ferry sails " * 850_000
    assert len(long) > 10_000_000
    with (tmp_path / name).open("w") as file:
        if name == "a.csv":
            csv.writer(file).writerows([["headline", "note"], [long, "x"], ["Tram", long]])
        else:
            file.write(f'{{"headline": "{long}", "note": "x"}}\n')
            file.write(f'{{"headline": "Tram", "note": "{long}"}}\n')
    target = tmp_path / f"b{Path(name).suffix}"
    command(tmp_path / name, "-o", target)
    csv.field_size_limit(2**25)
    one, two = rows_of(target)
    assert (one["headline"] == long, one["note"]) == (True, "x")
    assert (two["headline"], two["note"] == long) == ("Tram", True)
    assert float(two["clickbait"]) == score_many(["Tram"])["clickbait"].round(6)[0]


@POSIX
@pytest.mark.parametrize("file_format", ["csv", "jsonl", "lines"])
def test_what_has_no_line_ends_does_not_fill_the_memory(file_format: str) -> None:
    done = command("/dev/zero", "--format", file_format, "--on-error", "skip", rc=1)
    assert "/dev/zero:1: a line of more than 33,554,432 characters" in done.stderr


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_long_rows_are_read_a_few_at_a_time(tmp_path: Path, name: str) -> None:
    first, row = {
        "a.csv": ("headline,note\n", "Tram late,{}\n"),
        "a.jsonl": ("", '{{"headline": "Tram late", "note": "{}"}}\n'),
    }[name]
    with (tmp_path / name).open("w") as file:
        file.write(first)
        file.writelines(row.format("ferry " * 20_000) for _ in range(1000))
    score_many(["Tram late"])  # the model's own memory is not counted
    tracemalloc.start()
    try:
        assert run(tmp_path / name, tmp_path / "b.csv").rows == 1000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < (tmp_path / name).stat().st_size / 2


def test_names_of_columns_may_be_empty_or_alike_but_not_the_headlines(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("\n\nid,,headline,,id\n1,a,Ferry sails,b,2\n")
    run(source, tmp_path / "b.csv")
    header, row = csv.reader((tmp_path / "b.csv").read_text().splitlines())
    assert header == ["id", "", "headline", "", "id", *TARGETS]
    assert row[:5] == ["1", "a", "Ferry sails", "b", "2"]
    with pytest.raises(TableError, match=r"a\.csv: two columns are called 'id': rename one"):
        run(source, tmp_path / "b.jsonl")  # an object has each name once
    with pytest.raises(TableError, match="two columns are called 'id'"):
        run(source, tmp_path / "b.csv", column="id")
    assert names_in(tmp_path) == {"a.csv", "b.csv"}


def test_json_lines_keep_their_text_to_the_letter(tmp_path: Path) -> None:
    lines = [
        '{"headline":"Ferry \\u2013 sails","n":1.50,"n":12345678901234567890.125}',
        '{ "headline" : "Tram \\ud83d late", "e": 1e400, "x": {} }',
        "{ }",
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    run(tmp_path / "a.jsonl", tmp_path / "b.jsonl", prefix="50% ")
    after = (tmp_path / "b.jsonl").read_text().splitlines()
    for before, line in zip(lines, after, strict=True):
        assert line.startswith(before[:-1].rstrip())
        assert [*json.loads(line)][-3:] == [f"50% {target}" for target in TARGETS]


def test_not_a_number_is_no_headline(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"headline": NaN}\n{"headline": 2001}\n')
    summary = run(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert (summary.rows, summary.without_text) == (2, 1)


# What can't be read


BAD_ROWS: dict[str, tuple[str, str, str, dict[int, str], list[str]]] = {
    "more cells than columns": (
        "a.csv",
        "b.csv",
        'headline,id\nFerry,1,x\nTram,2\n"Bus\nlate",3,x,y\nPort\n',
        {2: "3 cells under 2 columns", 4: "4 cells under 2 columns"},
        ["Tram", "Port"],
    ),
    "a quote not doubled": (
        "a.csv",
        "b.csv",
        'headline,id\n"Ferry "sails"",1\nTram,2\n"Bus "late,3\nPort,4\n',
        {2: "quotation mark", 4: "quotation mark"},
        ["Tram", "Port"],
    ),
    "a quote left open in the last line": (
        "a.tsv",
        "b.tsv",
        'headline\tid\nFerry\t1\nTram\t2\n"Bus\t3',
        {4: "quotation mark"},
        ["Ferry", "Tram"],
    ),
    "no JSON": (
        "a.jsonl",
        "b.jsonl",
        '{bad\n{"headline": "Ferry"}\n{"headline": \n\n' + "[" * 100_000 + '\n{"headline": "Bus"}\n'
        '{"headline": "Tram"} {"headline": "Port"}\n9' + "9" * 5000,
        {1: "not JSON", 3: "not JSON", 5: "not JSON", 7: "not JSON: Extra data", 8: "not"},
        ["Ferry", "Bus"],
    ),
    "no object": (
        "a.jsonl",
        "b.jsonl",
        '[1]\n"Ferry"\n{"headline": "Tram"}\n7\n7.5\nnull\ntrue\n',
        {1: "an array", 2: "a string", 4: "a number", 5: "a number", 6: "null", 7: "true or false"},
        ["Tram"],
    ),
    "a headline that is no text": (
        "a.jsonl",
        "b.jsonl",
        '{"headline": ["Ferry"]}\n{bad\n{"headline": {"text": "Tram"}}\n{"headline": true}\n'
        '{"headline": "Bus"}\n',
        {1: "the headline is an array", 2: "not", 3: "an object", 4: "true or false"},
        ["Bus"],
    ),
    "a score's name in a late line": (
        "a.jsonl",
        "b.jsonl",
        '{"headline": "Ferry"}\n' * 1500 + '{"headline": "Tram", "clickbait": 1}\n{bad\n',
        {1501: "there is a column 'clickbait' already", 1502: "not JSON"},
        ["Ferry"] * 1500,
    ),
    "a new column in a late line": (
        "a.jsonl",
        "b.csv",
        '{"headline": "Ferry"}\n' * 1500 + '{"by": 1}\n{"headline": "Bus"}\n',
        {1501: "columns that the first rows lack"},
        [*["Ferry"] * 1500, "Bus"],
    ),
    "half a surrogate pair": (
        "a.jsonl",
        "b.csv",
        '{"headline": "Ferry \\ud83d"}\n{"headline": "\\ud83d\\udea2"}\n'
        '{"headline": "Boat \\udce9"}\n{"headline": "\\udcc3\\udca9"}\n'
        '{"headline": "caf\\u00e9"}\n',
        dict.fromkeys((1, 3, 4), "half a surrogate pair"),
        ["🚢", "café"],
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_row_that_cannot_be_read_stops_the_run_or_is_left_out(tmp_path: Path, case: str) -> None:
    name, target, content, bad, kept = BAD_ROWS[case]
    source, target_path, errors = tmp_path / name, tmp_path / target, tmp_path / "errors.csv"
    source.write_text(content)
    with pytest.raises(TableError) as raised:
        run(source, target_path)
    line, reason = next(iter(bad.items()))
    assert re.match(re.escape(f"{source}:{line}: ") + ".*" + reason, str(raised.value))
    assert names_in(tmp_path) == {name}

    summary = run(source, target_path, "skip", errors=str(errors))
    assert [row["headline"] for row in rows_of(target_path)] == kept
    assert (summary.rows, summary.left_out) == (len(kept), len(bad))
    assert summary.first_left_out == list(bad)
    left_out = rows_of(errors)
    assert [*left_out[0]] == ["line", "reason"]
    assert [int(row["line"]) for row in left_out] == list(bad)
    for row, reason in zip(left_out, bad.values(), strict=True):
        assert reason in row["reason"]
    assert "Ferry" not in errors.read_text()  # the rows' own words stay where they are
    assert names_in(tmp_path) == {name, target, "errors.csv"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('headline,id\nFerry,1\n"Tram,2\nBus,3\nPort,4\n', 3),
        ('headline,id\nFerry,1\n"Tram,2\nBus,3\n"Port",4\nFerry,5\n', 3),
        ('headline,id\n"Ferry\nsails",1\n"Tram\nlate,2\n"Bus",3\n', 4),
        ('"headline,id\nFerry,1\n', 1),
        ('headline,"id\n', 1),
    ],
    ids=["to the end", "to the next quote", "after another", "header", "nothing but a header"],
)
@pytest.mark.parametrize("on_error", ["fail", "skip"])
def test_a_quote_open_over_lines_stops_the_run_where_it_began(
    tmp_path: Path, content: str, line: int, on_error: Literal["fail", "skip"]
) -> None:
    source = tmp_path / "a.csv"
    source.write_text(content)
    with pytest.raises(TableError, match=rf"a\.csv:{line}: .*quotation mark"):
        run(source, tmp_path / "b.csv", on_error, errors=str(tmp_path / "errors.csv"))
    assert names_in(tmp_path) == {"a.csv"}


def test_every_row_is_written_or_listed_once_in_order(tmp_path: Path) -> None:
    lines = ["headline,id", *(f"Ferry {i} sails,{i}{',x' * (i % 7 == 3)}" for i in range(20_000))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    for workers in (1, 2):
        target, errors = tmp_path / f"b{workers}.csv", tmp_path / f"errors{workers}.csv"
        run(tmp_path / "a.csv", target, "skip", errors=str(errors), workers=workers)
        good = [i for i in range(20_000) if i % 7 != 3]
        assert [int(row["id"]) for row in rows_of(target)] == good
        bad = [i + 2 for i in range(20_000) if i % 7 == 3]
        assert [int(row["line"]) for row in rows_of(errors)] == bad


def test_without_a_bad_row_there_is_no_list_and_an_older_one_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("headline\nFerry sails\n")
    command("a.csv", "-o", "b.csv", "--on-error", "skip", cwd=tmp_path)
    assert names_in(tmp_path) == {"a.csv", "b.csv"}
    older = tmp_path / "b.csv.errors.csv"
    older.write_text("line,reason\n7,too many cells\n")
    command("a.csv", "-o", "b.csv", cwd=tmp_path)
    assert "7," in older.read_text()  # this run keeps no list
    command("a.csv", "-o", "b.csv", "--on-error", "skip", cwd=tmp_path)
    assert older.read_text() == "line,reason\n"


@pytest.mark.parametrize("errors", ["a.csv", "b.csv", "link.csv", "./b.csv"])
def test_the_list_never_replaces_the_input_or_the_output(tmp_path: Path, errors: str) -> None:
    content = "headline\nFerry,sails\n"
    (tmp_path / "a.csv").write_text(content)
    (tmp_path / "link.csv").symlink_to("a.csv")
    args = ["a.csv", "-o", "b.csv", "--on-error", "skip", "--errors", errors]
    assert errors in command(*args, rc=1, cwd=tmp_path).stderr
    assert (tmp_path / "a.csv").read_text() == content
    assert names_in(tmp_path) == {"a.csv", "link.csv"}


# The command


RAGGED = "headline\n" + "Ferry sails\nTram,late\n" * 12


def test_skip_tells_how_many_and_where_they_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(RAGGED)
    done = command("a.csv", "-o", "b.csv", "--on-error", "skip", cwd=tmp_path)
    assert done.stdout == ""
    assert re.fullmatch(
        r"12 rows, 0 .*, 12 left out: see b\.csv\.errors\.csv; \d+\.\d s\n", done.stderr
    )
    assert len(rows_of(tmp_path / "b.csv.errors.csv")) == 12
    assert len(rows_of(tmp_path / "b.csv")) == 12


def test_skip_tells_the_first_lines_where_there_is_no_file_for_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(RAGGED)
    done = command("a.csv", "--on-error", "skip", cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 13
    lines = ", ".join(str(line) for line in range(3, 23, 2))
    assert f", 12 left out: lines {lines} and 2 more; " in done.stderr
    named = command("a.csv", "--on-error", "skip", "--errors", "c.csv", cwd=tmp_path)
    assert named.stdout == done.stdout
    assert "12 left out: see c.csv; " in named.stderr
    assert names_in(tmp_path) == {"a.csv", "c.csv"}
    if sys.platform != "win32":  # what is no file has nothing beside it
        device = command("a.csv", "--on-error", "skip", "-o", "/dev/null", cwd=tmp_path)
        assert f"12 left out: lines {lines} and 2 more; " in device.stderr


@pytest.mark.parametrize(
    "args", [["--errors", "c.csv"], ["--on-error", "skip", "--errors", "-"], ["--on-error", "x"]]
)
def test_wrong_use_of_the_options_exits_with_2(tmp_path: Path, args: list[str]) -> None:
    (tmp_path / "a.csv").write_text(RAGGED)
    assert "--help" in command("a.csv", *args, rc=2, cwd=tmp_path).stderr
    assert names_in(tmp_path) == {"a.csv"}


def without_root() -> list[str]:
    """Return what to put before a command so that it obeys files' permissions."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root reads every file, and there is no setpriv")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@POSIX
@pytest.mark.parametrize("on_error", ["fail", "skip"])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("folder.csv", "Is a directory"),
        ("missing.csv", "No such file or directory"),
        ("secret.csv", "Permission denied"),
        ("gone/a.csv", "No such file or directory"),
    ],
)
def test_what_cannot_be_opened_is_named(
    tmp_path: Path, path: str, reason: str, on_error: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "secret.csv").write_text("headline\nFerry\n")
    (tmp_path / "secret.csv").chmod(0)
    args = [path, "-o", "b.csv", "--on-error", on_error]
    before = without_root() if path == "secret.csv" else []
    done = command(*args, rc=1, before=before, cwd=tmp_path)
    assert done.stderr == f"Error: {path}: {reason}\n"
    assert names_in(tmp_path) == {"folder.csv", "secret.csv"}


@POSIX
@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("folder.csv", "Is a directory"),
        ("locked/b.csv", "Permission denied"),
        ("gone/b.csv", "No such file or directory"),
        ("file/b.csv", "Not a directory"),
    ],
)
def test_what_cannot_be_written_is_named(tmp_path: Path, output: str, reason: str) -> None:
    for folder in ("folder.csv", "locked"):
        (tmp_path / folder).mkdir()
    (tmp_path / "locked").chmod(0o500)
    (tmp_path / "file").touch()
    (tmp_path / "a.csv").write_text("headline\nFerry\n")
    before = without_root() if output.startswith("locked") else []
    done = command("a.csv", "-o", output, rc=1, before=before, cwd=tmp_path)
    assert done.stderr == f"Error: {output}: {reason}\n"
    assert names_in(tmp_path) == {"a.csv", "file", "folder.csv", "locked"}


@pytest.mark.parametrize("options", [["--model", "m.npz"], []])
def test_a_file_of_another_kind_is_never_the_output(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "a.csv").write_text("headline\nFerry sails\n")
    default_model().save(tmp_path / "m.npz")
    before = (tmp_path / "m.npz").read_bytes()
    done = command("a.csv", "-o", "m.npz", *options, rc=2, cwd=tmp_path)
    assert "'m.npz' has an extension of no format" in done.stderr
    assert (tmp_path / "m.npz").read_bytes() == before
    assert names_in(tmp_path) == {"a.csv", "m.npz"}


@pytest.mark.parametrize("name", ["mymodel", "link"])
@pytest.mark.parametrize("option", ["-o", "--errors"])
def test_the_model_is_never_the_output(tmp_path: Path, option: str, name: str) -> None:
    (tmp_path / "a.csv").write_text("headline\nFerry,sails\n")
    default_model().save(tmp_path / "mymodel")
    (tmp_path / "link").symlink_to("mymodel")
    before = (tmp_path / "mymodel").read_bytes()
    args = ["a.csv", "--on-error", "skip", "--model", "mymodel", option, name]
    done = command(*args, rc=1, cwd=tmp_path)
    assert done.stderr.startswith(f"Error: {name}: can't be written over the model")
    assert (tmp_path / "mymodel").read_bytes() == before
    assert names_in(tmp_path) == {"a.csv", "mymodel", "link"}


@POSIX
def test_a_prefix_that_is_no_utf8_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(RAGGED)
    done = command("a.csv", "--prefix", "\udcff_", rc=2, cwd=tmp_path)
    assert "--prefix '\\udcff_' is no UTF-8" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout")
@pytest.mark.parametrize("before", ["", "older\n"])
@pytest.mark.parametrize(
    ("output", "stream"),
    [
        ("/dev/stdout", ">>"),
        ("/dev/fd/1", ">>"),
        ("/proc/self/fd/1", ">>"),
        ("link", ">>"),
        ("/dev/fd/3", "3>>"),
        ("/dev/stderr", "2>>"),
    ],
)
def test_what_is_open_already_is_written_to_where_it_stands(
    tmp_path: Path, output: str, stream: str, before: str
) -> None:
    if not os.path.exists(os.path.dirname(output)) and output != "link":
        pytest.skip("no such folder")
    (tmp_path / "a.csv").write_text("headline\nFerry\nTram,late\n")
    (tmp_path / "log").write_text(before)
    (tmp_path / "link").symlink_to("/dev/stdout")
    done = in_shell(f"a.csv -o {output} --on-error skip {stream} log", tmp_path)
    assert done.returncode == 0
    written = (tmp_path / "log").read_text()
    if output == "/dev/stderr":
        written = written[: written.index("1 rows, ")]
    else:
        assert "1 left out: lines 3" in done.stderr  # there is no list beside it
    assert written.splitlines()[:-1] == [*before.split(), ",".join(["headline", *TARGETS])]
    assert (tmp_path / "link").is_symlink()
    assert names_in(tmp_path) == {"a.csv", "log", "link"}


@POSIX
@pytest.mark.parametrize("output", ["new/", "new/.", "a.csv/", ""])
def test_a_folder_that_is_not_there_is_no_file_to_write(tmp_path: Path, output: str) -> None:
    (tmp_path / "a.csv").write_text("headline\nFerry\n")
    done = command("a.csv", "-o", output, "--on-error", "skip", rc=1, cwd=tmp_path)
    assert done.stderr.startswith(f"Error: {output}: ")
    assert names_in(tmp_path) == {"a.csv"}


@POSIX
def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("headline\nFerry\n")
    for name in ("b" * 251 + ".csv", "ß" * 125 + "b.csv"):
        command("a.csv", "-o", name, cwd=tmp_path)
        assert len(rows_of(tmp_path / name)) == 1
        assert names_in(tmp_path) == {"a.csv", name}
        (tmp_path / name).unlink()


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst"])
def test_damage_from_the_first_byte_is_one_line_also_in_development_mode(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("headline\nFerry sails\n")
    done = subprocess.run(
        [sys.executable, "-X", "dev", *COMMAND[1:], name],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert re.fullmatch(rf"Error: {re.escape(name)}: .+\n", done.stderr)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="no file that opens but fails")
def test_an_input_that_fails_while_it_is_read_is_at_fault_not_the_output(tmp_path: Path) -> None:
    args = ["/proc/self/mem", "--format", "csv", "-o", tmp_path / "b.csv"]
    assert command(*args, rc=1).stderr == "Error: /proc/self/mem: Input/output error\n"
    assert names_in(tmp_path) == set()


def files_of_at_most(size: int) -> Callable[[], None]:
    """Return what lets a process write no larger file: to it, the disk is full then."""
    import resource

    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@POSIX
@pytest.mark.parametrize("old", [None, "older"])
@pytest.mark.parametrize(
    ("output", "content", "at_fault"),
    [
        ("b.csv", "headline\n" + "Ferry sails\n" * 30_000, "b.csv"),
        ("b.csv.gz", "headline\n" + "".join(f"Ferry {i}\n" for i in range(30_000)), "b.csv.gz"),
        ("b.csv", "headline\n" + "Ferry,sails\n" * 30_000, "b.csv.errors.csv"),
        ("/dev/null", "headline\n" + "Ferry,sails\n" * 30_000, "c.csv"),
        ("-", "headline\n" + "Ferry,sails\n" * 30_000, "c.csv"),
    ],
)
def test_a_full_disk_stops_the_run_and_leaves_nothing(
    tmp_path: Path, output: str, content: str, at_fault: str, old: str | None
) -> None:
    (tmp_path / "a.csv").write_text(content)
    if old:
        (tmp_path / at_fault).write_text(old)
    args = ["a.csv", "-o", output, "--on-error", "skip"]
    args += ["--errors", "c.csv"] if at_fault == "c.csv" else []
    done = command(*args, rc=1, cwd=tmp_path, preexec_fn=files_of_at_most(20_000))
    assert done.stderr == f"Error: {at_fault}: File too large\n"
    assert names_in(tmp_path) == {"a.csv", *([at_fault] if old else [])}
    assert not old or (tmp_path / at_fault).read_text() == old


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_behind_standard_output_leaves_no_list(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(RAGGED)
    words = "a.csv --on-error skip --errors c.csv > /dev/full"
    done = in_shell(words, tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Error: standard output: No space left on device\n"
    assert names_in(tmp_path) == {"a.csv"}


@POSIX
@pytest.mark.parametrize(
    ("words", "rc", "error"),
    [
        ("a.csv >&-", 1, "Error: standard output is closed\n"),
        ("- --format csv <&-", 1, "Error: standard input is closed\n"),
        ("a.csv -o b.csv 2>&-", 0, ""),
        ("none.csv 2>&-", 1, ""),
    ],
)
def test_a_closed_stream_is_no_traceback(tmp_path: Path, words: str, rc: int, error: str) -> None:
    (tmp_path / "a.csv").write_text("headline\nFerry sails\n")
    done = in_shell(words, tmp_path)
    assert (done.returncode, done.stderr) == (rc, error)
    assert (tmp_path / "b.csv").exists() == (rc == 0)


@pytest.mark.parametrize("name", ["a.csv", "symbolic.csv", "hard.csv"])
def test_the_output_may_be_the_input_by_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_text("headline\n" + "Ferry sails\n" * 20_000)
    (tmp_path / "symbolic.csv").symlink_to("a.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "a.csv")
    command("a.csv", "-o", name, cwd=tmp_path)
    rows = rows_of(tmp_path / name)
    assert len(rows) == 20_000
    assert {tuple(row) for row in rows} == {("headline", *TARGETS)}
    assert (tmp_path / "symbolic.csv").is_symlink()
    assert names_in(tmp_path) == {"a.csv", "symbolic.csv", "hard.csv"}


@pytest.mark.parametrize("flag", [None, "-v", "--verbose"])
def test_an_unexpected_error_is_one_line_unless_more_is_wanted(
    tmp_path: Path, flag: str | None
) -> None:
    (tmp_path / "a.csv").write_text("headline\nFerry sails\n")
    broken = (
        "import headline_score.model as m\n"
        "def score_block(self, headlines): raise ZeroDivisionError('a fault\\nof ours')\n"
        "m.Model.score_block = score_block\n"
        "from headline_score.cli import run\n"
        "run()"
    )
    args = ["batch", "a.csv", "-o", "b.csv", *([flag] if flag else [])]
    done = subprocess.run(
        [sys.executable, "-c", broken, *args],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    line = "Error: internal error: ZeroDivisionError: a fault of ours"
    if flag:
        assert done.stderr.startswith("Traceback (most recent call last):\n")
        assert "in score_block" in done.stderr
        assert done.stderr.endswith(f"\n{line}\n")
    else:
        assert done.stderr == f"{line}; run with -v to see where\n"
    assert names_in(tmp_path) == {"a.csv"}


# Killed


def kill_at(share: float, folder: Path, whole: int) -> None:
    """Kill a run when so much of its output is written, or when it has ended."""
    process = subprocess.Popen(
        [*COMMAND, "../a.csv", "-o", "b.csv", "--on-error", "skip"],
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    written = -1
    while process.poll() is None and written < share * whole:
        time.sleep(0.001)
        for part in folder.glob(".b.csv.????????.part"):
            with suppress(FileNotFoundError):  # it has just got its name
                written = part.stat().st_size
    process.kill()
    process.wait(PATIENCE)


@POSIX
@pytest.mark.parametrize("old", [None, "older"])
def test_a_killed_run_leaves_no_output_or_a_whole_one(tmp_path: Path, old: str | None) -> None:
    lines = ("Ferry sails at noon", "Tram,late", "You won't believe this bus", "Port closes")
    (tmp_path / "a.csv").write_text("headline\n" + "\n".join(lines * 10_000))
    run(tmp_path / "a.csv", tmp_path / "b.csv", "skip", errors=str(tmp_path / "errors.csv"))
    whole, errors = (tmp_path / "b.csv").read_bytes(), (tmp_path / "errors.csv").read_bytes()
    seed = time.time_ns()
    print("seed", seed)
    moments = [0.0, *(random.Random(seed).random() for _ in range(2)), 1.0]
    parts = 0
    for i, share in enumerate(moments):
        folder = tmp_path / str(i)
        folder.mkdir()
        output, listed = folder / "b.csv", folder / "b.csv.errors.csv"
        if old:
            output.write_text(old)
        kill_at(share, folder, len(whole))
        if output.exists() and output.read_bytes() == whole:
            assert listed.read_bytes() == errors  # it comes first
        else:
            assert (output.read_text() if output.exists() else None) == old
            assert not listed.exists() or listed.read_bytes() == errors
        left = names_in(folder) - {"b.csv", "b.csv.errors.csv"}
        parts += len(left)
        for name in left:
            assert re.fullmatch(r"\.b\.csv(\.errors\.csv)?\.[0-9a-f]{8}\.part", name)
        # The next run is none the worse for what a killed one left.
        if i == 0:
            command("../a.csv", "-o", "b.csv", "--on-error", "skip", cwd=folder)
            assert output.read_bytes() == whole
            assert left <= names_in(folder)
    assert parts, "no run was killed while it wrote"


@POSIX
@pytest.mark.parametrize(
    ("moment", "there"),
    [
        (1, set()),  # before the first file gets its name, after it, and so on
        (2, {"b.csv.errors.csv"}),
        (3, {"b.csv.errors.csv"}),
        (4, {"b.csv.errors.csv", "b.csv"}),
    ],
)
def test_killed_as_files_get_their_names_a_run_leaves_no_output_without_its_list(
    tmp_path: Path, moment: int, there: set[str]
) -> None:
    (tmp_path / "a.csv").write_text(RAGGED)
    command("a.csv", "-o", "whole.csv", "--on-error", "skip", cwd=tmp_path)
    killed = (
        "import os, pathlib, signal\n"
        "from headline_score.cli import run\n"
        "moments, replace = [], pathlib.Path.replace\n"
        "def reached():\n"
        "    moments.append(None)\n"
        f"    if len(moments) == {moment}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "def watched(part, target):\n"
        "    reached(); replace(part, target); reached()\n"
        "pathlib.Path.replace = watched\n"
        "run()"
    )
    args = ["batch", "a.csv", "-o", "b.csv", "--on-error", "skip"]
    done = subprocess.run([sys.executable, "-c", killed, *args], cwd=tmp_path, timeout=PATIENCE)
    assert done.returncode == -signal.SIGKILL
    found = {name for name in names_in(tmp_path) if name.startswith("b.csv")}
    assert found == there
    for name in found:
        assert (tmp_path / name).read_text() == (
            tmp_path / name.replace("b.csv", "whole.csv", 1)
        ).read_text()
