"""The run as one JSON object, for programs."""

import dataclasses
import json
import numbers
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, TextIO

from orchestration.local.console import Console, Writer
from orchestration.local.node_view import RunHeader
from orchestration.results import NodeResult, RunResult
from usecase.errors import UserError

# Named here so that a field added to the dataclasses comes after these, in the order promised.
NODE_KEYS = ("id", "state", "seconds", "reason")
GATE_KEYS = ("name", "metric", "slice", "value", "threshold", "passed")


class JsonConsole(Console):
    """Writes one JSON object; what is meant for people goes to another console.

    Args:
        stream: Where the object goes.
        human: Told all that happens, errors included.
        errors: Makes the writer of errors.
    """

    def __init__(self, stream: TextIO, human: Console, errors: Callable[[], Writer]) -> None:
        super().__init__(errors)
        self._stream = stream
        self._human = human

    def start(self, header: RunHeader, nodes: Sequence[tuple[str, str]]) -> None:
        """Passes on."""
        self._human.start(header, nodes)

    def node_started(self, node_id: str) -> None:
        """Passes on."""
        self._human.node_started(node_id)

    def progress(self, progress: Mapping[str, Any]) -> None:
        """Passes on."""
        self._human.progress(progress)

    def node_finished(self, result: NodeResult) -> None:
        """Passes on."""
        self._human.node_finished(result)

    def finish(self, result: RunResult) -> None:
        """Writes the run."""
        self._human.finish(result)
        self._write(run_json(result))

    def error(self, error: UserError) -> None:
        """Writes a run that never was, with the error."""
        self._human.error(error)
        self._write(error_json(error))

    def close(self) -> None:
        """Passes on."""
        self._human.close()

    def _write(self, raw: dict[str, Any]) -> None:
        self._stream.write(json.dumps(plain_json(raw), allow_nan=False) + "\n")
        self._stream.flush()


def run_json(result: RunResult) -> dict[str, Any]:
    """Returns a run as JSON types; `error` is null, or an object as in `error_json`."""
    error = {"what": result.error, "expected": "", "fix": ""} if result.error else None
    return {
        "run_id": result.run_id,
        "verdict": result.verdict,
        "nodes": [_ordered(node, NODE_KEYS) for node in result.nodes],
        "gates": [_ordered(gate, GATE_KEYS) for gate in result.gates],
        "destinations": [dataclasses.asdict(place) for place in result.destinations],
        "metrics": result.metrics,
        "serving_model": result.serving_model,
        "mobile_model": result.mobile_model,
        "log": result.log,
        "headline": result.headline,
        "error": error,
        "seconds": result.seconds,
        "exit_code": result.exit_code,
        "trials": [dataclasses.asdict(trial) for trial in result.trials],
        "tuned_config": result.tuned_config,
        "warnings": list(result.told_warnings),
        "release": dataclasses.asdict(result.release) if result.release else None,
    }


def error_json(error: UserError) -> dict[str, Any]:
    """Returns what stands for a run that could not start."""
    return {
        "run_id": None,
        "verdict": "failed",
        "nodes": [],
        "gates": [],
        "destinations": [],
        "metrics": {},
        "serving_model": None,
        "mobile_model": None,
        "release": None,
        "log": None,
        "error": {"what": error.what, "expected": error.expected, "fix": error.fix},
    }


def _ordered(item: Any, first: tuple[str, ...]) -> dict[str, Any]:
    raw = dataclasses.asdict(item)
    return {**{key: raw[key] for key in first}, **raw}


def plain_json(raw: Any) -> Any:
    """Returns JSON types alone: NumPy's numbers as Python's, what is not finite as None."""
    if isinstance(raw, Mapping):
        return {key: plain_json(value) for key, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [plain_json(value) for value in raw]
    if isinstance(raw, bool) or raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, numbers.Integral):
        return int(raw)
    return float(raw) if isfinite(raw) else None
