"""SavedModels to launch: `python -m tests.serving.launch_models FOLDER` writes them.

* shop, version 1, and aside/2 for later: `serving_raw` has inputs with hard names, and warm-up
  records with real rows; `serving_default` takes tf.Examples. score = 2 fare + hour.
* half, version 123: the one input x (float, [-1]) -> y = x / 2 + 2.
* grid: x (int32, [-1, 2, 3]) -> total; fixed: x (float, [4]) -> y; scalar: x (double, []) -> y.
* serialized: tf.Examples with one float feature x that has a default -> y. No records.
* broken, version 1: no SavedModel.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from tests.model_server.toy_models import save, signature

tf1 = tf.compat.v1

NAMES = {"fare": tf.float32, "hour": tf.int64, 'it\'s "größe" $HOME': tf.string}
ROWS = {
    "fare": np.array([np.nan, 12.45, 0.1], np.float32),
    "hour": np.array([-1, 7, 3], np.int64),
    'it\'s "größe" $HOME': np.array([b"", 'O\'Brien & "Söhne" \\ `x`'.encode(), b""], object),
}


def shop():
    places = {name: tf1.placeholder(dtype, [None]) for name, dtype in NAMES.items()}
    score = 2 * places["fare"] + tf.cast(places["hour"], tf.float32)
    text = places['it\'s "größe" $HOME']
    examples = tf1.placeholder(tf.string, [None])
    parsed = tf.io.parse_example(examples, {"fare": tf.io.FixedLenFeature([], tf.float32, 0.0)})
    return {
        "serving_raw": signature(places, {"score": score, "text": tf.identity(text)}),
        "serving_default": signature({"examples": examples}, {"score": parsed["fare"]}),
    }


def half():
    x = tf1.placeholder(tf.float32, [None])
    return {"serving_default": signature({"x": x}, {"y": x / 2 + 2})}


def grid():
    x = tf1.placeholder(tf.int32, [None, 2, 3])
    return {"serving_default": signature({"x": x}, {"total": tf.reduce_sum(x, [1, 2])})}


def fixed():
    x = tf1.placeholder(tf.float32, [4])
    return {"serving_default": signature({"x": x}, {"y": x * 3})}


def scalar():
    x = tf1.placeholder(tf.float64, [])
    return {"serving_default": signature({"x": x}, {"y": x + 1})}


def serialized():
    examples = tf1.placeholder(tf.string, [None])
    parsed = tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([], tf.float32, 5.0)})
    return {"serving_default": signature({"examples": examples}, {"y": parsed["x"] + 1})}


def add_records(version: Path) -> None:
    """Writes warm-up records as the pipeline does: one row, and several."""
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for part in (slice(0, 1), slice(0, 3)):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "shop"
            request.model_spec.signature_name = "serving_raw"
            for name, values in ROWS.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(values[part]))
            log = prediction_log_pb2.PredictLog(request=request)
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            writer.write(record.SerializeToString())


def write(folder: Path) -> None:
    save(folder / "shop" / "1", shop)
    save(folder / "aside" / "2", shop)
    for version in (folder / "shop" / "1", folder / "aside" / "2"):
        add_records(version)
    save(folder / "half" / "00000123", half)
    for make in (grid, fixed, scalar, serialized):
        save(folder / make.__name__ / "1", make)
    (folder / "broken" / "1").mkdir(parents=True)
    (folder / "broken" / "1" / "saved_model.pb").write_bytes(b"no model")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
