"""The cells of a CSV file, as values of the types that a model takes."""

from decimal import Decimal
from typing import Any

Value = float | int | bytes
INT64 = range(-(2**63), 2**63)


def parse_cell(cell: str, dtype: str) -> Value | None:
    """Returns the value of a cell; None if it is missing: empty, or NaN where it is a number.

    Args:
        cell: Its text.
        dtype: "float32", "int64" or "string".

    Raises:
        ValueError: If the cell holds no such value.
    """
    if dtype == "string":
        return cell.encode() or None
    text = cell.strip()
    try:
        # Not as a float, which would round integers above 2^53.
        number = Decimal(text or "NaN")
        if number.is_nan():
            return None
        return float(number) if dtype == "float32" else whole_number(number)
    except (ArithmeticError, ValueError):
        kind = "a number" if dtype == "float32" else "a whole number"
        raise ValueError(f'"{cell}" is not {kind}') from None


def whole_number(number: Any, dtype: str = "int64", within: range = INT64) -> int:
    """Returns a number as an integer.

    Args:
        number: Of any type that can be compared with integers.
        dtype: What it shall be, for the error.
        within: The integers of that type.

    Raises:
        ValueError: If it is not whole, or not within the type.
    """
    # Within bounds first: of 1e999999999 Python would make all digits.
    if not within.start <= number < within.stop or int(number) != number:
        raise ValueError(f"{number} is no whole number within {dtype}")
    return int(number)
