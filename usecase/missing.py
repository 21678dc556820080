"""The table of missing values: what a client sends in a dense tensor where it has no value.

A serialized tf.Example simply leaves the feature out. The dense signature and the phone have no
way to do that, so each column has one sentinel, and the preprocessing treats it as missing.

Which of two an integer column has depends on its schema, which a client of the server has not got.
So INT64_MIN is missing in every integer column, beside the column's own sentinel.
"""

import math

INT64_MIN = -(2**63)


def missing_value(dtype: str, lowest: int | None = None) -> float | int | str:
    """Returns the sentinel of a missing value.

    Args:
        dtype: "float32", "int64" or "string".
        lowest: The lowest legal value of an integer feature, where the schema states one.

    Returns:
        NaN for floats, "" for strings; -1 for integers whose domain starts at 0 or above, and the
        lowest int64 for every other integer.
    """
    if dtype == "int64":
        return -1 if lowest is not None and lowest >= 0 else INT64_MIN
    return "" if dtype == "string" else math.nan
