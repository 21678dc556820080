"""Parquet files as Arrow's batches, in groups of a bounded number of rows."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.files import Opener, open_local, readable
from usecase.errors import DataError

BATCH_ROWS = 1 << 14
PARQUET = "a Parquet file"


@contextlib.contextmanager
def _file(path: Path | str, opener: Opener) -> Iterator[Any]:
    with readable(path, PARQUET), opener(str(path)) as raw:
        try:
            yield pq.ParquetFile(pa.PythonFile(raw, mode="r"))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"data not readable: {path} ({error})",
                expected=PARQUET,
                fix="check the file, or set data.format to what it is",
            ) from error


def parquet_schema(path: Path | str, opener: Opener = open_local) -> pa.Schema:
    """Returns the columns of a file with their types; a dictionary has the type of its values.

    Raises:
        DataError: If the file is no Parquet, names a column twice, or has a column that holds more
            than one value a row.
    """
    with _file(path, opener) as file:
        found = file.schema_arrow
    fields = [pa.field(field.name, _plain(field.type)) for field in found]
    if twice := sorted({n for n in found.names if found.names.count(n) > 1}):
        raise DataError(
            f"data file names a column twice: {', '.join(twice)} ({path})",
            expected="each column once",
            fix="rename or drop one of them",
        )
    for field in fields:
        if pa.types.is_nested(field.type):
            raise DataError(
                f'column "{field.name}" holds several values a row ({field.type}): {path}',
                expected="one value a row",
                fix="give each value a column of its own, or leave the column out of the file",
            )
    return pa.schema(fields)


def common_schema(files: Sequence[Path | str], opener: Opener = open_local) -> pa.Schema:
    """Returns the schema that all files have.

    Raises:
        DataError: If one has another, or cannot be read.
    """
    first = parquet_schema(files[0], opener)
    for path in files[1:]:
        other = parquet_schema(path, opener)
        if other != first:
            raise DataError(
                f"Parquet files have different columns: {files[0]} and {path} "
                f"({_difference(first, other)})",
                expected="the same columns with the same types in every file of a pattern",
                fix="write one of them anew, or narrow the pattern",
            )
    return first


def count_rows(path: Path | str, opener: Opener = open_local) -> int:
    """Returns how many rows a file has, from its footer."""
    with _file(path, opener) as file:
        return int(file.metadata.num_rows)


def parquet_batches(
    path: Path | str, schema: pa.Schema, opener: Opener = open_local
) -> Iterator[pa.RecordBatch]:
    """Yields a file's rows with the types that it has; dictionaries become their values.

    Args:
        path: The file.
        schema: What `parquet_schema` says of it.
        opener: Opens it.

    Raises:
        DataError: If the file is damaged.
    """
    with _file(path, opener) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            columns = [
                batch.column(i).cast(field.type)
                if batch.column(i).type != field.type
                else batch.column(i)
                for i, field in enumerate(schema)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _difference(first: pa.Schema, second: pa.Schema) -> str:
    """Returns in words how two schemas differ."""
    if names := sorted(set(first.names) ^ set(second.names)):
        return f"only one of them has {', '.join(names)}"
    if first.names != second.names:
        return "the same columns in another order"
    types = [
        f"{one.name} is {one.type} and {other.type}"
        for one, other in zip(first, second, strict=True)
        if one.type != other.type
    ]
    return ", ".join(types)
