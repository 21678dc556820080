"""The SavedModel: one preprocessing and one network behind several signatures."""

from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

from models.columns import own_sentinel, sparse
from models.outputs import has_text_classes, outputs_of
from models.transform_graph import TransformGraph
from usecase.declaration import Declaration
from usecase.outputs import CLASS
from usecase.schema import DType

COLUMNS_SIGNATURE = "serving_columns"


class ServingModule(tf.Module):
    """What is saved and served.

    Signatures, by name, with their inputs and outputs:

    * `serving_default`: serialized tf.Examples, string [batch] -> the task's outputs.
    * `serving_raw`: one dense tensor [batch] a raw column, by its input name; missing values are
      the sentinels of `usecase.missing`, and INT64_MIN is one in every integer column -> the
      task's outputs.
    * `transform_features`: serialized tf.Examples, string [batch] -> every transformed feature
      and the label, [batch] each.
    * `serving_columns`, only where classes are strings: as `serving_default`, but `class` is
      [batch, 1]; TFX's BulkInferrer fails on strings of shape [batch].

    The outputs of each task are those of `models.outputs`. The label's own columns reach only
    `transform_features`.

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
        self._call = model.call
        self._inputs = [tensor.name for tensor in model.inputs]
        self._weights = [variable.value for variable in model.variables]
        self._transform = TransformGraph(transform_output)

    def predict_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.Examples, string [batch], to the task's outputs."""
        parsed = tf.io.parse_example(examples, feature_spec(self._declaration))
        return self._predict(parsed)

    def predict_columns(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.Examples, string [batch], to the task's outputs, `class` [batch, 1]."""
        outputs = self.predict_examples(examples)
        return {**outputs, CLASS: tf.expand_dims(outputs[CLASS], 1)}

    def predict_raw(self, **features: tf.Tensor) -> dict[str, tf.Tensor]:
        """Dense raw columns, [batch] each, to the task's outputs."""
        columns = {column.input_name: column for column in self._declaration.inputs}
        known = {columns[k].name: own_sentinel(columns[k], v) for k, v in features.items()}
        return self._predict({name: sparse(values) for name, values in known.items()})

    def transform_features(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.Examples, string [batch], to all transformed features and the label."""
        spec = feature_spec(self._declaration, with_label=True)
        return self._transform(tf.io.parse_example(examples, spec))

    def _predict(self, parsed: dict[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
        transformed = self._transform(parsed)
        inputs = {name: transformed[name] for name in self._inputs}
        return outputs_of(self._declaration.label, self._call(inputs, training=False))


def save(module: ServingModule, declaration: Declaration, folder: str) -> None:
    """Writes the SavedModel with its signatures.

    Args:
        module: The module.
        declaration: The use case, whose raw columns become inputs of `serving_raw`.
        folder: Where to write.
    """
    examples = tf.TensorSpec([None], tf.string, name="examples")
    raw = {
        c.input_name: tf.TensorSpec([None], tf.as_dtype(c.dtype), name=c.input_name)
        for c in declaration.inputs
    }
    signatures = {
        "serving_default": _function(module.predict_examples, examples),
        "serving_raw": _function(module.predict_raw, **raw),
        "transform_features": _function(module.transform_features, examples),
    }
    if has_text_classes(declaration.label):
        signatures[COLUMNS_SIGNATURE] = _function(module.predict_columns, examples)
    tf.saved_model.save(module, folder, signatures=signatures)


def feature_spec(declaration: Declaration, *, with_label: bool = False) -> dict[str, Any]:
    """Returns the parsing spec of raw examples, without the columns that only the label uses."""
    dtypes: dict[str, DType] = {c.name: c.dtype for c in declaration.inputs}
    if with_label:
        dtypes.update({c.name: c.dtype for c in declaration.label.columns})
    return {name: tf.io.VarLenFeature(tf.as_dtype(dtype)) for name, dtype in dtypes.items()}


def _function(method: Any, *args: Any, **kwargs: Any) -> Any:
    return tf.function(method, autograph=False).get_concrete_function(*args, **kwargs)
