"""What a model answers with: names, types, and the class of each row."""

import numpy as np
import pytest
import tensorflow as tf

from models.outputs import DECISION_THRESHOLD, has_text_classes, outputs_of
from tests.models.declarations import NAN, label_column

HALF = np.float32(0.5)
PROBABILITIES = [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1], [0.4, 0.4, 0.2]]


def answer_of(label, predictions):
    return outputs_of(label, tf.constant(predictions, tf.float32))


def test_a_number_is_a_prediction_alone():
    label = label_column("float32", task="regression")
    answer = answer_of(label, [1.5, -2.0, NAN])
    assert list(answer) == ["prediction"]
    assert answer["prediction"].dtype == tf.float32
    np.testing.assert_array_equal(answer["prediction"], np.float32([1.5, -2.0, NAN]))


def test_0_or_1_is_a_probability_alone():
    answer = answer_of(label_column("int64"), [0.0, 0.5, 1.0])
    assert list(answer) == ["probability"]
    assert (answer["probability"].dtype, answer["probability"].shape) == (tf.float32, (3,))
    assert answer["probability"].numpy().tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("dtype", "classes", "named"),
    [("string", ("no", "jä"), [b"no", "jä".encode()]), ("int64", (7, -3), [7, -3])],
)
def test_the_positive_class_is_answered_from_a_half_on(dtype, classes, named):
    below, above = np.nextafter(HALF, np.float32(0)), np.nextafter(HALF, np.float32(1))
    probabilities = [0.0, below, HALF, above, 1.0]
    answer = answer_of(label_column(dtype, classes=classes), probabilities)
    assert list(answer) == ["probability", "class"]
    assert answer["class"].dtype == dtype
    negative, positive = named
    assert answer["class"].numpy().tolist() == [negative] * 2 + [positive] * 3
    np.testing.assert_array_equal(answer["probability"], np.float32(probabilities))
    assert DECISION_THRESHOLD == 0.5


@pytest.mark.parametrize(
    ("dtype", "classes", "named"),
    [
        ("string", ("wolf", "dog", "Ä"), [b"dog", "Ä".encode(), b"wolf", b"wolf"]),
        ("int64", (2**40, 0, -1), [0, -1, 2**40, 2**40]),
    ],
)
def test_of_several_classes_the_most_probable_is_answered(dtype, classes, named):
    answer = answer_of(label_column(dtype, task="multiclass", classes=classes), PROBABILITIES)
    assert list(answer) == ["probabilities", "class"]
    assert answer["class"].dtype == dtype
    assert answer["class"].numpy().tolist() == named  # the first one, where two are as probable
    assert answer["probabilities"].dtype == tf.float32
    np.testing.assert_array_equal(answer["probabilities"], np.float32(PROBABILITIES))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_no_rows(task):
    classes = () if task == "regression" else ("a", "b")
    predictions = np.zeros((0, 2) if task == "multiclass" else (0,), np.float32)
    for values in outputs_of(
        label_column("string", task=task, classes=classes), tf.constant(predictions)
    ).values():
        assert values.shape[0] == 0


@pytest.mark.parametrize(("classes", "is_text"), [(("a", "b"), True), ((1, 2), False), ((), False)])
def test_which_classes_are_text(classes, is_text):
    assert has_text_classes(label_column("string", classes=classes)) is is_text
