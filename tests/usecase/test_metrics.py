"""The table of metrics, held against TensorFlow Model Analysis itself, scikit-learn and NumPy."""

from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from sklearn import metrics as sk
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from pipeline.evaluation import eval_config
from usecase.labels import LabelSpec
from usecase.metrics import METRICS

ROWS = 300
CLASSES = ("a", "b", "c")
MACRO = "macro_average: true\n_"
EVERY = [(task, name) for task, table in METRICS.items() for name in table]
DIRECTED = [(t, n) for t, n in EVERY if METRICS[t][n].higher_is_better is not None]


class Rows(NamedTuple):
    """The same labels, and what a better and a worse model say of them."""

    label: np.ndarray
    better: np.ndarray
    worse: np.ndarray


def frame(**slices):
    """Joins slices, each (labels, predictions), to one raw frame."""
    parts = [
        pd.DataFrame(
            {
                "label": label.astype(np.float32),
                "prediction": list(predictions.astype(np.float32)),
                "model": name,
            }
        )
        for name, (label, predictions) in slices.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _binary(random):
    label = (np.arange(ROWS) % 3 == 0).astype(float)
    better = np.clip(0.3 + 0.4 * label + random.normal(0, 0.15, ROWS), 0.01, 0.99)
    return Rows(label, better, random.uniform(0.05, 0.95, ROWS))


def without_the_last_class():
    random = np.random.default_rng(1)
    label = np.arange(ROWS) % 2
    scores = random.dirichlet([1, 1, 1], ROWS) + np.eye(3)[label]
    return label, scores / scores.sum(axis=1, keepdims=True)


def _multiclass(random):
    # Not even: the mean over classes is then not the mean over rows.
    label = np.repeat(np.arange(3), (60, 210, 30))
    # The rarest class is the hardest to tell.
    ease = np.where(label == 2, 0.4, 1.0)[:, np.newaxis]

    def predicted(skill):
        raw = random.dirichlet([1, 1, 1], ROWS) + skill * ease * np.eye(3)[label]
        return raw / raw.sum(axis=1, keepdims=True)

    return Rows(label, predicted(0.8), predicted(0.0))


def _regression(random):
    label = random.normal(10, 3, ROWS)
    better = label + random.normal(0.5, 1, ROWS)
    return Rows(label, better, label.mean() + random.normal(0, 5, ROWS))


MADE = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}


def expected_binary(label, score):
    positive = score > 0.5
    precision, recall, _ = sk.precision_recall_curve(label, score)
    return {
        "auc": sk.roc_auc_score(label, score),
        "pr_auc": sk.auc(recall, precision),
        "accuracy": sk.accuracy_score(label, positive),
        "precision": sk.precision_score(label, positive),
        "recall": sk.recall_score(label, positive),
        "calibration": score.mean() / label.mean(),
        "loss": -np.mean(label * np.log(score) + (1 - label) * np.log(1 - score)),
        "mean_label": 1 / 3,
        "mean_prediction": score.mean(),
        "example_count": ROWS,
    }


def expected_multiclass(label, scores):
    one_hot = np.eye(3)[label]
    each = range(3)
    return {
        "accuracy": np.mean(scores.argmax(axis=1) == label),
        "auc": np.mean([sk.roc_auc_score(one_hot[:, k], scores[:, k]) for k in each]),
        "precision": np.mean([np.mean(label[scores[:, k] > 0.5] == k) for k in each]),
        "recall": np.mean([np.mean(scores[label == k, k] > 0.5) for k in each]),
        "loss": -np.mean(np.log(scores[np.arange(ROWS), label])),
        "example_count": ROWS,
    }


def expected_regression(label, predicted):
    error = predicted - label
    return {
        "rmse": np.sqrt(np.mean(error**2)),
        "mae": np.mean(np.abs(error)),
        "mape": 100 * np.mean(np.abs(error / label)),
        "squared_correlation": np.corrcoef(label, predicted)[0, 1] ** 2,
        "calibration": predicted.mean() / label.mean(),
        "mse": np.mean(error**2),
        "mean_label": label.mean(),
        "mean_prediction": predicted.mean(),
        "example_count": ROWS,
    }


