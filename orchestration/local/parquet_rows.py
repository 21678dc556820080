"""The rows of a Parquet file: their cells as text, and their values in the types of a use case."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.columns import typed
from ingestion.kinds import Kind
from ingestion.parquet_batches import parquet_batches, parquet_schema
from serving.tables import Row
from usecase.dates import DateText
from usecase.schema import Column, DType

NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"
KINDS: dict[DType, Kind] = {"int64": "int64", "float32": "float32", "string": "bytes"}


def read_parquet_rows(
    path: Path, columns: Sequence[Column], dates: Mapping[str, DateText]
) -> Iterator[Row]:
    """Yields the rows of a file in their order; a null, NaN or an empty text is a missing value.

    Args:
        path: The file.
        columns: The columns to read values from; the file has them.
        dates: Those that hold dates in text, and how.

    Raises:
        DataError: If a value is none of its column's type.
    """
    for batch in parquet_batches(path, parquet_schema(path)):
        texts = [_texts(column) for column in batch.columns]
        values = {column.name: _values(batch, column, dates.get(column.name)) for column in columns}
        for place in range(batch.num_rows):
            found = {name: of_column[place] for name, of_column in values.items()}
            yield Row(
                [column[place] for column in texts],
                {name: value for name, value in found.items() if value not in (None, b"")},
            )


def _values(batch: pa.RecordBatch, column: Column, date: DateText | None) -> list[Any]:
    stored = batch.column(batch.schema.get_field_index(column.name))
    if pa.types.is_floating(stored.type):
        numbers = stored.cast(pa.float64())
        stored = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
        if column.dtype == "float32":
            return list(stored.to_pylist())  # not rounded to 32 bits before it must be
    return list(typed(stored, column.name, KINDS[column.dtype], date).to_pylist())


def _texts(stored: pa.Array) -> list[str]:
    """Returns what a CSV file can hold of values; it has no NUL."""
    return [text.replace("\0", NO_CHARACTER) for text in _as_text(stored)]


def _as_text(stored: pa.Array) -> Iterator[str]:
    types = pa.types
    if types.is_binary(stored.type) or types.is_large_binary(stored.type):
        return ((value or b"").decode(errors="replace") for value in stored.to_pylist())
    if types.is_decimal(stored.type) or types.is_duration(stored.type):  # which Arrow cannot cast
        return ("" if value is None else str(value) for value in stored.to_pylist())
    return (text or "" for text in stored.cast(pa.string()).to_pylist())
