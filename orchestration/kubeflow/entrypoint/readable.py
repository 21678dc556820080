"""From the ExecutorInput that Kubeflow hands over to one that TFX's executor can read."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from orchestration.kubeflow.entrypoint.executor_input import Tree, with_artifacts

CONDITION_PREFIX = "_"  # of an input that TFX adds for a `Cond` around the node
SYSTEM_PREFIX = "system."  # of the types of artifacts that Kubeflow itself adds
# TFX's compiler takes titles package.Class alone; its executor imports what the title names.
OUR_TITLE = re.compile(r"components\.(\w+)")
OUR_MODULE = "components.artifacts"
VALUE_TITLES = frozenset(
    f"tfx.{name}" for name in ("Boolean", "Bytes", "Float", "Integer", "JsonValue", "String")
)


def readable(executor_input: Tree, inputs_spec: Mapping[str, Any]) -> Tree:
    """Returns the input as TFX's executor can read it.

    Types of inputs, which Kubeflow leaves empty, are taken from the specification; types of our own
    become what can be imported. What is no business of an executor is left out: inputs that a
    condition looks at, and outputs of Kubeflow's own.

    Args:
        executor_input: The input, from Kubeflow.
        inputs_spec: The specification of the node's inputs.
    """
    specs = inputs_spec.get("artifacts", {})
    own = {
        **executor_input,
        "inputs": _chosen(executor_input.get("inputs", {}), _is_condition),
        "outputs": _chosen(executor_input.get("outputs", {}), _is_systems),
    }
    return with_artifacts(
        own,
        {
            "inputs": lambda key, one: _named(_typed(one, specs.get(key, {}).get("artifactType"))),
            "outputs": lambda _, one: _typed(one),
        },
    )


def is_value(artifact: Mapping[str, Any]) -> bool:
    """Returns whether an artifact is a file with one value, not a folder."""
    return _title(artifact.get("type", {})) in VALUE_TITLES


def _chosen(side: Tree, is_left_out: Callable[[str, Tree], bool]) -> Tree:
    every = side.get("artifacts", {}).items()
    kept = {key: listed for key, listed in every if not is_left_out(key, listed)}
    return {**side, "artifacts": kept}


def _is_condition(key: str, _: Tree) -> bool:
    return key.startswith(CONDITION_PREFIX)


def _is_systems(_: str, listed: Tree) -> bool:
    titles = [_title(one.get("type", {})) for one in listed.get("artifacts", [])]
    return any(title.startswith(SYSTEM_PREFIX) for title in titles)


def _typed(artifact: Tree, of_spec: Tree | None = None) -> Tree:
    return {**artifact, "type": _importable(of_spec or artifact.get("type", {}))}


def _named(artifact: Tree) -> Tree:
    """Returns the artifact with a name, without which TFX's Evaluator fails once it is done."""
    return {**artifact, "name": artifact.get("name") or artifact.get("uri", "")}


def _importable(kind: Tree) -> Tree:
    """Returns a type with a title that the class can be imported by."""
    ours = OUR_TITLE.fullmatch(_title(kind))
    if not ours:
        return kind
    title = f"{OUR_MODULE}.{ours[1]}"
    if kind.get("schemaTitle"):
        return {**kind, "schemaTitle": title}
    named = {**yaml.safe_load(kind["instanceSchema"]), "title": title}
    return {**kind, "instanceSchema": yaml.safe_dump(named, sort_keys=False)}


def _title(kind: Mapping[str, Any]) -> str:
    """Returns what a type is called, which Vertex AI may say outside of its schema."""
    tree = yaml.safe_load(kind.get("instanceSchema") or "")
    within = tree.get("title", "") if isinstance(tree, dict) else ""
    return str(kind.get("schemaTitle") or within)
