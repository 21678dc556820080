"""The rows of a CSV file, with the types of a use case instead of guessed ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from serving import cells, tables
from serving.cells import Value
from serving.errors import ServingError
from serving.tables import Row
from usecase.dates import DateText
from usecase.errors import DataError
from usecase.schema import Column, DType


@contextmanager
def told_as_data_error() -> Iterator[None]:
    """Lets what is wrong with a file of rows reach the user as a fault of the data."""
    try:
        yield
    except ServingError as error:
        raise DataError(error.what, error.expected, error.fix) from error.__cause__


def read_rows(
    path: Path, columns: tuple[Column, ...], dates: Mapping[str, DateText] | None = None
) -> Iterator[Row]:
    """Yields the rows of a CSV file in their order; blank lines are no rows.

    Args:
        path: The file, with a header line.
        columns: The columns to read values from; an empty cell, or NaN, is a missing value.
        dates: Those that hold dates in text, and how.

    Raises:
        DataError: If a column is not there, a line has too many or too few cells, or a cell does
            not hold a value of its type.
    """
    texts = dates or {}
    parsers = {c.name: texts[c.name].seconds if c.name in texts else _parser(c) for c in columns}
    with told_as_data_error():
        yield from tables.read_rows(path, parsers)


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


def _parser(column: Column) -> tables.Parser:
    return lambda cell, where: parse_cell(cell, column.dtype, where)
