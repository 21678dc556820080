"""Text to numbers as Python's `int` and `float` read it, by Arrow where Arrow reads it the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

INT64 = range(-(2**63), 2**63)


def integers(texts: pa.Array) -> pa.Array:
    """Returns cells as int64; a whole number with a point or an exponent is one, too.

    Args:
        texts: Cells, none of them null.

    Raises:
        ValueError: If one is no whole number.
    """
    fast = fast_integers(texts)
    return _by_value(texts, _integer, pa.int64()) if fast is None else fast


def floats(texts: pa.Array) -> np.ndarray:
    """Returns cells as float64.

    Args:
        texts: Cells, none of them null.

    Raises:
        ValueError: If one is no number.
    """
    fast = fast_floats(texts)
    if fast is None:
        fast = _by_value(texts, lambda text: float(text.encode()), pa.float64()).to_numpy()
    return fast


def fast_integers(texts: pa.Array) -> pa.Array | None:
    """Returns cells as int64; None where Arrow does not read them as Python does."""
    if _holds(texts, b"xX"):  # Arrow reads hexadecimal numbers
        return None
    try:
        return pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        return None


def fast_floats(texts: pa.Array) -> np.ndarray | None:
    """Returns cells as float64; None where Arrow does not read them as Python does."""
    if _holds(texts, b"(") or _begins_with_plus(texts):  # Arrow reads nan(1), and newer ones +1
        return None
    try:
        return pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None


def all_whole(numbers: np.ndarray) -> bool:
    """Returns whether numbers are integers within 64 bits, every one."""
    return bool(np.all((np.abs(numbers) < float(2**63)) & (np.trunc(numbers) == numbers)))


def _integer(text: str) -> int:
    cell = text.encode()
    try:
        return int(cell)
    except ValueError:
        number = float(cell)
    if not number.is_integer():
        raise ValueError(f'"{text}" is no whole number')
    return int(number)


def _by_value(texts: pa.Array, read: Callable[[str], Any], to: pa.DataType) -> pa.Array:
    """Reads each different text once."""
    coded = texts.dictionary_encode()
    values = [read(text) for text in coded.dictionary.to_pylist()]
    return pa.array(values, to).take(coded.indices)


def _begins_with_plus(texts: pa.Array) -> bool:
    return _holds(texts, b"+") and bool(pc.any(pc.starts_with(texts, "+")).as_py())


def _holds(texts: pa.Array, characters: bytes) -> bool:
    data = texts.buffers()[2]
    if data is None:
        return False
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    start, end = offsets[texts.offset], offsets[texts.offset + len(texts)]
    cells = data.slice(start, end - start).to_pybytes()
    return any(bytes([character]) in cells for character in characters)
