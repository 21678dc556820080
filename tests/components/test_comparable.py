"""Statistics made comparable: shares by value and by tenths of the baseline."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.comparable import MISSING, as_statistics, by_name, pairs
from usecase.drift import Comparator

NUMBER = Comparator("jensen_shannon_divergence", 0.05)
TEXT = Comparator("infinity_norm", 0.1)
NUMBERS = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60)


def numbers(values, *, missing=0, name="x"):
    """Returns statistics of a column of numbers, its quantiles exact."""
    made = statistics_pb2.DatasetFeatureStatistics(num_examples=len(values) + missing)
    feature = made.features.add(type=statistics_pb2.FeatureNameStatistics.FLOAT)
    feature.path.step.append(name)
    feature.num_stats.common_stats.tot_num_values = len(values)
    if values:
        edges = np.quantile(values, np.linspace(0, 1, 101), method="inverted_cdf")
        histogram = feature.num_stats.histograms.add(type=statistics_pb2.Histogram.QUANTILES)
        for low, high in itertools.pairwise(edges):
            histogram.buckets.add(low_value=low, high_value=high, sample_count=len(values) / 100)
    return made


def texts(counts, *, missing=0):
    made = statistics_pb2.DatasetFeatureStatistics(num_examples=sum(counts.values()) + missing)
    feature = made.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
    feature.path.step.append("x")
    feature.string_stats.common_stats.tot_num_values = sum(counts.values())
    for value, count in counts.items():
        feature.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
    return made


def pair(now, before, comparator=NUMBER):
    return pairs(now, before, {"x": comparator})["x"]


def test_a_tenth_of_the_baseline_lies_in_each_bucket():
    found = pair(numbers(range(500)), numbers(range(1000)))
    assert list(found.before.values()) == pytest.approx([100] * 10 + [0], abs=1)
    assert list(found.now.values()) == pytest.approx([100] * 5 + [0] * 6, abs=2)
    assert found.rows == (500, 1000)
    assert found.cells == 10


def test_a_value_of_many_rows_has_a_bucket_of_its_own():
    found = pair(numbers([0] * 600 + [*range(1, 401)]), numbers([0] * 700 + [*range(1, 301)]))
    assert (found.before["0"], found.now["0"]) == (0, 0)  # smaller values
    assert found.before["1"] == pytest.approx(700, abs=10)
    assert found.now["1"] == pytest.approx(600, abs=10)


@pytest.mark.parametrize("other", [3, 7])
@pytest.mark.parametrize("rest", [0, 400])
def test_another_value_in_place_of_one_of_many_rows_is_not_in_its_bucket(other, rest):
    """Whether it is smaller or larger, and whether the column is constant or not."""
    more = [10 + index for index in range(rest)]
    found = pair(numbers([other] * 600 + more), numbers([5] * 600 + more))
    moved = sum(abs(found.now[key] - count) for key, count in found.before.items()) / 2
    assert moved == pytest.approx(600, abs=10)
    same = pair(numbers([5] * 600 + more), numbers([5] * 600 + more))
    assert same.now == same.before


def test_rows_without_a_value_count():
    found = pair(numbers(range(100), missing=50), numbers([], missing=80))
    assert (found.now[MISSING], found.before[MISSING]) == (50, 80)
    assert found.rows == (150, 80)
    found = pair(texts({"a": 3}, missing=2), texts({"b": 1}), TEXT)
    assert found == ({"a": 3, MISSING: 2}, {"b": 1, MISSING: 0})
    assert found.cells == 3


def test_nan_is_a_missing_value():
    made = numbers(range(500))
    made.num_examples = 1000
    made.features[0].num_stats.common_stats.tot_num_values = 1000
    made.features[0].num_stats.histograms[0].num_nan = 500
    found = pair(made, numbers(range(500)))
    assert found.now[MISSING] == 500
    assert found.now["0"] == pytest.approx(50, abs=5)


@pytest.mark.parametrize("infinity", [-np.inf, np.inf])
def test_infinity_is_at_its_end(infinity):
    before = numbers([*range(1000)])
    now = numbers([*range(1000, 2000)])
    ends = now.features[0].num_stats.histograms[0].buckets
    ends[0].low_value = min(ends[0].low_value, infinity)
    ends[-1].high_value = max(ends[-1].high_value, infinity)
    found = pair(now, before)
    assert list(found.now.values()) == pytest.approx([0] * 9 + [1000, 0])
    assert found.rows == (1000, 1000)


@pytest.mark.parametrize("infinity", [-np.inf, np.inf])
def test_a_tenth_of_the_baseline_that_is_infinite_has_a_bucket_of_its_own(infinity):
    values = [*range(80)]
    statistics = numbers(sorted([*values, *[infinity] * 20]))
    end = 0 if infinity < 0 else -3  # behind it are what is above, and the missing
    for found in (pair(statistics, statistics), pair(numbers(values * 10), statistics)):
        assert list(found.before.values())[end] == pytest.approx(20, abs=1)
    assert list(found.now.values())[end] == pytest.approx(0, abs=11)


@pytest.mark.parametrize(
    ("now", "before", "comparator"),
    [
        (numbers([1, 2]), texts({"a": 1}), NUMBER),
        (numbers([1, 2]), texts({"a": 1}), TEXT),
        (numbers([1, 2]), numbers([1], name="y"), NUMBER),
        (numbers([]), numbers([1]), NUMBER),
    ],
    ids=["text before", "number now", "new column", "no rows"],
)
def test_what_cannot_be_compared_is_left_out(now, before, comparator):
    assert pairs(now, before, {"x": comparator}) == {}


@settings(max_examples=50)
@given(NUMBERS, NUMBERS, st.integers(0, 9), st.integers(0, 9))
def test_no_row_is_lost(now, before, missing, missing_before):
    found = pair(numbers(now, missing=missing), numbers(before, missing=missing_before))
    assert found.rows == (len(now) + missing, len(before) + missing_before)
    assert list(found.now) == list(found.before)
    assert min(*found.now.values(), *found.before.values()) >= -1e-9


@given(NUMBERS)
def test_the_same_rows_have_the_same_shares(values):
    found = pair(numbers(values), numbers(values))
    assert found.now == found.before


@settings(max_examples=50)
@given(NUMBERS, NUMBERS)
def test_the_unit_does_not_count(now, before):
    found = pair(numbers(now), numbers(before))
    other = pair(numbers([8 * v for v in now]), numbers([8 * v for v in before]))
    assert list(other.now.values()) == pytest.approx(list(found.now.values()), abs=1e-6)


def test_both_data_sets_get_the_same_buckets():
    found = pair(numbers(range(500)), numbers(range(1000)))
    features = [by_name(as_statistics({"x": side}, set()))["x"] for side in found]
    edges = [
        [(b.low_value, b.high_value) for b in f.num_stats.histograms[0].buckets] for f in features
    ]
    assert edges[0] == edges[1]
    counts = [b.sample_count for b in features[0].num_stats.histograms[0].buckets]
    assert counts == list(found.now.values())
