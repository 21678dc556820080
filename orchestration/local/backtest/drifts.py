"""How far columns have moved since training, measured as the data gate measures it."""

import math
from collections.abc import Mapping

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.comparable import Pair, Shares, pairs
from orchestration.local.backtest.scores import Drift
from usecase.drift import Comparator, Measure, widened


def worst_drift(
    now: statistics_pb2.DatasetFeatureStatistics,
    before: statistics_pb2.DatasetFeatureStatistics,
    comparators: Mapping[str, Comparator],
) -> Drift | None:
    """Returns the column that has moved the most, as a share of what is allowed.

    Args:
        now: Statistics of a span.
        before: Those of the rows that were trained on.
        comparators: How each column is compared.
    """
    found = pairs(now, before, comparators)
    drifts = []
    for name, pair in found.items():
        allowed = widened(comparators[name], pair.rows, pair.cells, len(found))
        drifts.append(Drift(name, distance(pair, allowed.measure), allowed.threshold))
    return max(drifts, key=lambda drift: drift.distance / drift.allowed, default=None)


def distance(pair: Pair, measure: Measure) -> float:
    """Returns the distance of two distributions, 0 to 1."""
    now, before = _normalised(pair.now), _normalised(pair.before)
    keys = now.keys() | before.keys()
    shares = [(now.get(key, 0.0), before.get(key, 0.0)) for key in keys]
    if measure == "infinity_norm":
        return max(abs(a - b) for a, b in shares)
    return sum(_term(a, (a + b) / 2) + _term(b, (a + b) / 2) for a, b in shares) / 2


def _normalised(shares: Shares) -> Shares:
    total = sum(shares.values())
    return {key: count / total for key, count in shares.items()}


def _term(share: float, middle: float) -> float:
    return share * math.log2(share / middle) if share > 0 else 0.0
