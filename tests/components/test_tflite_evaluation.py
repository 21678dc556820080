"""TFMA on the file for phones: its thresholds, held against scikit-learn and the served model."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import log_loss, roc_auc_score

from components.examples import batches
from components.tflite_evaluation import evaluate
from tests.components.evaluations import eval_config_json

AUC = {"metric": "auc", "min": 0.1}
LOSS = {"metric": "loss", "max": 1e-3}
DROP = {"metric": "auc", "min": 0.1, "max_drop": 0.01}
COLORS = {"metric": "accuracy", "slice": "color", "min": 0.0}


@pytest.fixture(scope="module")
def results(phone):
    files = phone.spoil("none")["none"] / "Format-Serving"
    config = eval_config_json(
        [AUC, LOSS, DROP, COLORS], "binary", slices=["color"], min_slice_size=20
    )
    return evaluate(
        "tflite",
        phone.declaration,
        eval_config=config,
        saved_model=str(phone.trained_model / "Format-Serving"),
        model=files / "model.tflite",
        examples=str(phone.examples / "Split-test" / "*.gz"),
    )


@pytest.fixture(scope="module")
def served(phone):
    """The labels, and what the served model answers."""
    model = tf.saved_model.load(str(phone.trained_model / "Format-Serving"))
    (serialized,) = batches(phone.examples, "test")
    answers = model.signatures["serving_default"](examples=serialized)["probability"].numpy()
    return np.array(phone.rows["label"]), answers.astype(float)


def test_rows_with_missing_values_are_measured_as_well(phone, results, served):
    assert sum(v is None for v in phone.rows["fare"]) > 10
    values = {r.metric: r.value for r in results if not r.slice}
    assert values["auc"] == pytest.approx(roc_auc_score(*served), abs=1e-4)
    assert values["loss"] == pytest.approx(log_loss(*served), rel=1e-4)


def test_slices_are_judged(phone, results, served):
    labels, answers = served
    found = {r.slice: r.value for r in results if r.slice}
    colors = np.array([color or "" for color in phone.rows["color"]])
    for color in ("rot", "grün", "blau", "東京"):
        of_color = colors == color
        right = (answers[of_color] >= 0.5) == labels[of_color]
        assert found[f"color={color}"] == pytest.approx(right.mean())


def test_thresholds_decide(results):
    passed = {(r.metric, r.threshold): r.passed for r in results if not r.slice}
    assert passed == {("auc", 0.1): True, ("loss", 1e-3): False}
    assert {r.name for r in results} == {"tflite"}


def test_there_is_no_baseline_to_fall_behind(results):
    assert "min_change" not in {r.bound for r in results}


def test_the_gate_refuses_what_tfma_refuses(phone):
    files = phone.spoil("none")["none"]
    phone.eval_config = eval_config_json([LOSS], "binary", slices=[])
    said = phone.judge(files, "evaluated", evaluate=True)
    assert [r.metric for r in said.verdict.results if r.refuses] == ["loss"]
    assert said.blessing.get_int_custom_property("blessed") == 0
    phone.eval_config = eval_config_json([AUC], "binary", slices=[])
    assert phone.judge(files, "evaluated-again", evaluate=True).verdict.passed
