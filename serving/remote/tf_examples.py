"""tf.Examples on the wire, written without TensorFlow.

Example { Features features = 1 }, Features { map<string, Feature> feature = 1 }, and of a Feature
one of BytesList = 1, FloatList = 2 (packed), Int64List = 3 (packed), each with its values in 1.
"""

import struct
from collections.abc import Mapping, Sequence

import numpy as np

# Values of one type, which is the feature's; nothing at all is a feature without a type.
Values = Sequence[bytes] | Sequence[float] | Sequence[int]
Features = Mapping[str, Values]

FIRST, SECOND, THIRD = 0x0A, 0x12, 0x1A  # tags of fields that begin with their length
UINT64 = 2**64
ONE_BYTE = [bytes((number,)) for number in range(0x80)]


def encode(features: Features) -> bytes:
    """Returns a serialized tf.Example.

    Args:
        features: By name; the first value of each says of which type all are. Floats beyond
            float32 become infinite.
    """
    entries = [
        _field(FIRST, _field(FIRST, name.encode()) + _field(SECOND, _feature(values)))
        for name, values in features.items()
    ]
    return _field(FIRST, b"".join(entries)) if entries else b""


def _feature(values: Values) -> bytes:
    if not len(values):
        return b""
    if isinstance(values[0], bytes):
        return _field(FIRST, b"".join(_field(FIRST, v) for v in values))  # type: ignore[arg-type]
    if isinstance(values[0], float):
        return _field(SECOND, _field(FIRST, _floats(values)))  # type: ignore[arg-type]
    # A negative int64 is written as the unsigned number of the same bits.
    packed = b"".join(_varint(int(value) % UINT64) for value in values)
    return _field(THIRD, _field(FIRST, packed))


def _floats(values: Sequence[float]) -> bytes:
    try:
        return struct.pack(f"<{len(values)}f", *values)
    except OverflowError:
        with np.errstate(over="ignore"):
            return np.asarray(values, "<f8").astype("<f4").tobytes()


def _field(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Returns a number in groups of seven bits, the lowest first; a set top bit: more follows."""
    if number <= 0x7F:
        return ONE_BYTE[number]
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
