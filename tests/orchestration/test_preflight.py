"""What is said of a CSV file before anything runs."""

import pytest

from orchestration.local.preflight import check_csv
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
    # What the rows hold is the data gate's to judge.
    "ragged": b"a,b\n1\n",
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
}


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


def test_a_byte_order_mark_is_told(tmp_path):
    (tmp_path / "data.csv").write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    with pytest.raises(DataError, match="byte order mark"):
        check_csv(tmp_path / "data.csv")
