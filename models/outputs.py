"""What a model answers with, by task."""

import tensorflow as tf

from usecase.labels import LabelSpec
from usecase.outputs import CLASS, PREDICTION, PROBABILITIES, PROBABILITY

DECISION_THRESHOLD = 0.5


def outputs_of(label: LabelSpec, predictions: tf.Tensor) -> dict[str, tf.Tensor]:
    """Names the predictions of a network, and adds the class where classes have names.

    * binary: `probability` of label 1 or of the positive class, float32 [batch]; `class`, [batch],
      where the label has classes: the positive one from a probability of 0.5 on.
    * multiclass: `probabilities`, float32 [batch, classes] in the order of the label's classes;
      `class`, [batch]: the most probable one.
    * regression: `prediction`, float32 [batch].

    Args:
        label: Task and classes.
        predictions: What the network computes, [batch] or [batch, classes].

    Returns:
        The outputs; `class` is string or int64, like the classes.
    """
    if label.task == "regression":
        return {PREDICTION: predictions}
    if label.task == "multiclass":
        best = tf.argmax(predictions, axis=-1)
        return {PROBABILITIES: predictions, CLASS: _named(label, best)}
    outputs = {PROBABILITY: predictions}
    if label.classes:
        positive = tf.cast(predictions >= DECISION_THRESHOLD, tf.int64)
        outputs[CLASS] = _named(label, positive)
    return outputs


def has_text_classes(label: LabelSpec) -> bool:
    """Returns whether classes are strings."""
    return bool(label.classes) and isinstance(label.classes[0], str)


def _named(label: LabelSpec, ids: tf.Tensor) -> tf.Tensor:
    dtype = tf.string if has_text_classes(label) else tf.int64
    return tf.gather(tf.constant(label.classes, dtype), ids)
