"""JSON as the server gives it: short floats, NaN and Infinity, bytes in base64."""

import base64
import json
import math
from array import array as Array  # noqa: N812
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from model_server.status import Code, StatusError

# An error shows the value that it is about; a body may have megabytes.
SHOWN_CHARACTERS = 2_000

BYTES_SUFFIX = "_bytes"

# TensorFlow's names where numpy has another.
_TYPE_NAMES = {"float16": "half"}

_INTEGERS = "bhilqBILQ"
_FLOAT32_MAX = float(np.finfo(np.float32).max)
_INDENT = "    "
_PRETTY = json.JSONEncoder(ensure_ascii=False, indent=4)


def predictions(outputs: Mapping[str, np.ndarray]) -> bytes:
    """Writes the answer to a request in row format.

    Args:
        outputs: The output tensors by alias, with one 0-th dimension for all.

    Returns:
        `{"predictions": [...]}`: values where there is one output, objects where there are several.

    Raises:
        StatusError: INVALID_ARGUMENT, where they cannot be cut into rows or written.
    """
    _check_batch(outputs)
    columns = {name: _rows(name, outputs[name]) for name in sorted(outputs)}
    if len(columns) == 1:
        (rows,) = columns.values()
        return _document("predictions", "[" + ", ".join(rows) + _end_of(rows))
    keys = [f"{_INDENT * 3}{_string(name)}: " for name in columns]
    objects = [
        f"\n{_INDENT * 2}{{\n"
        + ",\n".join(key + value for key, value in zip(keys, row, strict=True))
        + f"\n{_INDENT * 2}}}"
        for row in zip(*columns.values(), strict=True)
    ]
    return _document("predictions", "[" + ",".join(objects) + _end_of(objects))


def outputs_object(outputs: Mapping[str, np.ndarray]) -> bytes:
    """Writes the answer to a request in column format.

    Args:
        outputs: The output tensors by alias, of any shapes.

    Returns:
        `{"outputs": ...}`: a value where there is one output, an object where there are several.

    Raises:
        StatusError: INVALID_ARGUMENT, where one cannot be written.
    """
    _check_any(outputs)
    if len(outputs) == 1:
        ((name, array),) = outputs.items()
        return _document("outputs", _column(name, array, level=1))
    members = [
        f"{_INDENT * 2}{_string(name)}: {_column(name, outputs[name], level=2)}"
        for name in sorted(outputs)
    ]
    return _document("outputs", "{\n" + ",\n".join(members) + f"\n{_INDENT}}}")


def classifications(results: Sequence[Sequence[tuple[str, float]]]) -> bytes:
    """Writes the answer to a classify request.

    Args:
        results: For every example, its labels with their scores.

    Returns:
        `{"results": [[["label", 0.5], ...], ...]}`.

    Raises:
        StatusError: INVALID_ARGUMENT, where there are none.
    """
    if not results:
        text = "Cannot convert empty ClassificationResults to JSON"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    scores = iter(_floats([score for each in results for _, score in each], "f"))
    rows = [
        "[" + ", ".join(f"[{_string(label)}, {next(scores)}]" for label, _ in each) + "]"
        for each in results
    ]
    return _document("results", "[" + ", ".join(rows) + _end_of(rows))


def regressions(values: Sequence[float]) -> bytes:
    """Writes the answer to a regress request.

    Args:
        values: The value of every example.

    Returns:
        `{"results": [1.0, ...]}`.

    Raises:
        StatusError: INVALID_ARGUMENT, where there are none.
    """
    if not values:
        text = "Cannot convert empty RegressionResults to JSON"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    return _document("results", "[" + ", ".join(_floats(values, "f")) + "]")


def error(text: str) -> bytes:
    """Writes what a request is answered with that cannot be served.

    Args:
        text: What is wrong.

    Returns:
        `{"error": "..."}`.
    """
    return _document("error", _string(text))


