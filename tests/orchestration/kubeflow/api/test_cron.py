"""Cron expressions, as Kubeflow's scheduler reads them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.api.cron import six_fields
from usecase.errors import UserError

RANGES = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 2 * * *", "0 0 2 * * *"),
        ("*/15 * * * *", "0 */15 * * * *"),
        ("30 0 2 * * *", "30 0 2 * * *"),
        ("0 2 * * MON-FRI", "0 0 2 * * MON-FRI"),
        ("0 2 1,15 jan,JUL ?", "0 0 2 1,15 jan,JUL ?"),
        ("  0   2 * * 0 ", "0 0 2 * * 0"),
        ("5/10 0-12/2 ? * 1", "0 5/10 0-12/2 ? * 1"),
    ],
)
def test_what_it_reads(text, expected):
    assert six_fields(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has 0 fields"),
        ("0 2 * *", "has 4 fields"),
        ("0 0 0 2 * * *", "has 7 fields"),
        ("@daily", "has 1 fields"),
        ("60 2 * * *", 'minute has no "60"'),
        ("0 24 * * *", 'hour has no "24"'),
        ("0 2 0 * *", 'day of month has no "0"'),
        ("0 2 * 13 *", 'month has no "13"'),
        ("0 2 * * 7", 'day of week has no "7"'),  # it is 0 for this scheduler
        ("0 2 * FOO *", 'month has no "FOO"'),
        ("0 2 * * FRI-MON", "runs backwards"),
        ("0 10-2 * * *", "runs backwards"),
        ("*/0 2 * * *", "a step of 0"),
        ("0, 2 * * *", 'minute cannot be "0,"'),
        ("*-5 2 * * *", 'minute cannot be "*-5"'),
        ("? 2 * * *", 'minute cannot be "?"'),
        ("-1 2 * * *", 'minute cannot be "-1"'),
        ("1.5 2 * * *", 'minute cannot be "1.5"'),
        ("٣ 2 * * *", 'minute cannot be "٣"'),
        ("0 2 L * *", 'day of month has no "L"'),
    ],
)
def test_what_it_refuses(text, why):
    with pytest.raises(UserError) as caught:
        six_fields(text)
    assert why in caught.value.what
    assert text in caught.value.what


@st.composite
def parts(draw, low, high):
    first = draw(st.integers(low, high))
    shape = draw(st.sampled_from(["one", "range", "any"]))
    last = draw(st.integers(first, high))
    base = {"one": f"{first}", "range": f"{first}-{last}", "any": "*"}[shape]
    return base + draw(st.sampled_from(["", "/1", "/15"]))


@st.composite
def expressions(draw):
    fields = [",".join(draw(st.lists(parts(*limits), min_size=1, max_size=3))) for limits in RANGES]
    return fields[draw(st.sampled_from([0, 1])) :]


@given(expressions())
def test_it_has_six_fields_and_reads_its_own(fields):
    result = six_fields(" ".join(fields))
    assert result.split() == (["0", *fields] if len(fields) == 5 else fields)
    assert six_fields(result) == result


@given(expressions(), st.integers(0, 4), st.integers(60, 99))
def test_a_number_beyond_each_range_is_refused(fields, at, number):
    fields[at] = str(number)
    with pytest.raises(UserError):
        six_fields(" ".join(fields))


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(UserError):
        assert len(six_fields(text).split()) == 6
