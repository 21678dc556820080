"""The model for phones: dense raw columns in, predictions out, in operations that TFLite has.

It is the served model in another shape. TFLite's converter drops the files that vocabularies are
read from without a word, so each vocabulary becomes a table of constants; and where the weights of
a Keras 3 model are variables, it aborts or leaves them without values, so they are constants too.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from models.categories import FIRST_VALUE_ID, MISSING_ID, UNKNOWN_ID
from models.columns import own_sentinel, sparse
from models.preprocessing import call_function
from models.transform_graph import TransformGraph
from usecase.declaration import Declaration
from usecase.features import Feature
from usecase.outputs import MEASURED
from usecase.schema import Column


class LiteModule(tf.Module):
    """What is converted for phones.

    Args:
        model: The trained network, from transformed features to predictions.
        transform_output: Output of Transform.
        declaration: The use case's features and label.
    """

    def __init__(
        self,
        model: keras.Model,
        transform_output: tft.TFTransformOutput,
        declaration: Declaration,
    ) -> None:
        super().__init__()
        self._declaration = declaration
        self._inputs = [tensor.name for tensor in model.inputs]
        self._call = model.stateless_call
        self._weights = [
            [np.asarray(variable) for variable in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables)
        ]
        self._transform = TransformGraph(transform_output)
        self._vocabularies = {
            f.name: Vocabulary(f.value, transform_output.vocabulary_by_name(f.vocabulary_name))
            for f in declaration.features
            if f.value and f.has_vocabulary
        }

    def predict(self, **columns: tf.Tensor) -> dict[str, tf.Tensor]:
        """Maps raw columns to predictions.

        Args:
            columns: [batch] each, by input name; missing values are the sentinels of
                `usecase.missing`.

        Returns:
            What the task is measured on: `probability` or `prediction`, float32 [batch], or
            `probabilities`, float32 [batch, classes].
        """
        declared = self._declaration.inputs
        raw = {c.name: own_sentinel(c, columns[c.input_name]) for c in declared}
        transformed = self._transform({name: sparse(v) for name, v in raw.items()})
        for feature in self._declaration.features:
            if vocabulary := self._vocabularies.get(feature.name):
                transformed[feature.transformed_name] = vocabulary.ids(_value(feature, raw))
        trainable, others = ([tf.constant(w) for w in weights] for weights in self._weights)
        inputs = {name: transformed[name] for name in self._inputs}
        predictions, _ = self._call(trainable, others, inputs, training=False)
        return {MEASURED[self._declaration.label.task]: predictions}

    def concrete_function(self) -> Any:
        """Traces `predict`, with a dynamic batch."""
        specs = {
            c.input_name: tf.TensorSpec([None], tf.as_dtype(c.dtype), name=c.input_name)
            for c in self._declaration.inputs
        }
        return tf.function(self.predict, autograph=False).get_concrete_function(**specs)


class Vocabulary(tf.Module):
    """The vocabulary of a feature as tables of constants.

    TFLite has no table from integers to integers: an integer is looked up as the text that the
    vocabulary holds of it, and the text's id then.

    Args:
        column: What the vocabulary is of: its dtype and sentinel.
        words: The vocabulary, in the order of ids.
    """

    def __init__(self, column: Column, words: Sequence[bytes]) -> None:
        super().__init__()
        self._missing = tf.constant(column.missing, column.dtype)
        self._tables: list[tf.lookup.StaticHashTable] = []
        if not words:  # a table of TFLite's cannot be empty
            return
        texts = tf.constant(words)
        if column.dtype == "int64":
            self._tables.append(_table(np.array(words, np.int64), texts, default=""))
        ids = np.arange(len(words), dtype=np.int64) + FIRST_VALUE_ID
        self._tables.append(_table(texts, ids, default=UNKNOWN_ID))

    def ids(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the ids of values, int64 [batch]: as `models.categories.vocabulary_id` does."""
        found = values if self._tables else tf.fill(tf.shape(values), np.int64(UNKNOWN_ID))
        for table in self._tables:
            # What a table finds has no shape after conversion, on which later operations fail.
            found = tf.reshape(table.lookup(found), [-1])
        missing = tf.equal(values, self._missing)
        return tf.where(missing, tf.fill(tf.shape(found), np.int64(MISSING_ID)), found)


def _table(keys: Any, values: Any, *, default: Any) -> tf.lookup.StaticHashTable:
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), default)


def _value(feature: Feature, raw: dict[str, tf.Tensor]) -> tf.Tensor:
    """What the feature's role encodes: its column, or what its function returns."""
    if feature.function is None:
        return raw[feature.columns[0].name]
    return call_function(feature, {c.name: raw[c.name] for c in feature.columns})
