"""Columns of dates in text: to seconds since 1970-01-01T00:00:00 UTC, a block at once."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usecase.dates import ISO_8601, DateText

MICROSECONDS = 10**6
FIRST_SECOND = -62135596800  # of the year 1, the first that Python knows


def seconds(cells: pa.Array, date: DateText, where: str) -> pa.Array:
    """Returns cells as int64 seconds; null where one is missing or blank.

    Args:
        cells: Text.
        date: How dates are written.
        where: Names the column in an error.

    Raises:
        DataError: If a cell is no date in this format.
    """
    fast = _fast(cells, date) if date.format == ISO_8601 else None
    if fast is not None:
        return fast
    coded = cells.dictionary_encode()
    values = [date.seconds(text, where) for text in coded.dictionary.to_pylist()]
    return pa.array(values, pa.int64()).take(coded.indices)


def _fast(cells: pa.Array, date: DateText) -> pa.Array | None:
    """Returns dates without a zone as Arrow reads them; None if one is something else."""
    try:
        moments = pc.cast(cells, pa.timestamp("us")).view(pa.int64())
    except pa.ArrowInvalid:
        return None
    nulls = moments.is_null().to_numpy(zero_copy_only=False)
    counts = np.floor_divide(pc.fill_null(moments, 0).to_numpy(zero_copy_only=False), MICROSECONDS)
    if counts.min(initial=0) < FIRST_SECOND:
        return None
    return pa.array(counts - round(date.utc_offset_hours * 3600), pa.int64(), mask=nulls)
