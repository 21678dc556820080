"""The heads of the network: what each task predicts, how it is punished, where it starts.

On Keras operations and NumPy alone, so that they run on every Keras backend.
"""

import abc
import math
from typing import Any

import keras
import numpy as np

from usecase.metrics import Task

# Below this part of an even share of rows, class weights "auto" weigh all classes evenly.
RARE_CLASS_PART = 0.4
LOWEST_SHARE = 1e-3


class Head(abc.ABC):
    """What turns the network's last layer into predictions of one task.

    Attributes:
        units: Width of the last layer.
        bias: Where the last layer starts, float32 [units]: at what is known without any feature.
    """

    units: int
    bias: np.ndarray

    @abc.abstractmethod
    def predict(self, scores: Any) -> Any:
        """Maps the last layer, [batch, units], to predictions, [batch] or [batch, classes]."""

    @abc.abstractmethod
    def loss(self, labels: Any, predictions: Any) -> Any:
        """Returns the loss of each row, [batch]."""

    @abc.abstractmethod
    def metric(self) -> keras.Metric:
        """Returns the metric that is logged beside the loss."""

    def row_weights(self, labels: np.ndarray) -> np.ndarray:
        """Returns how much each row counts in training, float32 [rows]."""
        return np.ones(len(labels), np.float32)

    def correction(self) -> np.ndarray:
        """Returns what to add to the last layer's bias to undo the weights, float32 [units]."""
        return np.zeros(self.units, np.float32)


class _Classifier(Head):
    """A head whose rows are weighed by their class."""

    def __init__(self, labels: np.ndarray, classes: int, *, weigh: bool) -> None:
        self._weights = class_weights(labels, classes, weigh=weigh)

    def row_weights(self, labels: np.ndarray) -> np.ndarray:
        """Returns each row's class weight, float32 [rows]."""
        return np.take(self._weights, labels.astype(np.int64))


class Binary(_Classifier):
    """The probability of label 1.

    Args:
        labels: The train split's labels, 0 or 1, float32 [rows].
        weigh: Whether to weigh both classes evenly if one is rare.
    """

    units = 1

    def __init__(self, labels: np.ndarray, *, weigh: bool) -> None:
        super().__init__(labels, 2, weigh=weigh)
        share = min(max(float(labels.mean()), LOWEST_SHARE), 1 - LOWEST_SHARE)
        self.bias = np.array([math.log(share / (1 - share))], np.float32)

    def predict(self, scores: Any) -> Any:
        """Returns probabilities, float32 [batch]."""
        return keras.ops.sigmoid(keras.ops.squeeze(scores, axis=-1))

    def loss(self, labels: Any, predictions: Any) -> Any:
        """Cross-entropy; Keras' named loss would average over the batch before weighing."""
        return keras.ops.binary_crossentropy(labels, predictions)

    def metric(self) -> keras.Metric:
        """The area under the ROC curve."""
        return keras.metrics.AUC(name="auc")

    def correction(self) -> np.ndarray:
        """Minus the log of the factor by which the weights multiplied the odds.

        Weighing label 1 by w1 and label 0 by w0 multiplies the odds that the network learns by
        w1 / w0 (Elkan, "The Foundations of Cost-Sensitive Learning", 2001, theorem 2).
        """
        return np.log(self._weights[:1] / self._weights[1:])


class Multiclass(_Classifier):
    """The probability of each class.

    Args:
        labels: The train split's class ids, float32 [rows].
        classes: Number of classes.
        weigh: Whether to weigh all classes evenly if one is rare.
    """

    def __init__(self, labels: np.ndarray, classes: int, *, weigh: bool) -> None:
        super().__init__(labels, classes, weigh=weigh)
        self.units = classes
        shares = np.bincount(labels.astype(np.int64), minlength=classes) / max(len(labels), 1)
        self.bias = np.log(np.maximum(shares, LOWEST_SHARE)).astype(np.float32)

    def predict(self, scores: Any) -> Any:
        """Returns probabilities, float32 [batch, classes]."""
        return keras.ops.softmax(scores)

    def loss(self, labels: Any, predictions: Any) -> Any:
        """Cross-entropy."""
        return keras.ops.sparse_categorical_crossentropy(
            keras.ops.cast(labels, "int32"), predictions
        )

    def metric(self) -> keras.Metric:
        """The share of rows whose most probable class is right."""
        return keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    def correction(self) -> np.ndarray:
        """Minus the log weight of each class: softmax's form of Elkan's theorem."""
        return -np.log(self._weights)


class Regression(Head):
    """A number, in the label's own unit.

    Inside, the network works with (label - mean) / deviation, so that learning rates mean the same
    whatever the unit; the loss is in that scale, 1 being as bad as predicting the mean.

    Args:
        labels: The train split's labels, float32 [rows].
    """

    units = 1

    def __init__(self, labels: np.ndarray) -> None:
        self._mean = float(labels.mean(dtype=np.float64))
        self._deviation = float(labels.std(dtype=np.float64)) or 1.0
        self.bias = np.zeros(1, np.float32)

    def predict(self, scores: Any) -> Any:
        """Returns numbers, float32 [batch]."""
        return keras.ops.squeeze(scores, axis=-1) * self._deviation + self._mean

    def loss(self, labels: Any, predictions: Any) -> Any:
        """Squared error in units of the label's variance."""
        labels = keras.ops.cast(labels, predictions.dtype)
        return keras.ops.square((labels - predictions) / self._deviation)

    def metric(self) -> keras.Metric:
        """The root of the mean squared error, in the label's own unit."""
        return keras.metrics.RootMeanSquaredError(name="rmse")


def head_of(task: Task, labels: np.ndarray, classes: int, *, weigh: bool) -> Head:
    """Returns the head of a task.

    Args:
        task: The task.
        labels: The train split's labels, float32 [rows]: 0 or 1, class ids, or numbers.
        classes: Number of classes; read for multiclass alone.
        weigh: Whether to weigh classes evenly if one is rare.
    """
    if task == "binary":
        return Binary(labels, weigh=weigh)
    if task == "multiclass":
        return Multiclass(labels, classes, weigh=weigh)
    return Regression(labels)


def class_weights(labels: np.ndarray, classes: int, *, weigh: bool) -> np.ndarray:
    """Returns the weight of each class, float32 [classes]; they average 1 over the rows.

    Args:
        labels: Class ids, [rows].
        classes: Number of classes.
        weigh: Whether to weigh at all; only where the rarest class that occurs has less than
            `RARE_CLASS_PART` of an even share.
    """
    counts = np.bincount(labels.astype(np.int64), minlength=classes)
    present = counts > 0
    even = len(labels) / max(present.sum(), 1)
    if not weigh or counts[present].min(initial=len(labels)) >= RARE_CLASS_PART * even:
        return np.ones(classes, np.float32)
    return np.where(present, even / np.maximum(counts, 1), 1.0).astype(np.float32)
