"""Parquet read by Arrow: what each type of column becomes."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.arrow_examples import read_examples
from tests.components.ingestion_world import CSV, PARQUET, column, ingested
from usecase.dates import DateText

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


@pytest.mark.parametrize("declared", [{}, {"n": "int64"}])
def test_an_unsigned_integer_beyond_int64_makes_its_column_text(ingest, declared):
    values = [2**63 - 1, None, 2**63, 2**64 - 1]
    rows = ingest(
        {"id": [1, 2, 3, 4], "n": pa.array(values, pa.uint64())}, PARQUET._replace(types=declared)
    )
    texts = [[] if value is None else [b"%d" % value] for value in values]
    assert column(rows, "n") == [("bytes_list", text) for text in texts]


def test_within_int64_an_unsigned_integer_is_one(ingest):
    rows = ingest({"id": [1, 2, 3], "n": pa.array([2**63 - 1, None, 0], pa.uint64())})
    assert column(rows, "n") == [
        ("int64_list", [2**63 - 1]),
        ("int64_list", []),
        ("int64_list", [0]),
    ]


@pytest.mark.parametrize("value", [2**53 + 1, 2**63, 2**64 - 1])
def test_a_large_integer_of_a_column_of_floats_is_rounded(ingest, value):
    columns = {"id": [1], "n": pa.array([value], pa.uint64())}
    rows = ingest(columns, PARQUET._replace(types={"n": "float32"}))
    assert column(rows, "n") == [("float_list", [float(np.float32(value))])]


NUMBERS = st.one_of(
    st.none(),
    st.integers(0, 2**64 - 1),
    st.sampled_from([0, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]),
)


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(NUMBERS, min_size=1, max_size=6),
    declared=st.sampled_from([None, "int64", "float32", "bytes"]),
)
def test_unsigned_integers_are_read_as_in_csv(tmp_path_factory, numbers, declared):
    folder = tmp_path_factory.mktemp("both")
    ids = range(len(numbers))
    table = pa.table({"id": list(ids), "n": pa.array(numbers, pa.uint64())})
    pq.write_table(table, folder / "rows.parquet", version="2.6")
    cells = ["" if number is None else str(number) for number in numbers]
    lines = [f"{one},{cell}\n" for one, cell in zip(ids, cells, strict=True)]
    (folder / "rows.csv").write_text("id,n\n" + "".join(lines))
    types = {"n": declared} if declared else {}
    if declared is None and set(numbers) == {None}:
        types = {"n": "int64"}  # which Parquet says of itself
    parquet, csv = (
        list(read_examples([str(folder / f"rows.{one.source}")], one._replace(types=types)))
        for one in (PARQUET, CSV)
    )
    assert parquet == csv
