"""Columns to serialized tf.Examples, all rows of a block at once.

The bytes are those of `tf.train.Example.SerializeToString(deterministic=True)`: TFX's split is a
hash of them. A value that is missing leaves its feature with an empty list. Every length that
protobuf writes before a value depends on the value's own length alone, so the bytes before it are
made once a length. https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf import struct_pb2

from ingestion.kinds import Kind

BYTES = pa.large_binary()
SEPARATOR = pa.scalar(b"", BYTES)
FIRST, SECOND = b"\x0a", b"\x12"  # tags of length-delimited fields
LISTS: dict[Kind, bytes] = {"bytes": b"\x0a", "float32": b"\x12", "int64": b"\x1a"}
BITS = 7
LONGEST_VARINT = 10


def _end_of_a_key() -> int:
    """Returns what stands behind the bytes of a map's key where the installed protobuf sorts them.

    By C++, "a" comes before "ab"; by upb, which newer versions are made of, behind it.
    """
    probe = struct_pb2.Struct()
    probe.update({"a": "", "ab": ""})
    written = probe.SerializeToString(deterministic=True)
    return -1 if written.index(b"\x01a") < written.index(b"\x02ab") else 256


END = _end_of_a_key()


class Column(NamedTuple):
    """A column of a block.

    Attributes:
        name: Its name.
        kind: Its type; None for one without any value.
        values: int64, float32 or large binary; null where a value is missing.
    """

    name: str
    kind: Kind | None
    values: pa.Array


def serialize(columns: Iterable[Column], rows: int) -> list[bytes]:
    """Returns a tf.Example for each row.

    Args:
        columns: At least one, all of different names.
        rows: How many values each has.
    """
    ordered = sorted(columns, key=lambda column: (*column.name.encode(), END))
    features = _join(*(_entries(column, rows) for column in ordered))
    heads = _by_length(_lengths(features), lambda length: _single(FIRST, length))
    return _join(heads, features).to_pylist()


def varint(number: int) -> bytes:
    """Returns a number that is not negative as protobuf writes it."""
    groups = []
    while number >= 1 << BITS:
        groups.append(number & 127 | 128)
        number >>= BITS
    return bytes([*groups, number])


def _entries(column: Column, rows: int) -> pa.Array:
    """Returns each row's entry in the map of features."""
    if column.kind is None:
        return _constant(_entry(column.name, b"", 0), rows)
    values = _values(column)
    tag = LISTS[column.kind]

    def prefix(length: int) -> bytes:
        inner = _single(FIRST, length)  # numbers are packed, so all three are alike
        return _entry(column.name, _single(tag, len(inner) + length) + inner, length)

    full = _join(_by_length(_lengths(values), prefix), values)
    if not column.values.null_count:
        return full
    empty = pa.scalar(_entry(column.name, tag + b"\0", 0), BYTES)
    return pc.if_else(column.values.is_null(), empty, full)


def _single(tag: bytes, length: int) -> bytes:
    return tag + varint(length)


def _entry(name: str, feature: bytes, length: int) -> bytes:
    """Returns a map entry up to the last `length` bytes of its feature, which are not in there."""
    key = name.encode()
    content = _single(FIRST, len(key)) + key + _single(SECOND, len(feature) + length) + feature
    return _single(FIRST, len(content) + length) + content


def _values(column: Column) -> pa.Array:
    """Returns the bytes of each value; of a missing one, any."""
    if column.kind == "bytes":
        return pc.fill_null(column.values, pa.scalar(b"", column.values.type)).cast(BYTES)
    numbers = pc.fill_null(column.values, 0).to_numpy(zero_copy_only=False)
    if column.kind == "float32":
        return _binary(numbers.astype("<f4").tobytes(), np.full(len(numbers), 4))
    return _varints(numbers)


def _varints(numbers: np.ndarray) -> pa.Array:
    unsigned = numbers.astype(np.int64).view(np.uint64)
    lengths = np.ones(len(unsigned), np.int64)
    for place in range(1, LONGEST_VARINT):
        lengths += unsigned >= np.uint64(1 << BITS * place)
    places = np.arange(lengths.max(initial=1))
    groups = unsigned[:, None] >> (places * BITS).astype(np.uint64) & np.uint64(127)
    more = places[None, :] < lengths[:, None] - 1
    octets = groups.astype(np.uint8) | more.astype(np.uint8) << np.uint8(BITS)
    return _binary(octets[places[None, :] < lengths[:, None]].tobytes(), lengths)


def _binary(data: bytes, lengths: np.ndarray) -> pa.Array:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(BYTES, len(lengths), buffers)


def _by_length(lengths: np.ndarray, make: Callable[[int], bytes]) -> pa.Array:
    different, places = np.unique(lengths, return_inverse=True)
    made = pa.array([make(int(length)) for length in different], BYTES)
    return made.take(pa.array(places.reshape(-1)))


def _lengths(values: pa.Array) -> np.ndarray:
    return pc.binary_length(values).to_numpy(zero_copy_only=False)


def _constant(value: bytes, rows: int) -> pa.Array:
    return pa.array([value], BYTES).take(pa.array(np.zeros(rows, np.int64)))


def _join(*parts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, SEPARATOR)
