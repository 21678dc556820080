"""Dates in text: from what a cell holds to seconds since 1970-01-01T00:00:00 UTC."""

import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from usecase.errors import DataError

ISO_8601 = "iso8601"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SAMPLES = (
    datetime(2024, 3, 31, 23, 59, 58, tzinfo=timezone.utc),
    datetime(1999, 10, 3, 4, 5, 6, 789, tzinfo=timezone.utc),
)


class DateText(NamedTuple):
    """How a column writes dates.

    Attributes:
        format: `iso8601`, or a strptime format.
        utc_offset_hours: Hours by which local time is ahead of UTC.
    """

    format: str
    utc_offset_hours: float = 0.0

    def seconds(self, text: str, where: str) -> int | None:
        """Returns the seconds since 1970 that a cell means; None if it is empty.

        Args:
            text: The cell.
            where: Names the cell in an error.

        Raises:
            DataError: If it is no date in this format.
        """
        if not text.strip():
            return None
        try:
            return parse_date(text.strip(), self.format, self.utc_offset_hours)
        except ValueError:
            raise DataError(
                f'{where}: "{text}" is no date in the format {self.format}',
                expected=f"a date like {_example(self.format)}",
                fix="correct it, leave the cell empty, or change the feature's `format`",
            ) from None


def parse_date(text: str, date_format: str, utc_offset_hours: float = 0.0) -> int:
    """Returns the seconds since 1970-01-01T00:00:00 UTC that a text means.

    A text with a zone is what it says; one without is local time, ahead of UTC by
    `utc_offset_hours`. A date alone is its midnight. Fractions of a second are cut off.

    Args:
        text: The date.
        date_format: `iso8601`, or a strptime format.
        utc_offset_hours: Hours by which local time is ahead of UTC.

    Raises:
        ValueError: If the text is no date in that format.
    """
    try:
        moment = _iso(text) if date_format == ISO_8601 else datetime.strptime(text, date_format)
        if moment.tzinfo is None:
            ahead = timedelta(seconds=round(utc_offset_hours * 3600))
            moment = moment.replace(tzinfo=timezone(ahead))
        return (moment.replace(microsecond=0) - EPOCH) // timedelta(seconds=1)
    except OverflowError as error:  # midnight after the last day that Python knows
        raise ValueError(str(error)) from error


def format_fault(date_format: str) -> str:
    """Returns why no column of dates can be read in a strptime format; "" if one can."""
    if date_format == ISO_8601:
        return ""
    if "Z" in re.findall("%(.)", date_format, re.DOTALL):
        return "%Z names a zone without its offset from UTC; use %z, or `utc_offset_hours`"
    for sample in SAMPLES:
        try:
            text = sample.strftime(date_format)
            year = datetime.strptime(text, date_format).year
        except ValueError as error:
            return f"neither `iso8601` nor a strptime format ({error})"
        if year != sample.year:
            return "the year is missing"
        if is_number(text):
            # The reader of CSV would guess a number, and drop a leading zero.
            return f"dates would read as numbers, like {text}; write them with separators"
    return ""


def _iso(text: str) -> datetime:
    from dateutil.parser import isoparse  # not before a date is read

    if is_number(text):
        raise ValueError("a number: seconds, or a date without separators")
    return isoparse(text)


def _example(date_format: str) -> str:
    sample = SAMPLES[0]
    return sample.isoformat() if date_format == ISO_8601 else sample.strftime(date_format)


def is_number(text: str) -> bool:
    """Returns whether Python reads a text as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
