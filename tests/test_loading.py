"""Each test runs a process of its own, as modules and the model load once in one."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(code: str) -> list[str]:
    """Return the lines that Python code prints; fail if it fails or prints a warning."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


COUNT_OPENED = """
import sys
opened = []
def hook(event, args):
    if event == "open" and str(args[0]).endswith(".npz"):
        opened.append(args[0])
sys.addaudithook(hook)
"""
HEAVY = (
    "click datasets feedparser html.entities joblib pandas polars pyarrow scipy sklearn tabulate"
)
PRINT_HEAVY = f"print(*(name for name in {HEAVY.split()!r} if name in sys.modules))"


def test_importing_is_silent_and_light() -> None:
    code = f"{COUNT_OPENED}\nimport headline_score\nprint(opened)\n{PRINT_HEAVY}"
    assert run(code) == ["[]", ""]


def test_a_headline_is_scored_and_explained_without_numpy() -> None:
    code = """
import sys
import headline_score
headline_score.score("Harbour may close")
headline_score.explain("Harbour may close")
print("numpy" in sys.modules)
headline_score.score_many(["Harbour may close"])
print("numpy" in sys.modules)"""
    assert run(code) == ["False", "True"]


def test_scoring_needs_numpy_alone() -> None:
    code = f"""{COUNT_OPENED}
import headline_score
headline_score.score("Harbour may close")
headline_score.score_many(["Harbour may close", None])
headline_score.explain("Harbour may close")
print(bool(opened))
{PRINT_HEAVY}"""
    assert run(code) == ["True", ""]


def test_batch_imports_what_its_formats_need_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("headline\nFerry sails\n")
    code = f"""
import sys
from headline_score import default_model
from headline_score.batch import score_file
source, target = {str(tmp_path / "a.csv")!r}, {str(tmp_path / "b.jsonl")!r}
score_file(source, target, default_model(), output_format="jsonl")
{PRINT_HEAVY}"""
    assert run(code) == [""]


def test_the_model_loads_once_under_threads() -> None:
    code = f"""{COUNT_OPENED}
from threading import Barrier, Thread
from headline_score import Model, score
barrier, scores = Barrier(16), []
def work():
    barrier.wait()
    scores.append(score("Harbour may close"))
threads = [Thread(target=work) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(scores), len(set(scores)))
by_threads = len(opened)
Model.load(opened[0])
print(len(opened) == 2 * by_threads > 0)"""
    assert run(code) == ["16 1", "True"]


needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="no fork")


@pytest.mark.parametrize("method", [pytest.param("fork", marks=needs_fork), "spawn"])
@pytest.mark.parametrize("before", ["", "score(headlines[0])"], ids=["unloaded", "loaded"])
def test_child_processes_score(method: str, before: str) -> None:
    code = f"""
import multiprocessing, warnings
from headline_score import score
warnings.simplefilter("ignore", DeprecationWarning)  # of forking where there may be threads
headlines = ["Harbour may close", "Ferry fiasco"] * 4
{before}
with multiprocessing.get_context({method!r}).Pool(2) as pool:
    print(pool.map(score, headlines) == list(map(score, headlines)))"""
    assert run(code) == ["True"]


@needs_fork
def test_a_child_forked_while_a_thread_loads_the_model_scores() -> None:
    code = """
import os, signal, sys, threading, warnings
from headline_score import score
warnings.simplefilter("ignore", DeprecationWarning)
loading, go_on = threading.Event(), threading.Event()
def hook(event, args):
    if event == "open" and str(args[0]).endswith("model.npz"):
        if threading.current_thread() is not threading.main_thread():
            loading.set()
            go_on.wait()
sys.addaudithook(hook)
thread = threading.Thread(target=score, args=["Harbour may close"])
thread.start()
loading.wait()
child = os.fork()
if not child:
    signal.alarm(60)  # ends a child that hangs
    print(score("Harbour may close").coverage, flush=True)
    os._exit(0)
status = os.waitpid(child, 0)[1]
go_on.set()
thread.join()
print(status, score("Harbour may close").coverage)"""
    assert run(code) == ["1.0", "0 1.0"]


@needs_fork
def test_a_child_forked_while_a_thread_makes_the_bulk_tables_scores() -> None:
    code = """
import os, signal, threading, warnings
from headline_score import score_many
from headline_score.bulk_reader import BulkReader
warnings.simplefilter("ignore", DeprecationWarning)
making, go_on, make = threading.Event(), threading.Event(), BulkReader.__init__
def slowly(*given):
    if threading.current_thread() is not threading.main_thread():
        making.set()
        go_on.wait()
    make(*given)
BulkReader.__init__ = slowly
thread = threading.Thread(target=score_many, args=[["Harbour may close"]])
thread.start()
making.wait()
child = os.fork()
if not child:
    signal.alarm(60)  # ends a child that hangs
    print(score_many(["Harbour may close"])["clickbait"].shape, flush=True)
    os._exit(0)
status = os.waitpid(child, 0)[1]
go_on.set()
thread.join()
print(status)"""
    assert run(code) == ["(1,)", "0"]


@pytest.mark.parametrize("missing", ["sklearn", "scipy", "joblib", "threadpoolctl"])
def test_training_without_its_extra_says_what_to_install(missing: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None  # as if not installed
import headline_score
assert headline_score.score("Harbour may close").coverage == 1
try:
    from headline_score.training import train
except headline_score.MissingExtraError as error:
    print(error)"""
    [line] = run(code)
    assert missing in line
    assert line.endswith('pip install "headline-score[train]"')
