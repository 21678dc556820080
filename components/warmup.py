"""Warm-up records: requests that a model server replays before it says that a model is there."""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
from tfx.utils import path_utils

from components.dense_rows import Rows
from components.serving_trials import EXAMPLES, EXAMPLES_INPUT, RAW, Trials, part

BATCHES = (1, 8)  # rows a record: one alone, and several


def add_warmup_records(folder: Path, name: str, trials: Trials) -> Path:
    """Writes warm-up records into a SavedModel: rows of the data, for either signature.

    Args:
        folder: The SavedModel.
        name: What the server calls the model.
        trials: The rows.

    Returns:
        The file, which TensorFlow Serving finds by its place.
    """
    path = Path(path_utils.warmup_file_path(str(folder)))
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in _records(name, trials):
            writer.write(record.SerializeToString())
    return path


def _records(name: str, trials: Trials) -> Iterator[prediction_log_pb2.PredictionLog]:
    inputs: dict[str, Rows] = {
        EXAMPLES: {EXAMPLES_INPUT: trials.serialized},
        RAW: trials.columns,
    }
    for signature, rows in inputs.items():
        for count in BATCHES:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = name
            request.model_spec.signature_name = signature
            for key, values in part(rows, -count, None).items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(values))
            yield prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
