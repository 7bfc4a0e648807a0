import csv
import io
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headline_score
from headline_score import default_model, score, score_many
from headline_score.calibration import calibrated

TARGETS = ["clickbait", "speculation", "sensationalism"]
PLAIN, BAIT = "Harbour board approves ferry timetable", "You won't BELIEVE what this ferry did!"
COMMAND = [sys.executable, "-m", "headline_score"]
COLOUR_SETTINGS = {"NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"}
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")
# A hang must fail rather than last; far more than any command here needs.
PATIENCE = 300


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in COLOUR_SETTINGS}
    return {**kept, "PYTHONUTF8": "1", **more}


def run(*args: object, stdin: str = "", rc: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, args)],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=PATIENCE,
    )
    assert done.returncode == rc, done.stderr
    assert "Traceback" not in done.stderr
    return done


def table(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def graded(n: int) -> list[dict[str, object]]:
    """Return n invented headlines with a plain pattern: the trick is hyped, the council not."""
    kinds = [
        (3, "This {} Trick Will Change Everything You Know"),
        (2, "Why the {} Trick Is Simply Amazing"),
        (1, "Council discusses a new {} plan"),
        (0, "Council approves {} budget on Monday"),
    ]
    things = ["ferry", "tram", "library", "garden", "harbour", "school", "bridge", "market"]
    return [
        {"title": kinds[i % 4][1].format(things[i // 4 % 8]), "hype": kinds[i % 4][0]}
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table(tmp_path_factory.mktemp("data") / "graded.csv", graded(64))


@pytest.fixture(scope="module")
def model(data: Path) -> Path:
    path = data.with_name("own.npz")
    done = run("train", data, "-o", path, "--target", "fuss=hype", "--scale", 3)
    assert done.stdout == ""
    assert done.stderr == f"{path}: fuss from 64 headlines\n"
    return path


# Scoring headlines


def test_bare_headlines_are_scored_as_a_table() -> None:
    done = run(PLAIN, BAIT)
    lines = [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    assert lines[0] == [*TARGETS, "headline"]
    assert [line[3] for line in lines[1:]] == [PLAIN, BAIT]
    for headline, cells in zip([PLAIN, BAIT], lines[1:], strict=True):
        assert cells[:3] == [f"{strength:.2f}" for strength in score(headline).strengths]
    assert done.stderr == ""


@pytest.mark.parametrize("args", [["--json", PLAIN, BAIT], ["score", PLAIN, BAIT, "--json"]])
def test_json_has_a_line_for_each_headline(args: list[str]) -> None:
    lines = [json.loads(line) for line in run(*args).stdout.splitlines()]
    assert [[*line] for line in lines] == [["headline", *TARGETS, "coverage"]] * 2
    for headline, line in zip([PLAIN, BAIT], lines, strict=True):
        assert line.pop("headline") == headline
        assert line == pytest.approx(score(headline).to_dict(), abs=1e-9)
    assert lines[0]["clickbait"] < lines[1]["clickbait"]


@pytest.mark.parametrize(
    ("args", "headline"),
    [(["score", "--json", "batch"], "batch"), (["--json", "--", "--help wanted"], "--help wanted")],
)
def test_a_headline_may_look_like_a_command_or_an_option(args: list[str], headline: str) -> None:
    assert json.loads(run(*args).stdout)["headline"] == headline


@pytest.mark.skipif(sys.platform == "win32", reason="arguments are no bytes there")
def test_a_headline_that_is_no_utf8_comes_out_as_it_went_in() -> None:
    headline = b"Caf\xe9 reopens by the harbour"
    # What Python does in most people's locales, if not in that of a bare container.
    settings = environment(PYTHONIOENCODING="utf-8:strict")
    done = subprocess.run([*COMMAND, headline], capture_output=True, env=settings)
    assert (done.returncode, done.stderr) == (0, b"")
    assert headline in done.stdout


def test_what_is_odd_about_a_headline_is_said(data: Path) -> None:
    done = run("Zxqvwk 港口", data)
    assert "Zxqvwk 港口" in done.stdout
    unknown, file = done.stderr.splitlines()
    assert "no known word" in unknown
    assert "use batch" in file


def test_the_installed_command_tells_versions_and_commands() -> None:
    command = shutil.which("headline-score", path=str(Path(sys.executable).parent))
    assert command
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    known = (headline_score.__version__, default_model().version)
    assert version.stdout == "headline-score {}, model {}\n".format(*known)
    usage = run("--help").stdout
    for name in ("score", "batch", "explain", "train", "evaluate"):
        assert re.search(rf"^  {name} ", usage, re.MULTILINE)


# Batch


def test_batch_prints_data_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"id": 1, "title": PLAIN}, {"id": 2, "title": ""}]
    done = run("batch", table(tmp_path / "a.csv", rows))
    lines = [*csv.reader(io.StringIO(done.stdout))]
    strengths = [str(values.round(6)[0]) for values in score_many([PLAIN]).values()]
    assert lines == [
        ["id", "title", *TARGETS],
        ["1", PLAIN, *strengths],
        ["2", "", "", "", ""],
    ]
    # The whole of it: where standard error is no terminal, there is no progress bar.
    assert re.fullmatch(
        r"2 rows, 1 of them without a headline, 0 with .*; \d+\.\d s\n", done.stderr
    )


def test_batch_writes_a_file_in_the_format_of_its_name(tmp_path: Path) -> None:
    source = table(tmp_path / "a.csv", [{"id": 1, "text": BAIT}])
    done = run("batch", source, "-o", tmp_path / "b.jsonl", "--column", "text", "--prefix", "s_")
    assert done.stdout == ""
    row = json.loads((tmp_path / "b.jsonl").read_text())
    assert [*row] == ["id", "text", *(f"s_{target}" for target in TARGETS)]
    assert row["s_clickbait"] == pytest.approx(score(BAIT).clickbait, abs=1e-6)


def test_batch_reads_standard_input_in_the_format_it_is_told() -> None:
    done = run("batch", "-", "--format", "lines", stdin=f"{PLAIN}\n{BAIT}\n")
    assert [row[0] for row in csv.reader(io.StringIO(done.stdout))] == ["headline", PLAIN, BAIT]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("command", ["batch {} --format lines", "score $(seq 20000)"])
def test_a_reader_that_has_enough_ends_the_command_quietly(tmp_path: Path, command: str) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text(f"{PLAIN}\n" * 50_000)
    piped = f"{shlex.join(COMMAND)} {command.format(shlex.quote(str(lines)))} | head -1"
    done = subprocess.run(
        piped, shell=True, capture_output=True, text=True, env=environment(), timeout=PATIENCE
    )
    assert done.stdout.split()[0].startswith(("headline,clickbait", "clickbait"))
    assert done.stderr == ""


@POSIX
@pytest.mark.parametrize(
    "args",
    [
        "batch a.csv",
        "batch a.csv --workers 2",
        "batch a.csv -o b",
        "batch a.parquet",
        "batch bad.csv",
        "score x",
        "score x --json",
        "explain x",
        "--version",
        "--help",
        "batch --help",
    ],
)
def test_a_closed_pipe_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("headline\n" + "Ferry sails\n" * 20_000)
    Path("bad.csv").write_text("headline\nFerry\nTram,late\n")
    pq.write_table(pa.table({"headline": ["Ferry sails"]}), "a.parquet")
    os.mkfifo("b")
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(["head", "-c", "5", "b"] if "-o b" in args else ["true"]):
        done = subprocess.run(
            [*COMMAND, *args.split()],
            stdout=writer,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=PATIENCE,
        )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@POSIX
def test_a_closed_pipe_for_the_rows_left_out_is_an_error(tmp_path: Path) -> None:
    # The run ends, and who waits for its output must learn of it.
    (tmp_path / "a.csv").write_text("headline\n" + "Tram,late\n" * 20_000)
    fifo = tmp_path / "errors"
    os.mkfifo(fifo)
    with subprocess.Popen(["head", "-c", "5", str(fifo)], stdout=subprocess.DEVNULL):
        args = ["a.csv", "-o", "b.csv", "--on-error", "skip", "--errors", "errors"]
        done = subprocess.run(
            [*COMMAND, "batch", *args], capture_output=True, cwd=tmp_path, timeout=PATIENCE
        )
    assert (done.returncode, done.stderr) == (1, b"Error: errors: Broken pipe\n")
    assert not (tmp_path / "b.csv").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize(
    ("args", "rc"),
    [
        ("batch a.csv -o b.csv", 0),
        ("score Zxqvwk", 0),
        ("batch none.csv", 1),
        ("batch a.csv --frob", 2),
        ("batch a.xlsx", 2),
        ("", 2),
    ],
)
def test_words_that_cannot_be_said_do_not_change_the_exit_code(
    tmp_path: Path, args: str, rc: int
) -> None:
    table(tmp_path / "a.csv", [{"title": PLAIN}])
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *args.split()],
            stdout=subprocess.PIPE,
            stderr=full,
            cwd=tmp_path,
            env=environment(),
            timeout=PATIENCE,
        )
    assert done.returncode == rc
    assert (tmp_path / "b.csv").exists() == ("-o" in args)


def test_an_error_with_half_an_output_has_its_own_exit_code() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    broken = (
        "import headline_score.cli as c\n"
        "def half(*_): print('half'); raise c.HeadlineScoreError('no more')\n"
        "c.Model.load = half\n"
        "c.run()"
    )
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", broken, "score", "x", "--model", "m"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(PYTHONUNBUFFERED=""),
            timeout=PATIENCE,
        )
    assert (done.returncode, done.stderr) == (1, b"Error: no more\n")


@pytest.mark.parametrize("command", ["batch - --format csv", "score x", "explain x", "--version"])
def test_a_full_disk_is_an_error_of_one_line(command: str) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *command.split()],
            input="title\nFerry sails\n",
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment(),
            timeout=PATIENCE,
        )
    assert (done.returncode, done.stderr) == (
        1,
        "Error: standard output: No space left on device\n",
    )


