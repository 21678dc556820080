"""What a model must reach at least: more than who answers without looking at a single column."""

import math
from typing import Any, NamedTuple

from autoconfig.label import LabelDecision
from autoconfig.moments import Moments
from usecase.config import DataGate

LEAST_GAIN = 0.01
MOST_GAIN_OF_AUC = 0.15
EVEN_SHARE = 0.5  # above it, the commonest class leaves little to gain
LEAST_DROP = 0.01


class Demand(NamedTuple):
    """A threshold, and where it comes from.

    Attributes:
        threshold: One of `evaluation.thresholds`.
        why: The reason, for a comment in the configuration.
    """

    threshold: dict[str, Any]
    why: str


def demand_for(label: LabelDecision, numbers: Moments, test_rows: int) -> Demand:
    """Returns the threshold for a task, wide enough for the chance of a small test split.

    Args:
        label: The label.
        numbers: Its moments, for regression.
        test_rows: Rows of the test split to be expected.
    """
    if label.task == "binary":
        return _auc(min(label.shares), test_rows)
    if label.task == "multiclass":
        return _accuracy(label, test_rows)
    return _rmse(numbers, test_rows)


def least_share(label: LabelDecision) -> float:
    """Returns data_gate.min_label_share: lower than usual where a class is rare in these data."""
    usual = DataGate().min_label_share
    half = min(label.shares, default=1.0) / 2
    return usual if half >= usual else _rounded(half, 1)


def _auc(rarer_share: float, test_rows: int) -> Demand:
    rarer = max(1.0, rarer_share * test_rows)
    other = max(1.0, test_rows - rarer)
    # The standard deviation of the AUC of a guess (Mann and Whitney).
    chance = math.sqrt((test_rows + 1) / (12 * rarer * other))
    gain = min(max(LEAST_GAIN, chance), MOST_GAIN_OF_AUC)
    return Demand(
        {"metric": "auc", "min": round(0.5 + gain, 2), "max_drop": _drop(chance)},
        f"A guess has an AUC of 0.5; on some {test_rows:,} test rows, give or take {chance:.2g}.",
    )


def _accuracy(label: LabelDecision, test_rows: int) -> Demand:
    share = max(label.shares)
    commonest = label.classes[label.counts.index(max(label.counts))]
    chance = math.sqrt(share * (1 - share) / test_rows)
    least = share + max(LEAST_GAIN, chance) if share <= EVEN_SHARE else share - chance
    shown = " ".join(str(commonest).split())
    return Demand(
        {"metric": "accuracy", "min": round(max(least, 0.0), 3), "max_drop": _drop(chance)},
        f"Who always answers {shown} is right in {share:.1%} of rows; on some {test_rows:,} test "
        f"rows, give or take {chance:.2g}.",
    )


def _rmse(numbers: Moments, test_rows: int) -> Demand:
    deviation = numbers.deviation
    # Of a deviation measured on so many rows; outliers make it large.
    chance = math.sqrt(max(numbers.kurtosis - 1, 0.0) / test_rows) / 2
    most = deviation * (1 + chance) if chance > 0.1 else deviation
    return Demand(
        {
            "metric": "rmse",
            "max": _rounded(most, 4),
            "max_drop": _rounded(deviation * max(LEAST_DROP, min(2 * chance, 0.1)), 2),
        },
        f"Who always answers the mean has an RMSE of {deviation:.4g}; on some {test_rows:,} test "
        f"rows, give or take {chance:.0%}.",
    )


def _drop(chance: float) -> float:
    return round(max(LEAST_DROP, min(chance, 0.1)), 3)


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
