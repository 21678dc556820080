"""The quality gate in our own words: each threshold of the EvalConfig with its measured value."""

import math
from collections.abc import Iterator
from pathlib import Path

import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2

from components import raw_quality
from components.tfma_results import SliceKey, SliceMetrics, metric_configs, named_slices
from components.verdict import Bound, GateResult, Verdict, judge
from models.settings import LINEAR_FOLDER

GATE = "quality"
LINEAR_PREFIX = "linear/"
BASELINE_PREFIX = "baseline/"
ROWS = "example_count"


def judge_quality(
    *,
    eval_config_json: str,
    evaluation_uri: str,
    model_uri: str,
    examples_uri: str,
    has_baseline: bool,
) -> Verdict:
    """Reads what TFMA measured and decided.

    Args:
        eval_config_json: The EvalConfig, JSON.
        evaluation_uri: TFMA's output folder.
        model_uri: The Trainer's model artifact, which also holds the linear baseline.
        examples_uri: The Examples artifact; its test split is what was evaluated.
        has_baseline: Whether there was a pushed model to compare with.

    Returns:
        One result for each threshold and slice. A threshold on all values of a column passes over
        slices with fewer rows than `options.min_slice_size`; TFMA itself would fail them.
    """
    config = json_format.Parse(eval_config_json, config_pb2.EvalConfig())
    names = ("candidate", "baseline") if has_baseline else ("",)
    measured = [slice_metrics(evaluation_uri, name, config) for name in names]
    baseline = measured[1] if has_baseline else {}
    results = tuple(threshold_results(GATE, config, measured[0], baseline))
    linear = _linear_metrics(config, Path(model_uri) / LINEAR_FOLDER, Path(examples_uri))
    metrics = {
        **{k: v for k, v in measured[0].get((), {}).items() if k != ROWS},
        **{BASELINE_PREFIX + k: v for k, v in baseline.get((), {}).items() if k != ROWS},
        **{LINEAR_PREFIX + k: v for k, v in linear.items() if k != ROWS},
    }
    return Verdict(GATE, results, metrics)


def threshold_results(
    gate: str, config: config_pb2.EvalConfig, candidate: SliceMetrics, baseline: SliceMetrics
) -> Iterator[GateResult]:
    """Yields a result for each threshold and slice.

    Args:
        gate: The gate's name.
        config: The thresholds.
        candidate: What was measured.
        baseline: What was measured of the last pushed model; empty if there is none.
    """
    least = config.options.min_slice_size.value
    large = [key for key, values in candidate.items() if values.get(ROWS, 0) >= least]
    for name, metric in metric_configs(config):
        for entry in metric.per_slice_thresholds:
            for slice_spec in entry.slicing_specs:
                candidates = large if slice_spec.feature_keys else candidate
                keys = sorted(key for key in candidates if _matches(slice_spec, key))
                if not keys:
                    yield _no_such_slice(gate, name, slice_spec, entry.threshold)
                for key in keys:
                    yield from _bounds(gate, name, key, entry.threshold, candidate, baseline)


def _bounds(
    gate: str,
    name: str,
    key: SliceKey,
    threshold: config_pb2.MetricThreshold,
    candidate: SliceMetrics,
    baseline: SliceMetrics,
) -> Iterator[GateResult]:
    value = candidate[key].get(name)
    for bound, limit in _value_limits(threshold):
        yield judge(gate, name, value, bound, limit, slice_name=slice_name(key))
    before = baseline.get(key, {}).get(name, math.nan)
    # A baseline without a value (AUC of a slice with one class) is nothing to compare with.
    if threshold.HasField("change_threshold") and not math.isnan(before):
        rises = threshold.change_threshold.direction == config_pb2.HIGHER_IS_BETTER
        sign = 1.0 if rises else -1.0
        gain = None if value is None else sign * (value - before)
        limit = sign * threshold.change_threshold.absolute.value
        yield judge(gate, name, gain, "min_change", limit, slice_name=slice_name(key))


def _value_limits(threshold: config_pb2.MetricThreshold) -> Iterator[tuple[Bound, float]]:
    value = threshold.value_threshold
    if value.HasField("lower_bound"):
        yield "min", value.lower_bound.value
    if value.HasField("upper_bound"):
        yield "max", value.upper_bound.value


def _no_such_slice(
    gate: str, name: str, spec: config_pb2.SlicingSpec, threshold: config_pb2.MetricThreshold
) -> GateResult:
    key = tuple((k, "any value") for k in spec.feature_keys) + tuple(spec.feature_values.items())
    bound, limit = next(_value_limits(threshold), ("min", 0.0))
    detail = "no such slice with enough test rows (evaluation.min_slice_size)"
    return judge(gate, name, None, bound, limit, slice_name=slice_name(key), detail=detail)


def _matches(spec: config_pb2.SlicingSpec, key: SliceKey) -> bool:
    wanted = set(spec.feature_keys) | set(spec.feature_values)
    values = {column: str(value) for column, value in key}
    fits = all(values.get(k) == v for k, v in spec.feature_values.items())
    return wanted == set(values) and fits


def slice_name(key: SliceKey) -> str:
    """Returns "column=value, ..." of a slice; "" for all rows."""
    return ", ".join(f"{column}={value}" for column, value in key)


def slice_metrics(
    evaluation_uri: str, model_name: str, config: config_pb2.EvalConfig
) -> SliceMetrics:
    """Returns the metrics of one model, by slice, under the names of our configurations."""
    result = tfma.load_eval_result(evaluation_uri, model_name=model_name or None)
    return named_slices(result.slicing_metrics, config)


def _linear_metrics(
    config: config_pb2.EvalConfig, model: Path, examples_uri: Path
) -> dict[str, float]:
    """Measures the linear baseline with the same metrics on the same rows, without slices."""
    frame = raw_quality.answered(model, config.model_specs[0].label_key, examples_uri, "test")
    return raw_quality.measure(config, frame)[()]
