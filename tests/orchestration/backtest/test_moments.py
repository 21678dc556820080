"""What a column of moments may hold."""

import datetime

import pyarrow as pa
import pytest

from orchestration.local.backtest.moments import Moments
from usecase.dates import DateText
from usecase.errors import DataError

DAY = 86400


def read(cells, date=None):
    seconds, known = Moments("when", date).seconds(cells)
    return [s if k else None for s, k in zip(seconds.tolist(), known.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pa.array(["86400", None, "-1"]), [DAY, None, -1]),
        (pa.array(["86400.75", "-0.5"]), [DAY, -1]),
        (pa.array(["1970-01-02", None, "1970-01-02T00:00:01"]), [DAY, None, DAY + 1]),
        (pa.array(["1970-01-02T01:00:00+01:00"]), [DAY]),
        (pa.array([DAY, None], pa.int64()), [DAY, None]),
        (pa.array([1.5, float("nan")]), [1, None]),
        (pa.array([datetime.date(1970, 1, 2), None]), [DAY, None]),
        (pa.array([datetime.datetime(1970, 1, 2, 0, 0, 1)], pa.timestamp("ns")), [DAY + 1]),
        (pa.array([datetime.datetime(1969, 12, 31, 23, 59, 59)], pa.timestamp("ms")), [-1]),
        (pa.array([None, None], pa.string()), [None, None]),
    ],
)
def test_moments(cells, expected):
    assert read(cells) == expected


def test_the_format_of_the_configuration_is_taken():
    assert read(pa.array(["02/01/1970", ""]), DateText("%d/%m/%Y")) == [DAY, None]


def test_the_first_block_tells_what_a_column_holds():
    moments = Moments("when")
    moments.seconds(pa.array([None], pa.string()))
    moments.seconds(pa.array(["86400"]))
    with pytest.raises(DataError, match="numbers beside other text"):
        moments.seconds(pa.array(["1970-01-02"]))


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (pa.array(["1363308000000"]), "holds 1363308000000"),
        (pa.array([1363308000000]), "no moment in seconds"),
        (pa.array([1_700_000_000_000_000_000]), "holds 1700000000000000000"),
        (pa.array(["yesterday"]), '"yesterday" is no date'),
        (pa.array([True]), "bool"),
    ],
)
def test_what_is_no_moment(cells, what):
    with pytest.raises(DataError) as caught:
        read(cells)
    assert what in caught.value.what
    assert caught.value.fix
