"""Blocks of rows as columns of the types that tf.Examples know."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ingestion.dates import seconds
from ingestion.dialect import Dialect
from ingestion.files import Opener, open_local
from ingestion.kinds import Kind, TextKind
from ingestion.native import NativeKind, native_values
from ingestion.numbers import floats, integers
from ingestion.reading import Format, read_batches, read_columns
from ingestion.wire import Column
from usecase.dates import DateText
from usecase.errors import DataError

ColumnKind = TextKind | NativeKind
Kinds = dict[str, Kind | None]


class Reading(NamedTuple):
    """How files of rows are read.

    Attributes:
        source: Their format.
        dialect: How CSV is written.
        types: The types that columns shall have, where their cells allow it.
        dates: The columns that hold dates in text, and how they write them.
    """

    source: Format
    dialect: Dialect
    types: Mapping[str, Kind]
    dates: Mapping[str, DateText]


def look_through(
    files: Sequence[Path | str], reading: Reading, opener: Opener = open_local
) -> dict[str, ColumnKind]:
    """Looks at every row for the types of columns; at the footers alone, where these are enough.

    Raises:
        DataError: If a file cannot be read, or they do not belong together.
    """
    found: dict[str, ColumnKind] = {}
    for field in read_columns(files, reading.source, reading.dialect, opener):
        declared = reading.types.get(field.name)
        is_csv = reading.source == "csv"
        found[field.name] = TextKind(declared) if is_csv else NativeKind(field.type, declared)
    looked_at = {
        name: column
        for name, column in found.items()
        if name not in reading.dates and (isinstance(column, TextKind) or column.needs_values)
    }
    if looked_at:
        for batch in read_batches(files, reading.source, reading.dialect, opener):
            for name, column in looked_at.items():
                column.look(batch.column(batch.schema.get_field_index(name)))
    return found


def kinds_of(found: Mapping[str, ColumnKind], dates: Mapping[str, DateText]) -> Kinds:
    """Returns the type of each column; dates are integers."""
    return {name: "int64" if name in dates else column.kind for name, column in found.items()}


def typed_batches(
    files: Sequence[Path | str], reading: Reading, kinds: Kinds, opener: Opener = open_local
) -> Iterator[tuple[list[Column], int]]:
    """Yields blocks of rows as typed columns, and how many rows each has.

    Raises:
        DataError: If a cell is no date in the format of its column, or a value does not fit.
    """
    for batch in read_batches(files, reading.source, reading.dialect, opener):
        columns = [
            Column(name, kinds[name], _typed(cells, name, kinds[name], reading))
            for name, cells in zip(batch.schema.names, batch.columns, strict=True)
        ]
        yield columns, batch.num_rows


def typed(stored: pa.Array, name: str, kind: Kind, date: DateText | None = None) -> pa.Array:
    """Returns a column of Parquet as int64, float32 or binary; nulls stay null.

    Args:
        stored: Its values as they are stored.
        name: Its name, for errors.
        kind: The type that its values shall have.
        date: How it writes dates, if it holds them in text.

    Raises:
        DataError: If a value does not fit, or is no date in this format.
    """
    if date and (pa.types.is_string(stored.type) or pa.types.is_large_string(stored.type)):
        return seconds(stored, date, f'column "{name}"')
    try:
        return native_values(stored, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f'column "{name}" ({stored.type}) cannot be read as {kind}: {error}',
            expected="values that fit",
            fix="write the column with another type, or declare another in the schema",
        ) from error


def _typed(cells: pa.Array, name: str, kind: Kind | None, reading: Reading) -> pa.Array:
    if kind is None:
        return cells
    date = reading.dates.get(name)
    if reading.source == "parquet":
        return typed(cells, name, kind, date)
    return seconds(cells, date, f'column "{name}"') if date else _parsed(cells, kind)


def _parsed(cells: pa.Array, kind: Kind) -> pa.Array:
    if kind == "bytes":
        return cells.cast(pa.binary()).cast(pa.large_binary())
    present = cells.drop_null()
    if kind == "int64":
        return _among_nulls(integers(present).to_numpy(zero_copy_only=False), cells)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, as in protobuf
        return _among_nulls(floats(present).astype(np.float32), cells)


def _among_nulls(values: np.ndarray, cells: pa.Array) -> pa.Array:
    """Returns the values of the cells that are there, null in place of the others."""
    if not cells.null_count:
        return pa.array(values)
    nulls = cells.is_null().to_numpy(zero_copy_only=False)
    placed = np.zeros(len(cells), values.dtype)
    placed[~nulls] = values
    return pa.array(placed, mask=nulls)
