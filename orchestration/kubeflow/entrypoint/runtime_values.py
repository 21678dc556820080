"""A node's parameters, once those that a run set anew are in their places."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.kubeflow.parameters import DATA, PREFIX
from orchestration.kubeflow.runtime_places import Place, apply
from orchestration.located_data import locate
from usecase.config import Data
from usecase.data_files import split_pattern
from usecase.span_paths import has_span, split_at_span

INPUT_BASE = "input_base"
INPUT_CONFIG = "input_config"
RANGE_CONFIG = "range_config"
ENDS = ("startSpanNumber", "endSpanNumber")


def with_runtime_values(
    parameters: Mapping[str, Any], places: Mapping[str, Sequence[Place]]
) -> dict[str, Any]:
    """Returns the parameters without those of the run, which stand where they belong.

    Args:
        parameters: All that Kubeflow gave to the node.
        places: Where each of the run's goes; the data go where an ExampleGen looks.

    Raises:
        ConfigError: If there are no such data.
        UserError: If a value is none that its place takes.
    """
    of_run = {k.removeprefix(PREFIX): v for k, v in parameters.items() if k.startswith(PREFIX)}
    own = {key: value for key, value in parameters.items() if not key.startswith(PREFIX)}
    if DATA in of_run:
        own = _with_data(own, of_run[DATA])
    return apply(own, places, of_run)


def reads_files(parameters: Mapping[str, Any]) -> bool:
    """Returns whether these are the parameters of an ExampleGen that reads files."""
    return INPUT_BASE in parameters and INPUT_CONFIG in parameters


def _with_data(parameters: Mapping[str, Any], path: str) -> dict[str, Any]:
    found = locate(Data(path=path))
    pattern = found.pattern
    base, names = split_at_span(pattern) if has_span(pattern) else split_pattern(pattern)
    config = json.loads(parameters[INPUT_CONFIG])
    splits = [{**split, "pattern": names} for split in config["splits"]]
    changed = json.dumps({**config, "splits": splits})
    return {**parameters, INPUT_BASE: base, INPUT_CONFIG: changed, **_only(found.span)}


def _only(span: int | None) -> dict[str, str]:
    """Returns the parameter that names the one span to read, for TFX's driver.

    Left to itself it takes any folder beside the spans for one of them, and fails.
    """
    if span is None:
        return {}
    return {RANGE_CONFIG: json.dumps({"staticRange": dict.fromkeys(ENDS, span)})}
