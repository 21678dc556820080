"""Files of rows as Arrow's batches."""

import csv
import gzip
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import csv_batches, parquet_batches
from ingestion.dialect import Dialect
from ingestion.reading import read_batches, read_columns
from ingestion.records import records
from usecase.errors import DataError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


def rows_of(*paths, dialect=None):
    batches = list(read_batches(paths, "csv", dialect))
    assert all(set(batch.schema.types) == {pa.string()} for batch in batches)
    return [list(row.values()) for batch in batches for row in batch.to_pylist()]


@pytest.fixture
def write(tmp_path):
    def write(content, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


FILES = {
    "plain": ("a,b\n1,x\n", [["1", "x"]]),
    "texts as they are written": ("a,b\n 01, NA \n+1.0,1e5\n", [[" 01", " NA "], ["+1.0", "1e5"]]),
    "missing": ('a,b\n,\n"",1\n', [[None, None], [None, "1"]]),
    "blank lines": ("\na,b\n\n1,2\r\n\r\n3,4", [["1", "2"], ["3", "4"]]),
    "one column": ('a\n1\n\n""\n', [["1"], [None]]),
    "Windows": ("a,b\r\n1,2\r\n", [["1", "2"]]),
    "old Mac": ('a,b\r1,"x\ry"\r', [["1", "x\ry"]]),
    "quotes": ('a,b\n"x,y","1 ""2"" 3"\np"q",\'\n', [["x,y", '1 "2" 3'], ['p"q"', "'"]]),
    "lines in quotes": ('a,b\n"1\n\n2","\r\n"\n', [["1\n\n2", "\r\n"]]),
    "a quote within a cell": ('a,b\n5" disk,1\n', [['5" disk', "1"]]),
    "a byte order mark": ("\ufeffa,b\n1,é\n", [["1", "é"]]),
    "a header alone": ("a,b\n", []),
    "a header without an end": ("a,b", []),
}


@pytest.mark.parametrize(("text", "rows"), FILES.values(), ids=FILES)
@pytest.mark.parametrize("compressed", [False, True])
def test_csv(write, text, rows, compressed):
    content = gzip.compress(text.encode()) if compressed else text
    path = write(content, "rows.data")
    assert rows_of(path) == rows
    assert read_columns([path], "csv").names[0] == "a"


def test_members_of_a_gzip_file_follow_one_another(write):
    assert rows_of(write(gzip.compress(b"a\n1\n") + gzip.compress(b"2\n"))) == [["1"], ["2"]]


def test_names_with_all_that_a_name_may_hold(write):
    path = write('"a ""b""\nc", größe ,\n1,2,3\n')
    (batch,) = read_batches([path], "csv")
    assert batch.schema.names == ['a "b"\nc', " größe ", ""]


def test_a_dialect(write):
    path = write("a;b\n1,5;NA\nn/a;x\n;\n")
    assert rows_of(path, dialect=Dialect(";", ("NA", "n/a"))) == [
        ["1,5", None],
        [None, "x"],
        ["", ""],
    ]


def test_several_files_one_after_the_other(write):
    paths = [write(f"a,b\n{i},x\n", f"{i}.csv") for i in range(3)]
    assert rows_of(*paths) == [["0", "x"], ["1", "x"], ["2", "x"]]


FAULTS = {
    "a short row": (b"a,b\n1,2\n\n3\n", "line 4: 1 cells, not 2"),
    "a long row": (b'a,b\n"1\n1",2\n1,2,3\n', "line 4: 3 cells, not 2"),
    "an open quote": (b'a,b\n1,2\n1,"x\n3,4\n', "opened in the record at line 3 is never closed"),
    "an open quote behind an inch mark": (
        b'a,b\n5" pipe,"x\nfoo,bar\nq,r\n',
        "opened in the record at line 2 is never closed",
    ),
    "Latin-1": ("a,b\n1,2\n1,é\n".encode("latin-1"), r"after line 2 \(not UTF-8"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), r"in the first line \(not UTF-8"),
    "a NUL": (b"a,b\n1,2\n1,\0\n", r"after line 2 \(line contains NUL"),
    "empty": (b"", "data file is empty"),
    "blank": (b"\n\r\n", "data file is empty"),
    "a column twice": (b"a,b,a\n1,2,3\n", "names a column twice: a "),
    "half of a gzip file": (gzip.compress(b"a\n1\n")[:-9], "data not readable"),
    "damaged gzip": (gzip.compress(b"a\n1\n")[:-8] + b"\0" * 8, "data not readable"),
}


