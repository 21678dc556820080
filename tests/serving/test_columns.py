"""Values of Python, numpy and pandas to the arrays that the inputs take."""

import datetime
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.columns import absent, dense
from serving.contract import Input
from serving.errors import ServingError
from tests.serving.edge_world import INT64_MAX, INT64_MIN

FLOAT = Input("fare", "fare", "float32", math.nan)
INT = Input("hour", "trip hour", "int64", -1)
MOMENT = Input("at", "at", "int64", INT64_MIN, "seconds since 1970-01-01T00:00:00 UTC")
TEXT = Input("company", "company", "string", "")
MISSING = [None, math.nan, np.float32("nan"), np.float64("nan"), pd.NA, pd.NaT]
MISSING += [Decimal("nan"), np.ma.masked, np.datetime64("NaT")]
INT64 = st.integers(INT64_MIN, INT64_MAX)
SURROGATES = ["Cs"]


@given(st.lists(st.floats(width=32)))
def test_every_float_is_kept(values):
    array = dense(FLOAT, values)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, np.array(values, np.float32))
    np.testing.assert_array_equal(dense(FLOAT, np.array(values, np.float64)), array)
    np.testing.assert_array_equal(dense(FLOAT, np.array(values, object)), array)


@given(st.lists(INT64))
def test_every_integer_is_kept(values):
    for given_as in (values, np.array(values, np.int64), np.array(values, object)):
        array = dense(INT, given_as)
        assert array.dtype == np.int64
        assert array.tolist() == values


@given(st.lists(st.text(st.characters(exclude_categories=SURROGATES))), st.booleans())
def test_every_text_is_kept(values, in_bytes):
    given_as = [value.encode() for value in values] if in_bytes else values
    array = dense(TEXT, given_as)
    assert array.dtype == object
    assert array.tolist() == [value.encode() for value in values]


def test_bytes_that_are_no_utf_8_are_kept():
    assert dense(TEXT, [b"\xff\0", b"\0"]).tolist() == [b"\xff\0", b"\0"]


@pytest.mark.parametrize("tensor", [FLOAT, INT, MOMENT, TEXT])
@pytest.mark.parametrize("value", MISSING, ids=[type(value).__name__ for value in MISSING])
def test_a_missing_value_is_the_sentinel(tensor, value):
    expected = absent(tensor, 1)
    assert dense(tensor, [value]).dtype == expected.dtype
    np.testing.assert_array_equal(dense(tensor, [value]), expected)


def test_the_sentinels():
    assert absent(INT, 2).tolist() == [-1, -1]
    assert absent(MOMENT, 1).tolist() == [INT64_MIN]
    assert absent(TEXT, 1).tolist() == [b""]
    assert np.isnan(absent(FLOAT, 3)).tolist() == [True] * 3


@pytest.mark.parametrize(
    ("tensor", "value", "expected"),
    [
        *((FLOAT, True, 1.0), (FLOAT, 7, 7.0), (FLOAT, Decimal("0.5"), 0.5)),
        *((FLOAT, np.int8(7), 7.0), (FLOAT, np.bool_(True), 1.0), (FLOAT, Fraction(1, 4), 0.25)),
        *((FLOAT, 1e39, math.inf), (FLOAT, -(10**40), -math.inf), (FLOAT, np.array(2.5), 2.5)),
        *((INT, 3.0, 3), (INT, True, 1), (INT, np.float32(3), 3), (INT, np.uint64(5), 5)),
        *((INT, Decimal("3.0"), 3), (INT, -0.0, 0), (INT, np.bool_(False), 0)),
        *((TEXT, "Zürich", "Zürich".encode()), (TEXT, np.str_("a"), b"a"), (TEXT, "nan", b"nan")),
    ],
)
def test_what_is_taken_for_another_type(tensor, value, expected):
    assert dense(tensor, [value]).tolist() == [expected]


@pytest.mark.parametrize(
    ("tensor", "value", "what"),
    [
        *((FLOAT, "1.5", "'1.5' is not a number"), (FLOAT, b"x", "b'x' is not a number")),
        *((FLOAT, 10**400, "a number that a float holds"), (FLOAT, 1j, "1j is not a number")),
        *((INT, 3.5, "3.5 is not a whole number"), (INT, math.inf, "inf is not a whole number")),
        (INT, 2**63, "9223372036854775808 is not a whole number that int64 holds"),
        (INT, -(2**63) - 1, "-9223372036854775809 is not a whole number that int64 holds"),
        (INT, 2.0**63, "is not a whole number that int64 holds"),
        (INT, np.uint64(2**63), "9223372036854775808 is not a whole number that int64 holds"),
        *(
            (INT, "3", "'3' is not a whole number"),
            (INT, Decimal("1e999999"), "not a whole number"),
        ),
        *((TEXT, 7, "7 is not text"), (TEXT, True, "True is not text"), (TEXT, 1.5, "1.5 is not")),
        (TEXT, "\ud800", "not text that UTF-8 can hold"),
        *((FLOAT, [1.0], "list of several values"), (TEXT, ("a",), "tuple of several values")),
        (INT, np.array([1, 2]), "ndarray of several values"),
        (MOMENT, datetime.datetime(2024, 1, 1), "is not a whole number"),
        (MOMENT, np.datetime64("2024-01-01"), "is not a whole number"),
        (MOMENT, np.timedelta64(5, "s"), "is not a whole number"),
        (MOMENT, pd.Timestamp("2024-01-01"), "is not a whole number"),
    ],
)
def test_a_value_of_another_type_is_told(tensor, value, what):
    with pytest.raises(ServingError) as caught:
        dense(tensor, [None, value])
    error = caught.value
    assert error.what.startswith(f'row 1, column "{tensor.column}": ')
    assert what in error.what
    assert f"({tensor.dtype}" in error.expected
    assert error.fix


def test_what_a_number_counts_is_told():
    with pytest.raises(ServingError, match="int64, seconds since 1970") as caught:
        dense(MOMENT, ["2024-01-01"])
    assert caught.value.fix == "convert it to seconds since 1970-01-01T00:00:00 UTC"


@pytest.mark.parametrize(
    "array",
    [
        np.array([1, 2**63], np.uint64),
        np.array([1.0, 2.5]),
        np.array([1.0, np.inf], np.float32),
        np.array(["2024-01-01", "NaT"], "datetime64[ns]"),
        np.array(["1", "2"]),
    ],
    ids=["uint64", "fraction", "infinity", "moments", "text"],
)
def test_an_array_is_checked_as_a_list_is(array):
    with pytest.raises(ServingError, match="is not a whole number"):
        dense(MOMENT, array)


def test_a_masked_array_has_missing_values():
    masked = np.ma.masked_array([5, 6, 7], mask=[False, True, False])
    assert dense(INT, masked).tolist() == [5, -1, 7]
