"""Which JSON values a tensor of a type takes, by TensorFlow's type numbers."""

from array import array as Array  # noqa: N812
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_server.json_values import decode_base64, is_base64_object
from model_server.status import StatusError

# DataType in tensorflow/core/framework/types.proto, as DataTypeString names them.
NAMES = (
    *("invalid", "float", "double", "int32", "uint8", "int16", "int8", "string", "complex64"),
    *("int64", "bool", "qint8", "quint8", "qint32", "bfloat16", "qint16", "quint16", "uint16"),
    *("complex128", "half", "resource", "variant", "uint32", "uint64"),
)
STRING = 7


def name_of(dtype: int) -> str:
    """Names a type as TensorFlow does in its errors.

    Args:
        dtype: Its number.

    Returns:
        Such as "float" or "string_ref".
    """
    base, suffix = (dtype - 100, "_ref") if dtype > 100 else (dtype, "")
    return (NAMES[base] if base < len(NAMES) else "unknown") + suffix


@dataclass(frozen=True)
class JsonType:
    """A tensor type that JSON values can become.

    Args:
        takes: Whether a value that is no list may become an element.
        array: Makes an array of values that all may, or nothing where one may not.
    """

    takes: Callable[[Any], bool]
    array: Callable[[Sequence[Any]], np.ndarray | None]


def _floats(code: str) -> JsonType:
    def array(values: Sequence[Any]) -> np.ndarray | None:
        if not set(map(type, values)) <= {int, float}:
            return None
        # C's own cast: what is too large is infinite, without a warning to be silenced.
        return np.asarray(Array(code, values))

    return JsonType(lambda value: type(value) in (int, float), array)


def _integers(dtype: type[np.generic], low: int, high: int) -> JsonType:
    def array(values: Sequence[Any]) -> np.ndarray | None:
        if not set(map(type, values)) <= {int}:
            return None
        if values and (min(values) < low or max(values) > high):
            return None
        wide = np.uint64 if high > np.iinfo(np.int64).max else np.int64
        # What fits 32 bits but not the type wraps, as it does in the C++ server.
        return np.array(values, wide).astype(dtype)

    return JsonType(lambda value: type(value) is int and low <= value <= high, array)


def _booleans() -> JsonType:
    def array(values: Sequence[Any]) -> np.ndarray | None:
        return np.array(values, np.bool_) if set(map(type, values)) <= {bool} else None

    return JsonType(lambda value: type(value) is bool, array)


def _bytes(value: Any) -> bytes:
    return value.encode() if type(value) is str else decode_base64(value["b64"])


def _strings() -> JsonType:
    def array(values: Sequence[Any]) -> np.ndarray | None:
        if not all(type(value) is str or is_base64_object(value) for value in values):
            return None
        elements = np.empty(len(values), object)
        try:
            elements[:] = [_bytes(value) for value in values]
        except StatusError:
            return None
        return elements

    return JsonType(lambda value: type(value) is str, array)


_INT32 = (-(2**31), 2**31 - 1)

TYPES: dict[int, JsonType] = {
    1: _floats("f"),
    2: _floats("d"),
    3: _integers(np.int32, *_INT32),
    4: _integers(np.uint8, *_INT32),
    5: _integers(np.int16, *_INT32),
    6: _integers(np.int8, *_INT32),
    STRING: _strings(),
    9: _integers(np.int64, -(2**63), 2**63 - 1),
    10: _booleans(),
    22: _integers(np.uint32, 0, 2**32 - 1),
    23: _integers(np.uint64, 0, 2**64 - 1),
}
