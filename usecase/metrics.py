"""The metrics that a configuration may name, and what TFMA calls them.

A static table, so that a misspelt metric is refused before TensorFlow is imported; a test holds it
against TensorFlow Model Analysis itself.
"""

from typing import Literal, NamedTuple

Task = Literal["binary", "multiclass", "regression"]


class Metric(NamedTuple):
    """One metric of a use case.

    Attributes:
        tfma: The class name in TensorFlow Model Analysis (its result key is `key`).
        key: The name under which TFMA reports the value.
        higher_is_better: The direction of improvement; None where neither end is better.
        usual: Whether it is measured unless the configuration says otherwise.
        macro: Whether it is the plain average of each class against the rest (predicted where its
            probability is above 0.5).
        module: Where the class is, if it is not TFMA's own.
    """

    tfma: str
    key: str
    higher_is_better: bool | None
    usual: bool = True
    macro: bool = False
    module: str = ""


_COUNT = Metric("ExampleCount", "example_count", None, usual=False)
_MEAN_LABEL = Metric("MeanLabel", "mean_label", None, usual=False)
_MEAN_PREDICTION = Metric("MeanPrediction", "mean_prediction", None, usual=False)
_CALIBRATION = Metric("Calibration", "calibration", None)

# The first metric of a task is the one that the console shows.
METRICS: dict[Task, dict[str, Metric]] = {
    "binary": {
        "auc": Metric("AUC", "auc", True),
        "pr_auc": Metric("AUCPrecisionRecall", "auc_precision_recall", True),
        "accuracy": Metric("BinaryAccuracy", "binary_accuracy", True),
        "precision": Metric("Precision", "precision", True),
        "recall": Metric("Recall", "recall", True),
        "calibration": _CALIBRATION,
        "loss": Metric(
            "ClippedBinaryCrossEntropy",
            "binary_crossentropy",
            False,
            module="components.clipped_loss",
        ),
        "mean_label": _MEAN_LABEL,
        "mean_prediction": _MEAN_PREDICTION,
        "example_count": _COUNT,
    },
    "multiclass": {
        "accuracy": Metric("SparseCategoricalAccuracy", "sparse_categorical_accuracy", True),
        "auc": Metric("AUC", "auc", True, macro=True),
        "precision": Metric("Precision", "precision", True, usual=False, macro=True),
        "recall": Metric("Recall", "recall", True, usual=False, macro=True),
        "loss": Metric("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", False),
        "example_count": _COUNT,
    },
    "regression": {
        "rmse": Metric("RootMeanSquaredError", "root_mean_squared_error", False),
        "mae": Metric("MeanAbsoluteError", "mean_absolute_error", False),
        "mape": Metric(
            "MeanAbsolutePercentageError", "mean_absolute_percentage_error", False, usual=False
        ),
        "squared_correlation": Metric(
            "SquaredPearsonCorrelation", "squared_pearson_correlation", True
        ),
        "calibration": _CALIBRATION,
        "mse": Metric("MeanSquaredError", "mean_squared_error", False),
        "mean_label": _MEAN_LABEL,
        "mean_prediction": _MEAN_PREDICTION,
        "example_count": _COUNT,
    },
}
