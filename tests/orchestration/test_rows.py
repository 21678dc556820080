"""Rows of a CSV file, with the types of the use case."""

import csv
import gzip
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.records import LARGEST_CELL
from orchestration.local.rows import parse_cell, read_columns, read_rows
from serving.tables import read_header
from usecase.config import Data
from usecase.dates import DateText
from usecase.errors import DataError
from usecase.schema import Column

AGE = Column(name="age", dtype="int64")
FARE = Column(name="fare", dtype="float32")
CITY = Column(name="city", dtype="string")
INT64 = st.integers(-(2**63), 2**63 - 1)
# Python 3.10 cannot read a NUL, and does not quote a carriage return that it writes.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))


def write(path, text):
    path.write_text(text, encoding="utf-8", newline="")
    return path


# Which value a cell has, tests/serving/test_cells.py tells.
@pytest.mark.parametrize(
    ("cell", "dtype", "kind"),
    [("1,5", "float32", "a number"), ("7.5", "int64", "a whole number")],
)
def test_a_cell_of_another_type_is_a_fault_of_the_data(cell, dtype, kind):
    with pytest.raises(DataError, match=f'^here: "{cell}" is not {kind}') as caught:
        parse_cell(cell, dtype, "here")
    assert caught.value.fix == "correct it, or leave the cell empty"


def test_a_cell_without_fault_has_its_value():
    assert parse_cell("9007199254740993", "int64", "here") == 2**53 + 1
    assert parse_cell(" ", "float32", "here") is None


def test_rows_in_their_order(tmp_path):
    path = write(tmp_path / "data.csv", "city,age,extra,fare\nRome,7,x,1.5\n,,y,\nOslo,8,z,nan\n")
    assert read_header(path) == ["city", "age", "extra", "fare"]
    rows = list(read_rows(path, (AGE, FARE, CITY)))
    assert [row.values for row in rows] == [
        {"age": 7, "fare": 1.5, "city": b"Rome"},
        {},
        {"age": 8, "city": b"Oslo"},
    ]
    assert rows[2].cells == ["Oslo", "8", "z", "nan"]


def test_blank_lines_are_no_rows(tmp_path):
    path = write(tmp_path / "data.csv", "age\n\n1\r\n\r\n2\n\n")
    assert [row.values for row in read_rows(path, (AGE,))] == [{"age": 1}, {"age": 2}]


def test_an_empty_cell_in_quotes_is_a_row(tmp_path):
    path = write(tmp_path / "data.csv", 'age\n""\n')
    assert [row.values for row in read_rows(path, (AGE,))] == [{}]


def test_a_quoted_cell_may_hold_lines_and_commas(tmp_path):
    path = write(tmp_path / "data.csv", 'city,age\n"New\nYork, ""NY""\r\n",7\nOslo,x\n')
    rows = read_rows(path, (CITY, AGE))
    assert next(rows).values == {"city": b'New\nYork, "NY"\r\n', "age": 7}
    with pytest.raises(DataError, match='line 5, column "age": "x" is not a whole number'):
        next(rows)


@pytest.mark.parametrize(("line", "count"), [("1", 1), ("1,2,3", 3), ("1,2,", 3), (" ", 1)])
def test_a_ragged_line_is_told(tmp_path, line, count):
    path = write(tmp_path / "data.csv", f"age,fare\n1,2\n{line}\n")
    rows = read_rows(path, (AGE,))
    next(rows)
    with pytest.raises(DataError, match=f"line 3: {count} cells, not 2"):
        next(rows)


def test_every_feature_needs_a_column(tmp_path):
    path = write(tmp_path / "data.csv", "age,Fare\n1,2\n")
    with pytest.raises(DataError, match="has no column fare, city"):
        next(read_rows(path, (AGE, FARE, CITY)))


@pytest.mark.parametrize(
    "cell", [b"\xe9", b"\0", b"x" * (LARGEST_CELL + 1)], ids=["latin-1", "NUL", "long"]
)
def test_a_line_that_cannot_be_read_is_told_wherever_it_stands(tmp_path, cell):
    path = tmp_path / "data.csv"
    path.write_bytes(b"city\n" + b"Oslo\n" * 10_000 + cell + b"\n")
    with pytest.raises(DataError):
        list(read_rows(path, (CITY,)))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.none() | INT64, st.none() | st.floats(width=32), TEXT), max_size=5),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_csv_writes_is_read(tmp_path_factory, rows, newline, quoting):
    path = tmp_path_factory.mktemp("rows") / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator=newline, quoting=quoting)
        writer.writerows([("age", "fare", "city"), *rows])
    read = list(read_rows(path, (AGE, FARE, CITY)))
    assert [row.cells for row in read] == [
        ["" if cell is None else str(cell) for cell in row] for row in rows
    ]
    expected = [
        {
            "age": age,
            "fare": None if fare is None or math.isnan(fare) else fare,
            "city": city.encode() or None,
        }
        for age, fare, city in rows
    ]
    assert [row.values for row in read] == [
        {name: value for name, value in row.items() if value is not None} for row in expected
    ]


def test_the_dialect_of_the_use_case(tmp_path):
    path = write(tmp_path / "data.csv", '\ufeffcity;age\nNA;7\n"a;b";-\n')
    data = Data(path=str(path), delimiter=";", missing=("NA", "-"))
    rows = list(read_rows(path, (CITY, AGE), data=data))
    assert read_columns(path, data) == ["city", "age"]
    assert [row.values for row in rows] == [{"age": 7}, {"city": b"a;b"}]
    assert [row.cells for row in rows] == [["NA", "7"], ["a;b", "-"]]


def test_compressed_rows(tmp_path):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"age\n7\n"))
    assert [row.values for row in read_rows(path, (AGE,))] == [{"age": 7}]


def test_rows_of_parquet(tmp_path):
    path = tmp_path / "data.parquet"
    columns = {
        "city": ["Rome", None, ""],
        "age": [7.0, None, 2.0],
        "fare": [1.1, math.nan, 3.0],
        "day": pa.array([0, None, 86_400], pa.timestamp("s")),
        "extra": [True, None, False],
    }
    pq.write_table(pa.table(columns), path)
    day = Column(name="day", dtype="int64")
    rows = list(read_rows(path, (CITY, AGE, FARE, day)))
    assert read_columns(path, Data(path=str(path))) == list(columns)
    assert [row.values for row in rows] == [
        {"city": b"Rome", "age": 7, "fare": 1.1, "day": 0},
        {},
        {"age": 2, "fare": 3.0, "day": 86_400},
    ]
    assert rows[0].cells[:3] == ["Rome", "7", "1.1"]
    assert rows[1].cells == ["", "", "nan", "", ""]
    assert rows[2].cells[4] == "false"


def test_parquet_without_a_column_or_with_other_values(tmp_path):
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"age": [1.5], "city": ["x"]}), path)
    with pytest.raises(DataError, match="has no column fare"):
        list(read_rows(path, (FARE,)))
    with pytest.raises(DataError, match="cannot be read as int64"):
        list(read_rows(path, (AGE,)))


def test_dates_in_the_text_of_parquet(tmp_path):
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"when": ["1970-01-02", None]}), path)
    when = Column(name="when", dtype="int64")
    rows = read_rows(path, (when,), {"when": DateText("iso8601")})
    assert [row.values for row in rows] == [{"when": 86_400}, {}]
