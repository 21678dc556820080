"""The label of the taxi use case."""

import math

import pytest
import tensorflow as tf

from models.taxi import BIG_TIP_SHARE, big_tip
from usecase.paths import resolve

NAN = math.nan


@pytest.mark.parametrize(
    ("tips", "fare", "label"),
    [
        (2.5, 10.0, 1.0),
        (2.0, 10.0, 0.0),  # exactly a fifth is not over it
        (1.0, 10.0, 0.0),
        (0.0, 0.0, 0.0),
        (1.0, 0.0, 1.0),
    ],
)
def test_a_tip_is_big_over_a_fifth_of_the_fare(tips, fare, label):
    answer = big_tip({"tips": tf.constant([tips]), "fare": tf.constant([fare])})
    assert (answer.dtype, answer.numpy().tolist()) == (tf.float32, [label])


@pytest.mark.parametrize(("tips", "fare"), [(NAN, 10.0), (3.0, NAN), (NAN, NAN)])
def test_without_a_tip_or_a_fare_there_is_no_label(tips, fare):
    answer = big_tip({"tips": tf.constant([tips, 3.0]), "fare": tf.constant([fare, 10.0])})
    assert [math.isnan(v) for v in answer.numpy()] == [True, False]


def test_the_share_is_the_one_of_tfx():
    peer = resolve("pkg:tfx/examples/chicago_taxi_pipeline/taxi_utils.py", "peer").read_text()
    assert f"tf.greater(tips, tf.multiply(taxi_fare, tf.constant({BIG_TIP_SHARE})))" in peer
