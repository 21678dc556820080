"""Rows of the data as dense requests hold them."""

import numpy as np
import tensorflow as tf

from models.columns import dense
from models.signatures import feature_spec
from usecase.declaration import Declaration

Rows = dict[str, np.ndarray]


def dense_rows(declaration: Declaration, serialized: tf.Tensor) -> Rows:
    """Returns tf.Examples as a phone is given them: [rows] an input, sentinels where missing.

    Args:
        declaration: Its inputs.
        serialized: Serialized tf.Examples, string [rows].
    """
    parsed = tf.io.parse_example(serialized, feature_spec(declaration))
    return {c.input_name: dense(c, parsed[c.name]).numpy() for c in declaration.inputs}
