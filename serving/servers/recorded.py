"""Rows that a pushed model brings along: its warm-up records, read without TensorFlow.

They are TFRecords of `tensorflow.serving.PredictionLog`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from serving.remote.tensor_types import BY_NUMBER, TensorType
from serving.servers.wire import Value, fields, first, varints

RECORDS = Path("assets.extra") / "tf_serving_warmup_requests"
LENGTH_BYTES, CRC_BYTES = 8, 4
# Fields of messages: PredictionLog, PredictLog, PredictRequest, ModelSpec, an entry of a map.
PREDICT_LOG, REQUEST = 6, 1
MODEL_SPEC, INPUTS = 1, 2
SIGNATURE_NAME = 3
KEY, VALUE = 1, 2
# Of TensorProto and TensorShapeProto.
DTYPE, SHAPE, CONTENT = 1, 2, 4
DIM, SIZE = 2, 1
FLOATS, DOUBLES, STRINGS = 5, 6, 8
INTEGERS = {7, 10, 11, 16, 17}

Inputs = dict[str, np.ndarray]


def read_request(version_folder: Path, signature: str) -> Inputs:
    """Returns the inputs of the largest recorded request to a signature.

    Args:
        version_folder: The SavedModel.
        signature: The signature's name.

    Returns:
        Arrays by input; of strings, objects that are bytes. Nothing, if there is no such record or
        it cannot be read: the model serves without it as well.
    """
    best: Inputs = {}
    try:
        content = (version_folder / RECORDS).read_bytes()
        for name, inputs in map(_request, _records(content)):
            if name == signature and _size(inputs) > _size(best):
                best = inputs
    except (OSError, ValueError, OverflowError):
        return best
    return best


def _size(inputs: Mapping[str, np.ndarray]) -> int:
    return sum(array.size for array in inputs.values())


def _records(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        length = int.from_bytes(content[place : place + LENGTH_BYTES], "little")
        start = place + LENGTH_BYTES + CRC_BYTES
        yield content[start : start + length]
        place = start + length + CRC_BYTES


def _request(record: bytes) -> tuple[str, Inputs]:
    request = first(first(record, PREDICT_LOG), REQUEST)
    name = first(first(request, MODEL_SPEC), SIGNATURE_NAME).decode()
    entries = [v for n, v in fields(request) if n == INPUTS and isinstance(v, bytes)]
    return name, {first(entry, KEY).decode(): _array(first(entry, VALUE)) for entry in entries}


def _array(tensor: bytes) -> np.ndarray:
    number, content = 0, b""
    shape: tuple[int, ...] = ()
    values: list[object] = []
    for field, value in fields(tensor):
        if field == DTYPE and isinstance(value, int):
            number = value
        elif field == SHAPE and isinstance(value, bytes):
            shape = _shape(value)
        elif field == CONTENT and isinstance(value, bytes):
            content = value
        else:
            values += _values(field, value)
    if number not in BY_NUMBER:
        raise ValueError(f"a type without a name: {number}")
    return _shaped(BY_NUMBER[number], shape, content, values)


def _shape(message: bytes) -> tuple[int, ...]:
    dims = [value for number, value in fields(message) if number == DIM]
    return tuple(
        next((v for n, v in fields(dim) if n == SIZE and isinstance(v, int)), 0)
        for dim in dims
        if isinstance(dim, bytes)
    )


def _values(field: int, value: Value) -> list[object]:
    """Returns the values of one field, packed or not."""
    if field == STRINGS:
        return [value]
    if field in (FLOATS, DOUBLES) and isinstance(value, bytes):
        return list(np.frombuffer(value, "<f4" if field == FLOATS else "<f8"))
    if field in INTEGERS:
        unsigned = [value] if isinstance(value, int) else varints(value)
        return list(np.array(unsigned, np.uint64).astype(np.int64))
    return []


def _shaped(
    kind: TensorType, shape: tuple[int, ...], content: bytes, values: list[object]
) -> np.ndarray:
    if content:
        return np.frombuffer(content, kind.array.newbyteorder("<")).reshape(shape)
    count = int(np.prod(shape))
    if not values and count:
        raise ValueError("a tensor without values")
    # Fewer values than elements: the last one stands for the others.
    values += values[-1:] * (count - len(values))
    array = np.empty(len(values), object)
    array[:] = values
    return array.astype(kind.array).reshape(shape)
