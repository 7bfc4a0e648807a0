"""Bytes and lines out of files, unpacked and decoded, and into files, which appear when whole."""

from __future__ import annotations

import codecs
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from io import BufferedIOBase, StringIO, TextIOWrapper
from typing import Any, BinaryIO, Literal, NamedTuple, NoReturn, TextIO, cast

from headline_score.errors import MissingExtraError, TableError
from headline_score.files import atomic_write

STANDARD_STREAM = "-"
LONGEST = 2**25  # characters of a line: what has no line ends must not fill the memory
_CHUNK = 2**20  # bytes read at a time, where all are
_UTF8 = "utf-8-sig"
_BYTE_ORDER_MARKS = {  # UTF-32's before UTF-16's, which one of them begins with
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class _Packing(NamedTuple):
    """A kind of compression."""

    name: str
    open: Callable[[BinaryIO, Literal["rb", "wb"]], Any]
    """Takes a file and a mode, and returns what unpacks or packs it."""

    errors: tuple[type[Exception], ...]
    """What it raises where the packed bytes are damaged."""


def _gzip() -> _Packing:
    # No name and no time in the gzip header: the same rows make the same bytes.
    return _Packing(
        "gzip",
        lambda raw, mode: gzip.GzipFile("", mode, fileobj=raw, mtime=0),
        (gzip.BadGzipFile, EOFError, zlib.error),
    )


def _zstandard() -> _Packing:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise MissingExtraError("a .zst file", "zst", "backports.zstd") from None

    def opened(raw: BinaryIO, mode: Literal["rb", "wb"]) -> Any:
        if mode == "rb":
            return zstd.ZstdFile(raw, mode)
        # So that damage is found when it is read.
        return zstd.ZstdFile(raw, mode, options={zstd.CompressionParameter.checksum_flag: 1})

    return _Packing("Zstandard", opened, (zstd.ZstdError, EOFError))


_PACKINGS = {".gz": _gzip, ".zst": _zstandard}


class Source(BufferedIOBase):
    """An input: its bytes, unpacked, and the lines in them."""

    def __init__(self, name: str, raw: BinaryIO, packing: _Packing | None = None) -> None:
        """Begin to read.

        Args:
            name: what errors call it.
            raw: its bytes as they are stored.
            packing: how they are packed, if they are.
        """
        self.name = name
        self.unit = "line"
        """What the numbers of its rows count."""
        self.taken = 0
        """Bytes handed over, unpacked."""
        self._raw, self._packing = raw, packing
        self._data: Any = packing.open(raw, "rb") if packing else raw
        self._copy: BinaryIO | None = None
        self._head = self._unpacked(self._data.read, 4)

    def readable(self) -> bool:
        """Return that it can be read, which who makes lines of it asks."""
        return True

    def read1(self, size: int = -1, /) -> bytes:
        """Return some bytes; none at the end.

        Raises:
            TableError: they can't be read.
        """
        chunk, self._head = self._head or self._unpacked(self._data.read1, size), b""
        self.taken += len(chunk)
        return chunk

    def content(self, most: int) -> bytes:
        """Return all the bytes.

        Raises:
            TableError: they can't be read, or are more than `most`.
        """
        found = bytearray()
        while chunk := self.read1(_CHUNK):
            found += chunk
            if len(found) > most:
                raise TableError(f"{self.name}: more than {most:,} bytes")
        return bytes(found)

    def file(self) -> BinaryIO:
        """Return a file of all the bytes that can be read at any place.

        It is the input itself, or a temporary copy of it where it is packed or a pipe.

        Raises:
            TableError: they can't be read, or the temporary folder can't hold the copy.
        """
        if self._packing is None and self._raw.seekable():
            self._raw.seek(0)
            return self._raw
        import tempfile  # not above: few need it

        try:
            self._copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 (`close` does it)
            while chunk := self.read1(_CHUNK):
                self._copy.write(chunk)
            self._copy.seek(0)
        except OSError as error:
            raise TableError(
                f"{self.name}: the temporary folder {tempfile.tempdir or ''} can't hold the copy"
                f" that is needed to read it: {error.strerror}: set TMPDIR to another"
            ) from error
        return self._copy

    def close(self) -> None:
        """Drop the copy, if there is one."""
        if self._copy:
            with suppress(OSError):  # as of what could not be written to it before
                self._copy.close()
        super().close()

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

    def place(self, number: int) -> str:
        """Return the words for the place of a row: `news.csv:7`, `news.parquet: row 7`."""
        if self.unit == "line":
            return f"{self.name}:{number}"
        return f"{self.name}: {self.unit} {number}"

    def refuse(self, number: int, reason: str) -> NoReturn:
        """Raise the `TableError` that names a row's place."""
        raise TableError(f"{self.place(number)}: {reason}")

    def _unpacked(self, read: Callable[[int], bytes], size: int) -> bytes:
        damage: tuple[type[Exception], ...] = self._packing.errors if self._packing else ()
        expected: tuple[type[Exception], ...] = (*damage, OSError)
        try:
            return read(size)
        except expected as error:
            if self._packing and isinstance(error, damage):
                reason = f"damaged {self._packing.name} file: {error}"
            else:
                reason = getattr(error, "strerror", None) or str(error)
            raise TableError(f"{self.name}: {reason}") from error


@contextmanager
def reading(path: str) -> Iterator[Source]:
    """Open a path, or `-`, unpacked where it ends in `.gz` or `.zst`.

    Raises:
        TableError: it can't be opened or read.
        MissingExtraError: nothing can unpack it.
    """
    if path == STANDARD_STREAM:
        if sys.stdin is None:
            raise TableError("standard input is closed")
        with closing(Source("standard input", sys.stdin.buffer)) as source:
            yield source
        return
    packing = _packing_of(path)
    with ExitStack() as opened:
        try:
            raw = opened.enter_context(open(path, "rb"))
        except OSError as error:
            raise TableError(f"{path}: {error.strerror}") from error
        yield opened.enter_context(closing(Source(path, raw, packing)))


@contextmanager
def writing(path: str) -> Iterator[BinaryIO]:
    """Open a path to write to, packed where it ends in `.gz` or `.zst`, or `-`.

    A file appears under its name on success only.

    Raises:
        TableError: it can't be written.
        MissingExtraError: nothing can pack it.
    """
    if path == STANDARD_STREAM:
        if sys.stdout is None:
            raise TableError("standard output is closed")
        yield sys.stdout.buffer
        return
    packing = _packing_of(path)
    try:
        with atomic_write(path) as raw:
            data = packing.open(raw, "wb") if packing else raw
            try:
                yield data
                if packing:
                    data.close()
            except BaseException:
                for file in (data, raw):
                    with suppress(OSError, ValueError):
                        file.close()  # now, lest it tries to when nobody can catch its errors
                raise
    except UnicodeEncodeError as error:
        raise TableError(f"{path}: half a surrogate pair can't be written but as JSON") from error
    except OSError as error:
        if error.filename != path or isinstance(error, BrokenPipeError):
            raise
        raise TableError(f"{path}: {error.strerror}") from error


@contextmanager
def as_text(file: BinaryIO) -> Iterator[TextIO]:
    """Write text to a file: UTF-8, and the bytes that `Source.lines` could not decode."""
    stream = TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
    try:
        yield stream
    finally:
        stream.detach()  # flushes, and leaves what is below open


def unpacked_name(path: str) -> str:
    """Return a path without the extension that tells how it is packed, if it has one."""
    return next((path[: -len(end)] for end in _PACKINGS if path.lower().endswith(end)), path)


def _packing_of(path: str) -> _Packing | None:
    found = next((kind for end, kind in _PACKINGS.items() if path.lower().endswith(end)), None)
    return found() if found else None
