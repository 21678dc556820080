"""The rows of a file, with the types of a use case instead of guessed ones."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ingestion.dialect import dialect_of
from ingestion.headers import read_header
from ingestion.records import rows
from serving import cells
from serving.cells import Value
from serving.tables import Row
from usecase.config import Data
from usecase.dates import DateText
from usecase.errors import DataError
from usecase.schema import Column, DType

Parser = Callable[[str, str], Value | None]


def read_columns(path: Path, data: Data) -> list[str]:
    """Returns the names of a file's columns.

    Args:
        path: A CSV or Parquet file.
        data: How it is written.

    Raises:
        DataError: If it cannot be read.
    """
    if data.source == "parquet":
        from ingestion.parquet_batches import parquet_schema

        return list(parquet_schema(path).names)
    return read_header(path, data.delimiter)


def read_rows(
    path: Path,
    columns: tuple[Column, ...],
    dates: Mapping[str, DateText] | None = None,
    data: Data | None = None,
) -> Iterator[Row]:
    """Yields the rows of a file in their order; blank lines are no rows.

    Args:
        path: A CSV file with a header line, or a Parquet file.
        columns: The columns to read values from; an empty cell, or NaN, is a missing value.
        dates: Those that hold dates in text, and how.
        data: How the file is written; None: as its name tells, and CSV with commas.

    Raises:
        DataError: If a column is not there, a line has too many or too few cells, or a cell does
            not hold a value of its type.
    """
    written = data or Data(path=str(path))
    _require_columns(path, columns, read_columns(path, written))
    if written.source == "parquet":
        from orchestration.local.parquet_rows import read_parquet_rows

        yield from read_parquet_rows(path, columns, dates or {})
    else:
        yield from _csv_rows(path, columns, dates or {}, written)


def parse_cell(cell: str, dtype: DType, where: str) -> Value | None:
    """Returns the value of a cell; None if it is missing.

    Args:
        cell: Its text.
        dtype: Its type.
        where: Names the cell in an error.

    Raises:
        DataError: If the cell holds no such value.
    """
    try:
        return cells.parse_cell(cell, dtype)
    except ValueError as error:
        raise DataError(f"{where}: {error}", fix="correct it, or leave the cell empty") from None


def _csv_rows(
    path: Path, columns: tuple[Column, ...], dates: Mapping[str, DateText], data: Data
) -> Iterator[Row]:
    dialect = dialect_of(data)
    missing = frozenset(dialect.missing)
    header = read_header(path, dialect.delimiter)
    parsers = {
        column.name: (header.index(column.name), _parser(column, dates)) for column in columns
    }
    for line, texts in rows(path, dialect.delimiter):
        values = {
            name: parse(texts[place], f'{path}, line {line}, column "{name}"')
            for name, (place, parse) in parsers.items()
            if texts[place] not in missing
        }
        yield Row(texts, {name: value for name, value in values.items() if value is not None})


def _parser(column: Column, dates: Mapping[str, DateText]) -> Parser:
    if column.name in dates:
        return dates[column.name].seconds
    return lambda cell, where: parse_cell(cell, column.dtype, where)


def _require_columns(path: Path, columns: tuple[Column, ...], header: list[str]) -> None:
    if gone := [column.name for column in columns if column.name not in header]:
        raise DataError(
            f"{path} has no column {', '.join(gone)}",
            expected="every column that the model reads (cells may be empty)",
            fix="add it to the header",
        )
