"""Numbers for the network: scaled by what the train split teaches."""

import tensorflow as tf
import tensorflow_transform as tft

from models.columns import as_float, spread, without_nan
from usecase.roles import Numeric
from usecase.schema import Column


def scaled(declared: Numeric, column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns the numbers in their scale, float32 [batch].

    * `z_score`: (x - mean) / standard deviation; missing becomes 0, the mean.
    * `min_max`: (x - lowest) / (highest - lowest), not clipped; missing becomes 0.5.
    * `log`: the z-score of sign(x) * log(1 + |x|).

    What is constant in the train split is shifted to 0, not scaled.

    Args:
        declared: The feature's scaling.
        column: Its dtype and sentinel.
        values: float32 or int64, [batch, 1].
    """
    numbers = as_float(column, values.values)
    if declared.scaling == "log":
        numbers = tf.sign(numbers) * tf.math.log1p(tf.abs(numbers))
    if declared.scaling == "min_max":
        return _spread(_min_max(numbers), values, missing=0.5)
    return _spread(z_score(numbers), values, missing=0.0)


def missing_indicator(column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns 1 where the number is missing, else 0; float32 [batch]."""
    missing = tf.math.is_nan(as_float(column, values.values))
    return spread(values, tf.cast(missing, tf.float32), tf.constant(1.0))


def z_score(numbers: tf.Tensor) -> tf.Tensor:
    """Returns (x - mean) / standard deviation of the train split; NaN stays NaN.

    Args:
        numbers: float32 [values].
    """
    present = without_nan(numbers)
    mean = tf.cast(tft.mean(present, output_dtype=tf.float64), tf.float32)
    deviation = tf.cast(tf.sqrt(tft.var(present, output_dtype=tf.float64)), tf.float32)
    return (numbers - mean) / tf.where(deviation > 0.0, deviation, tf.ones_like(deviation))


def _min_max(numbers: tf.Tensor) -> tf.Tensor:
    present = without_nan(numbers)
    lowest = tft.min(present)
    width = tft.max(present) - lowest
    # Of no number at all, the lowest is the largest that there is, and the width below zero.
    lowest = tf.where(width >= 0.0, lowest, tf.zeros_like(lowest))
    return (numbers - lowest) / tf.where(width > 0.0, width, tf.ones_like(width))


def _spread(numbers: tf.Tensor, values: tf.SparseTensor, *, missing: float) -> tf.Tensor:
    filled = tf.where(tf.math.is_nan(numbers), tf.fill(tf.shape(numbers), missing), numbers)
    return spread(values, filled, tf.constant(missing))
