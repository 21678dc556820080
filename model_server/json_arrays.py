"""Nested JSON lists as arrays: at once where all is well, one by one to say what is not."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from model_server import json_types
from model_server.json_values import bytes_of, type_of
from model_server.json_writer import json_value
from model_server.status import Code, StatusError

Shape = tuple[int, ...]

# What numpy 1 can hold; no model takes more.
MAX_RANK = 32


def shape_of(value: Any) -> Shape:
    """Finds the shape that a value has if it is a tensor: that of its first elements.

    Args:
        value: A value or a list of them, nested.

    Returns:
        The sizes, outermost first; none for a value that is no list.
    """
    shape = []
    while type(value) is list:
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def fast_array(value: Any, dtype: int) -> np.ndarray | None:
    """Makes an array of a value if it is a tensor of that type.

    Args:
        value: A value or a list of them, nested.
        dtype: TensorFlow's number of the type.

    Returns:
        The array, or nothing where something is wrong: `check` says what.
    """
    kind = json_types.TYPES.get(dtype)
    shape = shape_of(value)
    if kind is None or len(shape) > MAX_RANK:
        return None
    elements = _flat(value, shape)
    array = None if elements is None else kind.array(elements)
    return None if array is None else array.reshape(shape)


def to_array(value: Any, dtype: int) -> np.ndarray:
    """Makes an array of a value.

    Args:
        value: A value or a list of them, nested.
        dtype: TensorFlow's number of the type.

    Returns:
        The array, of the shape that the lists have.

    Raises:
        StatusError: INVALID_ARGUMENT, where the lists are no tensor or a value is not of the type;
            UNIMPLEMENTED, where JSON has no values of the type.
    """
    array = fast_array(value, dtype)
    if array is None:
        check(value, dtype)
        raise no_array(value, [dtype])
    return array


def no_array(value: Any, dtypes: Iterable[int]) -> StatusError:
    """Makes the error about a value that has no wrong element and yet is no array.

    Args:
        value: The value: too many dimensions, or none of a type that JSON has not.
        dtypes: TensorFlow's numbers of the types that were wanted.

    Returns:
        The error, to be raised.
    """
    for dtype in dtypes:
        if dtype not in json_types.TYPES:
            return _no_conversion(value, dtype)
    return StatusError(Code.INVALID_ARGUMENT, f"Tensor has more than {MAX_RANK} dimensions")


def check(value: Any, dtype: int) -> Shape:
    """Looks at every element of a value, in order.

    Args:
        value: A value or a list of them, nested.
        dtype: TensorFlow's number of the type.

    Returns:
        The shape, where all is well.

    Raises:
        StatusError: About the first element that cannot be part of the tensor.
    """
    shape = shape_of(value)
    rest = [(0, iter((value,)))]
    while rest:
        level, values = rest[-1]
        for each in values:
            if type(each) is list:
                _check_list(each, level, shape)
                rest.append((level + 1, iter(each)))
                break
            _check_element(each, level, len(shape), dtype)
        else:
            rest.pop()
    return shape


def _flat(value: Any, shape: Shape) -> Sequence[Any] | None:
    elements: list[Any] = [value]
    for size in shape:
        if not all(type(each) is list and len(each) == size for each in elements):
            return None
        elements = elements[0] if len(elements) == 1 else list(chain.from_iterable(elements))
    return elements


def _check_list(value: list[Any], level: int, shape: Shape) -> None:
    rank = len(shape)
    if level >= rank:
        text = f"Encountered list at unexpected level: {level} expected < {rank}"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    if len(value) != shape[level]:
        text = (
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
        raise StatusError(Code.INVALID_ARGUMENT, text)


def _check_element(value: Any, level: int, rank: int, dtype: int) -> None:
    if level != rank:
        text = (
            f"JSON Value: {json_value(value)} found at incorrect level: {level + 1} "
            f"in the JSON DOM. Expected at level: {rank}"
        )
        raise StatusError(Code.INVALID_ARGUMENT, text)
    if type(value) is dict:
        if dtype != json_types.STRING:
            raise _type_error(value, dtype)
        bytes_of(value)
        return
    kind = json_types.TYPES.get(dtype)
    if kind is None:
        raise _no_conversion(value, dtype)
    if not kind.takes(value):
        raise _type_error(value, dtype)


def _no_conversion(value: Any, dtype: int) -> StatusError:
    text = f"Conversion of JSON Value: {json_value(value)} to type: {json_types.name_of(dtype)}"
    return StatusError(Code.UNIMPLEMENTED, text)


def _type_error(value: Any, dtype: int) -> StatusError:
    text = (
        f"JSON Value: {json_value(value)} Type: {type_of(value)} "
        f"is not of expected type: {json_types.name_of(dtype)}"
    )
    return StatusError(Code.INVALID_ARGUMENT, text)
