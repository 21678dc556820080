"""The label, computed the same way for Transform and for the data gate."""

import tensorflow as tf

from models.functions import load_function
from usecase.features import Declaration


def label_of(declaration: Declaration, columns: dict[str, tf.SparseTensor]) -> tf.Tensor:
    """Returns the label of a batch.

    Args:
        declaration: Names the label's columns and function.
        columns: The raw columns, [batch, 1] sparse; only the label's are read.

    Returns:
        float32 [batch]; NaN where the label is missing.
    """
    dense = {c.name: dense_column(columns[c.name]) for c in declaration.label_columns}
    if declaration.label_function:
        return tf.cast(load_function(declaration.label_function)(dense), tf.float32)
    return dense[declaration.label_name]


def dense_column(column: tf.SparseTensor) -> tf.Tensor:
    """Makes one value a row dense: float32 with NaN where missing, or string with ""."""
    is_text = column.dtype == tf.string
    values = column.values if is_text else tf.cast(column.values, tf.float32)
    missing = tf.constant("") if is_text else tf.constant(float("nan"))
    return spread(column, values, missing)


def spread(column: tf.SparseTensor, values: tf.Tensor, missing: tf.Tensor) -> tf.Tensor:
    """Spreads one value for each present row over the batch; the others get `missing`."""
    shape = tf.stack([column.dense_shape[0], tf.constant(1, tf.int64)])
    sparse = tf.SparseTensor(column.indices, values, shape)
    return tf.squeeze(tf.sparse.to_dense(sparse, missing), axis=1)
