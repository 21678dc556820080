"""What is said of a CSV file before anything runs."""

import gzip

import pytest

from orchestration.local.preflight import ROWS_LOOKED_AT, check_data
from usecase.config import Data
from usecase.errors import DataError

FINE = {
    "plain": b"a,b\n1,2\n",
    "no last newline": b"a,b\n1,2",
    "windows": b"a,b\r\n1,2\r\n",
    "empty cells": b"a,b\n,\n",
    "blank lines": b"a,b\n\n\n1,2\n",
    "quoted names": b'"a","a,b"\n1,2\n',
    "letters beyond ASCII": "größe,b\n1,é\n".encode(),
    "one column": b"a\n1\n",
    "blank lines above": b"\n\na,b\n1,2\n",
    "a byte order mark": b"\xef\xbb\xbfa,b\n1,2\n",
    "compressed": gzip.compress(b"a,b\n1,2\n"),
}
FAULTY = {
    "empty": (b"", "data file is empty"),
    "blank": (b"\n\n", "data file is empty"),
    "nameless": (b",,\n1,2,3\n", "data file is empty"),
    "header only": (b"a,b\n", "has a header but no row"),
    "header and blank lines": (b"a,b\n\n\n", "has a header but no row"),
    "a column twice": (b"a,b,a,b,c\n1,2,3,4,5\n", "names a column twice: a, b "),
    "not UTF-8 in the header": ("größe,b\n1,2\n".encode("latin-1"), "data not readable"),
    "not UTF-8 in a row": ("a,b\n1,é\n".encode("latin-1"), "data not readable"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "data not readable"),
    "binary": (b"a\0b\n1\0\n", "data not readable"),
    "a short row": (b"a,b\n1,2\n\n1\n", "line 4: 1 cells, not 2"),
    "a long row": (b"a,b\n1,2,3\n", "line 2: 3 cells, not 2"),
    "an open quote": (b'a,b\n1,2\n1,"2\n3,4\n', "record at line 3 is never closed"),
    "Parquet": (b"PAR1\x15\x04\x15\n", "data file is Parquet, but was read as CSV"),
    "Excel": (b"PK\x03\x04\x14\0\n\0", "data file is a ZIP archive, as Excel writes it"),
    "half of a gzip file": (gzip.compress(b"a,b\n" + bytes(range(97, 123)) * 99)[:40], "readable"),
}


def check_csv(path, delimiter=","):
    check_data(Data(path=str(path), delimiter=delimiter), [path])


@pytest.mark.parametrize("content", FINE.values(), ids=FINE)
def test_a_file_that_can_be_read_is_let_through(tmp_path, content):
    (tmp_path / "data.csv").write_bytes(content)
    check_csv(tmp_path / "data.csv")


@pytest.mark.parametrize(("content", "what"), FAULTY.values(), ids=FAULTY)
def test_a_file_that_cannot_is_told_with_a_way_out(tmp_path, content, what):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=what) as caught:
        check_csv(path)
    assert str(path) in caught.value.what
    assert caught.value.expected
    assert caught.value.fix


@pytest.mark.parametrize(("name", "why"), [("none.csv", "No such file"), (".", "Is a directory")])
def test_what_is_no_file(tmp_path, name, why):
    with pytest.raises(DataError, match=f"data not readable: .*{why}"):
        check_csv(tmp_path / name)


def test_a_large_file_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100_000 + b"\xff\n")
    check_csv(path)


def test_as_many_rows_are_looked_at_as_is_said(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * ROWS_LOOKED_AT + b"1\n")
    check_csv(path)
    path.write_bytes(b"a,b\n" + b"1,2\n" * (ROWS_LOOKED_AT - 1) + b"1\n")
    with pytest.raises(DataError, match=f"line {ROWS_LOOKED_AT + 1}: 1 cells, not 2"):
        check_csv(path)


def test_the_delimiter_is_the_configuration_s(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a;b\n1,5;2\n")
    check_csv(path, ";")
    with pytest.raises(DataError, match="line 2: 2 cells, not 1"):
        check_csv(path)
