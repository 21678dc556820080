"""The network: wide and deep, on Keras operations alone, so that it runs on every Keras backend."""

from collections.abc import Sequence
from typing import NamedTuple

import keras

from models.heads import Head
from usecase.config import Network

LAST_LAYER = "scores"
MAX_WIDE_WIDTH = 32  # of many classes, a category's linear part is kept to this rank


class ModelInput(NamedTuple):
    """One input of the network.

    Attributes:
        name: Name of the transformed feature.
        categories: Number of ids of a category (ids are 0 to categories - 1); 0 for a number.
        crossed: Names of the two inputs whose ids it combines; None where it comes from outside.
    """

    name: str
    categories: int
    crossed: tuple[str, str] | None = None


def build_network(inputs: Sequence[ModelInput], network: Network, head: Head) -> keras.Model:
    """Builds the wide-and-deep network.

    The deep part sees embeddings and numbers; the wide part is linear in both, so that strong
    single features need not pass through the hidden layers.

    Args:
        inputs: The inputs; each is a tensor [batch], int64 ids or float32 numbers.
        network: Sizes and regularisation.
        head: The task's.

    Returns:
        A model from {name: [batch]} to the head's predictions, float32.
    """
    tensors = _input_tensors(inputs)
    regularizer = keras.regularizers.L2(network.l2)
    hidden = _embed(inputs, tensors, network.embedding_size, regularizer, "deep")
    for units in network.hidden_units:
        hidden = keras.layers.Dense(units, kernel_regularizer=regularizer)(hidden)
        hidden = keras.layers.Activation(network.activation)(hidden)
        hidden = keras.layers.Dropout(network.dropout)(hidden)
    wide = _embed(inputs, tensors, _wide(head), regularizer, "wide")
    return _model(tensors, keras.layers.Concatenate()([wide, hidden]), head)


def build_linear(inputs: Sequence[ModelInput], head: Head) -> keras.Model:
    """Builds the simple model that the network must be worth: (logistic) linear regression.

    Args:
        inputs: The same inputs as the network's.
        head: The task's.

    Returns:
        A model from {name: [batch]} to the head's predictions, float32.
    """
    tensors = _input_tensors(inputs)
    wide = _embed(inputs, tensors, _wide(head), keras.regularizers.L2(1e-6), "wide")
    return _model(tensors, wide, head)


def _wide(head: Head) -> int:
    return min(head.units, MAX_WIDE_WIDTH)


def _input_tensors(inputs: Sequence[ModelInput]) -> dict[str, keras.KerasTensor]:
    return {
        i.name: keras.Input((), name=i.name, dtype="int64" if i.categories else "float32")
        for i in inputs
        if i.crossed is None
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
        before = [-sum(c.categories for c in categories[:k]) for k in range(len(categories))]
        ids = keras.ops.stack([_ids(c, inputs, tensors) for c in categories], axis=1)
        # Keras makes a BiasAdd of an addition like this, which TFLite has not for integers.
        ids = ids - keras.ops.convert_to_tensor([before], dtype="int64")
        table = keras.layers.Embedding(
            sum(c.categories for c in categories),
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
            embeddings_regularizer=regularizer,
            name=f"{name}_embedding",
            dtype="float32",  # in which gradients of a row that many share are summed, on JAX too
        )
        parts.append(keras.layers.Flatten()(table(ids)))
    numbers = [tensors[i.name] for i in inputs if not i.categories]
    if numbers:
        parts.append(keras.ops.stack(numbers, axis=1))
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)


def _ids(
    category: ModelInput, inputs: Sequence[ModelInput], tensors: dict[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """The ids of a category, [batch]; a cross counts them row by row of the pair's table."""
    if category.crossed is None:
        return tensors[category.name]
    left, right = category.crossed
    (width,) = (i.categories for i in inputs if i.name == right)
    return tensors[left] * width + tensors[right]


def _model(
    tensors: dict[str, keras.KerasTensor], features: keras.KerasTensor, head: Head
) -> keras.Model:
    scores = keras.layers.Dense(
        head.units,
        bias_initializer=keras.initializers.Constant(head.bias),
        name=LAST_LAYER,
        dtype="float32",  # whatever precision the layers before it compute in
    )(features)
    return keras.Model(tensors, head.predict(scores))
