"""Parquet read by Arrow: what each type of column becomes."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
import tensorflow as tf

from tests.components.ingestion_world import PARQUET, column, ingested
from usecase.dates import DateText
from usecase.errors import DataError

DATES = {"when": DateText("iso8601", 1.0), "day": DateText("%d.%m.%Y", 0.0)}


@pytest.fixture
def ingest(tmp_path):
    return lambda columns, reading=PARQUET: ingested(tmp_path / "in", columns, reading)


def test_parquet(ingest):
    moment = datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=timezone.utc)
    rows = ingest(
        {
            "id": [1, 2, 3],
            "zero": pa.array([0, None, 5], pa.int8()),
            "unsigned": pa.array([2**32 - 1, None, 0], pa.uint32()),
            "number": pa.array([0.0, None, 0.1], pa.float64()),
            "exact": pa.array([Decimal("1.50"), None, Decimal("0")], pa.decimal128(9, 2)),
            "flag": [False, None, True],
            "text": ["", None, "é"],
            "coded": pa.array(["x", None, "y"]).dictionary_encode(),
            "raw": pa.array([b"\xff", None, b""], pa.binary()),
            "moment": pa.array([moment, None, moment], pa.timestamp("us", "Europe/Berlin")),
            "nano": pa.array([1_500_000_000, None, -1], pa.timestamp("ns")),
            "day": pa.array([date(1970, 1, 2), None, date(1969, 12, 31)], pa.date32()),
            "time": pa.array([3661, None, 0], pa.time32("s")),
            "took": pa.array([timedelta(minutes=1), None, timedelta()], pa.duration("ms")),
            "nothing": pa.nulls(3),
        },
    )
    ints, floats, texts = "int64_list", "float_list", "bytes_list"
    tenth = float(tf.constant(0.1, tf.float32))
    expected = {
        "zero": (ints, [0], [5]),
        "unsigned": (ints, [2**32 - 1], [0]),
        "number": (floats, [0.0], [tenth]),
        "exact": (floats, [1.5], [0.0]),
        "flag": (ints, [0], [1]),
        "text": (texts, [b""], ["é".encode()]),
        "coded": (texts, [b"x"], [b"y"]),
        "raw": (texts, [b"\xff"], [b""]),
        "moment": (ints, [-1], [-1]),
        "nano": (ints, [1], [-1]),
        "day": (ints, [86400], [-86400]),
        "time": (ints, [3661], [0]),
        "took": (ints, [60], [0]),
        "nothing": (None, [], []),
    }
    for name, (kind, first, last) in expected.items():
        assert column(rows, name) == [(kind, first), (kind, []), (kind, last)], name


def test_parquet_with_declared_types(ingest):
    types = {"age": "int64", "odd": "int64", "code": "bytes", "fare": "float32"}
    types |= {"text": "int64", "nothing": "int64"}
    rows = ingest(
        {
            "id": [1, 2],
            "age": [4.0, None],  # as pandas writes integers where one is missing
            "odd": [1.5, None],
            "code": [7, None],
            "fare": [3, None],
            "text": ["5", None],
            "nothing": pa.nulls(2),
        },
        PARQUET._replace(types=types),
    )
    assert column(rows, "age") == [("int64_list", [4]), ("int64_list", [])]
    assert column(rows, "odd") == [("float_list", [1.5]), ("float_list", [])]
    assert column(rows, "code") == [("bytes_list", [b"7"]), ("bytes_list", [])]
    assert column(rows, "fare") == [("float_list", [3]), ("float_list", [])]
    assert column(rows, "text") == [("bytes_list", [b"5"]), ("bytes_list", [])]
    assert column(rows, "nothing") == [("int64_list", [])] * 2


def test_dates_in_parquet_s_text(ingest):
    rows = ingest(
        {"id": [1], "when": ["1970-01-01T01:00:00"], "day": [5]}, PARQUET._replace(dates=DATES)
    )
    assert column(rows, "when") == [("int64_list", [0])]
    assert column(rows, "day") == [("int64_list", [5])]  # seconds already


def test_an_integer_beyond_64_bits_in_parquet(ingest):
    with pytest.raises(DataError, match=r'column "n" \(uint64\) cannot be read as int64'):
        ingest({"id": [1], "n": pa.array([2**63], pa.uint64())}, PARQUET)
