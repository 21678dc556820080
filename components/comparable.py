"""Statistics of two data sets, made comparable column by column.

TFDV compares numbers by ten buckets of equal width, which one outlier stretches: between two random
halves of the taxi rows it finds a divergence of 0.7 for the length of trips. So buckets of equal
size take their place: each holds a tenth of the baseline's rows. A missing value counts as one
more.
"""

import bisect
import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from tensorflow_metadata.proto.v0 import statistics_pb2

from usecase.drift import Comparator

BUCKETS = 10
MISSING = "\0missing"  # no text of a CSV file
Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatistics
Feature: TypeAlias = statistics_pb2.FeatureNameStatistics
Shares = dict[str, float]  # rows by value, or by bucket


class Pair(NamedTuple):
    """One column in two data sets.

    Attributes:
        now: Rows by value or bucket.
        before: The same of the baseline.
    """

    now: Shares
    before: Shares

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of either."""
        return round(sum(self.now.values())), round(sum(self.before.values()))

    @property
    def cells(self) -> int:
        """Values or buckets that hold any row."""
        return len({key for side in self for key, count in side.items() if count > 0})


def pairs(
    now: Statistics, before: Statistics, comparators: Mapping[str, Comparator]
) -> dict[str, Pair]:
    """Returns the columns that can be compared: that both data sets have, with values of one kind.

    Args:
        now: Statistics of the data.
        before: Those of the baseline.
        comparators: The columns to compare, and how.
    """
    features, others = by_name(now), by_name(before)
    found = {}
    for name, comparator in comparators.items():
        if name in features and name in others:
            kind = _texts if comparator.measure == "infinity_norm" else _numbers
            pair = kind((features[name], now.num_examples), (others[name], before.num_examples))
            if pair is not None and min(pair.rows) > 0:
                found[name] = pair
    return found


def by_name(statistics: Statistics) -> dict[str, Feature]:
    """Returns the statistics of columns by their names."""
    return {".".join(f.path.step) or f.name: f for f in statistics.features}


def as_statistics(shares: Mapping[str, Shares], texts: set[str]) -> Statistics:
    """Returns statistics from which TFDV computes the distances of exactly these rows.

    Args:
        shares: Rows by value or bucket, of each column; the buckets are the same in both data sets.
        texts: The columns whose values are text.
    """
    made = Statistics()
    for name, counts in shares.items():
        feature = made.features.add()
        feature.path.step.append(name)
        total = round(sum(counts.values()))
        made.num_examples = max(made.num_examples, total)
        if name in texts:
            feature.type = Feature.STRING
            common = feature.string_stats.common_stats
            feature.string_stats.unique = len(counts)
            for value, count in sorted(counts.items(), key=lambda item: -item[1]):
                feature.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
        else:
            feature.type = Feature.FLOAT
            common = feature.num_stats.common_stats
            histogram = feature.num_stats.histograms.add(type=statistics_pb2.Histogram.STANDARD)
            for index, count in enumerate(counts.values()):
                histogram.buckets.add(low_value=index, high_value=index + 1, sample_count=count)
        common.num_non_missing = common.tot_num_values = total
        common.min_num_values = common.max_num_values = 1
    return made


Side = tuple[Feature, int]  # a column, and the rows of its data set


def _texts(now: Side, before: Side) -> Pair | None:
    sides = []
    for feature, rows in (now, before):
        if _values(feature) and feature.WhichOneof("stats") != "string_stats":
            return None
        buckets = feature.string_stats.rank_histogram.buckets
        sides.append(
            {bucket.label: bucket.sample_count for bucket in buckets}
            | {MISSING: max(rows - _values(feature), 0)}
        )
    return Pair(*sides)


def _numbers(now: Side, before: Side) -> Pair | None:
    curves = []
    for feature, _ in (now, before):
        if _values(feature) and feature.WhichOneof("stats") != "num_stats":
            return None
        curves.append(_curve(feature))
    edges = _tenths(curves[1] or curves[0])
    sides = []
    for (feature, rows), curve in zip((now, before), curves, strict=True):
        values = _values(feature)
        below = [_share_below(curve, edge) for edge in edges] if curve else [0.0] * len(edges)
        shares = [b - a for a, b in itertools.pairwise([0.0, *below, 1.0])]
        counts = {str(index): share * values for index, share in enumerate(shares)}
        sides.append(counts | {MISSING: max(rows - values, 0)})
    return Pair(*sides)


def _values(feature: Feature) -> float:
    """Returns how many values a column has; NaN, which TFDV counts among them, is missing."""
    kind = feature.WhichOneof("stats")
    if not kind:
        return 0.0
    no_numbers = max((h.num_nan for h in feature.num_stats.histograms), default=0.0)
    return max(float(getattr(feature, kind).common_stats.tot_num_values) - no_numbers, 0.0)


Curve = Sequence[tuple[float, float]]  # value, and the share of values up to it


def _curve(feature: Feature) -> Curve:
    """Returns the cumulative distribution at the quantiles that the statistics hold."""
    for histogram in feature.num_stats.histograms:
        total = sum(bucket.sample_count for bucket in histogram.buckets)
        if histogram.type == statistics_pb2.Histogram.QUANTILES and total > 0:
            up_to = itertools.accumulate(bucket.sample_count for bucket in histogram.buckets)
            values = [bucket.high_value for bucket in histogram.buckets]
            shares = [count / total for count in up_to]
            return [(histogram.buckets[0].low_value, 0.0), *zip(values, shares, strict=True)]
    return []


def _tenths(curve: Curve) -> list[float]:
    """Returns the values below which a tenth, two tenths, ... of the values lie, each once.

    A value of many rows, which is several of them, has an edge at either side: else smaller ones in
    its place would fall into its bucket.
    """
    wanted = [index / BUCKETS - 1e-9 for index in range(1, BUCKETS)]
    found = Counter(next(v for v, share in curve if share >= w) for w in wanted) if curve else {}
    below = {math.nextafter(value, -math.inf) for value, tenths in found.items() if tenths > 1}
    return sorted(below.union(found))


def _share_below(curve: Curve, edge: float) -> float:
    """Returns the share of values up to an edge, on straight lines between quantiles."""
    last = bisect.bisect_right(curve, edge, key=lambda point: point[0]) - 1
    if last < 0:
        return 0.0
    value, share = curve[last]
    if last + 1 == len(curve):
        return 1.0
    if math.isinf(value):  # no line begins at infinity: what is not there is at the other end
        return share
    next_value, next_share = curve[last + 1]
    return share + (next_share - share) * (edge - value) / (next_value - value)
