"""The Evaluator's executor and the quality gate on several classes and on numbers."""

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from sklearn import metrics as sk
from tensorflow_model_analysis.proto import config_pb2

from components.quality import slice_metrics, threshold_results
from tests.components.evaluations import SIZES, SMALL, Evaluations, eval_config_json
from usecase.metrics import METRICS

TASKS = ("multiclass", "regression")
THRESHOLDS = {
    "multiclass": (
        {"metric": "auc", "min": 0.9, "max_drop": 0.0},
        {"metric": "loss", "max_drop": 0.0},
        # The good model is wrong about the small city, which is too small to count.
        {"metric": "accuracy", "slice": "city", "min": 0.8},
    ),
    "regression": (
        {"metric": "rmse", "max": 1.5, "max_drop": 0.0},
        {"metric": "squared_correlation", "max_drop": 0.0},
        {"metric": "mae", "slice": "city", "max": 1.2},
    ),
}
FIRST = {"multiclass": "accuracy", "regression": "rmse"}
LIMIT = {"multiclass": "min", "regression": "max"}


def expected_multiclass(label, scores):
    ids = np.array([SIZES.index(size) for size in label])
    each = range(len(SIZES))
    return {
        "accuracy": sk.accuracy_score(ids, scores.argmax(axis=1)),
        "auc": sk.roc_auc_score(ids, scores, multi_class="ovr"),
        "precision": np.mean([sk.precision_score(ids == k, scores[:, k] > 0.5) for k in each]),
        "recall": np.mean([sk.recall_score(ids == k, scores[:, k] > 0.5) for k in each]),
        "loss": sk.log_loss(ids, scores),
    }


def expected_regression(label, predicted):
    mse = sk.mean_squared_error(label, predicted)
    return {
        "rmse": np.sqrt(mse),
        "mae": sk.mean_absolute_error(label, predicted),
        "mape": 100 * sk.mean_absolute_percentage_error(label, predicted),
        "squared_correlation": np.corrcoef(label, predicted)[0, 1] ** 2,
        "calibration": predicted.mean() / label.mean(),
        "mse": mse,
        "mean_label": label.mean(),
        "mean_prediction": predicted.mean(),
    }


EXPECTED = {"multiclass": expected_multiclass, "regression": expected_regression}


def expected(runs, model, chosen=slice(None)):
    return EXPECTED[runs.task](runs.rows["label"][chosen], runs.rows[model][chosen])


def near(values, prefix=""):
    """An AUC is interpolated between thresholds; the others are exact up to float32."""
    return {
        prefix + name: pytest.approx(value, abs=2e-3)
        if name == "auc"
        else pytest.approx(value, rel=1e-5)
        for name, value in values.items()
    }


@pytest.fixture(scope="module", params=TASKS)
def runs(request, tmp_path_factory):
    """A run of a model that is better than the last one."""
    task = request.param
    made = Evaluations(tmp_path_factory.mktemp(task), task)
    made.better = made.run("good", "bad", THRESHOLDS[task])
    return made


@pytest.fixture(scope="module")
def judged(runs):
    """Judges what TFMA measured of the good model, or of the bad one, under any thresholds."""
    config = parsed(runs.task, {"metric": "example_count", "min": 1})
    measured = {
        "good": slice_metrics(runs.better.uri, "candidate", config),
        "bad": slice_metrics(runs.better.uri, "baseline", config),
        None: {},
    }

    def judge(*thresholds, candidate="good", baseline=None, **options):
        config = parsed(runs.task, *thresholds, **options)
        return list(threshold_results("quality", config, measured[candidate], measured[baseline]))

    judge.measured = measured
    return judge


def parsed(task, *thresholds, **options):
    raw = eval_config_json(list(thresholds), task, **options)
    return json_format.Parse(raw, config_pb2.EvalConfig())


def test_candidate_baseline_and_linear_model_are_measured_on_the_same_rows(runs):
    assert runs.better.verdict.metrics == (
        near(expected(runs, "good"))
        | near(expected(runs, "bad"), "baseline/")
        | near(expected(runs, "linear"), "linear/")
    )
    assert all(type(value) is float for value in runs.better.verdict.metrics.values())


def test_the_metric_that_is_shown_comes_first(runs):
    first = next(iter(METRICS[runs.task]))
    assert next(iter(runs.better.verdict.metrics)) == FIRST[runs.task] == first


def test_a_better_model_is_blessed_where_tfma_would_refuse_it_for_the_small_slice(runs):
    assert runs.better.verdict.passed
    assert (runs.better.marks, runs.better.blessed) == (["BLESSED"], 1)
    assert not tfma.load_validation_result(runs.better.uri).validation_ok


