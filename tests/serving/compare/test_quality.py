"""Accuracy and errors of two models, their intervals, and what is called wrong."""

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error

from serving.compare import quality
from serving.compare.quality import accuracy, binary, regression, wrong
from serving.errors import ServingError


def right(rows, seed, shares=(0.8, 0.7)):
    """Whether two models that share what is hard are right."""
    random = np.random.default_rng(seed)
    hard = random.random(rows)
    return tuple(0.5 * hard + 0.5 * random.random(rows) < share for share in shares)


def predictions(rows, seed, errors=(1.0, 1.15)):
    random = np.random.default_rng(seed)
    truth = random.normal(size=rows) * 3
    common = random.normal(size=rows)
    return truth, *(truth + e * (0.6 * common + 0.8 * random.normal(size=rows)) for e in errors)


def test_metrics_are_those_of_sklearn():
    random = np.random.default_rng(0)
    truth = (random.random(50) < 0.5).astype(float)
    p, q = random.random(50), random.random(50)
    found = binary(truth, p, q)
    assert found.beside["log loss"] == pytest.approx((log_loss(truth, p), log_loss(truth, q)))
    truth, a, b = predictions(300, 1)
    found = regression(truth, a, b)
    expected = (mean_squared_error(truth, a) ** 0.5, mean_squared_error(truth, b) ** 0.5)
    assert (found.stable, found.canary) == pytest.approx(expected)
    assert found.gain == pytest.approx(expected[0] - expected[1])
    assert found.beside["mean absolute error"] == pytest.approx(
        (mean_absolute_error(truth, a), mean_absolute_error(truth, b))
    )
    a, b = right(200, 2)
    found = accuracy(a, b)
    assert (found.stable, found.canary) == pytest.approx(
        tuple(accuracy_score(np.ones(200), one) for one in (a, b))
    )
    assert found.gain == pytest.approx(found.canary - found.stable)


def test_a_probability_of_0_or_1_leaves_the_log_loss_finite():
    truth = np.tile([0.0, 1.0], 10)
    found = binary(truth, truth, 1 - truth)
    assert found.beside["log loss"] == pytest.approx((0.0, -np.log(1e-7)), abs=1e-6)
    assert (found.stable, found.canary, found.low, found.high) == (1.0, 0.0, -1.0, -1.0)


def test_intervals_of_few_rows_are_those_of_scipys_bootstrap():
    truth, a, b = predictions(150, 3)
    found = regression(truth, a, b)

    def gain(t, x, y, axis=-1):
        roots = [np.sqrt(((z - t) ** 2).mean(axis)) for z in (x, y)]
        return roots[0] - roots[1]

    expected = scipy.stats.bootstrap(
        (truth, a, b),
        gain,
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=4000,
        batch=500,
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.012)


@pytest.mark.parametrize(
    "measure",
    [lambda rows: accuracy(*right(rows, 4)), lambda rows: regression(*predictions(rows, 4))],
    ids=["accuracy", "rmse"],
)
def test_the_two_ways_to_an_interval_agree(monkeypatch, measure):
    drawn = measure(900)
    monkeypatch.setattr(quality, "BOOTSTRAP_ROWS", 100)
    normal = measure(900)
    assert drawn != normal
    width = normal.high - normal.low
    assert (drawn.low, drawn.high) == pytest.approx((normal.low, normal.high), abs=0.08 * width)


@pytest.mark.parametrize("rows", [100, 1200])
@pytest.mark.parametrize(
    "measure",
    [
        lambda rows, seed: accuracy(*right(rows, seed)),
        lambda rows, seed: regression(*predictions(rows, seed)),
    ],
    ids=["accuracy", "rmse"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(monkeypatch, measure, rows):
    monkeypatch.setattr(quality, "RESAMPLES", 800)
    true_gain = measure(1_000_000, 0).gain
    assert true_gain < -0.05
    found = [measure(rows, 100 + seed) for seed in range(300)]
    held = sum(one.low <= true_gain <= one.high for one in found) / len(found)
    assert 0.91 <= held <= 0.985


def test_the_same_rows_give_the_same_interval_again():
    assert regression(*predictions(80, 5)) == regression(*predictions(80, 5))


def test_wrong_is_what_is_lower_beyond_chance():
    truth, good, bad = predictions(400, 6, (1.0, 2.0))
    finding = wrong(regression(truth, good, bad))
    assert (finding.kind, finding.is_bad) == ("wrong", True)
    assert finding.text.startswith("rmse 2.04 against 0.958 (")
    # Of an error, more is worse: the difference is shown as it is, and not as a gain.
    assert "(difference +1.09, 95 % interval +0.9" in finding.text
    assert wrong(regression(truth, bad, good)) is None
    assert not wrong(regression(truth, good, bad), margin=1.5).is_bad
    assert wrong(regression(truth, good, bad), margin=1.1).is_bad
    assert wrong(regression(truth, good, good)) is None
    assert wrong(accuracy(*right(60, 7, (0.8, 0.79)))) is None
    text = wrong(accuracy(*right(2000, 7, (0.8, 0.6)))).text
    assert text.startswith("accuracy 0.6")
    assert "(difference -0.2" in text


def test_too_few_rows():
    truth, a, b = predictions(19, 8)
    with pytest.raises(ServingError, match="19 labelled rows that both versions answer"):
        regression(truth, a, b)
    with pytest.raises(ServingError, match="0 labelled rows"):
        accuracy(np.array([], bool), np.array([], bool))
    truth = np.array([1.0] * 9 + [0.0] * 50)
    with pytest.raises(ServingError, match="9 of 59 labelled rows have the label 1"):
        binary(truth, truth, truth)
    with pytest.raises(ServingError, match="9 of 59 labelled rows have the label 0"):
        binary(1 - truth, truth, truth)
