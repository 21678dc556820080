"""Files of rows as Arrow's batches, whatever their format: memory does not grow with a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa

from ingestion.csv_batches import csv_batches
from ingestion.dialect import Dialect
from ingestion.files import Opener, open_local
from ingestion.headers import common_header
from ingestion.parquet_batches import common_schema, parquet_batches

Format = Literal["csv", "parquet"]


def read_batches(
    files: Sequence[Path | str],
    source: Format,
    dialect: Dialect | None = None,
    opener: Opener = open_local,
) -> Iterator[pa.RecordBatch]:
    """Yields the rows of files, one after the other, in blocks of a bounded size.

    All batches have the same columns. CSV gives text (`pa.string()`), null where a value is
    missing, and otherwise exactly what is written; Parquet gives the types that it has.

    Args:
        files: At least one; they have the same header, or the same schema.
        source: Their format. gzip is told by a CSV file's content.
        dialect: How CSV is written; as the default dialect if it is not said.
        opener: Opens a file by its path.

    Raises:
        DataError: If a file cannot be read, or they do not belong together.
    """
    if source == "parquet":
        schema = common_schema(files, opener)
        for path in files:
            yield from parquet_batches(path, schema, opener)
        return
    spoken = dialect or Dialect()
    header = common_header(files, spoken.delimiter, opener)
    for path in files:
        yield from csv_batches(path, header, spoken, opener)


def read_columns(
    files: Sequence[Path | str],
    source: Format,
    dialect: Dialect | None = None,
    opener: Opener = open_local,
) -> pa.Schema:
    """Returns the columns that `read_batches` gives, from headers and footers alone.

    Raises:
        DataError: As `read_batches` does for these.
    """
    if source == "parquet":
        return common_schema(files, opener)
    header = common_header(files, (dialect or Dialect()).delimiter, opener)
    return pa.schema([pa.field(name, pa.string()) for name in header])
