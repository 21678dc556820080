"""What the API server and its compiler to Argo refuse, before a run starts."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

SCHEMA_VERSION = "2.1.0"
PIPELINE_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
ARGO_NAME = r"[a-zA-Z][-a-zA-Z0-9]*"
PYTHON_TYPES = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int, float),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}


class RefusedError(Exception):
    """The API server takes no such run; the message is its answer."""


class Submission(NamedTuple):
    """What was submitted: the pipeline, and what Kubernetes must know of each executor."""

    spec: dict[str, Any]
    kubernetes: dict[str, Any]

    @property
    def tasks(self) -> dict[str, Any]:
        return self.spec["root"]["dag"]["tasks"]

    def component(self, task: Mapping[str, Any]) -> dict[str, Any]:
        return self.spec["components"][task["componentRef"]["name"]]

    def executor(self, label: str) -> dict[str, Any]:
        return self.spec["deploymentSpec"]["executors"][label]


def read(text: str) -> Submission:
    """Parses an uploaded file: one pipeline, and one platform document at most.

    Raises:
        RefusedError: If it is no such file.
    """
    specs, platforms = [], []
    for document in yaml.safe_load_all(text):
        if document is None:
            continue
        if _parses(document, pipeline_spec_pb2.PipelineSpec()):
            specs.append(document)
        elif _parses(document, pipeline_spec_pb2.PlatformSpec()) and "platforms" in document:
            platforms.append(document)
        else:
            raise RefusedError("unknown template format: pipeline spec is invalid")
    if len(specs) != 1 or len(platforms) > 1:
        raise RefusedError(
            f"{len(specs)} pipeline specs and {len(platforms)} platform specs provided"
        )
    _check_head(specs[0])
    kubernetes = platforms[0]["platforms"].get("kubernetes", {}) if platforms else {}
    submission = Submission(specs[0], kubernetes.get("deploymentSpec", {}).get("executors", {}))
    _check_tasks(submission)
    return submission


def root_parameters(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the value of each parameter of the pipeline.

    Raises:
        RefusedError: If one is missing, unknown, or not of the declared JSON type.
    """
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name in given:
        if name not in declared:
            raise RefusedError(f"parameter {name} provided is not required by the pipeline spec")
    values = {}
    for name, parameter in declared.items():
        if name not in given and "defaultValue" not in parameter:
            if not parameter.get("isOptional"):
                raise RefusedError(
                    f"parameter {name} is not optional, yet has neither default value nor user "
                    "provided value"
                )
            continue
        values[name] = given.get(name, parameter.get("defaultValue"))
        if not is_of_type(values[name], parameter.get("parameterType")):
            raise RefusedError(
                f"input parameter {name} requires type {parameter.get('parameterType')}, "
                f"but the parameter value is {json.dumps(values[name])}"
            )
    return values


def is_of_type(value: Any, parameter_type: str | None) -> bool:
    """Whether a JSON value is of a parameter's type; True and False are no numbers."""
    types = PYTHON_TYPES.get(parameter_type or "", ())
    return isinstance(value, types) and (isinstance(value, bool) == (parameter_type == "BOOLEAN"))


def producers(task: Mapping[str, Any]) -> Iterator[str]:
    """Yields whose outputs a task takes."""
    inputs = task.get("inputs", {})
    for each in inputs.get("artifacts", {}).values():
        if "taskOutputArtifact" in each:
            yield each["taskOutputArtifact"]["producerTask"]
    for each in inputs.get("parameters", {}).values():
        if "taskOutputParameter" in each:
            yield each["taskOutputParameter"]["producerTask"]


def _parses(document: Any, message: Any) -> bool:
    try:
        json_format.ParseDict(document, message)
    except (json_format.ParseError, TypeError, AttributeError):
        return False
    return True


def _check_head(spec: Mapping[str, Any]) -> None:
    version = spec.get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise RefusedError(
            f"KFP only supports schema version {SCHEMA_VERSION}, but the pipeline spec has "
            f"version {version}"
        )
    if not re.fullmatch(PIPELINE_NAME, spec.get("pipelineInfo", {}).get("name", "")):
        raise RefusedError("invalid v2 pipeline spec: name should consist of lower case characters")
    if not spec.get("root", {}).get("dag", {}).get("tasks"):
        raise RefusedError("invalid v2 pipeline spec: root component is empty")


def _check_tasks(submission: Submission) -> None:
    for name, task in submission.tasks.items():
        where = f"error processing task {name}"
        if not re.fullmatch(ARGO_NAME, name):
            raise RefusedError(f"{where}: Argo takes letters, digits and '-' alone")
        unknown = [each for each in producers(task) if each not in submission.tasks]
        unknown += [each for each in task.get("dependentTasks", []) if each not in submission.tasks]
        if unknown:
            raise RefusedError(f"{where}: unknown producer task {unknown[0]!r}")
        component = submission.spec["components"].get(task["componentRef"]["name"])
        if component is None:
            raise RefusedError(f"{where}: no component {task['componentRef']['name']!r}")
        if "executorLabel" not in component:
            raise RefusedError(f"{where}: nested pipelines are not emulated")
        _check_executor(submission, component["executorLabel"])


def _check_executor(submission: Submission, label: str) -> None:
    executors = submission.spec.get("deploymentSpec", {}).get("executors", {})
    if label not in executors:
        raise RefusedError(f"executor {label!r} not found in deployment config")
    container = executors[label].get("container")
    if container is None:
        raise RefusedError(f"{label}: non-container and non-importer executor not implemented")
    if not container.get("image"):
        raise RefusedError(f"{label}: image is empty")
    if not container.get("command"):
        raise RefusedError(f"{label}: the launcher has no command to execute")
