"""Archives of plain arrays: `.npz` files of one strict form, read and written without NumPy.

An archive is a zip file of deflated `.npy` members, which NumPy reads too. All its bytes but the
deflated ones follow from names, types, shapes and sizes, and are compared with what the writer
would put there: so there is no place for what else a zip file can have (encryption, other methods,
paths, comments, 64-bit sizes, data between or behind). `zipfile` would allow it all, inflates a
member wholly before it looks at its size, and takes longer to import than this takes to read.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from struct import Struct, calcsize
from typing import Any, NamedTuple, cast

KINDS = {"|u1": "B", "|i1": "b", "<i4": "i", "<f4": "f", "<f8": "d"}
"""By NumPy's name of a type the format that `struct` has for it."""

LARGEST = 2**26
"""Bytes that an archive may have, packed and unpacked: beyond any model, no danger to a machine."""

_DESCRIPTIONS = {kind: name for name, kind in KINDS.items()}
_MOST_MEMBERS = 64
_NAME = re.compile(rb"[a-z_]{1,40}\.npy")

# What `numpy.save` writes of an array: version 1.0, C order. Anything else, a pickle of objects
# above all, does not match.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([|<]..)', 'fortran_order': False,"
    rb" 'shape': \((\d{1,9}(?:, \d{1,9}){0,2}),?\), \} *\n",
    re.DOTALL,
)

# Zip: what stands before a member, in the directory for each, and at the end (PKWARE's APPNOTE).
_LOCAL, _ENTRY, _END = Struct("<4s5H3I2H"), Struct("<4s6H3I5H2I"), Struct("<4s4H2IH")
_SAME = (20, 0, 8, 0, 0x21)  # of each member: version 2.0, no flags, deflated, 1 January 1980


class Member(NamedTuple):
    """A file in an archive."""

    name: bytes
    crc: int
    size: int
    """Bytes when inflated."""

    packed: bytes | memoryview[Any]
    """Its deflated bytes."""


class Archive:
    """The arrays of an archive, each unpacked when it is asked for."""

    def __init__(self, data: bytes) -> None:
        """Check all but the deflated bytes.

        Raises:
            ValueError: it is no archive of this form, or one of more than `LARGEST` bytes.
        """
        self.members = {member.name.decode(): member for member in _members(data)}
        """By name the files, in order."""
        if sum(member.size for member in self.members.values()) > LARGEST:
            raise ValueError(f"larger than any model: over {LARGEST:,} bytes when unpacked")

    @property
    def names(self) -> list[str]:
        """Names of the arrays, in order."""
        return [name.removesuffix(".npy") for name in self.members]

    def read(self, name: str, most: int = LARGEST) -> memoryview[Any]:
        """Return an array as a memoryview of its shape and type.

        Raises:
            ValueError: there is none, it has more than `most` bytes, or is damaged.
        """
        member = self.members.get(f"{name}.npy")
        if member is None:
            raise ValueError(f"it has no array {name}")
        if member.size > most:
            raise ValueError(f"its array {name} has over {most:,} bytes")
        return _parsed(name, _inflated(name, member))


def packed(arrays: Mapping[str, memoryview[Any]]) -> bytes:
    """Return the archive of arrays, the same bytes for the same arrays."""
    return assembled([deflated(f"{name}.npy", npy(values)) for name, values in arrays.items()])


def npy(values: memoryview[Any]) -> bytes:
    """Return an array as the bytes of an `.npy` file."""
    return _header(_DESCRIPTIONS[values.format], values.shape or ()) + values.tobytes()


def deflated(name: str, content: bytes) -> Member:
    """Return a file as it stands in an archive."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflater.compress(content) + deflater.flush()
    return Member(name.encode(), zlib.crc32(content), len(content), packed)


def assembled(members: Iterable[Member]) -> bytes:
    """Return the archive of these files, in order."""
    members = list(members)
    files = b"".join(part for member in members for part in (_local(member), member.packed))
    return files + _directory(members)


def array(data: bytes | memoryview, kind: str, shape: Sequence[int]) -> memoryview[Any]:
    """Return numbers as an array of a format of `struct`."""
    items: Any = memoryview(data)
    return cast("memoryview[Any]", items.cast(kind, shape) if all(shape) else items.cast(kind))


def _members(data: bytes) -> list[Member]:
    if len(data) > LARGEST:
        raise ValueError(f"larger than any model: over {LARGEST:,} bytes")
    found: list[Member] = []
    view, place = memoryview(data), 0
    while data.startswith(b"PK\x03\x04", place) and len(found) < _MOST_MEMBERS:
        if len(data) < place + _LOCAL.size:
            break
        *_, crc, length, size, letters, _ = _LOCAL.unpack_from(data, place)
        start = place + _LOCAL.size + letters
        name = data[place + _LOCAL.size : start]
        member = Member(name, crc, size, view[start : start + length])
        if not _NAME.fullmatch(name) or view[place:start] != _local(member):
            break
        found.append(member)
        place = start + length
    if view[place:] != _directory(found) or len({each.name for each in found}) < len(found):
        raise ValueError("no archive of arrays, or none that this library wrote")
    return found


def _local(member: Member) -> bytes:
    """Return what stands before a file's deflated bytes."""
    sizes = (member.crc, len(member.packed), member.size, len(member.name), 0)
    return _LOCAL.pack(b"PK\x03\x04", *_SAME, *sizes) + member.name


def _directory(members: Sequence[Member]) -> bytes:
    """Return what stands after the last file."""
    entries, place = b"", 0
    for name, crc, size, packed in members:
        sizes = (crc, len(packed), size, len(name), 0, 0, 0, 0, 0)
        entries += _ENTRY.pack(b"PK\x01\x02", _SAME[0], *_SAME, *sizes, place) + name
        place += _LOCAL.size + len(name) + len(packed)
    n = len(members)
    return entries + _END.pack(b"PK\x05\x06", 0, 0, n, n, len(entries), place, 0)


def _inflated(name: str, member: Member) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(member.packed, member.size + 1)  # never more than it says
    except zlib.error as error:
        raise ValueError(f"its array {name} is damaged") from error
    whole = inflater.eof and not inflater.unused_data and len(data) == member.size
    if not whole or zlib.crc32(data) != member.crc:
        raise ValueError(f"its array {name} is damaged")
    return data


def _parsed(name: str, data: bytes) -> memoryview[Any]:
    header = _HEADER.match(data)
    kind = KINDS.get(header[1].decode()) if header else None
    if header is None or kind is None or sys.byteorder != "little":
        raise ValueError(f"its array {name} is none that a model has")
    shape = tuple(int(length) for length in header[2].split(b","))
    items = memoryview(data)[header.end() :]
    if header[0] != _header(header[1].decode(), shape) or (
        len(items) != prod(shape) * calcsize(kind)
    ):
        raise ValueError(f"its array {name} is shorter or longer than it says")
    return array(items, kind, shape)


def _header(description: str, shape: tuple[int, ...]) -> bytes:
    """Return the header of an `.npy` file, padded to a multiple of 64 bytes."""
    text = f"{{'descr': '{description}', 'fortran_order': False, 'shape': {shape}, }}"
    padded = text.ljust(-(len(text) + 11) % 64 + len(text)) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()
