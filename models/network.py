"""The network: wide and deep, on Keras operations alone, so that it runs on every Keras backend."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import keras

from usecase.config import Network

LOGIT_LAYER = "logit"


class ModelInput(NamedTuple):
    """One input of the network.

    Attributes:
        name: Name of the transformed feature.
        categories: Number of ids of a category (ids are 0 to categories - 1); 0 for a number.
    """

    name: str
    categories: int


def build_network(
    inputs: Sequence[ModelInput], network: Network, positive_share: float = 0.5
) -> keras.Model:
    """Builds the wide-and-deep network.

    The deep part sees embeddings and numbers; the wide part is linear in both, so that strong
    single features need not pass through the hidden layers.

    Args:
        inputs: The inputs; each is a tensor [batch], int64 ids or float32 numbers.
        network: Sizes and regularisation.
        positive_share: Share of positive labels; the output starts there instead of at one half.

    Returns:
        A model from {name: [batch]} to probabilities, float32 [batch].
    """
    tensors = _input_tensors(inputs)
    regularizer = keras.regularizers.L2(network.l2)
    hidden = _embed(inputs, tensors, network.embedding_size, regularizer, "deep")
    for units in network.hidden_units:
        hidden = keras.layers.Dense(units, kernel_regularizer=regularizer)(hidden)
        hidden = keras.layers.Activation(network.activation)(hidden)
        hidden = keras.layers.Dropout(network.dropout)(hidden)
    wide = _embed(inputs, tensors, 1, regularizer, "wide")
    return _model(tensors, keras.layers.Concatenate()([wide, hidden]), positive_share)


def build_linear(inputs: Sequence[ModelInput], positive_share: float = 0.5) -> keras.Model:
    """Builds the simple model that the network must be worth: logistic regression.

    Args:
        inputs: The same inputs as the network's.
        positive_share: Share of positive labels.

    Returns:
        A model from {name: [batch]} to probabilities, float32 [batch].
    """
    tensors = _input_tensors(inputs)
    wide = _embed(inputs, tensors, 1, keras.regularizers.L2(1e-6), "wide")
    return _model(tensors, wide, positive_share)


def _input_tensors(inputs: Sequence[ModelInput]) -> dict[str, keras.KerasTensor]:
    return {
        i.name: keras.Input((), name=i.name, dtype="int64" if i.categories else "float32")
        for i in inputs
    }


def _embed(
    inputs: Sequence[ModelInput],
    tensors: dict[str, keras.KerasTensor],
    width: int,
    regularizer: keras.Regularizer,
    name: str,
) -> keras.KerasTensor:
    """Returns [batch, width * number of categories + number of numbers].

    All categories share one table, each with its own range of rows: one lookup instead of one a
    feature.
    """
    parts = []
    categories = [i for i in inputs if i.categories]
    if categories:
        offsets = [sum(c.categories for c in categories[:k]) for k in range(len(categories))]
        ids = keras.ops.stack([tensors[c.name] for c in categories], axis=1)
        ids = ids + keras.ops.convert_to_tensor([offsets], dtype="int64")
        table = keras.layers.Embedding(
            sum(c.categories for c in categories),
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
            embeddings_regularizer=regularizer,
            name=f"{name}_embedding",
        )
        parts.append(keras.layers.Flatten()(table(ids)))
    numbers = [tensors[i.name] for i in inputs if not i.categories]
    if numbers:
        parts.append(keras.ops.stack(numbers, axis=1))
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)


def _model(
    tensors: dict[str, keras.KerasTensor], features: keras.KerasTensor, positive_share: float
) -> keras.Model:
    share = min(max(positive_share, 1e-3), 1 - 1e-3)
    bias = keras.initializers.Constant(math.log(share / (1 - share)))
    logit = keras.layers.Dense(1, bias_initializer=bias, name=LOGIT_LAYER)(features)
    probability = keras.ops.sigmoid(keras.ops.squeeze(logit, axis=-1))
    return keras.Model(tensors, probability)
