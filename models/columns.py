"""Raw columns between sparse (values may be missing) and dense (missing values are sentinels)."""

import tensorflow as tf

from usecase.missing import INT64_MIN
from usecase.schema import Column


def spread(column: tf.SparseTensor, values: tf.Tensor, missing: tf.Tensor) -> tf.Tensor:
    """Spreads one value for each present row over the batch; the others get `missing`."""
    shape = tf.stack([column.dense_shape[0], tf.constant(1, tf.int64)])
    sparse = tf.SparseTensor(column.indices, values, shape)
    return tf.squeeze(tf.sparse.to_dense(sparse, missing), axis=1)


def dense(column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns a column as a tensor [batch] of its own dtype, sentinels where it is missing."""
    return spread(values, values.values, tf.constant(column.missing, values.dtype))


def sparse(values: tf.Tensor) -> tf.SparseTensor:
    """Returns [batch] as sparse [batch, 1] with every row present, without ops TFLite lacks."""
    batch = tf.shape(values, out_type=tf.int64)[0]
    rows = tf.range(batch, dtype=tf.int64)
    indices = tf.stack([rows, tf.zeros([batch], tf.int64)], axis=1)
    return tf.SparseTensor(indices, values, tf.stack([batch, tf.constant(1, tf.int64)]))


def own_sentinel(column: Column, values: tf.Tensor) -> tf.Tensor:
    """Puts a column's own sentinel in place of the lowest int64, which is missing in every column.

    A client without the schema knows no other.

    Args:
        column: Its dtype and sentinel.
        values: Of the column, any shape.
    """
    if column.dtype != "int64" or column.missing == INT64_MIN:
        return values
    own = tf.fill(tf.shape(values), tf.constant(column.missing, values.dtype))
    return tf.where(tf.equal(values, INT64_MIN), own, values)


def as_float(column: Column, values: tf.Tensor) -> tf.Tensor:
    """Returns numbers as float32, NaN where they are missing.

    Args:
        column: Their dtype and sentinel.
        values: float32 or int64, any shape.
    """
    if column.dtype == "float32":
        return values
    missing = tf.equal(values, column.missing)
    floats = tf.cast(values, tf.float32)
    return tf.where(missing, tf.fill(tf.shape(floats), float("nan")), floats)


def without_nan(values: tf.Tensor) -> tf.Tensor:
    """Returns only the numbers: analyzers must not see NaN."""
    return tf.boolean_mask(values, tf.logical_not(tf.math.is_nan(values)))
