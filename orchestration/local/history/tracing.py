"""One example through a model: its transformed features, the network's scores, the answer."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from models.network import LAST_LAYER
from orchestration.local.history.row_values import Raw
from orchestration.local.history.run_model import RunModel

ANSWERS, FEATURES = "serving_default", "transform_features"
EXAMPLES = "examples"


class Trace(NamedTuple):
    """What became of one example.

    Attributes:
        features: Every transformed feature and the label, one number each.
        scores: What the network's last layer computes, before the head makes predictions of it:
            logits, or of a regression deviations from the mean label; None where the network
            alone is not there.
        outputs: The model's answer: numbers, lists of them, or a class.
    """

    features: dict[str, float]
    scores: list[float] | None
    outputs: dict[str, Any]


def trace(model: RunModel, row: Iterable[Raw]) -> Trace:
    """Asks the served model itself, and its network for what lies between.

    Args:
        model: The model.
        row: The raw values of one example.
    """
    examples = tf.constant([_example(row).SerializeToString()])
    signatures = tf.saved_model.load(str(model.saved_model)).signatures
    features = signatures[FEATURES](**{EXAMPLES: examples})
    outputs = signatures[ANSWERS](**{EXAMPLES: examples})
    return Trace(
        {name: tensor.numpy()[0].item() for name, tensor in features.items()},
        _scores(model, features),
        {name: _plain(tensor.numpy()[0]) for name, tensor in outputs.items()},
    )


def _scores(model: RunModel, features: dict[str, tf.Tensor]) -> list[float] | None:
    if model.network is None:
        return None
    network = keras.saving.load_model(model.network, compile=False)
    before_the_head = keras.Model(network.inputs, network.get_layer(LAST_LAYER).output)
    inputs = {tensor.name: features[tensor.name] for tensor in network.inputs}
    return [float(score) for score in np.asarray(before_the_head(inputs, training=False))[0]]


def _example(row: Iterable[Raw]) -> tf.train.Example:
    example = tf.train.Example()
    for raw in row:
        if raw.value is None:
            continue
        feature = example.features.feature[raw.column.name]
        if raw.column.dtype == "string":
            feature.bytes_list.value.append(raw.value)
        elif raw.column.dtype == "int64":
            feature.int64_list.value.append(raw.value)
        else:
            feature.float_list.value.append(raw.value)
    return example


def _plain(value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value
    return value.decode(errors="replace") if isinstance(value, bytes) else value
