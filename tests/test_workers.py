"""Scoring in several processes: the same scores in the same order, and no process left behind."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from headline_score import Model, WorkerError, score_many
from headline_score.parallel import scored_by

COMMAND = [sys.executable, "-m", "headline_score", "batch"]


def test_workers_give_the_same_scores_in_order(headlines: list[str]) -> None:
    many = [*headlines, None, ""] * 3
    alone = score_many(many, coverage=True)
    together = score_many(iter(many), coverage=True, workers=2)
    assert list(alone) == list(together)
    for name, column in alone.items():
        assert np.array_equal(column, together[name], equal_nan=True)


def test_no_headlines_need_no_worker() -> None:
    assert score_many([], workers=2)["clickbait"].shape == (0,)


@pytest.mark.parametrize("workers", [0, -1])
def test_there_is_at_least_one_worker(workers: int) -> None:
    with pytest.raises(ValueError, match="workers must be 1 or more"):
        score_many(["Ferry resumes"], workers=workers)


def test_a_wrong_item_is_named_as_without_workers() -> None:
    with pytest.raises(TypeError, match="headline 1"):
        score_many(["Ferry resumes", 7], workers=2)  # type: ignore[list-item]


class Deadly(Model):
    """A model whose worker is killed at work."""

    def score_block(self, headlines: list[str | None]) -> np.typing.NDArray[np.float64]:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().score_block(headlines)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_worker_is_an_error(small: Model) -> None:
    with pytest.raises(WorkerError, match="a worker process ended"):
        list(scored_by(2, Deadly(small.parameters), [["Ferry resumes"]] * 9))


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text("from headline_score import score_many\nscore_many(['Ferry'], workers=2)\n")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1
    assert "WorkerError" in done.stderr
    assert 'if __name__ == "__main__":' in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_worker_of_another_pool_scores_by_itself() -> None:
    code = """
import multiprocessing
from headline_score import score_many
def work(headline):
    return score_many([headline], workers=2)["clickbait"].shape
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(pool.map(work, ["Ferry resumes"]))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[(1,)]\n"


def test_a_model_can_be_sent_to_another_process(small: Model, headlines: list[str]) -> None:
    sent = pickle.loads(pickle.dumps(small))
    assert sent.score(headlines[0]) == small.score(headlines[0])


def test_batch_with_workers_writes_the_same_file(tmp_path: Path, headlines: list[str]) -> None:
    table = tmp_path / "in.txt"
    table.write_text("\n".join(headlines * 3), encoding="utf-8")
    for workers in ("1", "3"):
        output = tmp_path / f"out{workers}.csv"
        subprocess.run([*COMMAND, table, "-o", output, "--workers", workers], check=True)
    assert (tmp_path / "out1.csv").read_bytes() == (tmp_path / "out3.csv").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="needs ps as it is on Linux")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_batch_leaves_no_file_and_no_process(tmp_path: Path, sent: int) -> None:
    """Signal the whole group, as a terminal does, or the parent alone when killed."""
    # An endless input: rows come as long as somebody reads.
    source = subprocess.Popen(["yes", "Ferry resumes after the storm"], stdout=subprocess.PIPE)
    output, temporary = tmp_path / "out.csv", tmp_path / "temporary"
    temporary.mkdir()
    batch = subprocess.Popen(
        [*COMMAND, "-", "--format", "lines", "-o", output, "--workers", "2"],
        stdin=source.stdout,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    try:
        assert source.stdout
        source.stdout.close()
        deadline = time.monotonic() + 60
        while len(children(batch.pid)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)  # two workers and what tracks their resources
        workers = children(batch.pid)
        assert len(workers) >= 2
        while not any(part.stat().st_size for part in tmp_path.glob(".out.csv.*.part")):
            assert time.monotonic() < deadline
            time.sleep(0.05)  # until they have scored something
        assert any(temporary.iterdir())  # the model for the workers
        if sent == signal.SIGINT:
            os.killpg(batch.pid, sent)
        else:
            batch.send_signal(sent)
        _, words = batch.communicate(timeout=60)
    finally:
        source.kill()
        source.wait()
    assert batch.returncode != 0
    assert b"Traceback" not in words
    deadline = time.monotonic() + 30
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))
    assert not output.exists()
    assert list(temporary.iterdir()) == []
    if sent != signal.SIGKILL:
        assert list(tmp_path.iterdir()) == [temporary]


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return list(map(int, found.stdout.split()))


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return state.stdout.strip()[:1] not in ("", "Z")
