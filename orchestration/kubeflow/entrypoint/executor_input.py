"""Kubeflow's ExecutorInput: what it holds, and the same with something changed.

Everything here takes and returns proto JSON, in Python's types; nothing is changed in place.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Tree = dict[str, Any]
SIDES = ("inputs", "outputs")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def parameters(executor_input: Mapping[str, Any]) -> Tree:
    """Returns the parameters of an input by name."""
    return dict(executor_input.get("inputs", {}).get("parameterValues", {}))


def artifacts(side: Mapping[str, Any]) -> dict[str, Tree]:
    """Returns the first artifact of each key of inputs or outputs: a node of ours has no more."""
    return {
        key: listed["artifacts"][0]
        for key, listed in side.get("artifacts", {}).items()
        if listed.get("artifacts")
    }


def run_id(executor_input: Mapping[str, Any]) -> str:
    """Returns the run's id, which stands in the addresses of outputs; "" if it cannot be told.

    These are `<root>/<pipeline>/<run>/<task>/<output>`, in newer versions of Kubeflow with a
    random folder before the output; on Vertex AI `<root>/<project>/<run>/<task>/<output>`.
    """
    for artifact in artifacts(executor_input.get("outputs", {})).values():
        parts = artifact.get("uri", "").partition("://")[2].partition("?")[0].split("/")
        back = 4 if len(parts) > 1 and UUID.fullmatch(parts[-2]) else 3
        if len(parts) > back:
            return str(parts[-back])
    return ""


def with_parameters(executor_input: Tree, values: Mapping[str, Any]) -> Tree:
    """Returns the input with other parameters."""
    return {**executor_input, "inputs": {**executor_input["inputs"], "parameterValues": values}}


def with_output_file(executor_input: Tree, path: str) -> Tree:
    """Returns the input with another place for what the executor says of its outputs."""
    return {**executor_input, "outputs": {**executor_input["outputs"], "outputFile": path}}


def with_uris(executor_input: Tree, change: Callable[[str], str]) -> Tree:
    """Returns the input with each artifact's address changed."""

    def changed(artifact: Tree) -> Tree:
        return {**artifact, "uri": change(artifact.get("uri", ""))}

    return with_artifacts(executor_input, {side: lambda _, one: changed(one) for side in SIDES})


def with_output_metadata(executor_input: Tree, said: Mapping[str, Any]) -> Tree:
    """Returns the input with the metadata of outputs that an ExecutorOutput names."""
    known = {key: artifact.get("metadata", {}) for key, artifact in artifacts(said).items()}

    def changed(key: str, artifact: Tree) -> Tree:
        return {**artifact, "metadata": {**artifact.get("metadata", {}), **known.get(key, {})}}

    return with_artifacts(executor_input, {"outputs": changed})


def with_artifacts(
    executor_input: Tree, changes: Mapping[str, Callable[[str, Tree], Tree]]
) -> Tree:
    """Returns the input with each artifact changed.

    Args:
        executor_input: The input.
        changes: For "inputs" and "outputs", from a key and its artifact to the artifact instead.
    """
    result = dict(executor_input)
    for side, change in changes.items():
        every = {
            key: {**listed, "artifacts": [change(key, one) for one in listed.get("artifacts", [])]}
            for key, listed in result.get(side, {}).get("artifacts", {}).items()
        }
        result[side] = {**result.get(side, {}), "artifacts": every}
    return result
