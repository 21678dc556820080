"""How good answers are, by the metrics that quantisation is judged by."""

import keras
import numpy as np

from usecase.metrics import Task

AUC_THRESHOLDS = 10_001


def measure(task: Task, labels: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    """Returns the metrics of answers.

    Args:
        task: The task.
        labels: 0 or 1, class ids, or numbers, float32 [rows].
        answers: Probabilities [rows] or [rows, classes], or numbers [rows].

    Returns:
        By our names: auc, accuracy and loss (multiclass: auc is the plain average of each class
        against the rest), or rmse and mae.
    """
    if task == "regression":
        metrics = {
            "rmse": keras.metrics.RootMeanSquaredError(),
            "mae": keras.metrics.MeanAbsoluteError(),
        }
        return {name: _result(metric, labels, answers) for name, metric in metrics.items()}
    if task == "binary":
        return {
            "auc": _result(keras.metrics.AUC(AUC_THRESHOLDS), labels, answers),
            "accuracy": _result(keras.metrics.BinaryAccuracy(), labels, answers),
            "loss": _result(keras.metrics.BinaryCrossentropy(), labels[:, None], answers[:, None]),
        }
    auc = keras.metrics.AUC(AUC_THRESHOLDS, multi_label=True)
    one_hot = np.eye(answers.shape[1], dtype=np.float32)[labels.astype(np.int64)]
    return {
        "accuracy": _result(keras.metrics.SparseCategoricalAccuracy(), labels, answers),
        "auc": _result(auc, one_hot, answers),
        "loss": _result(keras.metrics.SparseCategoricalCrossentropy(), labels, answers),
    }


def loss_of_quality(task: Task, full: dict[str, float], variant: dict[str, float]) -> float:
    """Returns how much worse a variant is: in AUC, or as a share of the RMSE."""
    if task == "regression":
        return variant["rmse"] / full["rmse"] - 1.0 if full["rmse"] else variant["rmse"]
    return full["auc"] - variant["auc"]


def _result(metric: keras.Metric, labels: np.ndarray, answers: np.ndarray) -> float:
    metric.update_state(labels, answers)
    return float(metric.result())