def test_a_terminated_run_leaves_no_half_file(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "batch", "-", "--format", "lines", "-o", str(tmp_path / "out.csv")],
        stdin=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None
    process.stdin.write(b"Ferry sails\n" * 20_000)
    process.stdin.flush()  # more than a pipe holds: the run has begun to write
    assert list(tmp_path.iterdir()) != []
    process.terminate()
    assert process.wait(PATIENCE) == 1
    process.stdin.close()
    assert list(tmp_path.iterdir()) == []


def test_an_option_before_a_command_is_told_to_go_after_it(data: Path) -> None:
    done = run("--json", "batch", data, rc=2)
    assert done.stderr.startswith("Error: options go after the command: headline-score batch")


@pytest.mark.parametrize(
    "character", ["\x1b", "\x9b", "\n", "\u202e", "\u2066", "\u200f", "\u061c"]
)
def test_characters_that_a_terminal_may_obey_are_escaped(character: str) -> None:
    done = run(f"Ferry {character}sails")
    assert f"Ferry {ascii(character)[1:-1]}sails" in done.stdout
    assert character not in done.stdout.splitlines()[1]
    named = run("Ferry", "--model", f"no{character}.npz", rc=1).stderr
    shown = " " if character.isspace() else ascii(character)[1:-1]
    assert named == f"Error: no{shown}.npz: No such file or directory\n"


