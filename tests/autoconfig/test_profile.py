import pyarrow as pa
import pytest

from autoconfig.label_values import require_values
from autoconfig.profile import profile
from usecase.errors import DataError


def batch(**columns):
    return pa.RecordBatch.from_arrays([pa.array(c) for c in columns.values()], list(columns))


def test_columns_that_some_blocks_lack_are_missing_there():
    table = profile([batch(a=[1, 2], y=[0, 1]), batch(b=["x"], y=[1])], "y")
    assert table.rows == 3
    assert {name: c.rows for name, c in table.columns.items()} == {"a": 3, "y": 3, "b": 3}
    assert {name: c.present for name, c in table.columns.items()} == {"a": 2, "y": 3, "b": 1}


def test_no_row_and_no_label_are_refused():
    with pytest.raises(DataError, match="no row"):
        profile([], "y")
    with pytest.raises(DataError, match='did you mean "price"'):
        profile([batch(price=[1, 2])], "prize")


@pytest.mark.parametrize("label", [pa.array([["a"], ["b", "c"]]), pa.array([b"a", b"b"])])
def test_a_label_that_cannot_be_read_is_profiled_all_the_same(label):
    table = profile([pa.RecordBatch.from_arrays([pa.array([1, 2]), label], ["x", "y"])], "y")
    assert table.columns["y"].unreadable
    assert not table.leaks
    with pytest.raises(DataError, match='label "y" cannot be learned: its type is'):
        require_values(table.columns["y"])


def test_the_wider_a_table_the_fewer_values_of_each_column_are_kept(monkeypatch):
    monkeypatch.setattr("autoconfig.profile.MOST_VALUES", 5000)
    values = [f"{k}" for k in range(4000)]
    table = profile([batch(a=values, y=values)], "y")
    assert {name: len(c.distinct.counts) for name, c in table.columns.items()} == {
        "a": 2500,
        "y": 2500,
    }
