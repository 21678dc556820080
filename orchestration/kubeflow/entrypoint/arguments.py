"""The arguments of a container: TFX's, ours, and Beam's."""

import argparse
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from orchestration.kubeflow.runtime_places import Places, from_argument


class Arguments(NamedTuple):
    """What a container is told.

    Attributes:
        executor: The import path of the node's executor.
        executor_input: Kubeflow's ExecutorInput, as proto JSON.
        inputs_spec: The ComponentInputsSpec of the node, likewise; empty if none was given.
        places: Where runtime parameters go, by parameter.
        native_uris: Whether gs:// addresses stay as they are.
        beam: The arguments of Beam.
    """

    executor: str
    executor_input: dict[str, Any]
    inputs_spec: dict[str, Any]
    places: Places
    native_uris: bool
    beam: list[str]


def parse(argv: Sequence[str]) -> Arguments:
    """Parses a command line; what is neither TFX's nor ours is Beam's."""
    parser = argparse.ArgumentParser("entrypoint", allow_abbrev=False)
    parser.add_argument("--executor_class_path", required=True)
    parser.add_argument("--json_serialized_invocation_args", required=True, type=json.loads)
    parser.add_argument("--json_serialized_inputs_spec_args", default={}, type=_tree)
    parser.add_argument("--runtime_places", default={}, type=from_argument)
    parser.add_argument("--native_uris", action="store_true")
    # It is there for Kubeflow's cache, whose key holds the arguments.
    parser.add_argument("--code_digest")
    told, beam = parser.parse_known_args(argv)
    return Arguments(
        told.executor_class_path,
        told.json_serialized_invocation_args,
        told.json_serialized_inputs_spec_args,
        told.runtime_places,
        told.native_uris,
        beam,
    )


def _tree(text: str) -> Any:
    return json.loads(text) if text else {}
