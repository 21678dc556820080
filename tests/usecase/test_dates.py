"""Dates in text: what they mean in seconds, and what is refused."""

import copy
import pickle
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.dates import DateText, format_fault, parse_date
from usecase.errors import ConfigError, DataError
from usecase.paths import PROJECT_ROOT

HOUR = 3600
DAY = 24 * HOUR
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31), timezones=ZONES
).map(lambda moment: moment.replace(microsecond=0))

ISO = {
    "1970-01-01T00:00:00Z": 0,
    "1970-01-01T00:00:00": 0,
    "1970-01-01": 0,
    "1970-01-02 00:00": DAY,
    "1970-01": 0,
    "1970-W01-4": 0,
    "19700102T0000": DAY,
    "1970-01-01T24:00": DAY,
    "1970-01-01T02:00:00+02:00": 0,
    "1970-01-01T02:00:00+0200": 0,
    "1969-12-31T18:30:00-05:30": 0,
    "1969-12-31T23:59:59Z": -1,
    "1900-03-01T00:00:00Z": -2203891200,
    "2000-02-29T12:00:00Z": 951825600,
    "2024-02-29": 1709164800,
    "2100-02-28T23:59:59Z": 4107542399,
    "0001-01-01T00:00:00Z": -62135596800,
    "9999-12-31T23:59:59Z": 253402300799,
    # Fractions are cut off, before 1970 as well.
    "1970-01-01T00:00:01.999999Z": 1,
    "1970-01-01T00:00:01,5Z": 1,
    "1969-12-31T23:59:58.999Z": -2,
}


@pytest.mark.parametrize(("text", "seconds"), ISO.items(), ids=ISO)
def test_iso_8601(text, seconds):
    assert parse_date(text, "iso8601") == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2023-02-29", "2100-02-29", "2024-13-01", "2024-00-10", "2024-01-32"),
        *("2024-1-2", "24-01-02", "01/02/2024", "2024-01-02T25:00", "2024-01-02T10:60"),
        *("2024-01-02T10:00:60", "2024-01-02T10:00+25:00", "2024-01-02T10:00 UTC", "2024-01-02T"),
        *("\uff12\uff10\uff12\uff14-01-02", "2024-01-02T10:00:00Z and more", "9999-12-31T24:00"),
        # Seconds, or a date that the reader of CSV takes for a number.
        *("1357000000", "0", "-1", "20240102", "2024", "2024.5", "1e9", "nan"),
    ],
)
def test_what_is_no_iso_8601(text):
    with pytest.raises(ValueError):  # noqa: PT011, the message is the caller's
        parse_date(text, "iso8601")


@pytest.mark.parametrize(
    ("text", "date_format", "seconds"),
    [
        ("31.12.1999 23:59:59", "%d.%m.%Y %H:%M:%S", 946684799),
        ("12/31/99", "%m/%d/%y", 946598400),
        ("29 Feb 2024", "%d %b %Y", 1709164800),
        ("2024-02-29 01:00 +0100", "%Y-%m-%d %H:%M %z", 1709164800),
        ("2024-02-29 00:00Z", "%Y-%m-%d %H:%M%z", 1709164800),
        ("1969-12-31 23:59:58.75", "%Y-%m-%d %H:%M:%S.%f", -2),
    ],
)
def test_strptime(text, date_format, seconds):
    assert parse_date(text, date_format) == seconds


@pytest.mark.parametrize("text", ["30.02.2024", "31/12/1999", "31.12.1999 ", "31.12.99", "x"])
def test_what_does_not_fit_a_strptime_format(text):
    with pytest.raises(ValueError):  # noqa: PT011, the message is Python's
        parse_date(text, "%d.%m.%Y")


@pytest.mark.parametrize("hours", [-14.0, -5.5, 0.0, 5.75, 14.0])
def test_only_text_without_a_zone_is_local_time(hours):
    assert parse_date("1970-01-02T00:00", "iso8601", hours) == DAY - round(hours * HOUR)
    assert parse_date("1970-01-02", "%Y-%m-%d", hours) == DAY - round(hours * HOUR)
    assert parse_date("1970-01-02T00:00Z", "iso8601", hours) == DAY
    assert parse_date("1970-01-02 +0000", "%Y-%m-%d %z", hours) == DAY


