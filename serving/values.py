"""One value a row: from what Python, numpy and pandas hold to what an input tensor takes."""

import math
import numbers
from decimal import Decimal
from typing import Any

import numpy as np

from serving.cells import whole_number

MISSING_TYPES = ("NAType", "NaTType")  # of pandas, which is not imported for it
SEVERAL = (list, tuple, set, frozenset, dict, np.ndarray)
FLOATS = ("float16", "float32", "float64")
INTEGERS = {
    f"{sign}int{bits}": range(2**bits) if sign else range(-(2 ** (bits - 1)), 2 ** (bits - 1))
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}
NEEDS = {
    **dict.fromkeys(FLOATS, "a number"),
    **dict.fromkeys(INTEGERS, "a whole number"),
    "bool": "true or false",
    "string": "text",
}


def is_missing(value: Any) -> bool:
    """Returns whether a value stands for none: None, NaN, or pandas' and numpy's words for it."""
    if value is None or value is np.ma.masked or type(value).__name__ in MISSING_TYPES:
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float | np.floating) and math.isnan(value)


def convert(value: Any, dtype: str) -> float | int | bytes:
    """Returns a value as its tensor holds it.

    Args:
        value: A single value that is not missing.
        dtype: One of `NEEDS`; a model for phones has float32, int64 and string alone.

    Raises:
        ValueError: If it is not of that type; the message says what it is.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, SEVERAL):
        raise ValueError(f"{type(value).__name__} of several values")
    return _text(value) if dtype == "string" else _number(value, dtype)


def _text(value: Any) -> bytes:
    if isinstance(value, bytes):
        return bytes(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.80} is not text")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{value!r:.80} is not text that UTF-8 can hold") from None


def _number(value: Any, dtype: str) -> float | int:
    # A moment counts as an integer to numpy, in a unit that nobody named.
    if isinstance(value, np.bool_ | np.number) and not isinstance(value, np.timedelta64):
        value = value.item()
    if not isinstance(value, numbers.Real | Decimal):
        raise ValueError(f"{value!r:.80} is not {NEEDS[dtype]}")
    try:
        return float(value) if dtype in FLOATS else _whole(value, dtype)
    except (ArithmeticError, ValueError):
        raise ValueError(f"{value!r:.80} is not {NEEDS[dtype]}{_range(dtype)}") from None


def _whole(value: Any, dtype: str) -> int:
    if dtype == "bool":
        return whole_number(value, dtype, range(2))
    return whole_number(value, dtype, INTEGERS[dtype])


def _range(dtype: str) -> str:
    if dtype == "bool":
        return ""
    return f" that {dtype} holds" if dtype in INTEGERS else " that a float holds"
