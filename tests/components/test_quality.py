"""The quality gate's judgement of what TFMA measured, under thresholds of many kinds."""

import pytest
from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2

from components.quality import slice_metrics, slice_name, threshold_results
from tests.components.evaluations import eval_config_json

AUC = "auc"
TOO_SMALL = "no such slice with enough test rows (evaluation.min_slice_size)"


def parsed(*thresholds, **options):
    raw = eval_config_json(list(thresholds), **options)
    return json_format.Parse(raw, config_pb2.EvalConfig())


@pytest.fixture(scope="module")
def config():
    return parsed({"metric": AUC, "min": 0.5})


@pytest.fixture(scope="module")
def good(evaluations, config):
    return slice_metrics(evaluations.first.uri, "", config)


@pytest.fixture(scope="module")
def bad(evaluations, config):
    return slice_metrics(evaluations.worse.uri, "candidate", config)


@pytest.fixture
def judged(good):
    def judge(*thresholds, baseline=None, candidate=None, **options):
        config = parsed(*thresholds, **options)
        return list(threshold_results("quality", config, candidate or good, baseline or {}))

    return judge


def told(results):
    return [(r.slice, r.passed) for r in results]


def test_the_measured_value_is_the_highest_limit_that_it_passes(judged, good):
    value = good[()][AUC]
    assert [r.passed for r in judged({"metric": AUC, "min": value})] == [True]
    assert [r.passed for r in judged({"metric": AUC, "min": value + 1e-9})] == [False]
    assert [r.passed for r in judged({"metric": AUC, "max": value})] == [True]
    assert [r.passed for r in judged({"metric": AUC, "max": value - 1e-9})] == [False]


def test_both_ends_are_two_conditions(judged, good):
    results = judged({"metric": "loss", "min": 0.0, "max": 0.1})
    assert [(r.bound, r.threshold, r.value, r.passed) for r in results] == [
        ("min", 0.0, good[()]["loss"], True),
        ("max", 0.1, good[()]["loss"], False),
    ]


def test_two_thresholds_on_one_metric_both_count(judged):
    results = judged({"metric": AUC, "min": 0.999}, {"metric": AUC, "min": 0.1})
    assert [(r.threshold, r.passed) for r in results] == [(0.999, False), (0.1, True)]


def test_a_slice_column_is_judged_by_each_large_value(judged, good):
    results = judged({"metric": AUC, "slice": "city", "min": 0.9})
    assert told(results) == [("city=a", True), ("city=b", True)]
    assert [r.value for r in results] == [good[(("city", c),)][AUC] for c in "ab"]


def test_without_a_least_size_the_small_slice_refuses(judged):
    results = judged({"metric": AUC, "slice": "city", "min": 0.9}, min_slice_size=1)
    assert told(results) == [("city=a", True), ("city=b", True), ("city=small", False)]


@pytest.mark.parametrize(("size", "cities"), [(190, ["a", "b"]), (191, ["b"])])
def test_the_least_size_counts_rows(judged, size, cities):
    results = judged({"metric": AUC, "slice": "city", "min": 0.5}, min_slice_size=size)
    assert [r.slice for r in results] == [f"city={city}" for city in cities]


def test_integers_slice_as_well(judged):
    results = judged({"metric": AUC, "slice": "hour", "min": 0.5})
    assert [r.slice for r in results] == ["hour=0", "hour=1", "hour=2"]
    results = judged({"metric": AUC, "slice": {"hour": 1}, "min": 0.5})
    assert told(results) == [("hour=1", True)]


def test_a_value_that_is_named_is_judged_however_small(judged):
    results = judged({"metric": AUC, "slice": {"city": "small"}, "min": 0.9})
    assert told(results) == [("city=small", False)]


@pytest.mark.parametrize("limits", [{"min": 0.1}, {"max": 0.9}, {"max_drop": 0.5}])
def test_a_value_that_does_not_occur_refuses(judged, good, limits):
    results = judged({"metric": AUC, "slice": {"city": "mars"}, **limits}, baseline=good)
    assert [(r.slice, r.value, r.passed) for r in results] == [("city=mars", None, False)]
    assert results[0].detail == TOO_SMALL


def test_a_column_whose_slices_are_all_too_small_refuses(judged):
    results = judged({"metric": AUC, "slice": "city", "min": 0.1}, min_slice_size=201)
    assert [(r.slice, r.value, r.passed) for r in results] == [("city=any value", None, False)]
    assert results[0].detail == TOO_SMALL


def test_a_metric_that_is_missing_in_a_slice_refuses(judged, good):
    without = {**good, (("city", "a"),): {"example_count": 190.0}}
    a, b = judged({"metric": AUC, "slice": "city", "min": 0.1}, candidate=without)
    assert (a.slice, a.value, a.passed) == ("city=a", None, False)
    assert (b.slice, b.passed) == ("city=b", True)


@pytest.mark.parametrize(("metric", "sign"), [("auc", 1), ("accuracy", 1), ("loss", -1)])
def test_a_drop_is_measured_in_the_direction_of_the_metric(judged, good, bad, metric, sign):
    gain = sign * (good[()][metric] - bad[()][metric])
    assert gain > 0

    def results(allowed, candidate, baseline):
        threshold = {"metric": metric, "max_drop": allowed}
        (result,) = judged(threshold, candidate=candidate, baseline=baseline)
        return result.value, result.threshold, result.passed

    assert results(0.0, good, bad) == (pytest.approx(gain), 0.0, True)
    assert results(0.01, bad, good) == (pytest.approx(-gain), -0.01, False)
    assert results(gain + 1e-9, bad, good)[2] is True
    assert results(gain - 1e-9, bad, good)[2] is False
    assert results(0.0, good, good) == (0.0, 0.0, True)


def test_a_drop_is_judged_within_each_slice(judged, good, bad):
    results = judged({"metric": AUC, "slice": "city", "max_drop": 0.0}, baseline=bad)
    assert told(results) == [("city=a", True), ("city=b", True)]
    named = {"metric": AUC, "slice": {"city": "small"}, "max_drop": 0.0}
    assert good[(("city", "small"),)][AUC] < bad[(("city", "small"),)][AUC]
    assert told(judged(named, baseline=bad)) == [("city=small", False)]


def test_without_a_baseline_there_is_nothing_to_drop_from(judged):
    results = judged({"metric": AUC, "min": 0.5, "max_drop": 0.0})
    assert [(r.bound, r.passed) for r in results] == [("min", True)]


def test_a_candidate_that_cannot_be_measured_has_dropped(judged, good):
    results = judged(
        {"metric": AUC, "max_drop": 1.0}, candidate={(): {"example_count": 400.0}}, baseline=good
    )
    assert [(r.bound, r.value, r.passed) for r in results] == [("min_change", None, False)]


def test_slices_are_named_for_people():
    assert slice_name(()) == ""
    assert slice_name((("city", "a"), ("hour", 7))) == "city=a, hour=7"
