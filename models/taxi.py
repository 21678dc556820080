"""What the taxi use case cannot say in YAML."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

BIG_TIP_SHARE = 0.2  # the label of TFX's own Chicago taxi example


def big_tip(columns: "dict[str, tf.Tensor]") -> "tf.Tensor":
    """Returns 1 where the tip is over 20 % of the fare, else 0.

    Args:
        columns: "tips" and "fare", each float32 [batch]; NaN where missing.

    Returns:
        float32 [batch]; NaN where the tip or the fare is missing.
    """
    import tensorflow as tf

    tips, fare = columns["tips"], columns["fare"]
    unknown = tf.math.is_nan(tips) | tf.math.is_nan(fare)
    return tf.where(unknown, float("nan"), tf.cast(tips > BIG_TIP_SHARE * fare, tf.float32))