EXPECTED = {
    "binary": expected_binary,
    "multiclass": expected_multiclass,
    "regression": expected_regression,
}


def analyzed(config, frame):
    """Returns {slice: {key of TFMA: value}} of a raw frame, sliced by its model."""
    config.model_specs[0].Clear()
    config.model_specs[0].label_key = "label"
    config.model_specs[0].prediction_key = "prediction"
    result = tfma.analyze_raw_data(frame, config)
    return {
        dict(key).get("model"): {
            name: value["doubleValue"] for name, value in outputs[""][""].items()
        }
        for key, outputs in result.slicing_metrics
    }


@pytest.fixture(scope="module")
def measure(changed):
    """Measures every metric of a task, or some, with the EvalConfig that the pipeline makes."""

    def measure(task, frame, classes=CLASSES, names=None):
        use_case = changed(
            {
                "task": task,
                "evaluation.metrics": names or list(METRICS[task]),
                "evaluation.slices": ["model"],
                "evaluation.thresholds": [{"metric": "example_count", "min": 1}],
            }
        )
        label = LabelSpec(
            name="y",
            task=task,
            function=None,
            columns=(),
            classes=classes if task == "multiclass" else (),
        )
        return analyzed(eval_config(use_case, label), frame)

    return measure


@pytest.fixture(scope="module")
def results(measure):
    """{task: (its rows, {slice: {key of TFMA: value}})}."""
    found = {}
    for task, make in MADE.items():
        rows = make(np.random.default_rng(0))
        slices = {"better": (rows.label, rows.better), "worse": (rows.label, rows.worse)}
        if task == "multiclass":
            slices["without a class"] = without_the_last_class()
        found[task] = (rows, measure(task, frame(**slices)))
    return found


def key_of(metric):
    """Returns the key under which TFMA reports a metric, an average over classes included."""
    return MACRO + metric.key if metric.macro else metric.key


def test_each_class_is_one_of_tfma_or_of_keras():
    every = [metric for table in METRICS.values() for metric in table.values()]
    classes = {metric.tfma for metric in every if not metric.module}
    assert classes <= {*metric_types.registered_metrics(), *dir(keras.metrics)}
    assert {metric.module for metric in every} == {"", "components.clipped_loss"}


def test_an_answer_that_is_certain_does_not_hide_the_loss_of_others(measure):
    label, right = np.tile([1.0, 0.0], 200), np.tile([0.75, 0.25, 0.4, 0.6], 100)
    right[:2] = 1.0, 0.0
    wrong = np.concatenate([[0.0, 1.0], right[2:]])
    both = frame(right=(label, right), wrong=(label, wrong))
    measured = measure("binary", both, names=["loss"])
    loss = {model: values["binary_crossentropy"] for model, values in measured.items()}
    rest = -198 * np.log(0.75) - 200 * np.log(0.4)
    assert loss["right"] == pytest.approx(rest / 400, rel=1e-5)
    by_keras = float(keras.losses.binary_crossentropy(label, wrong))
    assert loss["wrong"] == pytest.approx(by_keras, rel=0.01)


def test_a_class_that_tfma_does_not_know_is_refused():
    config = text_format.Parse(
        'model_specs {} metrics_specs { metrics { class_name: "BinaryAcuracy" } }',
        config_pb2.EvalConfig(),
    )
    with pytest.raises(ValueError, match="BinaryAcuracy"):
        analyzed(config, pd.DataFrame({"label": [1.0], "prediction": [0.5]}))


@pytest.mark.parametrize("task", METRICS)
def test_tfma_reports_each_metric_under_its_key(results, task):
    table = METRICS[task]
    _, measured = results[task]
    assert set(measured["better"]) == {key_of(metric) for metric in table.values()}
    assert len({metric.key for metric in table.values()}) == len(table)


