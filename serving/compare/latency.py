"""Whether one version answers later than another, by requests of the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving.compare.findings import Finding, probability, scipy_stats, shown

# Slow is what is slow by all three: a ratio that somebody chose, a difference that chance does not
# make once in a hundred comparisons, and one that a person or a service could notice at all.
SIGNIFICANT = 0.01
NOTICEABLE_MS = 1.0


@dataclass(frozen=True)
class Times:
    """How long a version took to answer a request, in ms."""

    median: float
    p90: float
    p99: float


@dataclass(frozen=True)
class Latency:
    """How long both took.

    Attributes:
        stable: The stable version's times.
        canary: The canary's.
        ratio: Of the medians, the canary's to the stable one's.
        p: Of a Wilcoxon signed rank test: how often chance alone makes the canary as much slower
            as it was, request by request.
        requests: How many were measured.
    """

    stable: Times
    canary: Times
    ratio: float
    p: float
    requests: int


def latency(stable: Sequence[float], canary: Sequence[float]) -> Latency:
    """Compares times.

    Args:
        stable: Seconds of each request; at least one.
        canary: Seconds of the same requests, in their order.
    """
    a, b = np.asarray(stable, float), np.asarray(canary, float)
    slower = b - a
    p = 1.0
    if slower.any():
        p = float(scipy_stats().wilcoxon(slower, alternative="greater").pvalue)
    ratio = float(np.median(b) / np.median(a))
    return Latency(_times(a), _times(b), ratio, p, len(a))


def slow(found: Latency, max_slowdown: float) -> Finding | None:
    """Returns the finding that the canary is slow, or None.

    Args:
        found: The times.
        max_slowdown: The ratio of medians up to which it is not.
    """
    later = found.canary.median - found.stable.median
    if found.ratio <= max_slowdown or found.p >= SIGNIFICANT or later <= NOTICEABLE_MS:
        return None
    return Finding(
        "slow",
        f"median {shown(found.canary.median)} ms against {shown(found.stable.median)} ms "
        f"(× {found.ratio:.2f}, more than × {max_slowdown:g}, {probability(found.p)})",
    )


def _times(seconds: np.ndarray) -> Times:
    return Times(*(float(value) for value in np.quantile(seconds, (0.5, 0.9, 0.99)) * 1000))
