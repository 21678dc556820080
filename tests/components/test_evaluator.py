"""The Evaluator's executor, run for real on models that echo a column."""

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score


def expected(rows, model, chosen=slice(None)):
    label, score = rows["label"][chosen], rows[model][chosen]
    return {
        "auc": roc_auc_score(label, score),
        "loss": log_loss(label, score),
        "accuracy": accuracy_score(label, score > 0.5),
    }


def near(values):
    """TFMA's AUC is interpolated between thresholds, the other two are exact."""
    return {
        name: pytest.approx(value, abs=1e-3 if name.endswith("auc") else 1e-6)
        for name, value in values.items()
    }


def with_prefix(prefix, values):
    return {prefix + name: value for name, value in values.items()}


def test_without_a_baseline_the_metrics_are_those_of_scikit_learn(evaluations):
    assert evaluations.first.verdict.metrics == near(
        expected(evaluations.rows, "good")
        | with_prefix("linear/", expected(evaluations.rows, "linear"))
    )


def test_with_a_baseline_it_is_measured_on_the_same_rows(evaluations):
    assert evaluations.worse.verdict.metrics == near(
        expected(evaluations.rows, "bad")
        | with_prefix("baseline/", expected(evaluations.rows, "good"))
        | with_prefix("linear/", expected(evaluations.rows, "linear"))
    )


def test_slices_are_those_of_scikit_learn(evaluations):
    results = {r.slice: r.value for r in evaluations.first.verdict.results}
    city = evaluations.rows["city"]
    assert results == {
        name: pytest.approx(expected(evaluations.rows, "good", rows)["auc"], abs=1e-3)
        for name, rows in (("city=a", city == "a"), ("city=b", city == "b"))
    }


def test_a_slice_by_two_columns_is_that_of_scikit_learn(evaluations):
    rows = evaluations.rows
    (result,) = [r for r in evaluations.equal.verdict.results if r.slice]
    chosen = (rows["city"] == "a") & (rows["hour"] == 1)
    assert (result.metric, result.slice) == ("accuracy", "city=a, hour=1")
    assert result.value == pytest.approx(expected(rows, "good", chosen)["accuracy"], abs=1e-6)


@pytest.mark.parametrize(("run", "passed"), [("first", True), ("worse", False), ("equal", True)])
def test_verdict_file_and_property_agree(evaluations, run, passed):
    evaluation = getattr(evaluations, run)
    assert evaluation.verdict.passed is passed
    assert evaluation.marks == (["BLESSED"] if passed else ["NOT_BLESSED"])
    assert evaluation.blessed == int(passed)


def test_a_small_slice_does_not_refuse_the_model_as_it_would_in_tfma(evaluations):
    small = expected(evaluations.rows, "good", evaluations.rows["city"] == "small")
    assert small["auc"] < 0.9
    assert not tfma.load_validation_result(evaluations.first.uri).validation_ok
    assert evaluations.first.blessed == 1


def test_an_absolute_threshold_refuses(evaluations):
    (result,) = [r for r in evaluations.worse.verdict.results if r.bound == "min"]
    assert (result.metric, result.threshold, result.passed) == ("auc", 0.9, False)
    auc = expected(evaluations.rows, "bad")["auc"]
    assert result.value == pytest.approx(auc, abs=1e-3)
    assert auc < 0.9


def test_a_better_baseline_refuses_in_either_direction(evaluations):
    good, bad = (expected(evaluations.rows, model) for model in ("good", "bad"))
    assert good["auc"] > bad["auc"]
    assert good["loss"] < bad["loss"]
    changes = [r for r in evaluations.worse.verdict.results if r.bound == "min_change"]
    assert {r.metric: r.value for r in changes} == {
        "auc": pytest.approx(bad["auc"] - good["auc"], abs=1e-3),
        # Lower is better: what the loss rose by counts as a drop.
        "loss": pytest.approx(good["loss"] - bad["loss"], abs=1e-6),
    }
    assert [r.passed for r in changes] == [False, False]


def test_an_equal_baseline_passes(evaluations):
    changes = [r for r in evaluations.equal.verdict.results if r.bound == "min_change"]
    assert {(r.metric, r.value, r.passed) for r in changes} == {
        ("auc", 0.0, True),
        ("loss", 0.0, True),
    }


def test_an_empty_baseline_is_none(evaluations):
    # Its thresholds allow no drop, and there is nothing to drop from.
    assert {r.bound for r in evaluations.first.verdict.results} == {"min"}
    metrics = evaluations.first.verdict.metrics
    assert not [name for name in metrics if name.startswith("baseline/")]


def test_values_are_plain_numbers(evaluations):
    values = [*evaluations.worse.verdict.metrics.values()]
    assert all(type(value) is float and np.isfinite(value) for value in values)
