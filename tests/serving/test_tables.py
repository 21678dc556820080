"""CSV files as programs write them: any of four delimiters, and gzip."""

import csv
import gzip
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving import tables
from serving.errors import ServingError

HEADERS = st.lists(st.text("abé _\n", min_size=1, max_size=4), min_size=2, max_size=4, unique=True)
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=4)


@st.composite
def files(draw):
    header = draw(HEADERS)
    row = st.lists(CELLS, min_size=len(header), max_size=len(header))
    return header, draw(st.lists(row, min_size=1, max_size=4))


def text_of(header, rows, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return text.getvalue().encode()


def rows_of(path):
    tables.check_csv(path)
    return [row.cells for row in tables.read_rows(path, {})]


@given(file=files(), delimiter=st.sampled_from(",;\t|"), is_gzip=st.booleans())
@example(file=(["\n", "_"], [["", ""]]), delimiter=";", is_gzip=False)
def test_any_file_is_read_as_it_was_written(tmp_path_factory, file, delimiter, is_gzip):
    header, rows = file
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    text = text_of(header, rows, delimiter)
    path.write_bytes(gzip.compress(text) if is_gzip else text)
    assert tables.check_csv(path) == tables.read_header(path) == header
    assert rows_of(path) == rows


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("a,b;c", ["a", "b;c"]),
        ("a;b;c", ["a", "b", "c"]),
        ('"a,b";c', ["a,b", "c"]),
        ("a b", ["a b"]),
        ("a|b\tc\td", ["a|b", "c", "d"]),
    ],
)
def test_a_comma_is_no_delimiter_only_where_it_cuts_nothing(tmp_path, line, header):
    path = tmp_path / "rows.csv"
    path.write_text(f"{line}\n" + ",".join(header) + "\n")
    assert tables.check_csv(path) == header


@pytest.fixture
def usual_limit():
    """Python's own limit of a cell, whatever this process has set."""
    before = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("usual_limit")
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_header_may_be_longer_than_a_cell(tmp_path, delimiter):
    header = [f"column_{place:06}" for place in range(12_000)]
    assert len(delimiter.join(header)) > csv.field_size_limit()
    path = tmp_path / "rows.csv"
    path.write_text(f"{delimiter.join(header)}\n")
    assert tables.read_header(path) == header


def test_a_row_that_is_cut_otherwise_is_told(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a;b\n1;2\n1,2\n")
    with pytest.raises(ServingError, match="line 3: 1 cells, not 2") as caught:
        list(tables.read_rows(path, {}))
    assert caught.value.fix == 'check for a missing quote or ";"'


@pytest.mark.parametrize("kept", [12, 200])
def test_a_file_that_was_cut_off_is_told(tmp_path, kept):
    path = tmp_path / "rows.csv.gz"
    cells = "".join(f"{row * 7919 % 1000003},{row}\n" for row in range(2000))
    path.write_bytes(gzip.compress(f"a,b\n{cells}".encode())[:kept])
    with pytest.raises(ServingError, match="not readable"):
        rows_of(path)
