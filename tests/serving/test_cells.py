"""The cells of a CSV file, as values of a model's types."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.cells import parse_cell, whole_number

INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("cell", "dtype", "value"),
    [
        ("1.5", "float32", 1.5),
        ("-1e-3", "float32", -0.001),
        ("7", "float32", 7.0),
        (" 7 ", "float32", 7.0),
        ("inf", "float32", math.inf),
        ("7", "int64", 7),
        (" -7 ", "int64", -7),
        ("+7", "int64", 7),
        ("007", "int64", 7),
        # Pandas writes the integers of a column with gaps in it like this.
        ("7.0", "int64", 7),
        ("1e3", "int64", 1000),
        ("9007199254740993", "int64", 2**53 + 1),
        ("-9007199254740993", "int64", -(2**53) - 1),
        ("9223372036854775807", "int64", 2**63 - 1),
        ("-9223372036854775808", "int64", -(2**63)),
        ("Zürich", "string", "Zürich".encode()),
        (" ", "string", b" "),
        ("nan", "string", b"nan"),
        ("7", "string", b"7"),
    ],
)
def test_a_cell_has_the_value_of_its_type(cell, dtype, value):
    parsed = parse_cell(cell, dtype)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("cell", "dtype"),
    [
        *(("", "float32"), ("", "int64"), ("", "string"), ("  ", "float32"), ("  ", "int64")),
        *(("nan", "float32"), ("NaN", "int64"), ("-nan", "float32")),
    ],
)
def test_a_missing_value(cell, dtype):
    assert parse_cell(cell, dtype) is None


@pytest.mark.parametrize(
    ("cell", "dtype", "kind"),
    [
        *(("a", "float32", "a number"), ("1,5", "float32", "a number"), ("a", "int64", "a whole")),
        *(("7.5", "int64", "a whole number"), ("inf", "int64", "a whole number")),
        *(("1e400", "int64", "a whole number"), ("0x7", "int64", "a whole number")),
        ("1e999999999", "int64", "a whole number"),
    ],
)
def test_a_cell_of_another_type_is_told(cell, dtype, kind):
    with pytest.raises(ValueError, match=f'"{cell}" is not {kind}'):
        parse_cell(cell, dtype)


@pytest.mark.parametrize("cell", ["9223372036854775808", "-9223372036854775809", "1e30"])
def test_an_integer_that_int64_does_not_hold_is_told(cell):
    with pytest.raises(ValueError, match=f'"{cell}" is not a whole number'):
        parse_cell(cell, "int64")


@given(INT64)
def test_every_integer_is_kept_exactly(value):
    assert parse_cell(str(value), "int64") == value


@given(st.floats(allow_nan=False, width=32))
def test_every_float_is_kept_exactly(value):
    assert parse_cell(repr(value), "float32") == value
    assert np.float32(parse_cell(str(np.float32(value)), "float32")) == np.float32(value)


@given(st.one_of(INT64, st.integers(), st.floats(allow_nan=False)))
def test_a_number_is_whole_or_refused(value):
    if -(2**63) <= value < 2**63 and value == int(value):
        assert whole_number(value) == value
    else:
        with pytest.raises(ValueError, match="no whole number within int64"):
            whole_number(value)
