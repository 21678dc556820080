"""Moments to years, quarters and months, against the calendar."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.local.backtest.periods import period_name, period_numbers

MOMENTS = st.datetimes(datetime.datetime(1678, 1, 1), datetime.datetime(2261, 12, 31))


@given(st.lists(MOMENTS, min_size=1, max_size=5))
def test_a_moment_falls_into_its_span_of_the_calendar(moments):
    utc = datetime.timezone.utc
    epoch = datetime.datetime(1970, 1, 1)
    seconds = np.array([(m - epoch) // datetime.timedelta(seconds=1) for m in moments])
    assert utc.utcoffset(None) == datetime.timedelta(0)
    years = [m.year for m in moments]
    quarters = [m.year * 10 + (m.month + 2) // 3 for m in moments]
    months = [m.year * 100 + m.month for m in moments]
    assert period_numbers(seconds, "year").tolist() == years
    assert period_numbers(seconds, "quarter").tolist() == quarters
    assert period_numbers(seconds, "month").tolist() == months


@pytest.mark.parametrize(
    ("number", "by", "name"),
    [
        (2013, "year", "2013"),
        (20134, "quarter", "2013-Q4"),
        (201301, "month", "2013-01"),
        (7, None, "span-7"),
    ],
)
def test_names(number, by, name):
    assert period_name(number, by) == name
