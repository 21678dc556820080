"""How one value a row goes between sparse, where values may be missing, and dense."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from models.columns import as_float, dense, spread, without_nan
from models.columns import sparse as made_sparse
from tests.models.declarations import ABSENT, INT64_MAX, INT64_MIN, NAN, sparse
from usecase.schema import Column

INTEGERS = st.integers(INT64_MIN, INT64_MAX)
FLOATS = st.floats(width=32)


def test_values_are_spread_over_the_rows_that_have_one():
    column = sparse([None, 5, None, 6], "int64")
    answer = spread(column, tf.constant([50, 60]), tf.constant(-1))
    assert answer.numpy().tolist() == [-1, 50, -1, 60]


def test_a_batch_that_tf_transform_thinks_is_empty_still_has_its_rows():
    # Where no row has a value, the second dimension of a parsed column is 0.
    column = tf.SparseTensor(np.zeros((0, 2), np.int64), tf.zeros([0]), [3, 0])
    assert spread(column, column.values, tf.constant(9.0)).numpy().tolist() == [9.0, 9.0, 9.0]


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (Column(name="x", dtype="float32"), [1.5, ABSENT, NAN], [1.5, NAN, NAN]),
        (Column(name="x", dtype="int64"), [7, ABSENT, -1], [7, INT64_MIN, -1]),
        (Column(name="x", dtype="int64", lowest=0), [7, ABSENT, -1], [7, -1, -1]),
        (Column(name="x", dtype="int64", lowest=-5), [7, ABSENT, -1], [7, INT64_MIN, -1]),
        (Column(name="x", dtype="string"), ["a", ABSENT, ""], [b"a", b"", b""]),
        (Column(name="x", dtype="int64"), [ABSENT, ABSENT], [INT64_MIN, INT64_MIN]),
        (Column(name="x", dtype="string"), [], []),
    ],
)
def test_a_dense_column_has_sentinels_where_it_has_no_value(column, values, expected):
    answer = dense(column, sparse(values, column.dtype))
    assert answer.dtype == column.dtype
    np.testing.assert_array_equal(answer, np.array(expected, answer.dtype.as_numpy_dtype))


@given(st.lists(INTEGERS, max_size=5) | st.lists(FLOATS, max_size=5))
def test_what_is_made_sparse_and_dense_again_is_the_same(values):
    dtype = "int64" if values and isinstance(values[0], int) else "float32"
    column = made_sparse(tf.constant(values, dtype))
    assert column.dense_shape.numpy().tolist() == [len(values), 1]
    assert column.indices.numpy().tolist() == [[row, 0] for row in range(len(values))]
    again = dense(Column(name="x", dtype=dtype), column)
    np.testing.assert_array_equal(again, np.array(values, dtype))


@pytest.mark.parametrize("lowest", [None, 0])
@given(values=st.lists(INTEGERS | st.sampled_from([-1, INT64_MIN]), max_size=5))
def test_integers_become_the_nearest_floats_and_their_sentinel_nan(lowest, values):
    column = Column(name="x", dtype="int64", lowest=lowest)
    answer = as_float(column, tf.constant(values, tf.int64))
    assert answer.dtype == tf.float32
    sentinel = INT64_MIN if lowest is None else -1
    expected = [NAN if value == sentinel else float(np.float32(value)) for value in values]
    np.testing.assert_array_equal(answer, np.array(expected, np.float32))


@given(st.lists(FLOATS, max_size=5))
def test_floats_stay_as_they_are(values):
    column = Column(name="x", dtype="float32")
    answer = as_float(column, tf.constant(values, tf.float32))
    np.testing.assert_array_equal(answer, np.array(values, np.float32))


def test_analyzers_see_numbers_alone():
    answer = without_nan(tf.constant([NAN, 1.0, np.inf, NAN, -2.0]))
    assert answer.numpy().tolist() == [1.0, np.inf, -2.0]
