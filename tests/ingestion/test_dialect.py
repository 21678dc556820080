"""The delimiter, told from the first rows."""

import csv
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.dialect import DELIMITERS, SNIFFED_BYTES, Dialect, sniff
from usecase.errors import DataError

FILES = {
    "commas": ("a,b\n1,2\n", ","),
    "semicolons and decimal commas": ("a;b\n1,5;2,5\n2,5;3\n", ";"),
    "tabs": ("a\tb\n1\t2\n", "\t"),
    "bars": ("a|b|c\n1|2|3\n", "|"),
    "one column": ("a\n1\n2\n", ","),
    "commas in quotes": ('a;b\n"1,2,3";4\n"x,y,z";5\n', ";"),
    "a semicolon in every text": ("a,b\nx; y,1\nx; z,2\n", ","),
    "lines in quotes": ('a;b\n"1\n2";3\n', ";"),
    "rows that differ": ("a;b;c\n1;2\n", ","),
    "a ragged row": ("y;x\n1;2\n3\n4;5\n", ";"),
    "blanks at the end": ("y;x\n1;2\n \n", ";"),
    "a semicolon in the name of one column": ("name; first\nAda\nBob\n", ","),
    "a header alone": ("a|b", "|"),
    "nothing": ("", ","),
}


@pytest.mark.parametrize(("text", "delimiter"), FILES.values(), ids=FILES)
def test_the_delimiter_cuts_all_rows_alike(tmp_path, text, delimiter):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8-sig")
    assert sniff(path) == Dialect(delimiter)
    path.write_bytes(gzip.compress(text.encode()))
    assert sniff(path) == Dialect(delimiter)


def test_a_large_file_is_cut_within_a_row(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a;b\n" + "x;y,z\n" * SNIFFED_BYTES)
    assert sniff(path).delimiter == ";"
    path.write_text("a;b\n" + f"{'x' * (SNIFFED_BYTES // 9)};y,z\n" * 20)
    assert sniff(path).delimiter == ";"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="data not readable"):
        sniff(tmp_path / "none.csv")


@given(
    delimiter=st.sampled_from(DELIMITERS),
    rows=st.lists(st.lists(st.text('abc\\,;|\t"\n', max_size=6), min_size=3, max_size=3)),
)
def test_what_python_writes_is_cut_as_it_was_written(tmp_path_factory, delimiter, rows):
    path = tmp_path_factory.mktemp("sniffed") / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([["a", "b", "c"], *rows])
    assert sniff(path).delimiter == delimiter
