"""TFMA's metrics of answers that are at hand: TFMA loads no model and reads no rows."""

import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from components import examples
from components.tfma_results import SliceMetrics, metric_configs, named_slices
from usecase.outputs import MEASURED

LABEL = "label"
PREDICTION = "prediction"
SPLIT = "split"
FINGERPRINT = "fingerprint"


def answered(model: Path, label_key: str, examples_uri: Path, *splits: str) -> pd.DataFrame:
    """Asks a SavedModel for every row of some splits.

    Args:
        model: The SavedModel, with the signatures of `models.signatures`.
        label_key: The label among the transformed features.
        examples_uri: The Examples artifact.
        splits: The splits.

    Returns:
        One line a row: `label`; `prediction`, a number or [classes]; `split`; `fingerprint`, by
        which equal rows can be told, in whatever order they come.
    """
    signatures = tf.saved_model.load(str(model)).signatures
    labels, predictions, fingerprints, names = [np.zeros(0, np.float32)], [], [], []
    for split in splits:
        for serialized in examples.batches(examples_uri, split):
            outputs = signatures["serving_default"](examples=serialized)
            (measured,) = outputs.keys() & set(MEASURED.values())
            labels.append(signatures["transform_features"](examples=serialized)[label_key].numpy())
            predictions += list(outputs[measured].numpy())
            fingerprints += [zlib.crc32(row) for row in serialized.numpy()]
            names += [split] * len(labels[-1])
    return pd.DataFrame(
        {
            LABEL: np.concatenate(labels),
            PREDICTION: predictions,
            SPLIT: names,
            FINGERPRINT: fingerprints,
        }
    )


def measure(
    config: config_pb2.EvalConfig, frame: pd.DataFrame, slices: Sequence[Sequence[str]] = ((),)
) -> SliceMetrics:
    """Measures answers with the metrics of an EvalConfig, without its slices and thresholds.

    Args:
        config: The metrics.
        frame: `label` and `prediction`, as `answered` returns them, and the columns of `slices`.
        slices: The columns of each slicing; none for all rows together.
    """
    plain = config_pb2.EvalConfig()
    plain.CopyFrom(config)
    plain.ClearField("options")
    del plain.slicing_specs[:]
    plain.slicing_specs.extend(config_pb2.SlicingSpec(feature_keys=keys) for keys in slices)
    for _, metric in metric_configs(plain):
        metric.ClearField("per_slice_thresholds")
    plain.model_specs[0].Clear()
    plain.model_specs[0].label_key = LABEL
    plain.model_specs[0].prediction_key = PREDICTION
    columns = [LABEL, PREDICTION, *dict.fromkeys(key for keys in slices for key in keys)]
    with tempfile.TemporaryDirectory() as folder:
        result = tfma.analyze_raw_data(frame[columns], plain, folder)
    return named_slices(result.slicing_metrics, config)