@POSIX
def test_a_name_that_a_pattern_finds_is_escaped_in_every_word_on_it(tmp_path: Path) -> None:
    name = "a\x1b]0;ferry\x07\n.csv"
    (tmp_path / name).write_text("headline\nFerry sails\nTram,late\n")
    for args in ("", "--on-error skip", "-o b.html"):
        command = ["report" if "html" in args else "batch", str(tmp_path / "*.csv"), *args.split()]
        done = subprocess.run(
            [*COMMAND, *command], capture_output=True, cwd=tmp_path, timeout=PATIENCE
        )
        assert b"\\x1b]0;ferry\\x07" in done.stderr or "skip" in args
        assert not {*done.stderr} & {0x1B, 0x07}
        assert len(done.stderr.splitlines()) == (2 if "html" in args else 1)


# Explain


def test_explain_prints_every_contribution_and_they_add_up() -> None:
    found = json.loads(run("explain", BAIT, "--json").stdout)
    assert [*found] == ["text", "coverage", *TARGETS]
    assert found["text"] == BAIT
    for target in TARGETS:
        part = found[target]
        logit = part["bias"] + math.fsum(c["log_odds"] for c in part["contributions"])
        strength = calibrated(logit, part["calibration"])
        assert strength == pytest.approx(score(BAIT)[target], abs=1e-9)
        assert part["strength"] == pytest.approx(score(BAIT)[target], abs=1e-9)

    lines = run("explain", BAIT).stdout.splitlines()
    assert lines[0].split() == ["target", "strength", "log-odds", "term", "place"]
    assert len(lines) == 1 + sum(1 + len(found[target]["contributions"]) for target in TARGETS)
    (bias,) = (line.split() for line in lines if line.startswith("clickbait") and "[bias]" in line)
    assert bias[1:3] == [f"{score(BAIT).clickbait:.2f}", f"{found['clickbait']['bias']:+.3f}"]
    assert any(line.endswith(" 10-17") for line in lines)  # "BELIEVE"
    assert not any("\x1b" in line for line in lines)


