"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to write; it appears under `path` on success only, replacing an older one.

    What is no regular file (a pipe, /dev/stdout) is written to directly.
    """
    from pathlib import Path  # not above: who only scores is spared the wait for these two
    from secrets import token_hex

    target = Path(path)
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    target = target.resolve()  # a link stays a link to its file
    partial = target.with_name(f".{target.name}.{token_hex(4)}.part")
    try:
        with partial.open("xb") as file:
            if target.exists():
                partial.chmod(stat.S_IMODE(target.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        if error.filename in (None, str(partial)):
            error.filename = os.fspath(path)  # what the caller knows
        raise
    finally:
        partial.unlink(missing_ok=True)
