"""The label: its number, or the id of its class; NaN where there is none."""

import numpy as np
import pytest
import tensorflow as tf

from models.functions import load_function
from models.labels import dense_column, label_of
from models.taxi import big_tip
from tests.models.declarations import ABSENT, INT64_MIN, NAN, label_column, sparse
from usecase.labels import LabelSpec
from usecase.schema import Column


def label_made(function, task="binary", classes=(), **columns):
    return LabelSpec(
        name="made",
        task=task,
        function=function,
        columns=tuple(Column(name=name, dtype=dtype) for name, dtype in columns.items()),
        classes=classes,
    )


def of_column(label, values):
    """Returns the labels of one column's values."""
    (column,) = label.columns
    answer = label_of(label, {column.name: sparse(values, column.dtype)})
    assert answer.dtype == tf.float32
    return answer


@pytest.mark.parametrize(
    ("values", "dtype", "dense"),
    [
        ([1.5, None, -2.0], "float32", [1.5, NAN, -2.0]),
        ([NAN, 3.0], "float32", [NAN, 3.0]),
        ([7, None, 0], "int64", [7.0, NAN, 0.0]),
        ([7, INT64_MIN, -1], "int64", [7.0, NAN, -1.0]),
        ([None, None], "int64", [NAN, NAN]),
        ([], "float32", []),
    ],
)
def test_numbers_become_floats_and_nan(values, dtype, dense):
    answer = dense_column(Column(name="x", dtype=dtype), sparse(values, dtype))
    assert answer.dtype == tf.float32
    np.testing.assert_array_equal(answer, dense)


def test_strings_stay_strings():
    answer = dense_column(Column(name="x", dtype="string"), sparse(["a", None, "b"], "string"))
    assert answer.numpy().tolist() == [b"a", b"", b"b"]


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_a_label_that_is_a_column(dtype):
    columns = {"clicked": sparse([1, None, 0], dtype), "other": sparse([5, 5, 5], "float32")}
    answer = label_of(label_column(dtype, name="clicked"), columns)
    assert answer.dtype == tf.float32
    np.testing.assert_array_equal(answer, [1.0, NAN, 0.0])


def test_a_label_made_by_a_function_sees_its_columns_alone(monkeypatch):
    calls = []

    def made(columns):
        calls.append({name: values.numpy().tolist() for name, values in columns.items()})
        return columns["kind"] == b"x"

    monkeypatch.setattr("models.taxi.big_tip", made)
    columns = {"kind": sparse(["x", None], "string"), "other": sparse([5, 5], "float32")}
    answer = label_of(label_made("models.taxi.big_tip", kind="string"), columns)
    assert calls == [{"kind": [b"x", b""]}]
    assert (answer.dtype, answer.numpy().tolist()) == (tf.float32, [1.0, 0.0])


def test_numbers_to_be_predicted_stay_numbers():
    of_floats = label_column("float32", task="regression")
    np.testing.assert_array_equal(
        of_column(of_floats, [-2.5, ABSENT, NAN, 1e9]), [-2.5, NAN, NAN, 1e9]
    )
    of_integers = label_column("int64", task="regression", lowest=0)
    np.testing.assert_array_equal(of_column(of_integers, [4, ABSENT, -1, 0]), [4, NAN, NAN, 0])


def test_strings_become_ids_in_the_order_of_the_classes():
    label = label_column("string", task="multiclass", classes=("wolf", "dog", "Ä b"))
    values = ["dog", "wolf", "Ä b", "Dog", "cat", "", ABSENT, "dog "]
    np.testing.assert_array_equal(of_column(label, values), [1, 0, 2, NAN, NAN, NAN, NAN, NAN])


def test_the_positive_of_two_classes_is_1_whatever_its_place():
    label = label_column("string", classes=("yes", "no"))  # "no" is to be predicted
    np.testing.assert_array_equal(of_column(label, ["no", "yes", "maybe"]), [1, 0, NAN])


@pytest.mark.parametrize("lowest", [-3, 0, 5])
def test_integers_become_ids_in_the_order_of_the_classes(lowest):
    classes = (lowest, lowest + 1, lowest + 2)
    label = label_column(
        "int64", task="multiclass", classes=classes, lowest=lowest, highest=lowest + 2
    )
    values = [*reversed(classes), lowest - 1, lowest + 3, INT64_MIN, ABSENT]
    np.testing.assert_array_equal(of_column(label, values), [2, 1, 0, NAN, NAN, NAN, NAN])


@pytest.mark.parametrize("lowest", [2**24, 2**53, -(2**62)])
def test_large_integers_next_to_each_other_are_different_classes(lowest):
    classes = tuple(range(lowest, lowest + 5))
    label = label_column(
        "int64", task="multiclass", classes=classes, lowest=lowest, highest=lowest + 4
    )
    values = [*classes, lowest + 5, lowest - 1, ABSENT]
    np.testing.assert_array_equal(of_column(label, values), [0, 1, 2, 3, 4, NAN, NAN, NAN])


def test_the_words_of_a_truth_value():
    label = label_column("string", classes=("off", "on"), truth=("off", "on"))
    values = ["on", "off", "true", "1", "", ABSENT]
    np.testing.assert_array_equal(of_column(label, values), [1, 0, NAN, NAN, NAN, NAN])


def test_a_truth_value_whose_false_is_predicted():
    label = label_column("int64", classes=(1, 0), truth=("0", "1"))
    np.testing.assert_array_equal(of_column(label, [1, 0, ABSENT, 7]), [0, 1, NAN, NAN])


@pytest.mark.parametrize(
    ("classes", "result", "expected"),
    [
        (("low", "high"), tf.constant(["high", "low", "", "mid"]), [1, 0, NAN, NAN]),
        ((10, 20, 30), tf.constant([30, 10, 11], tf.int64), [2, 0, NAN]),
        ((10, 20, 30), tf.constant([30, 10, 11], tf.int32), [2, 0, NAN]),
        ((10, 20, 30), tf.constant([20.0, NAN, 10.5]), [1, NAN, NAN]),
        ((1, 0), tf.constant([True, False]), [0, 1]),
    ],
    ids=["strings", "int64", "int32", "floats", "truth values"],
)
def test_a_function_may_return_classes(monkeypatch, classes, result, expected):
    monkeypatch.setattr("models.taxi.big_tip", lambda columns: result)
    label = label_made("models.taxi.big_tip", "multiclass", classes, x="float32")
    answer = label_of(label, {"x": sparse([1.0] * len(expected), "float32")})
    assert answer.dtype == tf.float32
    np.testing.assert_array_equal(answer, expected)


def test_a_batch_without_rows_has_no_labels():
    for label in (
        label_column("string", task="multiclass", classes=("a", "b")),
        label_column("int64", task="multiclass", classes=(1, 2)),
        label_column("float32", task="regression"),
    ):
        assert of_column(label, []).shape == (0,)


def test_a_function_is_loaded_by_its_path():
    assert load_function("models.taxi.big_tip") is big_tip
    with pytest.raises(AttributeError, match="no_such"):
        load_function("models.taxi.no_such")
