"""From thresholds to the EvalConfig that TFMA obeys."""

import pytest
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

from pipeline.evaluation import eval_config
from usecase.config import Evaluation, Threshold
from usecase.metrics import BINARY


def config(*thresholds, metrics=("auc",), **options):
    made = tuple(Threshold(**threshold) for threshold in thresholds)
    return eval_config(Evaluation(metrics=metrics, thresholds=made, **options), "tip_xf")


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
            class_name: "BinaryCrossEntropy"
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


@pytest.mark.parametrize("metric", BINARY)
def test_every_metric_goes_by_the_name_of_tfma(metric):
    made = config({"metric": metric, "min": 0.0}, metrics=(metric,))
    assert made.metrics_specs[0].metrics[0].class_name == BINARY[metric].tfma


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
