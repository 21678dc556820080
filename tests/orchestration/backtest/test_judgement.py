"""When quality ages, and how often to train anew."""

import pytest

from orchestration.local.backtest.judgement import judge
from orchestration.local.backtest.scores import Backtest, Score
from usecase.config import Evaluation, Threshold
from usecase.metrics import METRICS

AUC, RMSE = METRICS["binary"]["auc"], METRICS["regression"]["rmse"]
ERROR = 0.01  # of each: two of a difference are 0.0283


def judged(values, metric=AUC, first=0.9, error=ERROR, **bounds):
    def score(name, value):
        return Score(name, 100, {"m": value}, {"m": error} if error else {})

    later = tuple(score(f"q{index}", value) for index, value in enumerate(values, 1))
    found = Backtest("u", "quarter", ("q0",), score("test", first), later)
    thresholds = (Threshold(metric="m", **(bounds or {"min": -100})),)
    return judge(found, "m", metric, Evaluation(thresholds=thresholds))


@pytest.mark.parametrize(
    ("values", "aged_from", "every"),
    [
        ([0.90, 0.89, 0.88, 0.86, 0.85], "q4", 3),
        ([0.86, 0.85, 0.80], "q1", 1),
        ([0.89, 0.86, 0.85], "q2", 1),
        # It recovers: what passed does not count.
        ([0.80, 0.90, 0.86, 0.86], "q3", 2),
        # One span alone is no trend, nor is a fall of less than two errors.
        ([0.90, 0.90, 0.80], "", None),
        ([0.80], "", None),
        ([0.80, 0.90], "", None),
        ([0.875, 0.875, 0.875], "", None),
        ([0.95, 0.99], "", None),
    ],
)
def test_quality_ages_from_the_span_after_which_all_are_worse(values, aged_from, every):
    found = judged(values)
    assert (found.aged_from, found.retrain_every) == (aged_from, every)
    assert ("retrain every" in found.text) == bool(aged_from)


def test_what_is_better_lower_ages_upwards():
    found = judged([1.0, 1.1, 1.2], RMSE, first=1.0)
    assert (found.aged_from, found.retrain_every) == ("q2", 1)
    assert found.text.startswith("m rises from 1.000 to 1.200 within 3 quarters, and from q2 on")
    assert judged([0.8, 0.7], RMSE, first=1.0).aged_from == ""


def test_the_words_of_each_case():
    assert "retrain every 3 quarters" in judged([0.9, 0.9, 0.9, 0.8, 0.8]).text
    assert "nothing here calls for training anew" in judged([0.9, 0.9]).text
    assert "but for q1, after which it recovers" in judged([0.8, 0.9]).text
    assert "one quarter shows no trend" in judged([0.9, 0.8]).text


def test_without_standard_errors_nothing_is_said():
    found = judged([0.5, 0.4], error=None)
    assert found.text.startswith("too few rows in q1")
    assert found.retrain_every is None


def test_a_metric_without_a_better_end():
    calibration = METRICS["binary"]["calibration"]
    assert judged([1.0, 2.0], calibration).text.startswith("m has no better end")


def test_what_the_quality_gate_would_refuse():
    text = judged([0.89, 0.88, 0.88], min=0.885).text
    assert text.endswith("The quality gate's min of 0.885 would refuse it in q2, q3")
    assert "refuse" not in judged([0.89, 0.886], min=0.885).text
    many = judged([0.8] * 5, min=0.885).text
    assert many.endswith("would refuse it in 5 spans, first in q1")
    assert "max of 1.1 would refuse it in q1" in judged([1.2, 1.0], RMSE, first=1.0, max=1.1).text
