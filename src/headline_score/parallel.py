"""Scoring blocks of headlines, in this process or in several, in their order."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import current_process, get_context, parent_process
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from headline_score.errors import WorkerError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headline_score.model import Model

_AHEAD = 2  # blocks under way for each worker: none waits for work, and memory is bounded

_model: Model  # a worker's own


def scored_by(
    workers: int, model: Model, blocks: Iterable[list[str | None]]
) -> Iterator[NDArray[np.float64]]:
    """Yield what `Model.score_block` makes of each block, in order, by so many processes.

    Raises:
        WorkerError: the workers can't be given the model, or one ended before its work did.
    """
    if current_process().daemon:  # a worker itself, which may have none
        yield from map(model.score_block, blocks)
        return
    with _pickled(model) as path:
        # A fork would copy locks that other threads hold, and could hang.
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (path,))
        under_way: deque[Future[NDArray[np.float64]]] = deque()
        try:
            for block in blocks:
                under_way.append(pool.submit(_scored, block))
                if len(under_way) > _AHEAD * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool as error:
            raise WorkerError(
                "a worker process ended before its work did: was it killed, or out of memory? A"
                ' script that uses workers has to do so under `if __name__ == "__main__":`'
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _pickled(model: Model) -> Iterator[str]:
    """Yield the path of a file that holds the model, for as long as that is needed."""
    # By a file: a worker that ends before it has read the model from a pipe would block the pipe.
    with ExitStack() as opened:
        try:
            kept = tempfile.TemporaryDirectory(prefix="headline-score-")
            path = os.path.join(opened.enter_context(kept), "model.pickle")
            with open(path, "wb") as file:
                pickle.dump(model, file)
        except OSError as error:
            raise WorkerError(
                f"the temporary folder {tempfile.tempdir or ''} can't hold the copy of the model"
                f" that workers need: {error.strerror}: set TMPDIR to another"
            ) from error
        yield path


def _start(path: str) -> None:
    global _model
    folder = os.path.dirname(path)
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and stops the workers
    try:
        with open(path, "rb") as file:  # the parent wrote it, into a folder of its own
            _model = pickle.load(file)
    except FileNotFoundError:
        os._exit(1)  # another worker has seen the parent end


def _end_with_parent(folder: str) -> None:
    parent = parent_process()
    if parent:
        wait([parent.sentinel])
        shutil.rmtree(folder, ignore_errors=True)  # it was killed, and can't do so itself
        os._exit(1)  # nobody waits for this work


def _scored(block: list[str | None]) -> NDArray[np.float64]:
    return _model.score_block(block)
