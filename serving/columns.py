"""One column of values to the array that its input tensor takes."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from serving.contract import Input
from serving.errors import ServingError
from serving.values import NEEDS, convert, is_missing

ARRAYS = {"float32": np.float32, "int64": np.int64, "string": np.object_}
NUMBERS = "biuf"  # numpy's kinds: booleans, integers of both signs, floats


def dense(tensor: Input, values: Any) -> np.ndarray:
    """Returns the values of one column as the interpreter takes them, missing ones as sentinels.

    Args:
        tensor: The input.
        values: One value a row: a sequence, or an array of one dimension.

    Returns:
        float32, int64 or object (of bytes), [rows].

    Raises:
        ServingError: If a value is not of the input's type.
    """
    fast = _numbers(tensor, values)
    if fast is not None:
        return fast
    converted = [_convert(tensor, value, row) for row, value in enumerate(values)]
    with np.errstate(over="ignore"):  # beyond float32 is infinity, as it is in a tf.Example
        return np.array(converted, ARRAYS[tensor.dtype])


def absent(tensor: Input, rows: int) -> np.ndarray:
    """Returns a column in which every value is missing."""
    return np.full(rows, _sentinel(tensor), ARRAYS[tensor.dtype])


def _numbers(tensor: Input, values: Any) -> np.ndarray | None:
    """Converts an array of numbers at once; None where values need a look one by one."""
    if type(values) is not np.ndarray or values.dtype.kind not in NUMBERS:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        if tensor.dtype == "float32":
            return values.astype(np.float32)
        if tensor.dtype == "int64" and values.dtype.kind in "bi":
            return values.astype(np.int64)
    return None


def _convert(tensor: Input, value: Any, row: int) -> float | int | bytes:
    if is_missing(value):
        return _sentinel(tensor)
    try:
        return convert(value, tensor.dtype)
    except ValueError as error:
        unit = f", {tensor.unit}" if tensor.unit else ""
        raise ServingError(
            f'row {row}, column "{tensor.column}": {error}',
            expected=f"{NEEDS[tensor.dtype]} ({tensor.dtype}{unit}), "
            "or None where the value is missing",
            fix=_fix(tensor, value),
        ) from None


def _fix(tensor: Input, value: Any) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return "give each row one value"
    if tensor.dtype == "string":
        return "convert it to text: str(value)"
    if tensor.unit:
        return f"convert it to {tensor.unit}"
    return "correct it, or give None where there is no value"


def _sentinel(tensor: Input) -> float | int | bytes:
    missing = tensor.missing
    return missing.encode() if isinstance(missing, str) else missing
