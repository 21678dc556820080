"""Parts of date and time from seconds since 1970, on their circles, in ops that TFLite has.

TFLite does not divide int64. The seconds of the day are taken off by a remainder; what is left is a
whole number of days, which rounds rightly even in float32 and fits int32.
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import tensorflow as tf

from models.columns import spread
from models.standard_scores import StandardScores
from usecase.roles import DatePart, DateTime
from usecase.schema import Column

SECONDS_A_DAY = 86_400
EARLIEST = -62_135_596_800  # 0001-01-01T00:00:00
LATEST = 253_402_300_799  # 9999-12-31T23:59:59


class Moment(NamedTuple):
    """Date and time of the proleptic Gregorian calendar, int32 [values] each.

    Attributes:
        hour: 0 to 23.
        day_of_week: 0 (Monday) to 6.
        day_of_month: 1 to 31.
        day_of_year: 1 to 366.
        month: 1 to 12.
        year: 1 to 9999.
    """

    hour: tf.Tensor
    day_of_week: tf.Tensor
    day_of_month: tf.Tensor
    day_of_year: tf.Tensor
    month: tf.Tensor
    year: tf.Tensor


# How far round its circle each part is, from 0 to below 1.
TURNS: dict[DatePart, Callable[[Moment], tuple[tf.Tensor, int]]] = {
    "hour": lambda m: (m.hour, 24),
    "day_of_week": lambda m: (m.day_of_week, 7),
    "day_of_month": lambda m: (m.day_of_month - 1, 31),
    "day_of_year": lambda m: (m.day_of_year - 1, 366),
    "month": lambda m: (m.month - 1, 12),
}


def date_parts(
    declared: DateTime,
    column: Column,
    names: Mapping[DatePart, tuple[str, ...]],
    values: tf.SparseTensor,
    scores: StandardScores,
) -> dict[str, tf.Tensor]:
    """Returns the parts of a date, float32 [batch] each; a missing date is 0 in all of them.

    The year is left to the scores.

    Args:
        declared: The parts, and the local time's offset from UTC.
        column: The sentinel of a missing date.
        names: The outputs of each part: sine and cosine, or the year's alone.
        values: Seconds since 1970-01-01T00:00:00 UTC, int64 [batch, 1]; what is before year 1 or
            after year 9999 counts as that limit.
        scores: Takes the year.
    """
    missing = tf.equal(values.values, column.missing)
    seconds = tf.where(missing, tf.zeros_like(values.values), values.values)
    # Clipped before the offset too, or else the largest integers would wrap around.
    moment = moment_of(_clipped(seconds) + round(declared.utc_offset_hours * 3600))
    outputs = {}
    for part in declared.parts:
        if part == "year":
            (name,) = names[part]
            years = tf.cast(moment.year, tf.float32)
            unknown = tf.fill(tf.shape(years), math.nan)
            scores.add(name, tf.where(missing, unknown, years), values)
            continue
        for name, number in zip(names[part], _angles(part, moment), strict=True):
            known = tf.where(missing, tf.zeros_like(number), number)
            outputs[name] = spread(values, known, tf.constant(0.0))
    return outputs


def moment_of(seconds: tf.Tensor) -> Moment:
    """Returns date and time of seconds since 1970, int64 [values].

    The date is computed as in Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms"
    (civil_from_days): in years that begin in March, leap days stand last.
    """
    seconds = _clipped(seconds)
    second_of_day = tf.math.floormod(seconds, SECONDS_A_DAY)
    midnight = tf.cast(seconds - second_of_day, tf.float32)
    days = tf.cast(tf.round(midnight / SECONDS_A_DAY), tf.int32)
    since_0000_03_01 = days + 719_468
    era = since_0000_03_01 // 146_097
    day_of_era = since_0000_03_01 - era * 146_097
    leaps = day_of_era // 1_460 - day_of_era // 36_524 + day_of_era // 146_096
    year_of_era = (day_of_era - leaps) // 365
    day_from_march = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_from_march + 2) // 153
    is_late = month_from_march >= 10
    month = tf.where(is_late, month_from_march - 9, month_from_march + 3)
    year = year_of_era + era * 400 + tf.cast(is_late, tf.int32)
    return Moment(
        hour=tf.cast(second_of_day, tf.int32) // 3600,
        day_of_week=tf.math.floormod(days + 3, 7),
        day_of_month=day_from_march - (153 * month_from_march + 2) // 5 + 1,
        day_of_year=tf.where(
            is_late, day_from_march - 305, day_from_march + 60 + tf.cast(_is_leap(year), tf.int32)
        ),
        month=month,
        year=year,
    )


def _clipped(seconds: tf.Tensor) -> tf.Tensor:
    return tf.minimum(tf.maximum(seconds, EARLIEST), LATEST)


def _is_leap(year: tf.Tensor) -> tf.Tensor:
    by_4, by_100, by_400 = (tf.equal(tf.math.floormod(year, n), 0) for n in (4, 100, 400))
    return (by_4 & tf.logical_not(by_100)) | by_400


def _angles(part: DatePart, moment: Moment) -> tuple[tf.Tensor, tf.Tensor]:
    index, turn = TURNS[part](moment)
    angle = tf.cast(index, tf.float32) * (2 * math.pi / turn)
    return tf.sin(angle), tf.cos(angle)
