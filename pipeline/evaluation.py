"""From the thresholds of the configuration to TFMA's EvalConfig."""

from tensorflow_model_analysis.proto import config_pb2

from usecase.checks import slice_columns
from usecase.config import Evaluation, Threshold, UseCase
from usecase.labels import LabelSpec
from usecase.metrics import METRICS, Metric
from usecase.outputs import MEASURED

SIGNATURE = "serving_default"
TRANSFORM_SIGNATURE = "transform_features"


def eval_config(use_case: UseCase, label: LabelSpec) -> config_pb2.EvalConfig:
    """Builds the EvalConfig of a use case.

    Every threshold names its slice, the overall one too: a plain `threshold` of TFMA would apply to
    every computed slice.

    Args:
        use_case: Task, metrics, slices and thresholds.
        label: The transformed label and its classes.
    """
    evaluation, table = use_case.evaluation, METRICS[use_case.task]
    # The example count always, for the size of a slice.
    metrics = {name: table[name] for name in (*use_case.metrics, "example_count")}
    plain = [_metric(n, m, evaluation) for n, m in metrics.items() if not m.macro]
    macro = [_metric(n, m, evaluation) for n, m in metrics.items() if m.macro]
    every_class = dict.fromkeys(range(len(label.classes)), 1.0)
    specs = [config_pb2.MetricsSpec(metrics=plain)]
    if macro:
        average = config_pb2.AggregationOptions(macro_average=True, class_weights=every_class)
        specs.append(config_pb2.MetricsSpec(metrics=macro, aggregate=average))
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                signature_name=SIGNATURE,
                preprocessing_function_names=[TRANSFORM_SIGNATURE],
                label_key=label.key,
                # Where a class comes beside it, TFMA must be told which output to measure.
                prediction_key=MEASURED[use_case.task] if label.classes else "",
            )
        ],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=columns) for columns in _slices(evaluation)),
        ],
        metrics_specs=specs,
        options=config_pb2.Options(min_slice_size={"value": evaluation.min_slice_size}),
    )


def _slices(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """The columns of each slicing: one by one, and together where a threshold names several."""
    together = [tuple(sorted(slice_columns(t.slice))) for t in evaluation.thresholds]
    single = [(column,) for column in evaluation.slices]
    return list(dict.fromkeys([*single, *(columns for columns in together if len(columns) > 1)]))


def _metric(name: str, metric: Metric, evaluation: Evaluation) -> config_pb2.MetricConfig:
    thresholds = [t for t in evaluation.thresholds if t.metric == name]
    return config_pb2.MetricConfig(
        class_name=metric.tfma,
        module=metric.module,
        per_slice_thresholds=[
            config_pb2.PerSliceMetricThreshold(
                slicing_specs=[_slicing_spec(threshold)], threshold=_bounds(threshold, metric)
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


def _bounds(threshold: Threshold, metric: Metric) -> config_pb2.MetricThreshold:
    result = config_pb2.MetricThreshold()
    if threshold.min is not None:
        result.value_threshold.lower_bound.value = threshold.min
    if threshold.max is not None:
        result.value_threshold.upper_bound.value = threshold.max
    if threshold.max_drop is not None:
        change = result.change_threshold
        if metric.higher_is_better:
            change.direction = config_pb2.MetricDirection.HIGHER_IS_BETTER
            change.absolute.value = -threshold.max_drop
        else:
            change.direction = config_pb2.MetricDirection.LOWER_IS_BETTER
            change.absolute.value = threshold.max_drop
    return result