@given(MOMENTS)
def test_what_datetime_writes_is_read_back(moment):
    seconds = round(moment.timestamp())
    assert parse_date(moment.isoformat(), "iso8601") == seconds
    assert parse_date(moment.isoformat(" ", "minutes"), "iso8601") == seconds - moment.second


@given(MOMENTS, st.floats(-14, 14))
def test_local_time_is_read_back(moment, hours):
    text = moment.replace(tzinfo=None).isoformat()
    local = timezone(timedelta(seconds=round(hours * HOUR)))
    assert parse_date(text, "iso8601", hours) == moment.replace(tzinfo=local).timestamp()


@given(MOMENTS)
def test_a_strptime_format_is_read_back(moment):
    text = f"{moment.year:04}" + moment.strftime("/%m/%d %H.%M.%S %z")
    assert parse_date(text, "%Y/%m/%d %H.%M.%S %z") == round(moment.timestamp())


@given(st.text(), st.sampled_from(["iso8601", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S%z"]))
def test_any_text_is_a_date_or_a_value_error(text, date_format):
    try:
        seconds = parse_date(text, date_format)
    except ValueError:
        return
    assert isinstance(seconds, int)


@pytest.mark.parametrize("cell", ["", " ", "\t"])
def test_an_empty_cell_is_missing(cell):
    assert DateText("iso8601").seconds(cell, "here") is None


def test_blanks_around_a_date_do_not_count():
    assert DateText("iso8601", 1.0).seconds(" 1970-01-01T01:00 ", "here") == 0


def test_an_error_names_place_text_and_format():
    with pytest.raises(DataError) as caught:
        DateText("%d.%m.%Y").seconds("1970-01-01", 'column "when"')
    assert str(caught.value) == (
        'column "when": "1970-01-01" is no date in the format %d.%m.%Y\n'
        "  expected: a date like 31.03.2024\n"
        "  fix: correct it, leave the cell empty, or change the feature's `format`"
    )


@pytest.mark.parametrize("clone", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])
def test_an_error_survives_being_copied(clone):
    """Beam makes errors anew from their arguments."""
    error = clone(DataError("what", "expected", "fix"))
    assert (type(error), error.args) == (DataError, ("what", "expected", "fix"))
    assert str(error) == "what\n  expected: expected\n  fix: fix"


FORMATS = ["iso8601", "%Y-%m-%d", "%d.%m.%y %H:%M:%S%z", "%d%b%Y", "%Y-%m", "%%Z %Y/%m", "%c"]


@pytest.mark.parametrize("date_format", FORMATS)
def test_formats_that_can_be_read(date_format):
    assert format_fault(date_format) == ""


UNREADABLE = {
    "%Q %Y": "neither `iso8601` nor a strptime format",
    "%Y %": "neither `iso8601` nor a strptime format",
    "%s": "neither `iso8601` nor a strptime format",
    "ISO8601": "the year is missing",
    "yyyy-mm-dd": "the year is missing",
    "%d.%m. %H:%M": "the year is missing",
    "%Y-%m-%d %Z": "%Z names a zone without its offset",
    # Numbers to whoever guesses a column's type: leading zeros would be lost.
    "%Y%m%d": "dates would read as numbers, like 20240331",
    "%d%m%Y": "dates would read as numbers, like 31032024",
    "%Y.%m": "dates would read as numbers, like 2024.03",
    "%Y_%m_%d": "dates would read as numbers, like 2024_03_31",
}


@pytest.mark.parametrize(("date_format", "why"), UNREADABLE.items(), ids=UNREADABLE)
def test_formats_that_cannot(changed, date_format, why):
    assert format_fault(date_format).startswith(why)
    with pytest.raises(ConfigError) as caught:
        changed({"features.hour": {"role": "datetime", "format": date_format}})
    assert caught.value.what.startswith(f"config: features.hour.format: {why}")
    assert caught.value.fix == "correct this value"


def test_a_declaration_knows_its_dates(compiled):
    dates = compiled(
        {
            "features.hour": {"role": "datetime", "format": "iso8601", "utc_offset_hours": 2.5},
            "features.code": "datetime",
        }
    ).dates
    assert dates == {"hour": DateText("iso8601", 2.5)}


def test_dates_cost_nothing_until_one_is_read():
    code = "import sys, usecase.loading; print('dateutil' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
    )
    assert done.stdout == "False\n"
