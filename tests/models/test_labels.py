"""The label, and how one value a row is made dense."""

import math

import numpy as np
import pytest
import tensorflow as tf

from models.functions import load_function
from models.labels import dense_column, label_of, spread
from models.taxi import big_tip
from usecase.features import Declaration, Feature, LabelColumn

NAN = math.nan


def sparse(values, dtype):
    """Returns a column as tf.Transform gives it; None is a row without a value."""
    rows = [row for row, value in enumerate(values) if value is not None]
    return tf.SparseTensor(
        np.array([[row, 0] for row in rows], np.int64).reshape(-1, 2),
        tf.constant([values[row] for row in rows], dtype),
        [len(values), 1],
    )


def declared(function=None, **columns):
    return Declaration(
        features=(Feature(name="other", role="numeric", dtype="float32"),),
        label_name=next(iter(columns)) if function is None else "made",
        label_function=function,
        label_columns=tuple(LabelColumn(name=n, dtype=d) for n, d in columns.items()),
    )


@pytest.mark.parametrize(
    ("values", "dtype", "dense"),
    [
        ([1.5, None, -2.0], "float32", [1.5, NAN, -2.0]),
        ([NAN, 3.0], "float32", [NAN, 3.0]),
        ([7, None, 0], "int64", [7.0, NAN, 0.0]),
        ([None, None], "int64", [NAN, NAN]),
        ([], "float32", []),
    ],
)
def test_numbers_become_floats_and_nan(values, dtype, dense):
    answer = dense_column(sparse(values, dtype))
    assert answer.dtype == tf.float32
    np.testing.assert_array_equal(answer, dense)


def test_strings_stay_strings():
    assert dense_column(sparse(["a", None, "b"], "string")).numpy().tolist() == [b"a", b"", b"b"]


def test_values_are_spread_over_the_rows_that_have_one():
    column = sparse([None, 5, None, 6], "int64")
    answer = spread(column, tf.constant([50, 60]), tf.constant(-1))
    assert answer.numpy().tolist() == [-1, 50, -1, 60]


def test_a_batch_that_tf_transform_thinks_is_empty_still_has_its_rows():
    # Where no row has a value, the second dimension of a parsed column is 0.
    column = tf.SparseTensor(np.zeros((0, 2), np.int64), tf.zeros([0]), [3, 0])
    assert spread(column, column.values, tf.constant(9.0)).numpy().tolist() == [9.0, 9.0, 9.0]


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_a_label_that_is_a_column(dtype):
    columns = {"clicked": sparse([1, None, 0], dtype), "other": sparse([5, 5, 5], "float32")}
    answer = label_of(declared(clicked=dtype), columns)
    assert answer.dtype == tf.float32
    np.testing.assert_array_equal(answer, [1.0, NAN, 0.0])


def test_a_label_made_by_a_function_sees_its_columns_alone(monkeypatch):
    calls = []

    def made(columns):
        calls.append({name: values.numpy().tolist() for name, values in columns.items()})
        return columns["kind"] == b"x"

    monkeypatch.setattr("models.taxi.big_tip", made)
    columns = {"kind": sparse(["x", None], "string"), "other": sparse([5, 5], "float32")}
    answer = label_of(declared("models.taxi.big_tip", kind="string"), columns)
    assert calls == [{"kind": [b"x", b""]}]
    assert (answer.dtype, answer.numpy().tolist()) == (tf.float32, [1.0, 0.0])


def test_a_function_is_loaded_by_its_path():
    assert load_function("models.taxi.big_tip") is big_tip
    with pytest.raises(AttributeError, match="no_such"):
        load_function("models.taxi.no_such")
