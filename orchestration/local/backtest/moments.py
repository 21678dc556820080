"""The column that says when a row was: its cells as seconds since 1970."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.dates import seconds as dates_to_seconds
from usecase.dates import ISO_8601, DateText
from usecase.errors import DataError

# The years 1678 to 2261, in which whatever counts nanoseconds lives. A count of milliseconds since
# 1970 is beyond them, unless it is of 1970 itself.
FIRST, LAST = -9_214_560_000, 9_214_646_400
EXPECTED = "seconds since 1970-01-01T00:00:00 UTC, or dates"
MICROSECONDS = 10**6


class Moments:
    """Reads one column, block by block.

    Args:
        name: The column.
        date: How it writes dates, where the configuration says so; else it holds numbers, or dates
            in ISO 8601, which the first block tells.
    """

    def __init__(self, name: str, date: DateText | None = None) -> None:
        self._name = name
        self._date = date
        self._is_known = date is not None

    def seconds(self, cells: Any) -> tuple[np.ndarray, np.ndarray]:
        """Returns the moments of a block, int64 [rows], and which rows have one, bool [rows].

        Raises:
            DataError: If a cell is neither a number of seconds nor a date.
        """
        if isinstance(cells, pa.ChunkedArray):
            cells = cells.combine_chunks()
        moments = self._of_text(cells) if _is_text(cells.type) else self._of_values(cells)
        known = moments.is_valid().to_numpy(zero_copy_only=False)
        numbers = pc.fill_null(moments, 0).to_numpy(zero_copy_only=False)
        outside = known & ~((numbers >= FIRST) & (numbers <= LAST))
        if outside.any():
            raise DataError(
                f'column "{self._name}" holds {numbers[outside][0]:.0f}, which is no moment in '
                "seconds",
                expected=EXPECTED,
                fix="name another column with --time, or divide milliseconds by 1000",
            )
        return np.floor(numbers).astype(np.int64), known

    def _of_text(self, cells: pa.Array) -> pa.Array:
        present = cells.drop_null()
        if not self._is_known and len(present):
            self._is_known = True
            self._date = None if _numbers(present) is not None else DateText(ISO_8601)
        if self._date is not None:
            return dates_to_seconds(cells, self._date, f'column "{self._name}"')
        numbers = _numbers(cells)
        if numbers is None:
            raise self._no_moments("numbers beside other text")
        return numbers

    def _of_values(self, cells: pa.Array) -> pa.Array:
        if pa.types.is_date(cells.type):
            cells = cells.cast(pa.timestamp("ms"))
        if pa.types.is_timestamp(cells.type):
            return pc.divide(
                cells.cast(pa.timestamp("us"), safe=False).view("int64").cast("float64"),
                MICROSECONDS,
            )
        if not (pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type)):
            raise self._no_moments(str(cells.type))
        numbers = cells.cast(pa.float64(), safe=False)  # nanoseconds are beyond 2**53
        return pc.if_else(pc.is_finite(numbers), numbers, None)

    def _no_moments(self, found: str) -> DataError:
        return DataError(
            f'column "{self._name}" holds no moments: {found}',
            expected=EXPECTED,
            fix="name another column with --time",
        )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _numbers(cells: pa.Array) -> pa.Array | None:
    try:
        return cells.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