def on_terminal(*args: str, **settings: str) -> str:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *args], stdout=theirs, stderr=theirs, env=environment(**settings)
    )
    os.close(theirs)
    output = b""
    try:
        while chunk := os.read(ours, 4096):
            output += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(PATIENCE) == 0
    return output.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_explain_colours_a_terminal_unless_told_not_to() -> None:
    coloured = on_terminal("explain", BAIT)
    assert "\x1b[31m" in coloured
    *lines, legend = re.sub(r"\x1b\[\d*m", "", coloured).splitlines()
    for target, line in zip(TARGETS, lines, strict=True):
        assert line.split()[:2] == [target, f"{score(BAIT)[target]:.2f}"]
        assert BAIT in line
    assert "[exclamation marks] +" in lines[2]  # what has no place in the text has its part too
    assert "raises" in legend
    assert "\x1b" not in on_terminal("explain", BAIT, NO_COLOR="1")


# Training and evaluation


def test_a_trained_model_scores_what_it_has_not_seen(model: Path) -> None:
    headlines = ["This Museum Trick Will Change Everything", "Council approves museum budget"]
    done = run("batch", "-", "--format", "lines", "--model", model, stdin="\n".join(headlines))
    rows = [*csv.DictReader(io.StringIO(done.stdout))]
    assert [*rows[0]] == ["headline", "fuss"]
    assert float(rows[0]["fuss"]) > 0.7 > 0.3 > float(rows[1]["fuss"])
    (cell, _) = run("--model", model, headlines[0]).stdout.splitlines()[1].split(maxsplit=1)
    assert cell == f"{float(rows[0]['fuss']):.2f}"


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