def test_a_worse_model_is_refused_under_the_same_thresholds(runs, judged):
    results = judged(*THRESHOLDS[runs.task], candidate="bad", baseline="good")
    refused = {(r.metric, r.bound) for r in results if not r.passed}
    dropping = {(t["metric"], "min_change") for t in THRESHOLDS[runs.task] if "max_drop" in t}
    assert dropping < refused


def test_a_gain_is_measured_in_the_direction_of_the_metric(runs):
    good, bad = expected(runs, "good"), expected(runs, "bad")
    changes = {r.metric: r for r in runs.better.verdict.results if r.bound == "min_change"}
    assert set(changes) == {t["metric"] for t in THRESHOLDS[runs.task] if "max_drop" in t}
    for name, result in changes.items():
        rises = METRICS[runs.task][name].higher_is_better
        gain = (good[name] - bad[name]) if rises else (bad[name] - good[name])
        assert gain > 0.05
        assert (result.value, result.passed) == (pytest.approx(gain, abs=4e-3), True)


def test_each_large_slice_is_judged_by_itself(runs):
    (sliced,) = [t for t in THRESHOLDS[runs.task] if "slice" in t]
    bound = LIMIT[runs.task]
    found = {
        r.slice: r for r in runs.better.verdict.results if r.metric == sliced["metric"] and r.slice
    }
    assert set(found) == {"city=a", "city=b"}
    for name in "ab":
        result = found[f"city={name}"]
        value = expected(runs, "good", runs.rows["city"] == name)[sliced["metric"]]
        assert result.value == pytest.approx(value, rel=1e-5)
        assert (result.bound, result.threshold, result.passed) == (bound, sliced[bound], True)


def test_the_small_slice_would_have_refused(runs, judged):
    (sliced,) = [t for t in THRESHOLDS[runs.task] if "slice" in t]
    results = judged(sliced, min_slice_size=1)
    assert [(r.slice, r.passed) for r in results] == [
        ("city=a", True),
        ("city=b", True),
        ("city=small", False),
    ]
    named = {**sliced, "slice": {"city": "small"}}
    assert [(r.slice, r.passed) for r in judged(named)] == [("city=small", False)]
    assert (runs.rows["city"] == "small").sum() == SMALL


def test_every_metric_is_judged_by_its_value(runs, judged):
    for name, value in judged.measured["good"][()].items():
        for bound, passes, fails in (("min", value, 1e-6), ("max", value, -1e-6)):
            beyond = value + fails * max(1.0, abs(value))
            (passed,) = judged({"metric": name, bound: passes})
            (refused,) = judged({"metric": name, bound: beyond})
            assert (passed.metric, passed.value, passed.passed) == (name, value, True)
            assert (refused.value, refused.passed) == (value, False)
    assert set(judged.measured["good"][()]) == set(METRICS[runs.task])


def test_every_metric_with_a_direction_is_compared_in_it(runs, judged):
    for name, metric in METRICS[runs.task].items():
        if metric.higher_is_better is None:
            continue
        good, bad = (judged.measured[model][()][name] for model in ("good", "bad"))
        gain = good - bad if metric.higher_is_better else bad - good
        assert gain > 0
        exact = {"metric": name, "max_drop": 0.0}
        (kept,) = judged(exact, candidate="good", baseline="good")
        (rose,) = judged(exact, candidate="good", baseline="bad")
        (fell,) = judged(exact, candidate="bad", baseline="good")
        assert (kept.value, kept.passed) == (0.0, True)
        assert (rose.value, rose.passed) == (pytest.approx(gain), True)
        assert (fell.value, fell.passed) == (pytest.approx(-gain), False)
        for allowed, passed in ((gain * 1.001, True), (gain * 0.999, False)):
            (result,) = judged(
                {"metric": name, "max_drop": allowed}, candidate="bad", baseline="good"
            )
            assert (result.threshold, result.passed) == (-allowed, passed)


def test_a_drop_is_judged_within_each_slice(runs, judged):
    threshold = {"metric": FIRST[runs.task], "slice": "hour", "max_drop": 0.0}
    results = judged(threshold, baseline="bad")
    assert [(r.slice, r.bound, r.passed) for r in results] == [
        (f"hour={hour}", "min_change", True) for hour in range(3)
    ]
    results = judged(threshold, candidate="bad", baseline="good")
    assert [r.passed for r in results] == [False] * 3


def test_without_a_baseline_there_is_nothing_to_drop_from(runs, judged):
    bound = LIMIT[runs.task]
    limit = {"min": 0.0, "max": 100.0}[bound]
    results = judged({"metric": FIRST[runs.task], bound: limit, "max_drop": 0.0})
    assert [(r.bound, r.passed) for r in results] == [(bound, True)]


def test_a_slice_that_does_not_occur_refuses(runs, judged):
    threshold = {"metric": FIRST[runs.task], "slice": {"city": "mars"}, "max": 100.0}
    (result,) = judged(threshold)
    assert (result.slice, result.value, result.passed) == ("city=mars", None, False)
