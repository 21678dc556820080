"""Z-scores of many numbers by one analysis: each analysis more costs Transform a second."""

import math

import tensorflow as tf
import tensorflow_transform as tft

from models.columns import spread


class StandardScores:
    """Numbers to become (x - mean) / standard deviation of the train split."""

    def __init__(self) -> None:
        self._added: dict[str, tuple[tf.Tensor, tf.SparseTensor]] = {}

    def add(self, name: str, numbers: tf.Tensor, column: tf.SparseTensor) -> None:
        """Takes numbers.

        Args:
            name: Of their scores.
            numbers: float32 [values]; NaN where they are missing.
            column: The column whose present rows they belong to, [batch, 1].
        """
        self._added[name] = numbers, column

    def outputs(self) -> dict[str, tf.Tensor]:
        """Returns the scores, float32 [batch] each; 0, the mean, where a number is missing.

        What is constant in the train split is shifted to 0, not scaled.
        """
        if not self._added:
            return {}
        shifts, scales = self._learned()
        return {
            name: spread(column, _filled((numbers - shift) / scale), tf.constant(0.0))
            for (name, (numbers, column)), shift, scale in zip(
                self._added.items(), shifts, scales, strict=True
            )
        }

    def _learned(self) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Returns what is taken from each number, and by what it is divided then."""
        missing = tf.constant(math.nan)  # which the analyzers leave out, as they do infinities
        every = tf.stack(
            [spread(column, numbers, missing) for numbers, column in self._added.values()], axis=1
        )
        options = {"reduce_instance_dims": False, "output_dtype": tf.float64}
        count = [len(self._added)]  # TFT makes a scalar of one number's
        means = _filled(tf.cast(tf.reshape(tft.mean(every, **options), count), tf.float32))
        variances = tf.reshape(tft.var(every, **options), count)
        deviations = tf.cast(tf.sqrt(variances), tf.float32)
        # Of a number that the train split never has, both are NaN: it passes as it is.
        scales = tf.where(deviations > 0.0, deviations, tf.ones_like(deviations))
        return tf.unstack(means, *count), tf.unstack(scales, *count)


def _filled(numbers: tf.Tensor) -> tf.Tensor:
    """Returns 0 in place of NaN."""
    return tf.where(tf.math.is_nan(numbers), tf.zeros_like(numbers), numbers)