@pytest.mark.parametrize(("task", "name"), EVERY)
def test_the_values_are_what_the_names_promise(results, task, name):
    rows, measured = results[task]
    # An area is interpolated between thresholds, of which TFMA takes 10,000.
    close = {"abs": 2e-3} if name.endswith("auc") else {"rel": 1e-5}
    for model in ("better", "worse"):
        value = measured[model][key_of(METRICS[task][name])]
        expected = EXPECTED[task](rows.label, getattr(rows, model))
        assert value == pytest.approx(expected[name], **close)
        assert set(expected) == set(METRICS[task])


@pytest.mark.parametrize(("task", "name"), DIRECTED)
def test_the_better_model_is_better_in_the_stated_direction(results, task, name):
    metric, (_, measured) = METRICS[task][name], results[task]
    gain = measured["better"][key_of(metric)] - measured["worse"][key_of(metric)]
    assert (gain if metric.higher_is_better else -gain) > 0.1


@pytest.mark.parametrize(
    ("task", "undirected"),
    [
        ("binary", {"calibration", "mean_label", "mean_prediction", "example_count"}),
        ("multiclass", {"example_count"}),
        ("regression", {"calibration", "mean_label", "mean_prediction", "example_count"}),
    ],
)
def test_what_has_no_direction_is_stated(task, undirected):
    table = METRICS[task]
    assert {n for n, metric in table.items() if metric.higher_is_better is None} == undirected


def test_the_first_metric_of_a_task_is_the_one_that_is_shown():
    first = {task: next(iter(table)) for task, table in METRICS.items()}
    assert first == {"binary": "auc", "multiclass": "accuracy", "regression": "rmse"}
    assert all(METRICS[task][name].usual for task, name in first.items())


def test_only_several_classes_are_averaged_over():
    macro = {(task, name) for task, name in EVERY if METRICS[task][name].macro}
    assert macro == {("multiclass", name) for name in ("auc", "precision", "recall")}


def test_what_tfma_calls_it_tells_our_name_whatever_the_task():
    names = {}
    for task, name in EVERY:
        metric = METRICS[task][name]
        names.setdefault((metric.tfma, metric.macro), set()).add(name)
    assert [sorted(n) for n in names.values() if len(n) > 1] == []


def test_each_class_counts_the_same_however_rare(results):
    rows, measured = results["multiclass"]
    per_row = sk.roc_auc_score(rows.label, rows.better, multi_class="ovr", average="weighted")
    reported = measured["better"][MACRO + "auc"]
    assert abs(reported - per_row) > 0.005
    assert reported == pytest.approx(
        sk.roc_auc_score(rows.label, rows.better, multi_class="ovr"), abs=2e-3
    )


def test_two_classes_are_several_too(measure):
    random = np.random.default_rng(0)
    label = np.arange(ROWS) % 2
    score = np.clip(0.3 + 0.4 * label + random.normal(0, 0.2, ROWS), 0.01, 0.99)
    both = np.stack([1 - score, score], axis=1)
    measured = measure("multiclass", frame(both=(label, both)), ("no", "yes"))["both"]
    assert measured[MACRO + "auc"] == pytest.approx(sk.roc_auc_score(label, score), abs=2e-3)
    assert measured["sparse_categorical_accuracy"] == pytest.approx(np.mean((score > 0.5) == label))
    assert measured["sparse_categorical_crossentropy"] == pytest.approx(sk.log_loss(label, score))


def test_tfma_takes_the_auc_of_a_class_that_no_row_has_for_0(results):
    """A limit to know of: in a slice without a class, the average over classes is too low."""
    label, scores = without_the_last_class()
    measured = results["multiclass"][1]["without a class"]
    of_two = [sk.roc_auc_score(label == k, scores[:, k]) for k in range(2)]
    assert measured[MACRO + "auc"] == pytest.approx(sum(of_two) / 3, abs=2e-3)
    assert measured[MACRO + "recall"] == "NaN"
