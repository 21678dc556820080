"""Columns of Parquet: the type of each, and its values in it.

Booleans become 0 and 1; moments, seconds since 1970-01-01T00:00:00 UTC; days, their midnight; times
of day and durations, seconds. Fractions of a second are cut off. Decimals become numbers. NaN is a
missing value. An integer beyond int64 makes its column text, as it does in CSV.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.kinds import Kind, wider
from ingestion.numbers import INT64, all_whole

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class NativeKind:
    """The type of one column, by how it is stored.

    Args:
        stored: How it is stored.
        declared: The type that it shall have, where its values allow it.

    Attributes:
        whole: Whether every number so far is a whole one within int64.
    """

    def __init__(self, stored: pa.DataType, declared: Kind | None = None) -> None:
        self._stored = native_kind(stored)
        self._is_unsigned = pa.types.is_uint64(stored)
        self._declared = declared
        self.whole = True

    @property
    def needs_values(self) -> bool:
        """Whether its type is known only when all of its values were seen."""
        if self._is_unsigned:
            return self._declared in (None, "int64")
        return self._stored == "float32" and self._declared == "int64"

    @property
    def kind(self) -> Kind | None:
        """The wider of what is stored and what is declared.

        Whole numbers are integers where these are declared: pandas stores integers as floats
        where some are missing. Unsigned ones beyond int64 are text: a float would round them.
        """
        if self.needs_values:
            if self.whole:
                return "int64"
            return "bytes" if self._is_unsigned else "float32"
        return wider(self._stored, self._declared)

    def look(self, values: pa.Array) -> None:
        """Takes values into account; nulls say nothing."""
        if not (self.needs_values and self.whole):
            return
        if self._is_unsigned:
            self.whole = (pc.max(values).as_py() or 0) in INT64
        else:
            present = _present(values).drop_null().cast(pa.float64())
            self.whole = all_whole(present.to_numpy(zero_copy_only=False))

    def merge(self, other: "NativeKind") -> None:
        """Takes into account what another one has seen."""
        self.whole = self.whole and other.whole


def native_kind(stored: pa.DataType) -> Kind | None:
    """Returns the type that values become; None where there are none."""
    types = pa.types
    if types.is_null(stored):
        return None
    if types.is_floating(stored) or types.is_decimal(stored):
        return "float32"
    whole = (types.is_integer, types.is_boolean, types.is_temporal)
    return "int64" if any(is_so(stored) for is_so in whole) else "bytes"


def native_values(stored: pa.Array, kind: Kind) -> pa.Array:
    """Returns values as int64, float32 or binary; nulls stay null, and NaN becomes one.

    Raises:
        pa.ArrowInvalid: If a value does not fit, such as an integer beyond 64 bits.
    """
    stored = _present(stored)
    if kind == "bytes":
        return _bytes(stored)
    if kind == "float32":
        # Integers beyond 2^53 are rounded, too, as they are in CSV.
        return stored.cast(pa.float64(), safe=False).cast(pa.float32(), safe=False)
    if pa.types.is_temporal(stored.type):
        return _seconds(stored)
    if pa.types.is_boolean(stored.type):
        return stored.cast(pa.int8()).cast(pa.int64())
    return stored.cast(pa.int64())


def _present(stored: pa.Array) -> pa.Array:
    """Returns values with null in place of NaN, by which NumPy and Spark mean no value."""
    if not pa.types.is_floating(stored.type):
        return stored
    return pc.if_else(pc.is_nan(stored), pa.scalar(None, stored.type), stored)


def _bytes(stored: pa.Array) -> pa.Array:
    types = pa.types
    is_bytes = types.is_binary(stored.type) or types.is_large_binary(stored.type)
    if is_bytes or types.is_fixed_size_binary(stored.type):
        return stored.cast(pa.large_binary())
    return stored.cast(pa.large_string()).cast(pa.large_binary())


def _seconds(stored: pa.Array) -> pa.Array:
    if pa.types.is_date(stored.type):
        stored = stored.cast(pa.timestamp("ms"))
    elif pa.types.is_time(stored.type):
        stored = stored.cast(pa.time64("us")).view(pa.duration("us"))
    counts = stored.view(pa.int64())
    filled = pc.fill_null(counts, 0).to_numpy(zero_copy_only=False)
    nulls = counts.is_null().to_numpy(zero_copy_only=False)
    seconds = np.floor_divide(filled, PER_SECOND[stored.type.unit])
    return pa.array(seconds, pa.int64(), mask=nulls)
