"""From thresholds to the EvalConfig that TFMA obeys."""

import json

import pytest
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

from pipeline.evaluation import eval_config
from usecase.config import UseCase
from usecase.labels import LabelSpec
from usecase.metrics import METRICS

EVERY = [(task, name) for task, table in METRICS.items() for name in table]
CLASSES = {"binary": (), "multiclass": ("a", "b", "c"), "regression": ()}


def config(*thresholds, metrics=("auc",), task="binary", classes=None, **options):
    raw = {
        "name": "tips",
        "task": task,
        "data": {"path": "rows.csv"},
        "schema": "schema.pbtxt",
        "features": {"age": {"role": "numeric"}},
        "label": {"name": "tip"},
        "evaluation": {
            "thresholds": thresholds or [{"metric": "example_count", "min": 1}],
            **({"metrics": metrics} if metrics else {}),
            **options,
        },
    }
    known = CLASSES[task] if classes is None else classes
    label = LabelSpec(name="tip", task=task, function=None, columns=(), classes=known)
    return eval_config(UseCase.model_validate_json(json.dumps(raw)), label)


def expected(text):
    return text_format.Parse(text, config_pb2.EvalConfig())


def thresholds_of(*thresholds, metrics=("auc",)):
    """Returns the per-slice thresholds of the first metric, and whether it has any other."""
    metric = config(*thresholds, metrics=metrics).metrics_specs[0].metrics[0]
    assert not metric.HasField("threshold"), "would apply to every slice"
    return list(metric.per_slice_thresholds)


def threshold(text):
    return text_format.Parse(text, config_pb2.PerSliceMetricThreshold())


def test_a_whole_config():
    made = config(
        {"metric": "auc", "min": 0.93, "max_drop": 0.01},
        {"metric": "loss", "max": 0.3, "slice": "city"},
        metrics=("auc", "loss"),
        slices=("city", "hour"),
        min_slice_size=20,
    )
    assert made == expected(
        """
        model_specs {
          signature_name: "serving_default"
          preprocessing_function_names: "transform_features"
          label_key: "tip_xf"
        }
        slicing_specs {}
        slicing_specs { feature_keys: "city" }
        slicing_specs { feature_keys: "hour" }
        metrics_specs {
          metrics {
            class_name: "AUC"
            per_slice_thresholds {
              slicing_specs {}
              threshold {
                value_threshold { lower_bound { value: 0.93 } }
                change_threshold { absolute { value: -0.01 } direction: HIGHER_IS_BETTER }
              }
            }
          }
          metrics {
            class_name: "ClippedBinaryCrossEntropy"
            module: "components.clipped_loss"
            per_slice_thresholds {
              slicing_specs { feature_keys: "city" }
              threshold { value_threshold { upper_bound { value: 0.3 } } }
            }
          }
          metrics { class_name: "ExampleCount" }
        }
        options { min_slice_size { value: 20 } }
        """
    )


def test_rows_are_counted_once_even_where_the_config_counts_them():
    made = config({"metric": "example_count", "min": 9}, metrics=("example_count", "auc"))
    names = [metric.class_name for metric in made.metrics_specs[0].metrics]
    assert names == ["ExampleCount", "AUC"]


def metric_configs(made):
    """Returns {(class name, whether it is averaged over classes)} of a config."""
    return {
        (metric.class_name, spec.HasField("aggregate"))
        for spec in made.metrics_specs
        for metric in spec.metrics
    }


@pytest.mark.parametrize(("task", "name"), EVERY)
def test_every_metric_goes_by_the_name_of_tfma(task, name):
    metric = METRICS[task][name]
    made = config({"metric": name, "min": 0.0}, metrics=(name,), task=task)
    assert metric_configs(made) == {(metric.tfma, metric.macro), ("ExampleCount", False)}
    (bounded,) = [m for spec in made.metrics_specs for m in spec.metrics if m.per_slice_thresholds]
    assert bounded.class_name == metric.tfma


@pytest.mark.parametrize("task", METRICS)
def test_a_task_measures_what_is_usual_unless_told(task):
    usual = {(m.tfma, m.macro) for m in METRICS[task].values() if m.usual}
    assert metric_configs(config(metrics=None, task=task)) == usual | {("ExampleCount", False)}


@pytest.mark.parametrize(
    ("task", "classes", "key"),
    [
        # A model of one output: TFMA takes that one.
        ("binary", (), ""),
        ("regression", (), ""),
        # It says the class as well.
        ("binary", ("no", "yes"), "probability"),
        ("binary", (1, 2), "probability"),
        ("multiclass", ("a", "b", "c"), "probabilities"),
    ],
)
def test_tfma_is_told_which_output_to_measure(task, classes, key):
    (model,) = config(metrics=("example_count",), task=task, classes=classes).model_specs
    assert model.prediction_key == key
    assert (model.signature_name, list(model.preprocessing_function_names), model.label_key) == (
        "serving_default",
        ["transform_features"],
        "tip_xf",
    )


