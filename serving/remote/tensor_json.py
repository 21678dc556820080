"""numpy's arrays to TensorFlow Serving's JSON, and back."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving.remote.model_metadata import TensorInfo
from serving.remote.tensor_types import BY_NAME
from serving.remote.tf_examples import Features
from serving.values import INTEGERS

# By numpy's kinds: what a type is read from. A float that is whole may have lost its point.
READ_FROM = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}
DOUBLE = np.dtype(np.float64)
WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
ENCODE = json.JSONEncoder(ensure_ascii=False).encode


def array_json(array: np.ndarray) -> str:
    """Returns an array as nested lists, or as one value if it has no dimension.

    Numbers come back the same: floats with all digits that tell them apart and a decimal point,
    NaN, Infinity and -Infinity as words, integers as integers. Strings are text, or base64 where
    they are not UTF-8.
    """
    return _nest(_texts(array.ravel().tolist(), array.dtype), array.shape)


def features_json(features: Features) -> str:
    """Returns the features of an example as classify and regress take them."""
    members = (
        f"{json.dumps(name)}:[{','.join(_texts(values, _dtype(values)))}]"
        for name, values in features.items()
    )
    return f"{{{','.join(members)}}}"


def object_json(members: Mapping[str, str]) -> str:
    """Returns an object of values that are JSON already."""
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}"


def read_json(body: bytes) -> Any:
    """Returns the value of a document; bytes that are no UTF-8 become lone surrogates.

    Raises:
        ValueError: If it is none.
    """
    return json.loads(body.decode("utf-8", "surrogateescape"))


def read_array(info: TensorInfo, value: Any) -> np.ndarray:
    """Returns an array of nested lists.

    Args:
        info: What it is: its type.
        value: As `read_json` found it.

    Raises:
        ValueError: If it is no array of that type.
    """
    if info.dtype not in BY_NAME:
        raise ValueError(f"no type {info.dtype}")
    kind = BY_NAME[info.dtype]
    if kind.name != "string":
        return _numbers(value, kind.array)
    leaves: list[bytes] = []
    shape = _strings(value, leaves)
    array = np.empty(len(leaves), object)
    array[:] = leaves
    return array.reshape(shape)


def _numbers(value: Any, dtype: np.dtype) -> np.ndarray:
    array = np.array(value)
    if array.dtype.kind == "f" and dtype == np.uint64:
        array = _large_integers(value, array)
    if array.size and array.dtype.kind not in READ_FROM[dtype.kind]:
        raise ValueError(f"no values of type {dtype}")
    if array.size and dtype.kind in "iu":
        within = INTEGERS[dtype.name]
        if not within.start <= array.min() <= array.max() < within.stop:
            raise ValueError(f"integers beyond {dtype}")
    with np.errstate(over="ignore"):
        return array.astype(dtype)


def _large_integers(value: Any, floats: np.ndarray) -> np.ndarray:
    """Returns integers below and above 2^63, for which together NumPy knows no type but float."""
    exact = np.array(value, object)
    fits = all(type(item) is int and item in INTEGERS["uint64"] for item in exact.flat)
    return exact.astype(np.uint64) if fits else floats


def raw_bytes(text: str) -> bytes:
    """Returns the bytes that a string in a document was."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that the document spelled out
        return text.encode("utf-8", "surrogatepass")


def _dtype(values: Sequence[Any]) -> np.dtype:
    """Returns the type of a feature's values."""
    kind = type(values[0]) if values else int
    return np.dtype({bytes: object, float: np.float64}.get(kind, np.int64))


def _texts(values: Sequence[Any], dtype: np.dtype) -> list[str]:
    if dtype == DOUBLE:
        return [_with_point(text) for text in map(repr, values)]
    if dtype.kind == "f":  # nine digits tell all float32 apart, also if first read as a double
        return [_with_point(text) for text in map("{:.9g}".format, values)]
    if dtype.kind == "O":
        return [_string(value) for value in values]
    if dtype.kind == "b":
        return ["true" if value else "false" for value in values]
    return [str(value) for value in values]


def _string(value: bytes) -> str:
    try:
        return ENCODE(value.decode())
    except UnicodeDecodeError:
        return f'{{"b64":"{base64.b64encode(value).decode()}"}}'


def _with_point(text: str) -> str:
    """Returns a float as the server takes one."""
    if "." in text:
        return text
    if text in WORDS:
        return WORDS[text]
    digits, exponent, power = text.partition("e")
    return f"{digits}.0{exponent}{power}"


def _nest(texts: Sequence[str], shape: tuple[int, ...]) -> str:
    if not shape:
        return texts[0]
    for axis in range(len(shape) - 1, 0, -1):
        size = shape[axis]
        count = math.prod(shape[:axis])
        texts = [f"[{','.join(texts[k * size : (k + 1) * size])}]" for k in range(count)]
    return f"[{','.join(texts)}]"


def _strings(value: Any, leaves: list[bytes]) -> tuple[int, ...]:
    """Collects the strings of nested lists, and returns their shape."""
    if isinstance(value, list):
        inner = {_strings(one, leaves) for one in value}
        if len(inner) > 1:
            raise ValueError("lists of different lengths")
        return (len(value), *(inner.pop() if inner else ()))
    if isinstance(value, str):
        leaves.append(raw_bytes(value))
    elif isinstance(value, dict) and set(value) == {"b64"}:
        leaves.append(base64.b64decode(value["b64"], validate=True))
    else:
        raise ValueError(f"{value!r:.80} is no string")
    return ()
