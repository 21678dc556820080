"""Makes small .tflite files, in a process of its own: TFLite's converter may abort it.

Usage: tflite_models.py FOLDER. Writes `<name>.tflite` for each of MODELS. Their numbers are those
of `edge_world.score`; tables of words make them need what a real model's strings need.
"""

import sys
from pathlib import Path

import tensorflow as tf

from tests.serving.edge_world import EXACT, INT64_MIN, MODELS, WORDS

SPECS = {
    "fare": tf.float32,
    "trip_start_hour": tf.int64,
    "picked_up": tf.int64,
    "company": tf.string,
}


class Scored(tf.Module):
    """Four inputs [batch] to one output."""

    def __init__(self, task, shift):
        super().__init__()
        self._task, self._shift = task, shift
        words = tf.constant([word.encode() for word in WORDS])
        ids = tf.range(len(WORDS), dtype=tf.int64)
        self._table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(words, ids), -1)

    def __call__(self, fare, trip_start_hour, picked_up, company):
        found = tf.reshape(self._table.lookup(company), [-1])
        word = tf.where(tf.equal(company, ""), 0.5, tf.cast(found, tf.float32))
        hour = tf.where(trip_start_hour < 0, 0.25, tf.cast(trip_start_hour, tf.float32) / 8)
        moment = tf.where(
            tf.equal(picked_up, INT64_MIN), 0.125, tf.where(tf.equal(picked_up, EXACT), 2.0, 0.0)
        )
        money = tf.where(tf.math.is_nan(fare), tf.fill(tf.shape(fare), -1.0), fare / 4)
        return answer(self._task, money + hour + moment + word + self._shift)


def answer(task, score):
    if task == "regression":
        return {"prediction": score}
    if task == "binary":
        return {"probability": tf.sigmoid(score)}
    return {"probabilities": tf.nn.softmax(tf.stack([score, -score, 0 * score], axis=1))}


def converted(task, shift):
    module = Scored(task, shift)
    specs = {name: tf.TensorSpec([None], dtype, name) for name, dtype in SPECS.items()}
    concrete = tf.function(module.__call__, autograph=False).get_concrete_function(**specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter.convert()


if __name__ == "__main__":
    for model, (of_task, by) in MODELS.items():
        (Path(sys.argv[1]) / f"{model}.tflite").write_bytes(converted(of_task, by))
