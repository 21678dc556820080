"""The rows of a CSV file, with the types of a use case instead of guessed ones."""

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from orchestration.local.preflight import refuse_nul
from usecase.dates import DateText
from usecase.errors import DataError
from usecase.schema import Column, DType

Value = float | int | bytes


class Row(NamedTuple):
    """One row: its cells as they stand, and its values; missing ones left out."""

    cells: list[str]
    values: dict[str, Value]


def read_header(path: Path) -> list[str]:
    """Returns the column names of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file))


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
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader)
        places = _places(header, columns, path)
        for cells in _lines(reader, path):
            if len(cells) != len(header):
                raise DataError(
                    f"{path}, line {reader.line_num}: {len(cells)} cells, not {len(header)}",
                    expected="as many cells as the header has columns",
                    fix="check for a missing quote or comma",
                )
            values = {}
            for column, place in places:
                where = f'{path}, line {reader.line_num}, column "{column.name}"'
                date = (dates or {}).get(column.name)
                if date:
                    value: Value | None = date.seconds(cells[place], where)
                else:
                    value = parse_cell(cells[place], column.dtype, where)
                if value is not None:
                    values[column.name] = value
            yield Row(cells, values)


def _lines(reader: Any, path: Path) -> Iterator[list[str]]:
    """Yields lines that are not blank."""
    try:
        for cells in reader:
            refuse_nul(cells)
            if cells:
                yield cells
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path}, after line {reader.line_num}: not readable ({error})",
            expected="CSV in UTF-8",
            fix="check the file and its encoding",
        ) from error


def parse_cell(cell: str, dtype: DType, where: str) -> Value | None:
    """Returns the value of a cell; None if it is missing.

    Args:
        cell: Its text.
        dtype: Its type.
        where: Names the cell in an error.

    Raises:
        DataError: If the cell holds no such value.
    """
    if dtype == "string":
        return cell.encode() or None
    text = cell.strip()
    try:
        # Not as a float, which would round integers above 2^53.
        number = Decimal(text or "NaN")
        if number.is_nan():
            return None
        return float(number) if dtype == "float32" else _int64(number)
    except (ArithmeticError, ValueError):
        kind = "a number" if dtype == "float32" else "a whole number"
        raise DataError(
            f'{where}: "{cell}" is not {kind}', fix="correct it, or leave the cell empty"
        ) from None


def _int64(number: Decimal) -> int:
    if number != number.to_integral_value() or not -(2**63) <= number < 2**63:
        raise ValueError
    return int(number)


def _places(header: list[str], columns: tuple[Column, ...], path: Path) -> list[tuple[Column, int]]:
    gone = [c.name for c in columns if c.name not in header]
    if gone:
        raise DataError(
            f"{path} has no column {', '.join(gone)}",
            expected="every column that the model reads (cells may be empty)",
            fix="add it to the header",
        )
    return [(column, header.index(column.name)) for column in columns]
