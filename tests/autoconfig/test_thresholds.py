import numpy as np
import pytest

from autoconfig.label import LabelDecision
from autoconfig.moments import Moments
from autoconfig.thresholds import demand_for, least_share


def label(task, *counts):
    classes = tuple(f"c{k}" for k in range(len(counts)))
    return LabelDecision("y", task, "string", classes, counts, None, "")


def moments(values):
    found = Moments()
    found.add(np.asarray(values, float), np.ones(len(values)))
    return found


def test_binary_must_beat_a_guess_by_its_chance():
    small = demand_for(label("binary", 100, 100), Moments(), 40).threshold
    large = demand_for(label("binary", 10**6, 10**6), Moments(), 10**5).threshold
    assert small == {"metric": "auc", "min": 0.59, "max_drop": 0.092}
    assert large == {"metric": "auc", "min": 0.51, "max_drop": 0.01}


def test_the_chance_of_a_guess_is_what_guesses_show():
    random = np.random.default_rng(0)
    ranks = random.random((5000, 100)).argsort(axis=1)[:, :20]  # of 20 positives among 100 rows
    aucs = (ranks.sum(axis=1) - 19 * 20 / 2) / (20 * 80)
    found = demand_for(label("binary", 20, 80), Moments(), 100).threshold["min"] - 0.5
    assert found == pytest.approx(aucs.std(), abs=0.006)


def test_a_rare_class_never_asks_for_more_than_a_little():
    threshold = demand_for(label("binary", 10, 9990), Moments(), 1000).threshold
    assert threshold["min"] == 0.65


def test_multiclass_must_beat_the_commonest_class():
    even = demand_for(label("multiclass", 59, 71, 48), Moments(), 35).threshold
    assert even == {"metric": "accuracy", "min": 0.482, "max_drop": 0.083}
    skewed = demand_for(label("multiclass", 95, 3, 2), Moments(), 40).threshold
    assert 0.9 < skewed["min"] < 0.95


def test_regression_must_beat_the_mean():
    values = np.random.default_rng(0).normal(100.0, 20.0, 10_000)
    threshold = demand_for(label("regression"), moments(values), 1000).threshold
    assert threshold["max"] == pytest.approx(values.std(), rel=1e-3)
    assert 0 < threshold["max_drop"] < 0.1 * threshold["max"]


def test_outliers_widen_what_a_small_split_may_show():
    values = np.random.default_rng(0).lognormal(0.0, 2.0, 10_000)
    threshold = demand_for(label("regression"), moments(values), 40).threshold
    assert threshold["max"] > 1.5 * values.std()


def test_the_share_demanded_is_lowered_where_a_class_is_rare():
    assert least_share(label("binary", 50, 50)) == 0.01
    assert least_share(label("binary", 4, 996)) == 0.002
    assert least_share(label("regression")) == 0.01
