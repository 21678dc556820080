from datetime import datetime, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.date_formats import FORMATS, Dates, Parts
from usecase.dates import ISO_8601, format_fault, parse_date

MOMENTS = st.datetimes(datetime(1975, 1, 1), datetime(2090, 1, 1))


@pytest.mark.parametrize("date_format", FORMATS)
def test_every_format_can_be_configured(date_format):
    assert not format_fault(date_format)


@given(st.sampled_from(FORMATS[1:]), st.lists(MOMENTS, min_size=1, max_size=20))
def test_the_format_that_wrote_the_dates_is_among_those_found(date_format, moments):
    dates = Dates()
    dates.add(pa.array([moment.strftime(date_format) for moment in moments]))
    assert date_format in dates.formats


def test_a_day_above_twelve_tells_days_from_months():
    dates = Dates()
    dates.add(pa.array(["03/04/2024", "05/06/2024"]))
    assert dates.formats == ("%m/%d/%Y", "%d/%m/%Y")
    dates.add(pa.array(["31/01/2024"]))
    assert dates.formats == ("%d/%m/%Y",)


@pytest.mark.parametrize("text", ["2024-01-31", "2024-01-31T10:00:00Z", "2024-01-31 10:00:00.5"])
def test_iso_dates_are_found(text):
    dates = Dates()
    dates.add(pa.array([text]))
    assert dates.formats[0] == ISO_8601


@pytest.mark.parametrize("text", ["20240131", "soon", "31/02/2024", "12", "10:30"])
def test_what_is_no_date_leaves_no_format(text):
    dates = Dates()
    dates.add(pa.array(["2024-01-31", text]))
    assert dates.formats == ()


@given(st.lists(MOMENTS, min_size=1, max_size=30))
def test_parts_vary_where_those_of_python_do(moments):
    seconds = [int(m.replace(tzinfo=timezone.utc).timestamp()) for m in moments]
    parts = Parts()
    parts.add(np.array(seconds, np.int64))
    expected = {
        "hour": {m.hour for m in moments},
        "day_of_week": {m.weekday() for m in moments},
        "month": {m.month for m in moments},
        "year": {m.year for m in moments},
    }
    vary = {part for part, values in expected.items() if len(values) > 1}
    assert {*parts.varying} - {"day_of_month"} == vary


def test_the_day_of_the_month_counts_where_all_dates_are_of_one_month():
    dates = Dates()
    dates.add(pa.array(["2024-03-04", "2024-03-11", "2024-03-18"]))
    assert dates.parts.varying == ("day_of_month",)
    assert parse_date("1970-01-01", ISO_8601) == 0
