"""Feature engineering for Transform, in the op subset that TFLite converts with builtins.

One preprocessing serves training, TensorFlow Serving and the phone. The rules that keep it so:
numbers are computed on the sparse values and only then made dense; strings are looked up before
anything is made dense; missing values (absent, NaN, "" or the integer sentinel) are known here.
"""

from typing import Any

import tensorflow as tf

from models.categories import boolean_id, bucket_id, direct_id, vocabulary_id
from models.columns import dense, sparse
from models.dates import date_parts
from models.functions import load_function
from models.labels import label_of
from models.scaling import min_max, missing_indicator, to_be_scored
from models.standard_scores import StandardScores
from usecase.declaration import Declaration
from usecase.features import Feature
from usecase.roles import Boolean, Bucketized, Crossed, DateTime, Numeric
from usecase.schema import Column


def preprocessing_fn(
    inputs: dict[str, tf.SparseTensor], custom_config: dict[str, Any]
) -> dict[str, tf.Tensor]:
    """Maps raw columns to the model's inputs and label.

    Args:
        inputs: Every column of the schema, [batch, 1] sparse.
        custom_config: {"declaration": JSON of a `Declaration`}.

    Returns:
        Of each feature but crosses, which the network makes of ids: its `numbers`, float32
        [batch], or its id, int64 [batch]; and `<label>_xf`: float32 [batch], NaN where missing.
    """
    declaration = Declaration.model_validate_json(custom_config["declaration"])
    outputs, scores = {}, StandardScores()
    for feature in declaration.features:
        outputs.update(_encode(feature, inputs, scores))
    outputs.update(scores.outputs())
    outputs[declaration.label.key] = label_of(declaration.label, inputs)
    return outputs


def _value(feature: Feature, inputs: dict[str, tf.SparseTensor]) -> tf.SparseTensor:
    """What the role encodes: the feature's column, or what its function returns."""
    if feature.function is None:
        return inputs[feature.columns[0].name]
    columns = {c.name: dense(c, inputs[c.name]) for c in feature.columns}
    return sparse(call_function(feature, columns))


def call_function(feature: Feature, columns: dict[str, tf.Tensor]) -> tf.Tensor:
    """Computes a feature of the user's own.

    Args:
        feature: One with a function.
        columns: Its raw columns, [batch] each in their own dtypes; sentinels where missing.

    Returns:
        [batch] of the dtype that the feature's role encodes.

    Raises:
        TypeError: If the function returns another dtype or shape.
    """
    function = str(feature.function)
    result = tf.convert_to_tensor(load_function(function)(columns))
    wanted = tf.as_dtype(feature.value.dtype if feature.value else "float32")
    if result.dtype != wanted or result.shape.rank != 1:
        raise TypeError(
            f"{function} returned {result.dtype.name} of shape {result.shape} for feature "
            f'"{feature.name}"; its role {feature.declared.role} needs {wanted.name} of shape '
            "[batch]"
        )
    return result


def _encode(
    feature: Feature, inputs: dict[str, tf.SparseTensor], scores: StandardScores
) -> dict[str, tf.Tensor]:
    """Returns the outputs of a feature, but for those that it leaves to the scores."""
    declared, column, name = feature.declared, feature.value, feature.transformed_name
    if column is None or isinstance(declared, Crossed):
        return {}
    values = _value(feature, inputs)
    if isinstance(declared, DateTime):
        names = {part: feature.date_names(part) for part in declared.parts}
        return date_parts(declared, column, names, values, scores)
    if isinstance(declared, Numeric):
        return _encode_number(feature, declared, column, values, scores)
    if isinstance(declared, Bucketized):
        return {name: bucket_id(declared, column, values)}
    if isinstance(declared, Boolean):
        return {name: boolean_id(column, values)}
    if feature.direct_range:
        return {name: direct_id(column, *feature.direct_range, values)}
    return {name: vocabulary_id(declared, column, feature.vocabulary_name, values)}


def _encode_number(
    feature: Feature,
    declared: Numeric,
    column: Column,
    values: tf.SparseTensor,
    scores: StandardScores,
) -> dict[str, tf.Tensor]:
    name, outputs = feature.transformed_name, {}
    if declared.scaling == "min_max":
        outputs[name] = min_max(column, values)
    else:
        scores.add(name, to_be_scored(declared, column, values), values)
    if feature.indicator_name:
        outputs[feature.indicator_name] = missing_indicator(column, values)
    return outputs