def test_a_whole_config_of_several_classes():
    made = config(
        {"metric": "auc", "min": 0.9, "max_drop": 0.01},
        {"metric": "loss", "max": 0.3, "max_drop": 0.02, "slice": "city"},
        metrics=("accuracy", "auc", "recall", "loss"),
        task="multiclass",
        slices=("city",),
        min_slice_size=20,
    )
    assert made == expected(
        """
        model_specs {
          signature_name: "serving_default"
          preprocessing_function_names: "transform_features"
          label_key: "tip_xf"
          prediction_key: "probabilities"
        }
        slicing_specs {}
        slicing_specs { feature_keys: "city" }
        metrics_specs {
          metrics { class_name: "SparseCategoricalAccuracy" }
          metrics {
            class_name: "SparseCategoricalCrossentropy"
            per_slice_thresholds {
              slicing_specs { feature_keys: "city" }
              threshold {
                value_threshold { upper_bound { value: 0.3 } }
                change_threshold { absolute { value: 0.02 } direction: LOWER_IS_BETTER }
              }
            }
          }
          metrics { class_name: "ExampleCount" }
        }
        metrics_specs {
          metrics {
            class_name: "AUC"
            per_slice_thresholds {
              slicing_specs {}
              threshold {
                value_threshold { lower_bound { value: 0.9 } }
                change_threshold { absolute { value: -0.01 } direction: HIGHER_IS_BETTER }
              }
            }
          }
          metrics { class_name: "Recall" }
          aggregate {
            macro_average: true
            class_weights { key: 0 value: 1.0 }
            class_weights { key: 1 value: 1.0 }
            class_weights { key: 2 value: 1.0 }
          }
        }
        options { min_slice_size { value: 20 } }
        """
    )


def test_without_a_metric_over_classes_nothing_is_averaged():
    made = config(metrics=("accuracy",), task="multiclass")
    assert [spec.HasField("aggregate") for spec in made.metrics_specs] == [False]


@pytest.mark.parametrize(("metric", "sign"), [("rmse", 1), ("mse", 1), ("squared_correlation", -1)])
def test_a_number_may_get_worse_by_max_drop_in_its_own_direction(metric, sign):
    made = config({"metric": metric, "max_drop": 0.5}, metrics=(metric,), task="regression")
    (bounded,) = made.metrics_specs[0].metrics[0].per_slice_thresholds
    change = bounded.threshold.change_threshold
    direction = {1: "LOWER_IS_BETTER", -1: "HIGHER_IS_BETTER"}[sign]
    assert change.absolute.value == sign * 0.5
    assert change.direction == config_pb2.MetricDirection.Value(direction)


def test_a_lower_is_better_metric_may_rise_by_max_drop():
    assert thresholds_of({"metric": "loss", "max_drop": 0.02}, metrics=("loss",)) == [
        threshold(
            """
            slicing_specs {}
            threshold {
              change_threshold { absolute { value: 0.02 } direction: LOWER_IS_BETTER }
            }
            """
        )
    ]


@pytest.mark.parametrize(
    ("metric", "absolute"), [("auc", -0.0), ("loss", 0.0)], ids=["higher", "lower"]
)
def test_a_drop_of_nothing_is_a_threshold_too(metric, absolute):
    (made,) = thresholds_of({"metric": metric, "max_drop": 0.0}, metrics=(metric,))
    assert made.threshold.HasField("change_threshold")
    assert made.threshold.change_threshold.absolute.value == absolute


@pytest.mark.parametrize("limit", [{"min": 0.0}, {"max": 0.0}])
def test_a_limit_of_zero_is_a_limit(limit):
    (made,) = thresholds_of({"metric": "auc", **limit})
    value = made.threshold.value_threshold
    assert (value.HasField("lower_bound"), value.HasField("upper_bound")) == (
        "min" in limit,
        "max" in limit,
    )


def test_thresholds_on_one_metric_stay_apart():
    made = thresholds_of(
        {"metric": "auc", "min": 0.9},
        {"metric": "auc", "slice": {"hour": 7}, "min": 0.8},
        {"metric": "auc", "slice": {"city": "a"}, "max": 0.99},
    )
    assert made == [
        threshold("slicing_specs {} threshold { value_threshold { lower_bound { value: 0.9 } } }"),
        threshold(
            """
            slicing_specs { feature_values { key: "hour" value: "7" } }
            threshold { value_threshold { lower_bound { value: 0.8 } } }
            """
        ),
        threshold(
            """
            slicing_specs { feature_values { key: "city" value: "a" } }
            threshold { value_threshold { upper_bound { value: 0.99 } } }
            """
        ),
    ]


def test_columns_that_a_threshold_names_together_are_sliced_together():
    made = config(
        {"metric": "auc", "slice": {"hour": 7, "city": "a"}, "min": 0.8},
        {"metric": "auc", "slice": {"city": "b", "hour": 8}, "min": 0.8},
        slices=("hour", "city"),
    )
    computed = [tuple(spec.feature_keys) for spec in made.slicing_specs]
    assert computed == [(), ("hour",), ("city",), ("city", "hour")]