def test_evaluate_tells_n_and_intervals(data: Path, model: Path) -> None:
    args = ["evaluate", data, "--model", model, "--target", "fuss=hype", "--scale", 3]
    found = json.loads(run(*args, "--json").stdout, parse_constant=refuse)["fuss"]
    assert (found["n"], found["positives"]) == (64, 32)
    assert found["metrics"]["AUC"]["value"] > 0.95
    for metric in found["metrics"].values():
        assert metric["low"] <= metric["high"]

    rows = {line.split()[0]: line.split()[1:] for line in run(*args).stdout.splitlines()}
    assert rows["fuss"] == []
    assert rows["n"] == ["64"]
    mse = found["metrics"]["MSE"]
    assert " ".join(rows["MSE"]) == "{value:.3f} [{low:.3f}, {high:.3f}]".format(**mse)


def test_what_is_not_defined_is_null_in_json_and_a_dash_in_the_table(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"title": t, "clickbait": 0} for t in (PLAIN, BAIT, "")]
    path = table(tmp_path / "a.csv", rows)
    done = run("evaluate", path, "--json", "--resamples", 20)
    assert done.stderr.splitlines() == [
        "1 rows without a headline are left out",
        "not evaluated, as not graded here: speculation, sensationalism",
    ]
    found: dict[str, Any] = json.loads(done.stdout, parse_constant=refuse)["clickbait"]
    assert found["n"] == 2
    assert found["metrics"]["AUC"]["value"] is None
    assert re.search(r"^AUC +–$", run("evaluate", path).stdout, re.MULTILINE)


# Errors


@pytest.mark.parametrize(
    ("args", "content", "message"),
    [
        ("batch none.csv", "", "none.csv: No such file"),
        ("batch a.csv", "", "a.csv: empty"),
        ("batch a.csv", "id,kicker\n1,x\n", "--column. Columns: 'id', 'kicker'"),
        ("batch a.csv -o b.csv.gz", "headline\na\nb,c\n", "a.csv:3: 2 cells"),
        ("batch a.csv --format jsonl", '{"title": "a"}\n{]\n', "a.csv:2: not JSON"),
        ("batch a.csv -o none/b.csv", "headline\na\n", "none/b.csv: No such file"),
        ("batch a.csv --model a.csv", "headline\na\n", "a.csv: not a headline-score model"),
        ("Ferry --model none.npz", "", "none.npz: No such file"),
        ("evaluate a.csv", "headline,hype\na,1\n", "--target NAME=COLUMN. Columns: "),
        ("evaluate a.csv --target hype", "headline,hype\na,1\n", "no target 'hype'"),
        ("evaluate a.csv", "headline,clickbait\na,\n", "no headline is graded"),
        ("train a.csv -o m", "headline,clickbait\na,0\nb,3\n", "a.csv:3: .* 3, .*--scale"),
        ("train a.csv -o m", "headline,clickbait\na,x\n", "a.csv:2: 'clickbait' holds 'x'"),
        ("train a.csv -o m", "headline,clickbait\na,1\nb,1\n", "all grades are alike"),
        ("train a.csv -o ./a.csv", "headline,clickbait\na,1\n", "\\./a.csv: .* over its input"),
        ("train a.csv -o none/m", "headline,clickbait\nsea a,1\nsea b,0\n", "none/m: No such file"),
    ],
)
def test_wrong_data_are_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: str, content: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(content)
    done = run(*args.split(), rc=1)
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert re.search(message, done.stderr)
    assert "allow_pickle" not in done.stderr  # nobody should be told to load a pickle
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("batch -", "--format csv|tsv|jsonl|lines"),
        ("batch a.xlsx", "--format"),
        ("batch a.csv --format xml", "'xml'"),
        ("--shout Ferry", "--shout"),
        ("score", "HEADLINE"),
        ("explain one two", "two"),
        ("train a.csv", "--output"),
        ("train a.csv -o m --scale 0", "--scale"),
    ],
)
def test_wrong_usage_exits_with_2_and_points_to_help(args: str, message: str) -> None:
    done = run(*args.split(), rc=2)
    assert message in done.stderr
    assert "--help" in done.stderr
    assert done.stdout == ""
