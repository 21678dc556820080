"""Records as TFRecord files hold them, written without TensorFlow.

A record is its length (uint64), a checksum of the length, its bytes, and a checksum of those, all
little-endian. A checksum is a CRC-32C, rotated by 15 bits and with a constant added
(tsl/lib/hash/crc32c.h in TensorFlow's source).
"""

import struct

import google_crc32c

MASK_DELTA = 0xA282EAD8
ALL_BITS = 0xFFFFFFFF
LENGTH, CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")


def framed(record: bytes) -> bytes:
    """Returns a record with its length and its checksums, as a file holds it."""
    length = LENGTH.pack(len(record))
    return b"".join((length, _masked(length), record, _masked(record)))


def _masked(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return CHECKSUM.pack(((crc >> 15 | crc << 17) + MASK_DELTA) & ALL_BITS)
