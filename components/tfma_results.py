"""What TFMA measured, under the names of our configurations."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tensorflow_model_analysis.proto import config_pb2

from usecase.metrics import METRICS

SliceKey = tuple[tuple[str, Any], ...]
SliceMetrics = dict[SliceKey, dict[str, float]]


def metric_configs(
    config: config_pb2.EvalConfig,
) -> Iterator[tuple[str, config_pb2.MetricConfig]]:
    """Yields each metric of an EvalConfig under the name of our configurations."""
    for spec in config.metrics_specs:
        macro = spec.HasField("aggregate")
        ours = {m.tfma: n for t in METRICS.values() for n, m in t.items() if m.macro == macro}
        yield from ((ours[metric.class_name], metric) for metric in spec.metrics)


def named_slices(
    slicing_metrics: Iterable[tuple[SliceKey, Mapping[str, Any]]], config: config_pb2.EvalConfig
) -> SliceMetrics:
    """Returns the metrics of one model, by slice, under the names of our configurations.

    Args:
        slicing_metrics: What TFMA's EvalResult holds under that name.
        config: What was measured.
    """
    keys = _keys(config)
    return {key: _named(_flat(outputs), keys) for key, outputs in slicing_metrics}


def _keys(config: config_pb2.EvalConfig) -> dict[str, str]:
    """Returns the keys of TFMA's results, each with our name; the task's main metric first."""
    classes = {name: metric.class_name for name, metric in metric_configs(config)}
    tables = [
        {m.key: name for name, m in table.items() if classes.get(name) == m.tfma}
        for table in METRICS.values()
    ]
    return max(tables, key=len)


def _flat(outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Looks through TFMA's levels of output and sub key, of which there is one each."""
    (by_sub_key,) = outputs.values()
    return by_sub_key.get("", {})


def _named(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, float]:
    """Renames metrics; TFMA writes an average over classes as "macro_average: true", "_", key."""
    found = {key.rpartition("\n_")[2]: value for key, value in values.items()}
    return {
        name: float(found[key]["doubleValue"])
        for key, name in keys.items()
        if "doubleValue" in found.get(key, {})
    }
