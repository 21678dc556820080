"""Numbers for the network: scaled by what the train split teaches."""

import tensorflow as tf
import tensorflow_transform as tft

from models.columns import as_float, spread, without_nan
from usecase.roles import Numeric
from usecase.schema import Column


def to_be_scored(declared: Numeric, column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns the numbers whose z-scores the network gets, float32 [values]; NaN where missing.

    Args:
        declared: "z_score", the numbers themselves, or "log", sign(x) * log(1 + |x|).
        column: Its dtype and sentinel.
        values: float32 or int64, [batch, 1].
    """
    numbers = as_float(column, values.values)
    if declared.scaling == "log":
        return tf.sign(numbers) * tf.math.log1p(tf.abs(numbers))
    return numbers


def min_max(column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns (x - lowest) / (highest - lowest) of the train split, float32 [batch].

    It is not clipped; missing becomes 0.5. What is constant is shifted to 0, not scaled.

    Args:
        column: Its dtype and sentinel.
        values: float32 or int64, [batch, 1].
    """
    numbers = as_float(column, values.values)
    present = without_nan(numbers)
    lowest = tft.min(present)
    width = tft.max(present) - lowest
    # Of no number at all, the lowest is the largest that there is, and the width below zero.
    lowest = tf.where(width >= 0.0, lowest, tf.zeros_like(lowest))
    shares = (numbers - lowest) / tf.where(width > 0.0, width, tf.ones_like(width))
    filled = tf.where(tf.math.is_nan(shares), tf.fill(tf.shape(shares), 0.5), shares)
    return spread(values, filled, tf.constant(0.5))


def missing_indicator(column: Column, values: tf.SparseTensor) -> tf.Tensor:
    """Returns 1 where the number is missing, else 0; float32 [batch]."""
    missing = tf.math.is_nan(as_float(column, values.values))
    return spread(values, tf.cast(missing, tf.float32), tf.constant(1.0))
