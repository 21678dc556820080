"""Categories for the network: one id for missing, one for unknown, then the values."""

import tensorflow as tf
import tensorflow_transform as tft

from models.columns import as_float, spread, without_nan
from usecase.roles import Bucketized, CategoricalInteger, CategoricalString
from usecase.schema import Column
from usecase.words import FALSE_WORDS, TRUE_WORDS

MISSING_ID = 0
UNKNOWN_ID = 1
FIRST_VALUE_ID = 2


def bucket_id(declared: Bucketized, column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns 0 for missing, else 1 + the number of quantile boundaries at or below the value.

    Args:
        declared: The number of buckets.
        column: Dtype and sentinel.
        values: float32 or int64, [batch, 1].

    Returns:
        int64 [batch].
    """
    numbers = as_float(column, values.values)
    boundaries = tft.quantiles(without_nan(numbers), declared.buckets, epsilon=0.001)
    at_or_above = tf.expand_dims(numbers, 1) >= tf.reshape(boundaries, [1, -1])
    ids = 1 + tf.reduce_sum(tf.cast(at_or_above, tf.int64), axis=1)
    return _spread(tf.where(tf.math.is_nan(numbers), tf.zeros_like(ids), ids), values)


def boolean_id(column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns 0 for missing or unreadable, 1 for false, 2 for true.

    Args:
        column: Dtype, sentinel, and the schema's own words, if it has any.
        values: Numbers (true where not 0) or strings, [batch, 1].

    Returns:
        int64 [batch].
    """
    if column.dtype == "string":
        false, true = ((w,) for w in column.truth) if column.truth else (FALSE_WORDS, TRUE_WORDS)
        truth = _is_one_of(values.values, true)
        known = truth | _is_one_of(values.values, false)
    else:
        numbers = as_float(column, values.values)
        truth, known = tf.not_equal(numbers, 0.0), tf.logical_not(tf.math.is_nan(numbers))
    ids = tf.where(known, 1 + tf.cast(truth, tf.int64), tf.zeros_like(truth, tf.int64))
    return _spread(ids, values)


def direct_id(column: Column, lowest: int, highest: int, values: tf.SparseTensor) -> tf.Tensor:
    """Returns the id of an integer in a small domain, by arithmetic; int64 [batch]."""
    integers = values.values
    ids = integers - lowest + FIRST_VALUE_ID
    outside = (integers < lowest) | (integers > highest)
    ids = tf.where(outside, tf.fill(tf.shape(ids), tf.constant(UNKNOWN_ID, tf.int64)), ids)
    ids = tf.where(tf.equal(integers, column.missing), tf.zeros_like(ids), ids)
    return _spread(ids, values)


def vocabulary_id(
    declared: CategoricalString | CategoricalInteger,
    column: Column,
    vocabulary_name: str,
    values: tf.SparseTensor,
) -> tf.Tensor:
    """Returns the id of a value in the vocabulary of the train split; int64 [batch]."""
    keys = values.values
    missing = tf.equal(keys, tf.constant(column.missing, keys.dtype))
    vocabulary = tft.vocabulary(
        tf.boolean_mask(keys, tf.logical_not(missing)),
        top_k=declared.max_vocabulary,
        frequency_threshold=declared.min_count if declared.min_count > 1 else None,
        vocab_filename=vocabulary_name,
    )
    found = tft.apply_vocabulary(keys, vocabulary, default_value=UNKNOWN_ID - FIRST_VALUE_ID)
    ids = tf.where(missing, tf.zeros_like(found), found + FIRST_VALUE_ID)
    return _spread(ids, values)


def _spread(ids: tf.Tensor, values: tf.SparseTensor) -> tf.Tensor:
    return spread(values, ids, tf.constant(MISSING_ID, tf.int64))


def _is_one_of(values: tf.Tensor, words: tuple[str, ...]) -> tf.Tensor:
    found = tf.equal(values, words[0])
    for word in words[1:]:
        found = found | tf.equal(values, word)
    return found
