"""Lines out of files, decoded and unpacked, and text into files, which appear when whole."""

from __future__ import annotations

import codecs
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedIOBase, StringIO, TextIOWrapper
from typing import BinaryIO, NoReturn, TextIO, cast

from headline_score.errors import TableError
from headline_score.files import atomic_write

STANDARD_STREAM = "-"
LONGEST = 2**25  # characters of a line: what has no line ends must not fill the memory
_UTF8 = "utf-8-sig"
_BYTE_ORDER_MARKS = {  # UTF-32's before UTF-16's, which one of them begins with
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Source(BufferedIOBase):
    """An input: its bytes, unpacked, and the lines in them."""

    def __init__(self, name: str, raw: BinaryIO, data: BinaryIO) -> None:
        """Begin to read.

        Args:
            name: what errors call it.
            raw: its bytes as they are stored.
            data: the same, unpacked.
        """
        self.name = name
        self.taken = 0
        """Bytes of `data` handed over."""
        self._raw, self._data = raw, data
        self._head = self._unpacked(data.read, 4)

    def readable(self) -> bool:
        """Return that it can be read, which who makes lines of it asks."""
        return True

    def read1(self, size: int = -1, /) -> bytes:
        """Return some bytes; none at the end.

        Raises:
            TableError: they can't be read.
        """
        chunk, self._head = self._head or self._unpacked(self._data.read1, size), b""  # type: ignore[attr-defined]
        self.taken += len(chunk)
        return chunk

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends: line feed, carriage return or both.

        UTF-16 and UTF-32 are told by their byte order marks. All else is UTF-8, in which bytes that
        are none come out of `writing` as they went in.

        Raises:
            TableError: the input can't be read or decoded, or a line is longer than `LONGEST`.
        """
        marks = _BYTE_ORDER_MARKS.items()
        encoding = next((code for mark, code in marks if self._head.startswith(mark)), _UTF8)
        errors = "surrogateescape" if encoding == _UTF8 else "strict"
        stream = TextIOWrapper(self, encoding=encoding, errors=errors, newline="")
        number = 0
        try:
            while line := stream.readline(LONGEST):
                number += 1
                if len(line) == LONGEST:
                    self.refuse(number, f"a line of more than {LONGEST:,} characters")
                yield line
        except UnicodeDecodeError as error:
            # What is before it was not handed over yet.
            before = error.object[: error.start].decode(error.encoding)
            number += len(StringIO(before + ".", newline="").readlines())
            self.refuse(number, f"bytes that are no {encoding.upper()}: {error.reason}")

    def position(self) -> int:
        """Return how many of the stored bytes are read; 0 where that can't be told."""
        return self._raw.tell() if self._raw.seekable() else 0

    def refuse(self, line: int, reason: str) -> NoReturn:
        """Raise the `TableError` that names a line."""
        raise TableError(f"{self.name}:{line}: {reason}")

    def _unpacked(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise TableError(f"{self.name}: damaged gzip file: {error}") from error
        except OSError as error:
            raise TableError(f"{self.name}: {error.strerror or error}") from error


@contextmanager
def reading(path: str) -> Iterator[Source]:
    """Open a path, or `-`, unpacked where it ends in `.gz`.

    Raises:
        TableError: it can't be opened or read.
    """
    if path == STANDARD_STREAM:
        if sys.stdin is None:
            raise TableError("standard input is closed")
        yield Source("standard input", sys.stdin.buffer, sys.stdin.buffer)
        return
    with ExitStack() as opened:
        try:
            raw = opened.enter_context(open(path, "rb"))
        except OSError as error:
            raise TableError(f"{path}: {error.strerror}") from error
        packed = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if _is_packed(path) else raw
        yield Source(path, raw, packed)


@contextmanager
def writing(path: str) -> Iterator[TextIO]:
    """Open a path to write text to, packed where it ends in `.gz`, or `-`.

    A file appears under its name on success only.

    Raises:
        TableError: it can't be written.
    """
    if path == STANDARD_STREAM:
        if sys.stdout is None:
            raise TableError("standard output is closed")
        stream = _text(sys.stdout.buffer)
        try:
            yield stream
        finally:
            stream.detach()  # flushes, and leaves standard output open
        return
    try:
        with atomic_write(path) as raw:
            packed = _is_packed(path)
            # No name and no time in the gzip header: the same rows make the same bytes.
            data = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if packed else raw
            stream = _text(cast(BinaryIO, data))
            try:
                yield stream
                stream.detach()  # flushes, and leaves what is below open
                if packed:
                    data.close()
            except BaseException:
                with suppress(OSError, ValueError):
                    stream.close()  # now, lest it tries to when nobody can catch its errors
                raise
    except UnicodeEncodeError as error:
        raise TableError(f"{path}: half a surrogate pair can't be written but as JSON") from error
    except OSError as error:
        if error.filename != path or isinstance(error, BrokenPipeError):
            raise
        raise TableError(f"{path}: {error.strerror}") from error


def _is_packed(path: str) -> bool:
    return path.lower().endswith(".gz")


def _text(data: BinaryIO) -> TextIOWrapper:
    return TextIOWrapper(data, encoding="utf-8", errors="surrogateescape", newline="")
