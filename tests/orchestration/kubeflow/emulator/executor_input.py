"""What the driver tells a task: its inputs resolved, its outputs provided for."""

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.orchestration.kubeflow.emulator import api_check, bucket

LOGS = "executor-logs"
OLD_OUTPUT_FILE = "tmp/kfp_outputs/output_metadata.json"

Artifacts = Mapping[str, Mapping[str, int]]  # task -> output -> artifact id


class DriverError(Exception):
    """The driver cannot make sense of a task: the run fails."""


def inputs(
    task: Mapping[str, Any],
    component: Mapping[str, Any],
    parameters: Mapping[str, Any],
    produced: Artifacts,
    runtime_artifact: Callable[[int], dict[str, Any]],
) -> dict[str, Any]:
    """Returns ExecutorInput.inputs of a task, as JSON.

    Args:
        task: The task.
        component: Its component.
        parameters: The parameters of the run.
        produced: What has been produced.
        runtime_artifact: Returns an artifact by its id.

    Raises:
        DriverError: If an input cannot be resolved or is of another type than declared.
    """
    given = task.get("inputs", {})
    declared = component.get("inputDefinitions", {}).get("parameters", {})
    values = {
        name: _value(name, source, parameters)
        for name, source in given.get("parameters", {}).items()
    }
    for name, parameter in declared.items():
        if name in values:
            values[name] = _converted(name, values[name], parameter["parameterType"])
        elif not parameter.get("isOptional"):
            raise DriverError(f"neither value nor default value provided for parameter {name!r}")
    artifacts = {
        name: {"artifacts": [runtime_artifact(_artifact(name, source, produced))]}
        for name, source in given.get("artifacts", {}).items()
    }
    return {"parameterValues": values, "artifacts": artifacts}


def outputs(
    name: str, component: Mapping[str, Any], root: str, pod: Path, *, logs: bool, new_layout: bool
) -> dict[str, Any]:
    """Returns ExecutorInput.outputs of a task, as JSON.

    Args:
        name: The task's.
        component: Its component.
        root: Of the run, for example minio://mlpipeline/v2/artifacts/taxi/RUN.
        pod: Its file system, for paths that the launcher gives.
        logs: Whether the cluster keeps the logs of executors.
        new_layout: As of 2.15, with a folder of its own for each try and the output file below the
            mount; or as of 2.0.5, with neither.
    """
    defined = component.get("outputDefinitions", {})
    wanted = dict(defined.get("artifacts", {}))
    if logs:
        wanted[LOGS] = {"artifactType": {"schemaTitle": "system.Artifact"}}
    task_root = f"{root}/{name}/{uuid.uuid4()}" if new_layout else f"{root}/{name}"
    artifacts = {
        output: {
            "artifacts": [
                {
                    **({"name": output} if new_layout else {}),
                    "type": spec["artifactType"],
                    "uri": f"{task_root}/{output}",
                    **({"metadata": spec["metadata"]} if "metadata" in spec else {}),
                }
            ]
        }
        for output, spec in wanted.items()
    }
    folder = bucket.local_path(pod, task_root)
    return {
        "artifacts": artifacts,
        "parameters": {
            output: {"outputFile": str(pod / "tmp/kfp/outputs" / output)}
            for output in defined.get("parameters", {})
        },
        "outputFile": str(folder / "output_metadata.json" if new_layout else pod / OLD_OUTPUT_FILE),
    }


def with_defaults(told: Mapping[str, Any], component: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an ExecutorInput in which optional parameters have the component's defaults."""
    declared = component.get("inputDefinitions", {}).get("parameters", {})
    defaults = {
        name: parameter["defaultValue"]
        for name, parameter in declared.items()
        if "defaultValue" in parameter
    }
    values = {**defaults, **told["inputs"]["parameterValues"]}
    return {**told, "inputs": {**told["inputs"], "parameterValues": values}}


def as_text(value: Any) -> str:
    """Returns a parameter as text, as placeholders and parameters of type STRING have it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _value(name: str, source: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    if "componentInputParameter" in source:
        if source["componentInputParameter"] not in parameters:
            raise DriverError(
                "parent DAG does not have input parameter " + source["componentInputParameter"]
            )
        return parameters[source["componentInputParameter"]]
    runtime_value = source.get("runtimeValue", {})
    if "constant" not in runtime_value:
        raise DriverError(f"{name}: param runtime value spec of type {source} not implemented")
    return runtime_value["constant"]


def _converted(name: str, value: Any, parameter_type: str) -> Any:
    if parameter_type == "STRING":
        return as_text(value)
    if not api_check.is_of_type(value, parameter_type):
        raise DriverError(f"input parameter {name!r} type mismatch: expect {parameter_type}")
    return value


def _artifact(name: str, source: Mapping[str, Any], produced: Artifacts) -> int:
    output = source["taskOutputArtifact"]
    try:
        return produced[output["producerTask"]][output["outputArtifactKey"]]
    except KeyError:
        raise DriverError(f"failed to resolve input artifact {name!r} with spec {output}") from None
