"""The table of missing values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.missing import INT64_MIN, missing_value

INT64_MAX = 2**63 - 1


@pytest.mark.parametrize(
    ("dtype", "lowest", "sentinel"),
    [
        ("string", None, ""),
        ("int64", 0, -1),
        ("int64", 7, -1),
        ("int64", -1, -9223372036854775808),
        ("int64", -5, -9223372036854775808),
        ("int64", None, -9223372036854775808),
    ],
)
def test_the_table(dtype, lowest, sentinel):
    assert missing_value(dtype, lowest) == sentinel


@pytest.mark.parametrize("lowest", [None, 0])
def test_a_missing_float_is_nan_whatever_its_domain(lowest):
    assert math.isnan(missing_value("float32", lowest))


@given(st.integers(INT64_MIN + 1, INT64_MAX))
def test_an_integer_sentinel_is_outside_the_domain_and_fits_int64(lowest):
    assert INT64_MIN <= missing_value("int64", lowest) < lowest
