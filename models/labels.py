"""The label, computed the same way for Transform and for the data gate."""

import tensorflow as tf

from models.columns import as_float, dense, spread
from models.functions import load_function
from usecase.labels import LabelSpec
from usecase.schema import Column


def label_of(label: LabelSpec, columns: dict[str, tf.SparseTensor]) -> tf.Tensor:
    """Returns the label of a batch.

    Args:
        label: Names the label's columns, function and classes.
        columns: The raw columns, [batch, 1] sparse; only the label's are read.

    Returns:
        float32 [batch]: the class id where the label has classes, else its number; NaN where it is
        missing or no class.
    """
    if label.function:
        raw = {c.name: dense_column(c, columns[c.name]) for c in label.columns}
        values = tf.convert_to_tensor(load_function(label.function)(raw))
    else:
        (column,) = label.columns
        # As floats, large integers next to each other would be one class.
        as_dense = dense if label.classes else dense_column
        values = as_dense(column, columns[column.name])
    return _class_ids(label, values) if label.classes else tf.cast(values, tf.float32)


def dense_column(column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns a label's column, [batch]: float32 with NaN where missing, or string with ""."""
    if column.dtype == "string":
        return spread(values, values.values, tf.constant(""))
    return spread(values, as_float(column, values.values), tf.constant(float("nan")))


def _class_ids(label: LabelSpec, values: tf.Tensor) -> tf.Tensor:
    if values.dtype == tf.bool:
        values = tf.cast(values, tf.int64)
    classes = tf.constant(label.classes, None if values.dtype == tf.string else values.dtype)
    is_class = tf.equal(tf.expand_dims(values, 1), tf.expand_dims(classes, 0))
    ids = tf.cast(tf.argmax(is_class, axis=1), tf.float32)
    return tf.where(tf.reduce_any(is_class, axis=1), ids, float("nan"))
