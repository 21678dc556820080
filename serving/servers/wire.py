"""Messages of protocol buffers, read field by field without their classes."""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIDTHS = {FIXED64: 8, FIXED32: 4}

Value = int | bytes


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Yields the number and the value of each field: an integer, or bytes.

    Raises:
        ValueError: If it is no message.
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        kind = tag & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            length, place = _varint(message, place)
        elif kind in WIDTHS:
            length = WIDTHS[kind]
        else:
            raise ValueError(f"no wire type: {kind}")
        if place + length > len(message):
            raise ValueError("the message ends too early")
        yield tag >> 3, message[place : place + length]
        place += length


def first(message: bytes, number: int) -> bytes:
    """Returns the bytes of the first field of a number; none if it is not there."""
    return next((v for n, v in fields(message) if n == number and isinstance(v, bytes)), b"")


def varints(packed: bytes) -> list[int]:
    """Returns the integers of a packed field, as unsigned ones of 64 bits."""
    found, place = [], 0
    while place < len(packed):
        value, place = _varint(packed, place)
        found.append(value)
    return found


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message):
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise ValueError("the message ends too early")
