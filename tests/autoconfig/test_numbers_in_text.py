import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.numbers_in_text import numbers_of
from ingestion.kinds import kind_of_text

LIKE_NUMBERS = st.text("0123456789+-.eE infx_\t", min_size=1, max_size=8)


@given(st.lists(LIKE_NUMBERS | st.floats().map(str) | st.integers().map(str), min_size=1))
def test_what_is_a_number_here_is_one_where_rows_are_read(cells):
    numbers = numbers_of(pa.array(cells))
    for cell, value, integer in zip(cells, numbers.values, numbers.integer, strict=True):
        if integer:
            assert kind_of_text(cell) == "int64"
        if not math.isnan(value):
            assert kind_of_text(cell) in ("int64", "float32") or cell.strip().lstrip("+-").isdigit()
            assert value == float(cell)


@pytest.mark.parametrize(
    ("cell", "value", "integer", "whole", "leading_zero"),
    [
        ("12", 12.0, True, True, False),
        ("-7", -7.0, True, True, False),
        ("+7", 7.0, True, True, False),
        (" 5 ", 5.0, True, True, False),
        ("3.0", 3.0, False, True, False),
        (".5", 0.5, False, False, False),
        ("1e3", 1000.0, False, True, False),
        ("01234", 1234.0, True, True, True),
        ("0", 0.0, True, True, False),
        ("0.5", 0.5, False, False, False),
        ("-inf", -math.inf, False, False, False),
    ],
)
def test_each_kind_of_number(cell, value, integer, whole, leading_zero):
    numbers = numbers_of(pa.array([cell]))
    assert numbers.values[0] == value
    found = (numbers.integer[0], numbers.whole[0], numbers.leading_zero[0])
    assert found == (integer, whole, leading_zero)


@pytest.mark.parametrize("cell", ["", "a", "1,5", "1 2", "0x10", "1_000", "--1", "٣", "1.2.3"])
def test_what_is_no_number(cell):
    assert math.isnan(numbers_of(pa.array([cell])).values[0])


def test_an_integer_beyond_64_bits_is_none():
    numbers = numbers_of(pa.array([str(2**63), str(2**62)]))
    assert numbers.integer.tolist() == [False, True]
    assert numbers.too_wide.tolist() == [True, False]
