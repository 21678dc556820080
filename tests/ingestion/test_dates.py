"""Columns of dates: what a block reads is what a cell alone means."""

from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.dates import seconds
from usecase.dates import DateText
from usecase.errors import DataError

ISO = st.datetimes().flatmap(
    lambda moment: st.sampled_from(
        [
            moment.isoformat(),
            moment.isoformat(" ", "seconds"),
            moment.isoformat("T", "minutes"),
            moment.isoformat("T", "hours"),
            moment.date().isoformat(),
            moment.isoformat("T", "seconds") + "Z",
            moment.isoformat("T", "milliseconds") + "+02:00",
        ]
    )
)


@given(
    st.lists(ISO | st.none() | st.sampled_from(["", " "]), max_size=6),
    st.sampled_from([0.0, 5.75, -3.5]),
)
def test_a_block_means_what_its_cells_mean(texts, hours):
    date = DateText("iso8601", hours)
    expected = [None if text is None else date.seconds(text, "here") for text in texts]
    assert seconds(pa.array(texts, pa.string()), date, "here").to_pylist() == expected


@given(st.lists(st.datetimes(min_value=datetime(1000, 1, 1)), max_size=6))
def test_another_format(moments):
    date = DateText("%d.%m.%Y %H:%M", 1.0)
    texts = [moment.strftime(date.format) for moment in moments]
    expected = [date.seconds(text, "here") for text in texts]
    assert seconds(pa.array(texts, pa.string()), date, "here").to_pylist() == expected


@pytest.mark.parametrize(
    "text", ["2023-02-29", "20240229", "1357000000", "24-01-01", "x", "0000-01-01", "2024-1-1"]
)
def test_what_is_no_date_is_none_in_a_block(text):
    with pytest.raises(DataError, match=f'here: "{text}" is no date in the format iso8601'):
        seconds(pa.array(["2024-01-01", text]), DateText("iso8601"), "here")
