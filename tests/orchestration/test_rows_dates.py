"""Dates in the cells of rows to predict: the same seconds as where rows are ingested."""

import pytest

from orchestration.local.rows import read_rows
from usecase.dates import DateText
from usecase.errors import DataError
from usecase.schema import Column

COLUMNS = (Column(name="when", dtype="int64"), Column(name="age", dtype="int64"))
DATES = {"when": DateText("iso8601", 2.0)}


def values(path, dates=DATES):
    return [row.values for row in read_rows(path, COLUMNS, dates)]


def test_dates_become_seconds(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "age,when\n1,1970-01-01T02:00:00\n2,1970-01-01T00:00:00Z\n3, \n4,\n,1970-01-02\n"
    )
    assert values(path) == [
        {"when": 0, "age": 1},
        {"when": 0, "age": 2},
        {"age": 3},
        {"age": 4},
        {"when": 22 * 3600},
    ]
    assert [row.cells for row in read_rows(path, COLUMNS, DATES)][2] == ["3", " "]


def test_without_a_format_they_are_seconds(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("age,when\n1,1357000000\n")
    assert values(path, {}) == [{"when": 1357000000, "age": 1}]
    with pytest.raises(DataError, match='"1357000000" is no date in the format iso8601'):
        values(path)


def test_an_error_names_line_and_column(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('age,when\n1,1970-01-01\n\n2,"soon"\n')
    with pytest.raises(DataError) as caught:
        values(path)
    assert caught.value.what == (
        f'{path}, line 4, column "when": "soon" is no date in the format iso8601'
    )
    assert caught.value.fix
