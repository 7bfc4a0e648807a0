"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO
from typing import Any, BinaryIO, cast


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to write; it appears under `path` on success only, replacing an older one.

    Till then it is a hidden file beside it, `.NAME.????????.part`, which only a killed process
    leaves behind. What is no regular file (a pipe, /dev/stdout) is written to directly.

    Raises:
        OSError: the file can't be written; its `filename` is `path`.
    """
    from pathlib import Path  # not above: who only scores is spared the wait for these two
    from secrets import token_hex

    target = Path(os.path.realpath(path))  # a link stays a link to its file
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe's real path is no path
        with cast(BinaryIO, BufferedWriter(_Named(path, "wb", path))) as file:
            yield file
        return
    partial = target.with_name(f".{target.name}.{token_hex(4)}.part")
    try:
        with cast(BinaryIO, BufferedWriter(_Named(partial, "xb", path))) as file:
            if target.exists():
                partial.chmod(stat.S_IMODE(target.stat().st_mode))
            yield file
            file.flush()
            with _naming(path):
                os.fsync(file.fileno())
        with _naming(path):
            partial.replace(target)
    finally:
        with suppress(OSError):  # there is none, on success at least
            partial.unlink()


class _Named(FileIO):
    """A file whose errors name a path that the user knows."""

    def __init__(
        self, file: str | os.PathLike[str], mode: str, path: str | os.PathLike[str]
    ) -> None:
        self._path = path
        with _naming(path):
            super().__init__(os.fspath(file), mode)

    def write(self, data: Any, /) -> int:
        with _naming(self._path):
            return super().write(data)


@contextmanager
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise
