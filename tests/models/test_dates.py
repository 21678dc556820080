"""Parts of date and time, held against Python's own calendar."""

import datetime
import itertools
import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from models.dates import EARLIEST, LATEST, date_parts, moment_of
from models.standard_scores import StandardScores
from tests.models.declarations import ABSENT, INT64_MAX, INT64_MIN, sparse
from usecase.roles import DateTime
from usecase.schema import Column

EPOCH = datetime.datetime(1970, 1, 1)
DAY = 86_400
CIRCLES = ("hour", "day_of_week", "day_of_month", "day_of_year", "month")
SECONDS = st.integers(EARLIEST, LATEST)


def second(*date):
    return int((datetime.datetime(*date) - EPOCH) // datetime.timedelta(seconds=1))


def clipped(seconds):
    return min(max(seconds, EARLIEST), LATEST)


def python_moment(seconds):
    """Returns (hour, day of week, of month, of year, month, year)."""
    date = EPOCH + datetime.timedelta(seconds=seconds)
    day_of_year = date.timetuple().tm_yday
    return date.hour, date.weekday(), date.day, day_of_year, date.month, date.year


def python_circles(seconds):
    """Returns {part: angle} on its circle."""
    hour, day_of_week, day_of_month, day_of_year, month, _ = python_moment(seconds)
    turns = (hour / 24, day_of_week / 7, (day_of_month - 1) / 31, (day_of_year - 1) / 366)
    return dict(zip(CIRCLES, [2 * math.pi * t for t in (*turns, (month - 1) / 12)], strict=True))


def assert_moments(seconds):
    moment = moment_of(tf.constant(seconds, tf.int64))
    assert {part.dtype for part in moment} == {tf.int32}
    expected = np.array([python_moment(s) for s in seconds]).reshape(-1, 6).T
    for name, answer, right in zip(moment._fields, moment, expected, strict=True):
        np.testing.assert_array_equal(answer, right, err_msg=name)


def parts_of(values, *parts, lowest=None, **options):
    """Returns {output: values}: of each part a sine and a cosine."""
    return date_parts(
        DateTime(parts=parts, **options),
        Column(name="when", dtype="int64", lowest=lowest),
        {part: (f"{part}_sin", f"{part}_cos") for part in parts},
        sparse(values, "int64"),
        StandardScores(),
    )


def angles(outputs, part):
    return np.arctan2(outputs[f"{part}_sin"], outputs[f"{part}_cos"]) % (2 * math.pi)


@given(st.lists(SECONDS, min_size=1, max_size=40))
def test_any_second_of_the_years_1_to_9999(seconds):
    assert_moments(seconds)


@given(st.datetimes(), st.sampled_from([-1, 0, 1]))
def test_any_date_and_the_seconds_beside_it(date, step):
    seconds = (date - EPOCH) // datetime.timedelta(seconds=1) + step
    assert_moments([min(max(seconds, EARLIEST), LATEST)])


def test_every_year_begins_and_ends_and_has_its_leap_day_where_it_should():
    turns = [
        second(year, month, 1) + step
        for year, month, step in itertools.product(range(1, 10_000), (1, 3), (-1, 0))
    ]
    assert_moments(turns[1:])  # the first one is before year 1
    assert_moments([LATEST])


@pytest.mark.parametrize("year", [4, 1600, 1900, 1970, 2000, 2023, 2024, 2100, 9999])
def test_every_day_of_a_year(year):
    first = second(year, 1, 1)
    assert_moments([first + day * DAY + 43_200 for day in range(366 if year % 4 == 0 else 365)])


@pytest.mark.parametrize("day", [second(2024, 2, 29), second(1969, 12, 31), -DAY * 400_000])
def test_every_hour_begins_and_ends(day):
    midnight = day - day % DAY
    assert_moments([midnight + 3600 * hour + step for hour in range(24) for step in (0, 1, 3599)])


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ((1970, 1, 1), (0, 3, 1, 1, 1, 1970)),
        ((1969, 12, 31, 23, 59, 59), (23, 2, 31, 365, 12, 1969)),
        ((2000, 2, 29, 12), (12, 1, 29, 60, 2, 2000)),
        ((1900, 3, 1), (0, 3, 1, 60, 3, 1900)),
        ((2000, 12, 31), (0, 6, 31, 366, 12, 2000)),
        ((1, 1, 1), (0, 0, 1, 1, 1, 1)),
        ((9999, 12, 31, 23, 59, 59), (23, 4, 31, 365, 12, 9999)),
    ],
)
def test_well_known_days(date, expected):
    moment = moment_of(tf.constant([second(*date)], tf.int64))
    assert tuple(int(part[0]) for part in moment) == expected


@pytest.mark.parametrize(
    ("beyond", "limit"),
    [
        ([EARLIEST - 1, EARLIEST - 10**15, INT64_MIN, INT64_MIN + 1], EARLIEST),
        ([LATEST + 1, LATEST + 10**15, INT64_MAX], LATEST),
    ],
)
def test_what_is_beyond_the_calendar_counts_as_its_limit(beyond, limit):
    for part in moment_of(tf.constant(beyond, tf.int64)):
        assert set(part.numpy()) == {part.numpy()[0]}
    moment = moment_of(tf.constant(beyond, tf.int64))
    assert tuple(int(part[0]) for part in moment) == python_moment(limit)


@given(st.lists(SECONDS, min_size=1, max_size=20))
def test_each_part_is_a_point_on_its_circle(seconds):
    outputs = parts_of(seconds, *CIRCLES)
    for part in CIRCLES:
        expected = [python_circles(s)[part] for s in seconds]
        assert outputs[f"{part}_sin"].dtype == outputs[f"{part}_cos"].dtype == tf.float32
        np.testing.assert_allclose(outputs[f"{part}_sin"], np.sin(expected), atol=2e-6)
        np.testing.assert_allclose(outputs[f"{part}_cos"], np.cos(expected), atol=2e-6)


def test_parts_have_the_names_that_were_asked_for_and_no_others():
    assert set(parts_of([0], "month", "hour")) == {
        *("month_sin", "month_cos", "hour_sin", "hour_cos"),
    }


@pytest.mark.parametrize("offset", [-14, -9.5, -1, 0.25, 1, 5.75, 14])
@given(seconds=st.lists(st.integers(EARLIEST + DAY, LATEST - DAY), min_size=1, max_size=10))
def test_local_time_is_ahead_of_utc_by_its_offset(offset, seconds):
    outputs = parts_of(seconds, "hour", "day_of_year", utc_offset_hours=offset)
    for part in ("hour", "day_of_year"):
        expected = [python_circles(s + int(offset * 3600))[part] for s in seconds]
        np.testing.assert_allclose(outputs[f"{part}_sin"], np.sin(expected), atol=2e-6)
        np.testing.assert_allclose(outputs[f"{part}_cos"], np.cos(expected), atol=2e-6)


@pytest.mark.parametrize("offset", [-14.0, 0.0, 14.0])
def test_the_largest_and_smallest_integers_are_the_limits_whatever_the_offset(offset):
    earliest, latest = INT64_MIN + 1, INT64_MAX
    outputs = parts_of([earliest, latest], "month", "day_of_month", utc_offset_hours=offset)
    late = python_circles(clipped(LATEST + int(offset * 3600)))
    early = python_circles(clipped(EARLIEST + int(offset * 3600)))
    for part in ("month", "day_of_month"):
        expected = [early[part], late[part]]
        np.testing.assert_allclose(angles(outputs, part), expected, atol=1e-5, err_msg=part)


def test_a_missing_date_is_0_in_every_part():
    values = [0, ABSENT, INT64_MIN, -1]
    for name, answer in parts_of(values, *CIRCLES, utc_offset_hours=14).items():
        there = answer.numpy()
        assert there[1:3].tolist() == [0, 0], name
    known = parts_of(values, "hour")
    np.testing.assert_allclose(known["hour_cos"], [1, 0, 0, math.cos(math.pi / 12)], atol=1e-6)
    # Of dates that are never below 0, -1 is the sentinel.
    assert parts_of(values, "hour", lowest=0)["hour_cos"].numpy()[[1, 3]].tolist() == [0, 0]


@pytest.mark.parametrize("values", [[], [ABSENT], [ABSENT, ABSENT]])
def test_no_date_at_all(values):
    for answer in parts_of(values, *CIRCLES).values():
        assert answer.numpy().tolist() == [0.0] * len(values)


def local_seconds(values, sentinel, offset):
    """Returns the seconds of each date in local time; None where it is missing."""
    return [
        None if v is ABSENT or v == sentinel else clipped(clipped(v) + int(offset)) for v in values
    ]


def years_of(values, sentinel, offset):
    """Returns the local year of each date; NaN where it is missing."""
    seconds = local_seconds(values, sentinel, offset)
    return np.array([np.nan if s is None else python_moment(s)[-1] for s in seconds])


@pytest.mark.parametrize(
    ("name", "sentinel", "offset"), [("picked_up", INT64_MIN, 0), ("landed", -1, -9.5 * 3600)]
)
def test_the_year_is_a_z_score_of_the_train_split(transformed, name, sentinel, offset):
    learned = years_of(transformed.train[name], sentinel, offset)
    mean, deviation = np.nanmean(learned), np.nanstd(learned)
    assert deviation > 5
    for raw, split in (
        (transformed.train, transformed.train_xf),
        (transformed.served, transformed.served_xf),
    ):
        years = years_of(raw[name], sentinel, offset)
        expected = np.nan_to_num((years - mean) / deviation)
        answer = split.features[f"{name}_xf_year"]
        np.testing.assert_allclose(answer, expected, rtol=5e-6, atol=5e-6)
        assert np.isnan(years).any()


@pytest.mark.parametrize(
    ("name", "sentinel", "offset", "parts"),
    [
        ("picked_up", INT64_MIN, 0, CIRCLES),
        ("landed", -1, -9.5 * 3600, ("hour", "day_of_week")),
    ],
)
def test_parts_after_transform(transformed, name, sentinel, offset, parts):
    for raw, split in (
        (transformed.train, transformed.train_xf),
        (transformed.served, transformed.served_xf),
    ):
        seconds = local_seconds(raw[name], sentinel, offset)
        for part, (end, function) in itertools.product(
            parts, [("sin", math.sin), ("cos", math.cos)]
        ):
            expected = [0 if s is None else function(python_circles(s)[part]) for s in seconds]
            answer = split.features[f"{name}_xf_{part}_{end}"]
            np.testing.assert_allclose(answer, expected, atol=2e-6, err_msg=part)
