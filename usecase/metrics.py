"""The metrics that a configuration may name, and what TFMA calls them.

A static table, so that a misspelt metric is refused before TensorFlow is imported; a test holds it
against TensorFlow Model Analysis itself.
"""

from typing import NamedTuple


class Metric(NamedTuple):
    """One metric of a use case.

    Attributes:
        tfma: The class name in TensorFlow Model Analysis (its result key is `key`).
        key: The name under which TFMA reports the value.
        higher_is_better: The direction of improvement; None where neither end is better.
    """

    tfma: str
    key: str
    higher_is_better: bool | None


BINARY: dict[str, Metric] = {
    "auc": Metric("AUC", "auc", True),
    "pr_auc": Metric("AUCPrecisionRecall", "auc_precision_recall", True),
    "accuracy": Metric("BinaryAccuracy", "binary_accuracy", True),
    "precision": Metric("Precision", "precision", True),
    "recall": Metric("Recall", "recall", True),
    "calibration": Metric("Calibration", "calibration", None),
    "loss": Metric("BinaryCrossEntropy", "binary_crossentropy", False),
    "mean_label": Metric("MeanLabel", "mean_label", None),
    "mean_prediction": Metric("MeanPrediction", "mean_prediction", None),
    "example_count": Metric("ExampleCount", "example_count", None),
}
