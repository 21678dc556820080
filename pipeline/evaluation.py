"""From the thresholds of the configuration to TFMA's EvalConfig."""

from tensorflow_model_analysis.proto import config_pb2

from usecase.checks import slice_columns
from usecase.config import Evaluation, Threshold
from usecase.metrics import BINARY

SIGNATURE = "serving_default"
TRANSFORM_SIGNATURE = "transform_features"


def eval_config(evaluation: Evaluation, label_key: str) -> config_pb2.EvalConfig:
    """Builds the EvalConfig of a use case.

    Every threshold names its slice, the overall one too: a plain `threshold` of TFMA would apply to
    every computed slice.

    Args:
        evaluation: Metrics, slices and thresholds.
        label_key: The transformed label.
    """
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                signature_name=SIGNATURE,
                preprocessing_function_names=[TRANSFORM_SIGNATURE],
                label_key=label_key,
            )
        ],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=columns) for columns in _slices(evaluation)),
        ],
        metrics_specs=[
            config_pb2.MetricsSpec(metrics=[_metric(n, evaluation) for n in _names(evaluation)])
        ],
        options=config_pb2.Options(min_slice_size={"value": evaluation.min_slice_size}),
    )


def _slices(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """The columns of each slicing: one by one, and together where a threshold names several."""
    together = [tuple(sorted(slice_columns(t.slice))) for t in evaluation.thresholds]
    single = [(column,) for column in evaluation.slices]
    return list(dict.fromkeys([*single, *(columns for columns in together if len(columns) > 1)]))


def _names(evaluation: Evaluation) -> list[str]:
    """The metrics to compute; the example count always, for the size of a slice."""
    return list(dict.fromkeys([*evaluation.metrics, "example_count"]))


def _metric(name: str, evaluation: Evaluation) -> config_pb2.MetricConfig:
    thresholds = [t for t in evaluation.thresholds if t.metric == name]
    return config_pb2.MetricConfig(
        class_name=BINARY[name].tfma,
        per_slice_thresholds=[
            config_pb2.PerSliceMetricThreshold(
                slicing_specs=[_slicing_spec(threshold)], threshold=_bounds(threshold)
            )
            for threshold in thresholds
        ],
    )


def _slicing_spec(threshold: Threshold) -> config_pb2.SlicingSpec:
    if threshold.slice is None:
        return config_pb2.SlicingSpec()
    if isinstance(threshold.slice, str):
        return config_pb2.SlicingSpec(feature_keys=[threshold.slice])
    return config_pb2.SlicingSpec(
        feature_values={column: str(value) for column, value in threshold.slice.items()}
    )


def _bounds(threshold: Threshold) -> config_pb2.MetricThreshold:
    result = config_pb2.MetricThreshold()
    if threshold.min is not None:
        result.value_threshold.lower_bound.value = threshold.min
    if threshold.max is not None:
        result.value_threshold.upper_bound.value = threshold.max
    if threshold.max_drop is not None:
        change = result.change_threshold
        if BINARY[threshold.metric].higher_is_better:
            change.direction = config_pb2.MetricDirection.HIGHER_IS_BETTER
            change.absolute.value = -threshold.max_drop
        else:
            change.direction = config_pb2.MetricDirection.LOWER_IS_BETTER
            change.absolute.value = threshold.max_drop
    return result
