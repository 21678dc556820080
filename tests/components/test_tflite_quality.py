"""The metrics by which quantisation is judged, against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from components.tflite_quality import loss_of_quality, measure

ROWS = 2000


def test_binary():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, ROWS).astype(np.float32)
    answers = (0.3 * labels + 0.7 * random.random(ROWS)).astype(np.float32)
    found = measure("binary", labels, answers)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(labels, answers), abs=1e-4)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(labels, answers > 0.5))
    assert found["loss"] == pytest.approx(metrics.log_loss(labels, answers.astype(float)), rel=1e-4)


def test_multiclass():
    random = np.random.default_rng(1)
    labels = random.choice(3, ROWS, p=[0.6, 0.3, 0.1]).astype(np.float32)
    raw = random.random((ROWS, 3)) + np.eye(3)[labels.astype(int)]
    answers = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    found = measure("multiclass", labels, answers)
    right = metrics.roc_auc_score(
        labels, answers / answers.sum(1, keepdims=True), multi_class="ovr"
    )
    assert found["auc"] == pytest.approx(right, abs=1e-4)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(labels, answers.argmax(1)))
    assert found["loss"] == pytest.approx(metrics.log_loss(labels, answers), rel=1e-4)


def test_regression():
    random = np.random.default_rng(2)
    labels = random.normal(50, 9, ROWS).astype(np.float32)
    answers = (labels + random.normal(0, 2, ROWS)).astype(np.float32)
    found = measure("regression", labels, answers)
    assert found["rmse"] == pytest.approx(
        metrics.root_mean_squared_error(labels, answers), rel=1e-5
    )
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(labels, answers), rel=1e-5)


@pytest.mark.parametrize(
    ("task", "full", "variant", "loss"),
    [
        ("binary", {"auc": 0.9}, {"auc": 0.89}, 0.01),
        ("multiclass", {"auc": 0.9}, {"auc": 0.95}, -0.05),
        ("regression", {"rmse": 50.0}, {"rmse": 51.0}, 0.02),
        ("regression", {"rmse": 0.0}, {"rmse": 0.5}, 0.5),
    ],
)
def test_what_quantisation_costs(task, full, variant, loss):
    assert loss_of_quality(task, full, variant) == pytest.approx(loss)
