"""The types of Arrow, brought down to the few that a tf.Example can tell apart."""

from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.native import native_values
from ingestion.numbers import INT64

Native = Literal["text", "integer", "float", "time", "unreadable"]


def native(array: pa.Array) -> tuple[Native, pa.Array]:
    """Returns what kind of values an array has, and the array in the type of that kind.

    Texts are strings, and an empty one is missing; integers, truth values, moments (seconds since
    1970-01-01T00:00:00 UTC), times of day and durations (seconds) are int64, other numbers float64,
    NaN being missing.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return native(array.dictionary_decode())
    if pa.types.is_null(kind):
        return "text", array.cast(pa.string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = array.cast(pa.string())
        return "text", pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "time", native_values(array, "int64")
    if kind == pa.uint64() and (pc.max(array).as_py() or 0) not in INT64:
        return "unreadable", array
    whole = (pa.types.is_boolean, pa.types.is_temporal, pa.types.is_integer)
    if any(is_so(kind) for is_so in whole):
        return "integer", native_values(array, "int64")
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        floats = array.cast(pa.float64(), safe=False)
        return "float", pc.if_else(pc.is_nan(floats), pa.scalar(None, pa.float64()), floats)
    return "unreadable", array