def json_value(value: Any) -> str:
    """Writes a parsed JSON value for an error's text.

    Args:
        value: The value, of Python's own types.

    Returns:
        Its JSON; what is long or nested too deeply is cut.
    """
    if isinstance(value, float):
        fits = not math.isfinite(value) or abs(value) <= _FLOAT32_MAX
        code = "f" if fits else "d"
        return _floats(Array(code, [value]), code)[0]
    text = ""
    try:
        # Piece by piece, so that no more of it is written than is shown.
        for piece in _PRETTY.iterencode(value):
            text += piece
            if len(text) > SHOWN_CHARACTERS:
                return text[:SHOWN_CHARACTERS] + "..."
    except RecursionError:
        return text + "..."
    return text


def _document(key: str, value: str) -> bytes:
    # A model's strings need not be UTF-8: what came in by surrogateescape goes out as it was.
    text = f'{{\n{_INDENT}"{key}": {value}\n}}'
    return text.encode("utf-8", "surrogateescape")


def _end_of(items: Sequence[str]) -> str:
    return f"\n{_INDENT}]" if items else "]"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _check_any(outputs: Mapping[str, np.ndarray]) -> None:
    if not outputs:
        raise StatusError(Code.INVALID_ARGUMENT, "Cannot convert empty tensor map to JSON")


def _check_batch(outputs: Mapping[str, np.ndarray]) -> None:
    _check_any(outputs)
    expected = None
    for name in sorted(outputs):
        shape = outputs[name].shape
        if not shape:
            text = f"Tensor name: {name} has no shape information "
            raise StatusError(Code.INVALID_ARGUMENT, text)
        if expected is not None and shape[0] != expected:
            text = (
                f"Tensor name: {name} has inconsistent batch size: {shape[0]} expecting: {expected}"
            )
            raise StatusError(Code.INVALID_ARGUMENT, text)
        expected = shape[0]


def _rows(name: str, array: np.ndarray) -> list[str]:
    tokens = _tokens(name, array)
    for axis in range(array.ndim - 1, 0, -1):
        size = array.shape[axis]
        count = math.prod(array.shape[:axis])
        tokens = [f"[{', '.join(tokens[i * size : (i + 1) * size])}]" for i in range(count)]
    return tokens


def _column(name: str, array: np.ndarray, level: int) -> str:
    tokens = _tokens(name, array)
    for axis in range(array.ndim - 1, -1, -1):
        size = array.shape[axis]
        count = math.prod(array.shape[:axis])
        outer = "\n" + _INDENT * (level + axis)
        inner = outer + _INDENT
        between = "," + inner
        tokens = [
            f"[{inner}{between.join(tokens[i * size : (i + 1) * size])}{outer}]" if size else "[]"
            for i in range(count)
        ]
    return tokens[0]


def _tokens(name: str, array: np.ndarray) -> list[str]:
    """Every value's JSON, in row-major order."""
    code = array.dtype.char
    values = array.ravel().tolist()
    if code in "fd":
        return _floats(values, code)
    if code in _INTEGERS:
        return list(map(str, values))
    if code == "?":
        return ["true" if value else "false" for value in values]
    if code in "OSU":
        return list(_strings(values, as_bytes=name.endswith(BYTES_SUFFIX)))
    if not values:
        return []
    kind = array.dtype.name
    text = f"Failed to write JSON value for tensor type: {_TYPE_NAMES.get(kind, kind)}"
    raise StatusError(Code.INVALID_ARGUMENT, text)


def _strings(values: Iterable[bytes | str], *, as_bytes: bool) -> Iterable[str]:
    for value in values:
        raw = value.encode() if isinstance(value, str) else value
        if as_bytes:
            yield f'{{ "b64": "{base64.b64encode(raw).decode()}" }}'
        else:
            yield _string(raw.decode("utf-8", "surrogateescape"))


def _floats(values: Sequence[float], code: str) -> list[str]:
    """Six digits where they name the number among those of its type, else as many as name it."""
    tokens = ("%g " * len(values) % tuple(values)).split()
    digits = "%.9g" if code == "f" else "%.17g"
    named = Array(code, map(float, tokens))
    return [
        _decimal(token if value == name else digits % value)
        for token, value, name in zip(tokens, values, named, strict=True)
    ]


_SPECIAL = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _decimal(token: str) -> str:
    if "." in token or "e" in token:
        return token
    return _SPECIAL.get(token) or token + ".0"
