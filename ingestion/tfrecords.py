"""The first record of a TFRecord file, and whether it is a tf.Example; without TensorFlow.

A record is its length (uint64), a checksum of the length, its bytes, and a checksum of those; all
little-endian. https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

import gzip
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from usecase.errors import DataError

GZIP_ENDING = ".gz"  # how Beam tells compression
GZIP_MAGIC = b"\x1f\x8b"
HEADER = struct.Struct("<QI")
CHECKSUM = struct.Struct("<I")
CASTAGNOLI = 0x82F63B78
MASK_DELTA = 0xA282EAD8
DELIMITED = 2  # a field of this wire type begins with its length


def check_tfrecord(path: Path) -> None:
    """Checks that a file begins with a whole record, and that this is a tf.Example.

    Raises:
        DataError: If it does not.
    """
    try:
        record = _first_record(path)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"data not readable: {path} ({error})",
            expected=f"a TFRecord file, compressed if its name ends in {GZIP_ENDING}, else not",
            fix="check the file and its name",
        ) from error
    try:
        names = feature_names(record)
    except ValueError:
        names = []
    if not names:
        raise DataError(
            f"the first record is no tf.Example: {path}",
            expected="serialized tf.Examples, one a row, with a feature a column",
            fix="write the file anew, from tf.train.Example",
        )


def begins_like_tfrecord(path: Path) -> bool:
    """Returns whether a file begins with the length of a record and its checksum."""
    with _open(path) as file:
        head = file.read(HEADER.size)
    return len(head) == HEADER.size and masked_crc(head[:8]) == HEADER.unpack(head)[1]


def masked_crc(data: bytes) -> int:
    """Returns the CRC-32C of bytes, masked as in TFRecord files."""
    crc = 0xFFFFFFFF
    table = _table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def feature_names(example: bytes) -> list[str]:
    """Returns the names of the features of a serialized tf.Example.

    Raises:
        ValueError: If the bytes are none.
    """
    names = []
    for features in _messages(example):
        for entry in _messages(features):
            parts = dict(_fields(entry))
            # A Feature holds one list at most: of bytes, floats or integers.
            kinds = [number for number, _ in _fields(parts.get(2, b""))]
            if kinds and not (len(kinds) == 1 and kinds[0] in (1, 2, 3)):
                raise ValueError("no tf.train.Feature")
            names.append(parts[1].decode() if 1 in parts else "")
    return names


def _first_record(path: Path) -> bytes:
    with _open(path) as file:
        head = file.read(HEADER.size)
        if not head:
            raise DataError(
                f"data file is empty: {path}",
                expected="at least one record",
                fix="check where the file came from, or leave it out of the pattern",
            )
        if len(head) < HEADER.size or masked_crc(head[:8]) != HEADER.unpack(head)[1]:
            raise DataError(
                f"data file is no TFRecord file: {path}",
                expected=f"records as TFRecordWriter writes them; {_compression(path)}",
                fix="check data.path and data.format, and the ending of the file's name",
            )
        (length, _) = HEADER.unpack(head)
        record, checksum = file.read(length), file.read(CHECKSUM.size)
    if len(record) < length or len(checksum) < CHECKSUM.size:
        raise _damaged(path, "ends within its first record")
    if masked_crc(record) != CHECKSUM.unpack(checksum)[0]:
        raise _damaged(path, "has a first record whose checksum is wrong")
    return record


def _open(path: Path) -> BinaryIO:
    if path.name.lower().endswith(GZIP_ENDING):
        return cast(BinaryIO, gzip.open(path))
    return path.open("rb")


def _compression(path: Path) -> str:
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    ends_so = path.name.lower().endswith(GZIP_ENDING)
    if is_gzip and not ends_so:
        return f"this one is compressed, so its name must end in {GZIP_ENDING}"
    return f"compressed with gzip if the name ends in {GZIP_ENDING}, else not compressed"


def _damaged(path: Path, what: str) -> DataError:
    return DataError(
        f"data file {what}: {path}",
        expected="whole records",
        fix="copy or write the file again",
    )


@cache
def _table() -> tuple[int, ...]:
    """Returns the table of CRC-32C, byte by byte."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (CASTAGNOLI if value & 1 else 0)  # noqa: PLW2901
        table.append(value)
    return tuple(table)


def _messages(data: bytes) -> list[bytes]:
    """Returns the messages of field 1; Example and Features have no other field."""
    fields = list(_fields(data))
    if any(number != 1 for number, _ in fields):
        raise ValueError("a field that tf.Example has not")
    return [value for _, value in fields]


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields number and bytes of each field of a message whose fields are all delimited."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        if tag & 7 != DELIMITED:
            raise ValueError("a field of another type")
        length, place = _varint(data, place)
        if place + length > len(data):
            raise ValueError("a field beyond the end")
        yield tag >> 3, data[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data) and shift < 64:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise ValueError("a number without an end")
