"""The table of metrics, held against TensorFlow Model Analysis itself."""

import numpy as np
import pandas as pd
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types

from usecase.metrics import BINARY

ROWS = 200


def evaluated(class_names):
    """Returns {model: {result key: value}} for a better and a worse model of the same labels."""
    random = np.random.default_rng(0)
    label = np.tile([0.0, 1.0], ROWS // 2)
    better = np.clip(0.2 + 0.6 * label + random.normal(0, 0.15, ROWS), 0.01, 0.99)
    worse = random.uniform(0.05, 0.95, ROWS)
    rows = pd.DataFrame(
        {
            "label": np.concatenate([label, label]),
            "prediction": np.concatenate([better, worse]),
            "model": ["better"] * ROWS + ["worse"] * ROWS,
        }
    )
    config = tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(label_key="label", prediction_key="prediction")],
        slicing_specs=[tfma.SlicingSpec(feature_keys=["model"])],
        metrics_specs=[
            tfma.MetricsSpec(metrics=[tfma.MetricConfig(class_name=name) for name in class_names])
        ],
    )
    result = tfma.analyze_raw_data(rows, config)
    return {
        slice_key[0][1]: {
            key: value["doubleValue"]
            for key, value in result.get_metrics_for_slice(slice_key).items()
        }
        for slice_key in result.get_slice_names()
    }


@pytest.fixture(scope="module")
def results():
    return evaluated([metric.tfma for metric in BINARY.values()])


def test_each_class_is_registered_with_tfma():
    assert {metric.tfma for metric in BINARY.values()} <= set(metric_types.registered_metrics())


def test_tfma_reports_each_metric_under_its_key(results):
    assert set(results["better"]) == {metric.key for metric in BINARY.values()}
    assert len({metric.key for metric in BINARY.values()}) == len(BINARY)


def test_a_class_that_tfma_does_not_know_is_refused():
    with pytest.raises(ValueError, match="BinaryAcuracy"):
        evaluated(["BinaryAcuracy"])


@pytest.mark.parametrize("name", [n for n, m in BINARY.items() if m.higher_is_better is not None])
def test_the_better_model_is_better_in_the_stated_direction(results, name):
    metric = BINARY[name]
    gain = results["better"][metric.key] - results["worse"][metric.key]
    assert (gain if metric.higher_is_better else -gain) > 0.1


def test_what_has_no_direction_is_stated():
    undirected = {name for name, metric in BINARY.items() if metric.higher_is_better is None}
    assert undirected == {"calibration", "mean_label", "mean_prediction", "example_count"}


def test_the_values_are_what_the_names_promise(results):
    random = np.random.default_rng(0)
    label = np.tile([0.0, 1.0], ROWS // 2)
    better = np.clip(0.2 + 0.6 * label + random.normal(0, 0.15, ROWS), 0.01, 0.99)
    loss = -np.mean(label * np.log(better) + (1 - label) * np.log(1 - better))
    expected = {
        "accuracy": np.mean((better > 0.5) == label),
        "recall": np.mean(better[label == 1] > 0.5),
        "loss": loss,
        "calibration": better.mean() / label.mean(),
        "mean_label": 0.5,
        "mean_prediction": better.mean(),
        "example_count": ROWS,
    }
    reported = {name: results["better"][BINARY[name].key] for name in expected}
    assert reported == pytest.approx(expected, rel=1e-5)
