"""Reading `.npz` archives of plain arrays without NumPy, which takes longer to import than this."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Sequence
from math import prod
from struct import calcsize
from typing import Any, BinaryIO, cast

KINDS = {"|u1": "B", "|i1": "b", "<i4": "i", "<f4": "f", "<f8": "d"}
"""By NumPy's name of a type the format that `struct` has for it."""

# What `numpy.save` writes of an array: version 1.0, C order. Anything else, a pickle of objects
# above all, does not match.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([|<]..)', 'fortran_order': False,"
    rb" 'shape': \((\d{1,12}(?:, \d{1,12})*),?\), \} *\n",
    re.DOTALL,
)
_LARGEST = 2**28  # bytes: beyond any model, and no danger to a machine


def read_arrays(file: BinaryIO) -> dict[str, memoryview[Any]]:
    """Return the arrays of an archive by name, each a memoryview of its shape and type.

    Raises:
        ValueError: it holds something else, or more than 256 MiB.
        Exception: what `zipfile` and `zlib` raise on damaged bytes.
    """
    if not zipfile.is_zipfile(file):
        raise ValueError("no archive of arrays")
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > _LARGEST:
            raise ValueError(f"larger than any model: over {_LARGEST:,} bytes when unpacked")
        if len({member.filename for member in members}) < len(members):
            raise ValueError("two of its arrays have one name")
        return {
            member.filename.removesuffix(".npy"): _parsed(member.filename, archive.read(member))
            for member in members
        }


def _parsed(name: str, data: bytes) -> memoryview[Any]:
    header = _HEADER.match(data)
    kind = KINDS.get(header[1].decode()) if header else None
    if header is None or kind is None or sys.byteorder != "little":
        raise ValueError(f"{name} is no array that a model has")
    shape = [int(length) for length in header[2].split(b",")]
    items = data[header.end() :]
    if len(items) != prod(shape) * calcsize(kind):
        raise ValueError(f"{name} is shorter or longer than it says")
    return array(items, kind, shape)


def array(data: bytes, kind: str, shape: Sequence[int]) -> memoryview[Any]:
    """Return numbers as an array of a format of `struct`."""
    items: Any = memoryview(data)
    return cast("memoryview[Any]", items.cast(kind, shape) if all(shape) else items.cast(kind))
