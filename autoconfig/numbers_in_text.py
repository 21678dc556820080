"""Which texts are numbers, block by block, as ExampleGen will read them."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

INTEGER = r"^\s*[+-]?[0-9]+\s*$"
NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
INFINITE = r"(?i)^\s*[+-]?inf(inity)?\s*$"
LEADING_ZERO = r"^\s*[+-]?0[0-9]+\s*$"
LARGEST_INTEGER = 2.0**63


class Numbers(NamedTuple):
    """What a block of texts is as numbers.

    Attributes:
        values: Each text as a number, float64 [texts]; NaN where it is none.
        integer: Which are integers of 64 bits, [texts].
        whole: Which are integers of 64 bits, if written like 3.0, [texts].
        leading_zero: Which are integers that begin with a zero that a number would lose, [texts].
        too_wide: Which are integers beyond 64 bits, [texts].
    """

    values: np.ndarray
    integer: np.ndarray
    whole: np.ndarray
    leading_zero: np.ndarray
    too_wide: np.ndarray


def numbers_of(texts: pa.Array) -> Numbers:
    """Reads texts as numbers.

    Args:
        texts: Strings without nulls.
    """
    values = np.full(len(texts), np.nan)
    is_number = _matches(texts, NUMBER)
    bare = pc.utf8_trim_whitespace(texts.filter(pa.array(is_number)))
    if _matches(bare, r"^\+").any():  # which Arrow does not take for a number
        bare = pc.replace_substring_regex(bare, r"^\+", "")
    values[is_number] = pc.cast(bare, pa.float64()).to_numpy(zero_copy_only=False)
    if not is_number.all():
        is_infinite = _matches(texts, INFINITE)
        negative = _matches(texts, r"^\s*-")
        values[is_infinite] = np.where(negative[is_infinite], -np.inf, np.inf)
    digits = _matches(texts, INTEGER)
    narrow = np.abs(np.nan_to_num(values, nan=np.inf)) < LARGEST_INTEGER
    return Numbers(
        values=values,
        integer=digits & narrow,
        whole=narrow & (np.floor(values) == values),
        leading_zero=_matches(texts, LEADING_ZERO) if digits.any() else digits,
        too_wide=digits & ~narrow,
    )


def _matches(texts: pa.Array, pattern: str) -> np.ndarray:
    return pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False).astype(bool)
