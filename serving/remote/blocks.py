"""Values for any input tensor: of every type, with inner shapes, and without missing ones."""

from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.remote.model_metadata import TensorInfo
from serving.remote.tensor_types import BY_NAME
from serving.values import FLOATS, INTEGERS, NEEDS, convert


def block(info: TensorInfo, column: str, values: Any) -> np.ndarray:
    """Returns the tensor of an input.

    Args:
        info: The input.
        column: What its values are called, for errors.
        values: One a row, each a number, a text, or nested sequences of them.

    Returns:
        [rows, ...], and without the first dimension where the input is a single value.

    Raises:
        ServingError: If a value is not of the input's type, or shapes do not fit.
    """
    if info.dtype not in BY_NAME:
        raise ServingError(
            f'input "{info.name}" is of type {info.dtype}, which this client cannot send',
            expected=f"one of: {', '.join(sorted(BY_NAME))}",
            fix="choose another signature",
        )
    array = _whole(info.dtype, values)
    if array is None:
        array = _by_value(info, column, values)
    return _shaped(info, column, array)


def _whole(dtype: str, values: Any) -> np.ndarray | None:
    """Converts an array at once; None where values need a look one by one."""
    if type(values) is not np.ndarray or values.dtype.kind not in "biuf":
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype in FLOATS:
            return values.astype(dtype)
        if values.dtype == bool and (dtype == "bool" or dtype in INTEGERS):
            return values.astype(dtype)
    if values.dtype.kind in "iu" and dtype in INTEGERS and values.size:
        within = INTEGERS[dtype]
        if within.start <= values.min() and values.max() < within.stop:
            return values.astype(dtype)
    return None


def _by_value(info: TensorInfo, column: str, values: Any) -> np.ndarray:
    rows = [_row(info, column, row, value) for row, value in enumerate(values)]
    try:
        shape = _shape(rows)
    except ValueError:
        raise ServingError(
            f'column "{column}": rows are of different shapes',
            expected=str(info),
            fix="pad them to one shape, or send them one by one",
        ) from None
    array = np.empty(int(np.prod(shape)), BY_NAME[info.dtype].array)
    with np.errstate(over="ignore"):
        for k, leaf in enumerate(_flat(rows)):
            array[k] = leaf
    return array.reshape(shape)


def _row(info: TensorInfo, column: str, row: int, value: Any) -> Any:
    try:
        return _leaves(info.dtype, value)
    except ValueError as error:
        raise ServingError(
            f'row {row}, column "{column}": {error}',
            expected=f"{NEEDS[info.dtype]} ({info})",
            fix="give every row a value: this signature knows no missing ones"
            if value is None
            else "correct it",
        ) from None


def _leaves(dtype: str, value: Any) -> Any:
    """Returns a value, or lists of values, of the type."""
    if isinstance(value, np.ndarray) and value.ndim:
        value = list(value)
    if isinstance(value, list | tuple):
        return [_leaves(dtype, one) for one in value]
    if value is None:
        raise ValueError("there is no value")
    return convert(value, dtype)


def _shape(nested: Any) -> tuple[int, ...]:
    if not isinstance(nested, list):
        return ()
    inner = {_shape(one) for one in nested}
    if len(inner) > 1:
        raise ValueError
    return (len(nested), *(inner.pop() if inner else ()))


def _flat(nested: Any) -> Any:
    if not isinstance(nested, list):
        yield nested
        return
    for one in nested:
        yield from _flat(one)


def _shaped(info: TensorInfo, column: str, array: np.ndarray) -> np.ndarray:
    """Returns the array in the input's rank: one value a row may be an input's row of one."""
    shape = info.shape
    if shape is None:
        return array
    if not shape and array.ndim == 1 and all(value == array[0] for value in array):
        return array[:1].reshape(())
    if len(shape) == array.ndim + 1 and shape[-1] == 1:
        array = array[..., np.newaxis]
    if not _fits(shape, array.shape):
        raise ServingError(
            f'column "{column}" has the shape {list(array.shape)}, rows first',
            expected=str(info),
            fix="give each row as many values as the input takes",
        )
    return array


def _fits(shape: tuple[int | None, ...], found: tuple[int, ...]) -> bool:
    pairs = zip(shape, found, strict=False)
    return len(shape) == len(found) and all(size in (None, there) for size, there in pairs)
