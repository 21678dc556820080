"""How well two versions answer labelled rows, and how sure the difference is."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from serving.compare.auc import areas
from serving.compare.findings import Finding, shown
from serving.errors import ServingError

CONFIDENCE = "95 %"
NORMAL_95 = 1.959963984540054  # the normal distribution's 97.5 % quantile
PERCENTILES = (2.5, 97.5)
# Below, an interval of the difference says little, and one of no width says too much.
LEAST_ROWS, LEAST_OF_A_CLASS = 20, 10
# Up to which the interval is bootstrapped; beyond, the difference is as good as normal.
BOOTSTRAP_ROWS, RESAMPLES, SEED = 1000, 4000, 0
LEAST_PROBABILITY = 1e-7  # of float32: the logarithm of 0 would be all that counts


@dataclass(frozen=True)
class Quality:
    """The quality of both versions by one metric.

    Attributes:
        metric: "auc", "accuracy" or "rmse".
        stable: The stable version's.
        canary: The canary's.
        gain: How much better the canary is; below 0 it is worse. Of rmse, where less is better,
            the stable version's less the canary's.
        low: The lower end of the gain's confidence interval, of 95 %.
        high: The upper end.
        rows: With labels, that both answered with finite numbers.
        missing: Rows without a label.
        beside: More metrics, of the stable version and the canary by name; they decide nothing.
    """

    metric: str
    stable: float
    canary: float
    gain: float
    low: float
    high: float
    rows: int
    missing: int = 0
    beside: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def difference(self) -> str:
        """The canary's less the stable version's, and its interval, in words."""
        sign = -1 if self.metric == "rmse" else 1
        low, high = sorted((sign * self.low, sign * self.high))
        return (
            f"difference {_signed(sign * self.gain)}, "
            f"{CONFIDENCE} interval {_signed(low)} to {_signed(high)}"
        )

    def __str__(self) -> str:
        return (
            f"{self.metric} {shown(self.canary)} against {shown(self.stable)} ({self.difference})"
        )


def _signed(value: float) -> str:
    return f"{value + 0.0:+.3g}"  # of a zero that has a sign, 0 is one that has none


def wrong(found: Quality, margin: float = 0.0) -> Finding | None:
    """Returns the finding that the canary's quality is lower, beyond chance; or None.

    Args:
        found: The quality.
        margin: How much lower it may be for sure, and not be bad.
    """
    if found.high >= 0:
        return None
    return Finding("wrong", str(found), is_bad=found.low <= -margin)


def binary(truth: np.ndarray, stable: np.ndarray, canary: np.ndarray) -> Quality:
    """Compares probabilities of the positive class by the area under the ROC curve.

    Args:
        truth: 1 and 0, [rows].
        stable: The stable version's probabilities, [rows], finite.
        canary: The canary's.

    Raises:
        ServingError: If rows of a class are too few.
    """
    positive = truth == 1
    for name, count in (("1", positive.sum()), ("0", (~positive).sum())):
        if count < LEAST_OF_A_CLASS:
            raise ServingError(
                f"{count} of {len(truth):,} labelled rows have the label {name}",
                expected=f"at least {LEAST_OF_A_CLASS} of each class, to tell two models apart",
                fix="give more rows, or correct --label or --positive",
            )
    found = areas(positive, stable, canary)
    gain, reach = found.second - found.first, NORMAL_95 * found.error
    losses = (_log_loss(truth, stable), _log_loss(truth, canary))
    return Quality(
        "auc",
        found.first,
        found.second,
        gain,
        gain - reach,
        gain + reach,
        len(truth),
        beside={"log loss": losses},
    )


def accuracy(stable: np.ndarray, canary: np.ndarray) -> Quality:
    """Compares by the share of rows whose class is right.

    Args:
        stable: Whether the stable version's class is, bool [rows].
        canary: Whether the canary's is.

    Raises:
        ServingError: If rows are too few.
    """
    _enough(len(stable))
    gains = canary.astype(np.float64) - stable.astype(np.float64)

    def gain(rows: np.ndarray) -> np.ndarray:
        return gains[rows].mean(-1)

    low, high = _interval(gain, gains)
    return Quality(
        "accuracy",
        float(stable.mean()),
        float(canary.mean()),
        float(gains.mean()),
        low,
        high,
        len(gains),
    )


def regression(truth: np.ndarray, stable: np.ndarray, canary: np.ndarray) -> Quality:
    """Compares numbers by the root of their mean squared error.

    Args:
        truth: The labels, [rows].
        stable: The stable version's predictions, [rows], finite.
        canary: The canary's.

    Raises:
        ServingError: If rows are too few.
    """
    _enough(len(truth))
    ours, theirs = ((p.astype(np.float64) - truth) ** 2 for p in (stable, canary))
    first, second = float(np.sqrt(ours.mean())), float(np.sqrt(theirs.mean()))

    def gain(rows: np.ndarray) -> np.ndarray:
        return np.sqrt(ours[rows].mean(-1)) - np.sqrt(theirs[rows].mean(-1))

    # What each row adds to the gain, by the derivative of the roots (the delta method).
    added = ours / (2 * (first or 1.0)) - theirs / (2 * (second or 1.0))
    low, high = _interval(gain, added, first - second)
    errors = tuple(float(np.abs(p - truth).mean()) for p in (stable, canary))
    return Quality(
        "rmse",
        first,
        second,
        first - second,
        low,
        high,
        len(truth),
        beside={"mean absolute error": (errors[0], errors[1])},
    )


def _interval(
    gain: Callable[[np.ndarray], np.ndarray], added: np.ndarray, center: float | None = None
) -> tuple[float, float]:
    """Returns the ends of a gain's confidence interval.

    Args:
        gain: The gain on rows by their numbers, [..., rows].
        added: What each row adds to the gain; the mean of it is the gain unless a center is given.
        center: The gain.
    """
    rows = len(added)
    if rows <= BOOTSTRAP_ROWS:
        drawn = np.random.default_rng(SEED).integers(0, rows, (RESAMPLES, rows))
        low, high = np.percentile(gain(drawn), PERCENTILES).tolist()
        return low, high
    middle = float(added.mean()) if center is None else center
    reach = NORMAL_95 * float(added.std(ddof=1)) / rows**0.5
    return middle - reach, middle + reach


def _enough(rows: int) -> None:
    if rows < LEAST_ROWS:
        raise ServingError(
            f"{rows} labelled rows that both versions answer",
            expected=f"at least {LEAST_ROWS}, to tell two models apart",
            fix="give more rows, or see which of them have no label",
        )


def _log_loss(truth: np.ndarray, probabilities: np.ndarray) -> float:
    p = np.clip(probabilities.astype(np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return float(-np.where(truth == 1, np.log(p), np.log1p(-p)).mean())