@pytest.mark.parametrize(("content", "what"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_file_and_line(write, content, what):
    path = write(content)
    with pytest.raises(DataError, match=what) as caught:
        rows_of(path)
    assert str(path) in caught.value.what
    assert caught.value.expected
    assert caught.value.fix


def test_a_row_longer_than_a_block(write, monkeypatch):
    monkeypatch.setattr(csv_batches, "BLOCK_BYTES", 1 << 20)
    long = "x" * (1 << 16)
    rows = [[str(row), long] for row in range(40)]  # longer than a block only together
    assert rows_of(write("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))) == rows
    with pytest.raises(DataError) as caught:
        rows_of(write("a,b\n1," + "x\n".join(['"', *["y" * 100_000] * 40]) + '"\n'))
    assert "rows.csv" in caught.value.what
    assert "quote" in caught.value.fix


def test_a_cell_longer_than_python_s_limit(write):
    path = write("a,b\n1," + 200_000 * "x" + "\n")
    assert [len(record.cells[1]) for record in records(path, ",")] == [1, 200_000]


def test_blocks_are_bounded(write, monkeypatch):
    monkeypatch.setattr(csv_batches, "BLOCK_BYTES", 1 << 10)
    path = write("a,b\n" + "1,22\n" * 1000)
    batches = list(read_batches([path], "csv"))
    assert len(batches) > 4
    assert sum(batch.num_rows for batch in batches) == 1000
    assert max(batch.num_rows for batch in batches) <= (1 << 10) // 5 + 1


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1),
    delimiter=st.sampled_from(",;\t|"),
)
def test_what_python_writes_is_read_as_it_was(tmp_path_factory, rows, delimiter):
    path = tmp_path_factory.mktemp("written") / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([["a", "b"], *rows])
    assert rows_of(path, dialect=Dialect(delimiter, ())) == rows


# Parquet


def test_parquet_keeps_its_types(tmp_path):
    table = pa.table(
        {
            "whole": pa.array([0, None, 2**62], pa.int64()),
            "number": pa.array([0.0, None, 1.5], pa.float32()),
            "flag": [True, None, False],
            "text": ["", None, "é"],
            "day": pa.array([date(1970, 1, 2), None, date(1969, 1, 1)], pa.date32()),
            "coded": pa.array(["x", None, "x"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (batch,) = read_batches([tmp_path / "a.parquet"], "parquet")
    plain = table.set_column(5, "coded", table["coded"].cast(pa.string()))
    assert batch.schema == plain.schema == read_columns([tmp_path / "a.parquet"], "parquet")
    assert batch.to_pydict() == plain.to_pydict()


def test_batches_of_parquet_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_batches, "BATCH_ROWS", 100)
    for name in "ab":
        pq.write_table(pa.table({"x": range(1000)}), tmp_path / f"{name}.parquet")
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    batches = list(read_batches(files, "parquet"))
    assert [row for batch in batches for row in batch.column(0).to_pylist()] == [*range(1000)] * 2
    assert {batch.num_rows for batch in batches} == {100}


@pytest.mark.parametrize(
    "column", [[[1, 2]], [{"a": 1}], pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))]
)
def test_a_nested_column_is_refused_by_its_name(tmp_path, column):
    pq.write_table(pa.table({"x": [1], "nested": column}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match='column "nested" holds several values a row') as caught:
        list(read_batches([tmp_path / "a.parquet"], "parquet"))
    assert caught.value.fix


def test_a_damaged_parquet_file(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": range(10_000)}), path)
    content = bytearray(path.read_bytes())
    content[100:20_000] = b"\xff" * 19_900
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data not readable: .*a\.parquet"):
        list(read_batches([path], "parquet"))
