"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO
from typing import Any, BinaryIO, cast

_LONGEST_NAME = 255  # bytes: what most file systems allow
_DESCRIPTORS = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to write; it appears under `path` on success only, replacing an older one.

    Till then it is a hidden file beside it, `.NAME.????????.part`, which only a killed process
    leaves behind; of a name too long for that, it has the beginning. What is no regular file (a
    pipe, a device), or is open already (/dev/stdout, /dev/fd/3), is written to directly.

    Raises:
        OSError: the file can't be written; its `filename` is `path`.
    """
    from pathlib import Path  # not above: who only scores is spared the wait for these two
    from secrets import token_hex

    if not is_file(path):
        with _naming(path):
            # Opened anew, what standard output was redirected to would be emptied.
            opened = path if (number := _descriptor(path)) is None else os.dup(number)
        with cast(BinaryIO, BufferedWriter(_Named(opened, "wb", path))) as file:
            yield file
        return
    target = Path(os.path.realpath(path))  # a link stays a link to its file
    end = f".{token_hex(4)}.part"
    name = f".{target.name}"
    while len(os.fsencode(name + end)) > _LONGEST_NAME:
        name = name[:-1]
    partial = target.with_name(name + end)
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


def is_among(path: str, others: Iterable[str]) -> bool:
    """Return whether a path means the file that one of the others means."""
    return os.path.realpath(path) in map(os.path.realpath, others)


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether `atomic_write` makes a file there, rather than write directly."""
    if os.path.basename(path) in ("", ".", "..") or _descriptor(path) is not None:
        return False  # a folder's name, even if there is none; or open already
    return os.path.isfile(path) or not os.path.exists(path)


def _descriptor(path: str | os.PathLike[str]) -> int | None:
    """Return which of this process's open files is meant by /dev/stdout, /dev/fd/3 or a link."""
    path = os.fspath(path)
    ours = {os.path.realpath(folder) for folder in _DESCRIPTORS}
    for _ in range(40):  # links to links, but not for ever
        folder, name = os.path.split(path)
        if re.fullmatch("[0-9]{1,9}", name) and os.path.realpath(folder) in ours:
            return int(name)
        if not os.path.islink(path):
            return None
        path = os.path.join(folder, os.readlink(path))
    return None


class _Named(FileIO):
    """A file whose errors name a path that the user knows."""

    def __init__(
        self, file: int | str | os.PathLike[str], mode: str, path: str | os.PathLike[str]
    ) -> None:
        self._path = path
        with _naming(path):
            super().__init__(file if isinstance(file, int) else os.fspath(file), mode)

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
