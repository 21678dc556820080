"""Pipelines of a few shell and Python commands, as a compiler would write them."""

import copy
from collections.abc import Mapping
from typing import Any

import yaml

ARTIFACT = {"artifactType": {"instanceSchema": "title: tfx.Model\ntype: object\n"}}
SAY = """
import json, os, sys
told = json.loads(sys.argv[1])
def local(uri): return os.environ["KUBEFLOW_MOUNT_ROOT"] + "/minio/" + uri[8:]
def uri(name): return told["outputs"]["artifacts"][name]["artifacts"][0]["uri"]
def taken(name): return told["inputs"]["artifacts"][name]["artifacts"][0]
def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "w").write(text)
def output(text): write(told["outputs"]["outputFile"], text)
def say(**of): output(json.dumps({"artifacts": {"out": {"artifacts": [of]}}}))
"""


def python(code: str) -> list[str]:
    """Returns a command that gets the ExecutorInput, with some helpers (see `SAY`)."""
    return ["python", "-c", SAY + code, "{{$}}"]


def task(
    command: list[str],
    *,
    artifacts: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    types: Mapping[str, str] | None = None,
    condition: str = "",
    retries: int = 0,
    env: Mapping[str, str] | None = None,
    out: bool = True,
) -> dict[str, Any]:
    """Returns what `spec` makes a task, a component and an executor of.

    Args:
        command: The container's.
        artifacts: By input, the task whose output `out` it takes.
        parameters: By input, "$NAME" for the pipeline's parameter NAME, or a constant.
        types: By input, its type, where it is not STRING.
        condition: When it runs.
        retries: How often a failed pod is tried again.
        env: Environment variables.
        out: Whether it has the output `out`.
    """
    return {"type": "task", **{k: v for k, v in locals().items() if v}}


def spec(inputs: Mapping[str, Any] | None = None, **tasks: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a PipelineSpec of tasks.

    Args:
        inputs: The pipeline's parameters as in its definition.
        **tasks: By name, made by `task`.
    """
    made: dict[str, Any] = {
        "schemaVersion": "2.1.0",
        "pipelineInfo": {"name": "tiny"},
        "root": {"dag": {"tasks": {name: _task(name, each) for name, each in tasks.items()}}},
        "components": {name: _component(name, each) for name, each in tasks.items()},
        "deploymentSpec": {
            "executors": {
                f"{name}_executor": {
                    "container": {
                        "image": "image:1",
                        "command": each["command"],
                        "env": [{"name": k, "value": v} for k, v in each.get("env", {}).items()],
                    }
                }
                for name, each in tasks.items()
            }
        },
    }
    if inputs:
        made["root"]["inputDefinitions"] = {"parameters": dict(inputs)}
    return copy.deepcopy(made)


def text(pipeline: Mapping[str, Any], **kubernetes: Mapping[str, Any]) -> str:
    """Returns the file: a pipeline, and the platform entry of each task named."""
    documents = [pipeline]
    if kubernetes:
        executors = {f"{name}_executor": entry for name, entry in kubernetes.items()}
        platform = {"kubernetes": {"deploymentSpec": {"executors": executors}}}
        documents.append({"platforms": platform})
    return yaml.safe_dump_all(documents)


def _task(name: str, of: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {
        key: {"componentInputParameter": value[1:]}
        if str(value).startswith("$")
        else {"runtimeValue": {"constant": value}}
        for key, value in of.get("parameters", {}).items()
    }
    artifacts = {
        key: {"taskOutputArtifact": {"producerTask": producer, "outputArtifactKey": "out"}}
        for key, producer in of.get("artifacts", {}).items()
    }
    made: dict[str, Any] = {
        "taskInfo": {"name": name},
        "componentRef": {"name": name},
        "inputs": {"parameters": parameters, "artifacts": artifacts},
    }
    if "condition" in of:
        made["triggerPolicy"] = {"condition": of["condition"]}
    if "retries" in of:
        made["retryPolicy"] = {"maxRetryCount": of["retries"]}
    return made


def _component(name: str, of: Mapping[str, Any]) -> dict[str, Any]:
    types = of.get("types", {})
    return {
        "executorLabel": f"{name}_executor",
        "inputDefinitions": {
            "artifacts": dict.fromkeys(of.get("artifacts", {}), ARTIFACT),
            "parameters": {
                key: {"parameterType": types.get(key, "STRING")} for key in of.get("parameters", {})
            },
        },
        "outputDefinitions": {"artifacts": {"out": ARTIFACT} if of.get("out") else {}},
    }
