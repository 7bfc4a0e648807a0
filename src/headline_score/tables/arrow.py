"""Tables of typed columns: Parquet and Arrow IPC, read and written a few thousand rows at a time.

A row is a chunk of a record batch, and its place in it. Columns that only pass through it stay as
they are.
"""

from __future__ import annotations

import datetime
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from headline_score.errors import MissingExtraError, TableError
from headline_score.streams import Source
from headline_score.tables.table import JSON_NAMES, Output, Report, RowError, Table, cell

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK, _CHUNK_BYTES = 4096, 2**22  # rows, and how many bytes of them, in memory as Python's
_BUFFER = 2**18  # bytes read at a time of each column
_GROUP, _GROUP_BYTES = 2**17, 2**26  # rows of a row group written, and how many bytes of them


def _need(what: str) -> Any:
    """Return pyarrow.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(what, "parquet", "pyarrow") from None
    return pyarrow


class _Chunk:
    """Some rows of a record batch, their columns made Python's where that is asked for."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self._columns: dict[int, list[Any]] = {}
        self._fitted: list[tuple[_Chunk, int] | str] = []

    def column(self, place: int) -> list[Any]:
        """Return the values of a column, as JSON can hold them; a `RowError` where it can't."""
        if place not in self._columns:
            name = self.batch.schema.field(place).name
            self._columns[place] = _plain(self.batch.column(place), name)
        return self._columns[place]

    def row(self, number: int) -> list[Any]:
        """Return the values of a row, as `column` gives them."""
        return [self.column(place)[number] for place in range(self.batch.num_columns)]

    def fitted(self, schema: pa.Schema) -> list[tuple[_Chunk, int] | str]:
        """Return the rows with the types of a schema; for one that can't have them, why."""
        if not self._fitted:
            self._fitted = _cast(self.batch, schema)
        return self._fitted


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> list[tuple[_Chunk, int] | str]:
    n = batch.num_rows
    try:
        whole = _Chunk(batch.cast(schema))
    except ValueError as error:  # as Arrow's is for values: by halves, until those are found
        if n == 1:
            return [" ".join(str(error).split())]
        return [*_cast(batch.slice(0, n // 2), schema), *_cast(batch.slice(n // 2), schema)]
    return [(whole, place) for place in range(n)]


@dataclass(frozen=True)
class ArrowTable(Table):
    """A table whose rows are `(chunk, place in it)`."""

    schema: pa.Schema = None

    def headline_column(self, wanted: str | None) -> str:
        column = super().headline_column(wanted)
        kinds = [field.type for field in self.schema if field.name == column]
        if kinds and not (_is_text(kinds[0]) or str(kinds[0]) == "null"):
            raise TableError(
                f"{self.name}: column {column!r} is of type {kinds[0]}, not text:"
                " name that of the headlines with --column"
            )
        return column

    def getter(self, column: str) -> Callable[[Any], Any]:
        self.refuse_twins([column])
        place = self.columns.index(column)

        def value(row: Any) -> Any:
            found = row[0].column(place)[row[1]]
            if isinstance(found, RowError):
                raise found
            return found

        return value

    def values(self, row: Any) -> list[Any]:
        values: list[Any] = row[0].row(row[1])
        for value in values:
            if isinstance(value, RowError):
                raise value
        return values

    def cells(self, row: Any) -> list[Any]:
        return [cell(value) for value in self.values(row)]

    def json(self, row: Any, taken: frozenset[str]) -> str:
        values = (None if value != value else value for value in self.values(row))  # NaN
        record = dict(zip(self.columns, values, strict=True))
        try:
            return json.dumps(record, ensure_ascii=False, allow_nan=False)
        except ValueError as error:
            raise RowError("an infinite number can't be written as JSON") from error


def _is_text(kind: pa.DataType) -> bool:
    types = _need("Arrow").types
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _plain(array: pa.Array, name: str) -> list[Any]:
    """Return a column's values as JSON can hold them, and a `RowError` for each that it can't."""
    pa = _need("Arrow")
    types, kind = pa.types, array.type
    refused = partial(_refused, name)
    if isinstance(array, pa.ExtensionArray):
        return _plain(array.storage, name)
    if types.is_dictionary(kind):
        return _plain(array.dictionary_decode(), name)
    if types.is_null(kind) or types.is_boolean(kind) or types.is_integer(kind):
        return array.to_pylist()  # type: ignore[no-any-return]
    try:
        if _is_text(kind):
            return array.to_pylist()  # type: ignore[no-any-return]
        if types.is_float16(kind):  # NumPy's numbers, up to pyarrow 20
            return [None if number is None else float(number) for number in array.to_pylist()]
        if types.is_floating(kind):  # by way of text, so that 0.1 stays it from 32 bits to 64
            return [None if text is None else float(text) for text in _as_text(array)]
        if types.is_timestamp(kind):
            return [None if text is None else _iso(text) for text in _as_text(array)]
        if types.is_date(kind) or types.is_time(kind) or types.is_decimal(kind):
            return _as_text(array)
        values = array.to_pylist()
    except (pa.ArrowException, ValueError, OverflowError):
        # One by one: some can be had. Else bytes that are no UTF-8, a date after the year 9999 …
        if len(array) == 1:
            text = _is_text(kind)
            what = "bytes that are no UTF-8" if text else f"a {kind} that has no form in text"
            return [refused(what)]
        return [value for i in range(len(array)) for value in _plain(array.slice(i, 1), name)]
    return [_jsonable(value, refused) for value in values]


def _as_text(array: pa.Array) -> list[str | None]:
    return array.cast(_need("Arrow").string()).to_pylist()  # type: ignore[no-any-return]


def _iso(text: str) -> str:
    """Return a moment as Arrow writes it, `2026-11-29 08:00:00+0100`, in ISO 8601."""
    return re.sub(r"(?<=[+-]\d\d)(?=\d\d$)", ":", text.replace(" ", "T"))


def _refused(name: str, what: str) -> RowError:
    return RowError(f"column {name!r} holds {what}: write Parquet or Arrow instead, or convert it")


def _jsonable(value: Any, refused: Callable[[str], RowError]) -> Any:
    """Return a value as JSON can hold it, or a `RowError`."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, (datetime.date, datetime.time)):  # and so date and time together
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return refused("bytes that are no UTF-8")
    if isinstance(value, dict):
        items: list[Any] = [_jsonable(item, refused) for item in value.values()]
        whole: Any = dict(zip(value, items, strict=True))
    elif isinstance(value, (list, tuple)):
        whole = items = [_jsonable(item, refused) for item in value]
    else:
        return refused(f"a {type(value).__name__}, which has no form in text")
    return next((item for item in items if isinstance(item, RowError)), whole)


class _Writer(Protocol):
    """What writes record batches."""

    def write_batch(self, batch: pa.RecordBatch) -> object:
        """Write one."""

    def close(self) -> object:
        """Finish the file."""


class _ArrowFormat(ABC):
    """What Parquet and Arrow IPC have in common."""

    name: str

    @abstractmethod
    def _open(self, pa: Any, source: Source) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Return the schema of a source, and its record batches as they are read."""

    @abstractmethod
    def _validate(self, pa: Any, batch: pa.RecordBatch) -> None:
        """Raise Arrow's error where a record batch isn't sound: its use could crash the process."""

    @abstractmethod
    def _writer(self, pa: Any, sink: Any, schema: pa.Schema) -> _Writer:
        """Return what writes record batches of a schema."""

    def read(self, source: Source, report: Report | None = None) -> Table:
        source.unit = "row"
        pa = _need(self.name)
        with self._naming(pa, source):
            try:
                schema, batches = self._open(pa, source)
                names = schema.names
            except UnicodeDecodeError as error:
                raise pa.ArrowInvalid("the name of a column is no UTF-8") from error
        rows = self._rows(pa, source, batches)
        return ArrowTable(source.name, names, rows, schema=schema)

    def _rows(
        self, pa: Any, source: Source, batches: Iterator[pa.RecordBatch]
    ) -> Iterator[tuple[int, tuple[_Chunk, int]]]:
        number = 0
        with self._naming(pa, source):
            for batch in batches:
                with self._naming(pa, source, f"rows {number + 1} to {number + batch.num_rows}: "):
                    self._validate(pa, batch)
                size = max(1, min(_CHUNK, batch.num_rows * _CHUNK_BYTES // (_bytes(batch) + 1)))
                for start in range(0, batch.num_rows, size):
                    chunk = _Chunk(batch.slice(start, size))
                    source.taken += _bytes(chunk.batch)
                    for place in range(chunk.batch.num_rows):
                        number += 1
                        yield number, (chunk, place)

    @contextmanager
    def _naming(self, pa: Any, source: Source, where: str = "") -> Iterator[None]:
        """Make errors in what is read `TableError`s."""
        try:
            yield
        except (pa.ArrowException, OSError, OverflowError) as error:
            reason = " ".join(str(error).split())
            raise TableError(
                f"{source.name}: damaged, or no {self.name} file: {where}{reason}"
            ) from error

    @contextmanager
    def write(self, file: BinaryIO, table: Table, added: list[str]) -> Iterator[Output]:
        pa = _need(self.name)
        table.refuse_twins(table.columns)
        schema = table.schema if isinstance(table, ArrowTable) else _schema(pa, table)
        whole = schema
        for name in added:
            whole = whole.append(pa.field(name, pa.float64()))
        sink = _Sink(file)
        with self._unwritten(pa, table):
            writer = self._writer(pa, pa.PythonFile(sink, "w"), whole)

        def adopter(other: Table) -> Callable[[Any], Any]:
            if not isinstance(other, ArrowTable):
                return _fitter(pa, other, schema)
            if other.schema.equals(schema):
                return lambda row: row
            _refuse_types(pa, other, schema, table.name)

            def fitted(row: Any) -> Any:
                try:
                    found = row[0].fitted(schema)[row[1]]
                except pa.ArrowException as error:
                    reason = " ".join(str(error).split())
                    raise TableError(
                        f"{other.name}: values that the types of {table.name} can't hold: {reason}"
                    ) from error
                if isinstance(found, str):
                    raise RowError(f"a value that the types of {table.name} can't hold: {found}")
                return found

            return fitted

        def write(rows: list[Any], scores: list[list[float | None]]) -> None:
            columns = [pa.array(column, pa.float64()) for column in zip(*scores, strict=True)]
            done = 0
            with self._unwritten(pa, table):
                for batch in _batches(pa, rows, schema):
                    more = [column.slice(done, batch.num_rows) for column in columns]
                    done += batch.num_rows
                    arrays = [*batch.columns, *more]
                    writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=whole))

        try:
            yield Output(adopter, write)
            with self._unwritten(pa, table):
                writer.close()
        except BaseException:
            sink.broken = True  # half a file must not look like a whole one
            with suppress(Exception):
                writer.close()
            raise

    @contextmanager
    def _unwritten(self, pa: Any, table: Table) -> Iterator[None]:
        """Make Arrow's errors in what is written `TableError`s, but not those of the file."""
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            reason = " ".join(str(error).split())
            raise TableError(f"{table.name}: can't be written as {self.name}: {reason}") from error


class Parquet(_ArrowFormat):
    """Parquet, read in parts of its row groups."""

    name = "Parquet"

    def _open(self, pa: Any, source: Source) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        file = pa.parquet.ParquetFile(source.file(), buffer_size=_BUFFER, pre_buffer=False)
        groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
        rows, told = sum(group.num_rows for group in groups), file.metadata.num_rows
        if rows != told:
            raise pa.ArrowInvalid(f"{told:,} rows by its footer, but {rows:,} by its row groups")

        def batches() -> Iterator[pa.RecordBatch]:
            for group, about in enumerate(groups):
                size = _CHUNK_BYTES * about.num_rows // max(1, about.total_byte_size)
                rows = 0
                for batch in file.iter_batches(max(1, min(_CHUNK, size)), row_groups=[group]):
                    rows += batch.num_rows
                    yield batch
                if rows != about.num_rows:  # pyarrow stops where a column does
                    raise pa.ArrowInvalid(
                        f"{about.num_rows:,} rows by its footer in row group {group + 1} of"
                        f" {len(groups)}, but {rows:,} can be read"
                    )

        return file.schema_arrow, batches()

    def _validate(self, pa: Any, batch: pa.RecordBatch) -> None:
        # Text that is no UTF-8 costs no more than its row: see `_plain`.
        columns = [_as_bytes(pa, column) for column in batch.columns]
        pa.RecordBatch.from_arrays(columns, batch.schema.names).validate(full=True)

    def _writer(self, pa: Any, sink: Any, schema: pa.Schema) -> _Writer:
        return _Groups(pa, pa.parquet.ParquetWriter(sink, schema))


def _as_bytes(pa: Any, column: pa.Array) -> pa.Array:
    """Return a column of text as one of bytes, the same in memory, and any other as it is."""
    if pa.types.is_dictionary(column.type):
        words = _as_bytes(pa, column.dictionary)
        return pa.DictionaryArray.from_arrays(column.indices, words, safe=False)
    kinds = {
        pa.string(): pa.binary(),
        pa.large_string(): pa.large_binary(),
        pa.string_view(): pa.binary_view(),
    }
    return column.view(kinds[column.type]) if column.type in kinds else column


class _Groups:
    """Gathers record batches to row groups."""

    def __init__(self, pa: Any, writer: Any) -> None:
        self._pa, self._writer = pa, writer
        self._batches: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def write_batch(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += _bytes(batch)
        if self._rows >= _GROUP or self._bytes >= _GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        try:
            self._flush()
        finally:
            self._writer.close()

    def _flush(self) -> None:
        if self._batches:
            table = self._pa.Table.from_batches(self._batches)
            self._batches, self._rows, self._bytes = [], 0, 0
            self._writer.write_table(table)


class ArrowIpc(_ArrowFormat):
    """Arrow IPC, of which both kinds are read: files, also called Feather, and streams."""

    name = "Arrow IPC"

    def __init__(self, *, stream: bool = False) -> None:
        """Choose the kind to write."""
        self.stream = stream

    def _open(self, pa: Any, source: Source) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        file = source.file()
        magic = file.read(6)
        file.seek(0)
        if magic == b"ARROW1":
            reader = pa.ipc.open_file(file)
            return reader.schema, map(reader.get_batch, range(reader.num_record_batches))
        watched = _Watched(file)
        first = pa.ipc.open_stream(watched)

        def batches() -> Iterator[pa.RecordBatch]:
            reader = first
            while True:
                yield from reader
                # The format lets a writer just close the stream, but none is known that does; and
                # a stream that was cut off must not pass for a whole one.
                if not watched.last:
                    raise pa.ArrowInvalid("the mark of the stream's end is missing: was it cut?")
                if not file.read(1):
                    return
                file.seek(-1, 1)
                try:
                    reader = pa.ipc.open_stream(watched)
                except (pa.ArrowException, OSError) as error:
                    raise pa.ArrowInvalid(f"after the stream's end: {error}") from error
                if not reader.schema.equals(first.schema):
                    raise TableError(
                        f"{source.name}: a second stream follows that has other columns or types:"
                        " give each in a file of its own"
                    )

        return first.schema, batches()

    def _validate(self, pa: Any, batch: pa.RecordBatch) -> None:
        batch.validate(full=True)

    def _writer(self, pa: Any, sink: Any, schema: pa.Schema) -> _Writer:
        if self.stream:
            return pa.ipc.new_stream(sink, schema)  # type: ignore[no-any-return]
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        return _Growing(pa, pa.ipc.new_file(sink, schema, options=options))


class _Watched:
    """A file that a stream is read from, and what was read of it last: nothing at its end."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = file.seek(0, 2)
        file.seek(0)
        self.last = b""

    def read(self, size: int) -> bytes:
        # No more than there is: memory is taken for as much as is asked for.
        self.last = self._file.read(min(size, self._end - self._file.tell()))
        return self.last

    def close(self) -> None:
        """Leave that to who opened the file."""


class _Growing:
    """Gives all record batches of a column one dictionary that grows: a file may have but one."""

    def __init__(self, pa: Any, writer: Any) -> None:
        self._pa, self._writer = pa, writer
        self.close = writer.close
        self._known: dict[int, pa.Array] = {}

    def write_batch(self, batch: pa.RecordBatch) -> None:
        columns = [
            self._grown(place, column) if self._pa.types.is_dictionary(column.type) else column
            for place, column in enumerate(batch.columns)
        ]
        self._writer.write_batch(self._pa.RecordBatch.from_arrays(columns, schema=batch.schema))

    def _grown(self, place: int, column: pa.DictionaryArray) -> pa.DictionaryArray:
        import pyarrow.compute as pc

        known = self._known.get(place)
        if known is None or not known.equals(column.dictionary):
            values = column.dictionary.unique()
            if known is not None:
                new = values.filter(pc.invert(pc.is_in(values, known)))
                values = self._pa.concat_arrays([known, new])
            self._known[place] = values
        places = pc.index_in(column.dictionary, self._known[place])
        return self._pa.DictionaryArray.from_arrays(
            places.take(column.indices).cast(column.type.index_type),
            self._known[place],
            ordered=column.type.ordered,
        )


class _Sink:
    """The file that Arrow writes to, but for what comes after an error."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.broken = False

    def write(self, data: Any) -> None:
        if not self.broken:
            self._file.write(data)

    def flush(self) -> None:
        """Leave that to who opened the file."""

    def close(self) -> None:
        """Leave that to who opened the file."""


def _bytes(batch: pa.RecordBatch) -> int:
    """Return how many bytes the rows take, but for dictionaries, which rows share."""
    return sum(
        (column.indices if hasattr(column, "indices") else column).nbytes
        for column in batch.columns
    )


def _batches(pa: Any, rows: list[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the record batches that hold adopted rows."""
    if not schema.names:
        yield pa.RecordBatch.from_struct_array(pa.array([{}] * len(rows), pa.struct([])))
    elif isinstance(rows[0], list):
        columns = zip(*rows, strict=True)
        arrays = [
            pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
    else:
        for chunk, group in groupby(rows, itemgetter(0)):
            places = [place for _, place in group]
            if places[-1] - places[0] + 1 == len(places):
                yield chunk.batch.slice(places[0], len(places))
                continue
            # By runs of rows, put together: `take` can't with all types.
            runs = [[*run] for _, run in groupby(enumerate(places), lambda at: at[1] - at[0])]
            parts = [chunk.batch.slice(run[0][1], len(run)) for run in runs]
            yield from pa.Table.from_batches(parts).combine_chunks().to_batches()


# Rows of text or JSON into typed columns


def _schema(pa: Any, table: Table) -> pa.Schema:
    """Return the schema that rows of text or JSON get."""
    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    names = zip(table.columns, table.types, strict=True)
    return pa.schema([pa.field(name, kinds[kind]) for name, kind in names])


def _fitter(pa: Any, table: Table, schema: pa.Schema) -> Callable[[Any], list[Any]]:
    """Return what makes a row of text or JSON a list of what the columns of a schema can hold."""
    kinds: list[type] = []
    for field in schema:
        known = {pa.bool_(): bool, pa.int64(): int, pa.float64(): float}
        kind = str if _is_text(field.type) else known.get(field.type)
        if kind is None:
            raise TableError(
                f"{table.name}: nothing of text or JSON goes into column {field.name!r} of type"
                f" {field.type}, as those before have it: write CSV or JSON lines instead"
            )
        kinds.append(kind)
    columns = [*zip(schema.names, kinds, strict=True)]

    def fit(row: Any) -> list[Any]:
        values = table.values(row)
        return [_fitted(value, *column) for value, column in zip(values, columns, strict=True)]

    return fit


def _fitted(value: Any, name: str, kind: type) -> Any:
    if value is None or (type(value) is kind and kind not in (int, str)):
        return value
    if kind is str:
        try:
            text = str(cell(value))
            if not text.isascii():
                text.encode()
        except RecursionError as error:
            raise RowError("nested too deeply") from error
        except UnicodeEncodeError as error:
            raise RowError(
                f"column {name!r} holds bytes that are no UTF-8, or half a surrogate pair:"
                " mend the row, or write the format that it is in"
            ) from error
        return text
    if type(value) is int and kind is int and -(2**63) <= value < 2**63:
        return value
    if type(value) is int and kind is float and abs(value) <= 2**53:
        return float(value)
    raise RowError(
        f"column {name!r} holds {JSON_NAMES[type(value)]} that the type which the first rows gave"
        f" it, {kind.__name__}, can't hold: write JSON lines instead"
    )


def _refuse_types(pa: Any, table: ArrowTable, schema: pa.Schema, first: str) -> None:
    """Raise `TableError` if values would change in the types that the first table has."""
    types = pa.types
    for name, kind, wanted in zip(schema.names, table.schema.types, schema.types, strict=True):
        numbers = [types.is_integer(k) or types.is_floating(k) for k in (kind, wanted)]
        narrower = types.is_floating(kind) and wanted.bit_width < kind.bit_width
        if not (
            kind.equals(wanted)
            or types.is_null(kind)
            or (_is_text(kind) and _is_text(wanted))
            or (all(numbers) and not narrower)
        ):
            raise TableError(
                f"{table.name}: column {name!r} is of type {kind}, but {wanted} in {first}:"
                " convert one of them, or write CSV or JSON lines"
            )
