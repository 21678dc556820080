"""Feature engineering for Transform, in the op subset that TFLite converts with builtins.

One preprocessing serves training, TensorFlow Serving and the phone. The rules that keep it so:
numbers are computed on the sparse values and only then made dense; strings are looked up before
anything is made dense; missing values (absent, NaN, "" or the integer sentinel) are known here.
"""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from models.labels import label_of, spread
from usecase.features import Declaration, Feature

# Encoded categories: one id for missing, one for unknown, then the values.
MISSING_ID = 0
UNKNOWN_ID = 1
FIRST_VALUE_ID = 2

TRUE_WORDS = ("true", "True", "TRUE", "t", "T", "yes", "Yes", "YES", "y", "Y", "1")
FALSE_WORDS = ("false", "False", "FALSE", "f", "F", "no", "No", "NO", "n", "N", "0")


def preprocessing_fn(
    inputs: dict[str, tf.SparseTensor], custom_config: dict[str, Any]
) -> dict[str, tf.Tensor]:
    """Maps raw columns to the model's inputs and label.

    Args:
        inputs: Every column of the schema, [batch, 1] sparse.
        custom_config: {"declaration": JSON of a `Declaration`}.

    Returns:
        `<feature>_xf`: float32 [batch] for numeric features, int64 [batch] ids for all others;
        `<feature>_xf_missing`: float32 [batch], 1 where an optional numeric feature is missing;
        `<label>_xf`: float32 [batch], NaN where it is missing.
    """
    declaration = Declaration.model_validate_json(custom_config["declaration"])
    outputs = {f.transformed_name: _encode(f, inputs[f.name]) for f in declaration.features}
    for feature in declaration.features:
        if feature.indicator_name:
            outputs[feature.indicator_name] = _missing_indicator(feature, inputs[feature.name])
    outputs[declaration.label_key] = label_of(declaration, inputs)
    return outputs


def _encode(feature: Feature, column: tf.SparseTensor) -> tf.Tensor:
    if feature.role == "numeric":
        return _z_score(feature, column)
    if feature.role == "bucketized":
        return _bucket_id(feature, column)
    if feature.role == "boolean":
        return _boolean_id(feature, column)
    if feature.direct_range:
        return _direct_id(feature, column)
    return _vocabulary_id(feature, column)


def _z_score(feature: Feature, column: tf.SparseTensor) -> tf.Tensor:
    """(value - mean) / standard deviation of the train split; missing and constant become 0."""
    values = _as_float(feature, column)
    present = _present(values)
    mean = tf.cast(tft.mean(present, output_dtype=tf.float64), tf.float32)
    deviation = tf.cast(tf.sqrt(tft.var(present, output_dtype=tf.float64)), tf.float32)
    scaled = (values - mean) / tf.where(deviation > 0.0, deviation, tf.ones_like(deviation))
    known = tf.where(tf.math.is_nan(values), tf.zeros_like(scaled), scaled)
    return spread(column, known, tf.constant(0.0))


def _missing_indicator(feature: Feature, column: tf.SparseTensor) -> tf.Tensor:
    missing = tf.math.is_nan(_as_float(feature, column))
    return spread(column, tf.cast(missing, tf.float32), tf.constant(1.0))


def _bucket_id(feature: Feature, column: tf.SparseTensor) -> tf.Tensor:
    """0 for missing, else 1 + the number of quantile boundaries at or below the value."""
    values = _as_float(feature, column)
    boundaries = tft.quantiles(_present(values), feature.buckets, epsilon=0.001)
    at_or_above = tf.expand_dims(values, 1) >= tf.reshape(boundaries, [1, -1])
    ids = 1 + tf.reduce_sum(tf.cast(at_or_above, tf.int64), axis=1)
    ids = tf.where(tf.math.is_nan(values), tf.zeros_like(ids), ids)
    return spread(column, ids, tf.constant(MISSING_ID, tf.int64))


def _boolean_id(feature: Feature, column: tf.SparseTensor) -> tf.Tensor:
    """0 for missing or unreadable, 1 for false, 2 for true."""
    if feature.dtype == "string":
        truth = _is_one_of(column.values, TRUE_WORDS)
        known = truth | _is_one_of(column.values, FALSE_WORDS)
    else:
        numbers = _as_float(feature, column)
        truth, known = tf.not_equal(numbers, 0.0), tf.logical_not(tf.math.is_nan(numbers))
    ids = tf.where(known, 1 + tf.cast(truth, tf.int64), tf.zeros_like(truth, tf.int64))
    return spread(column, ids, tf.constant(MISSING_ID, tf.int64))


def _direct_id(feature: Feature, column: tf.SparseTensor) -> tf.Tensor:
    """The id of an integer in a small domain, by arithmetic."""
    lowest, highest = feature.direct_range or (0, 0)
    values = column.values
    ids = values - lowest + FIRST_VALUE_ID
    outside = (values < lowest) | (values > highest)
    ids = tf.where(outside, tf.fill(tf.shape(ids), tf.constant(UNKNOWN_ID, tf.int64)), ids)
    ids = tf.where(tf.equal(values, feature.missing), tf.zeros_like(ids), ids)
    return spread(column, ids, tf.constant(MISSING_ID, tf.int64))


def _vocabulary_id(feature: Feature, column: tf.SparseTensor) -> tf.Tensor:
    """The id of a value in the vocabulary of the train split."""
    values = column.values
    missing = tf.equal(values, tf.constant(feature.missing, values.dtype))
    vocabulary = tft.vocabulary(
        tf.boolean_mask(values, tf.logical_not(missing)),
        top_k=feature.max_vocabulary,
        frequency_threshold=feature.min_count,
        vocab_filename=feature.input_name,
    )
    found = tft.apply_vocabulary(values, vocabulary, default_value=UNKNOWN_ID - FIRST_VALUE_ID)
    ids = tf.where(missing, tf.zeros_like(found), found + FIRST_VALUE_ID)
    return spread(column, ids, tf.constant(MISSING_ID, tf.int64))


def _as_float(feature: Feature, column: tf.SparseTensor) -> tf.Tensor:
    """The values as float32, NaN where they are missing."""
    if feature.dtype == "float32":
        return column.values
    missing = tf.equal(column.values, feature.missing)
    floats = tf.cast(column.values, tf.float32)
    return tf.where(missing, tf.fill(tf.shape(floats), float("nan")), floats)


def _present(values: tf.Tensor) -> tf.Tensor:
    """Only the numbers: analyzers must not see NaN."""
    return tf.boolean_mask(values, tf.logical_not(tf.math.is_nan(values)))


def _is_one_of(values: tf.Tensor, words: tuple[str, ...]) -> tf.Tensor:
    found = tf.equal(values, words[0])
    for word in words[1:]:
        found = found | tf.equal(values, word)
    return found
