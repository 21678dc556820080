"""From TFX's pipeline spec to one that clusters run: small steps, each on plain dictionaries.

Each returns a changed copy of a spec as JSON has it, and knows nothing of TFX or Kubeflow's code.
"""

import copy
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from orchestration.kubeflow.parameters import PREFIX, RuntimeParameter

Spec = dict[str, Any]
INPUTS_SPEC = "--json_serialized_inputs_spec_args"
# Of retries: a node that fails at once is given time to find what it misses.
BACKOFF = {"backoffDuration": "30s", "backoffFactor": 2.0, "backoffMaxDuration": "600s"}
TASK_SUFFIX = "_task"


def without_lifecycle(spec: Spec) -> Spec:
    """Takes out hooks that ran before a cache check, which the adapter runs in the container."""
    spec = copy.deepcopy(spec)
    for container in _containers(spec).values():
        container.pop("lifecycle", None)
    return spec


def with_known_producers(spec: Spec) -> Spec:
    """Names producers of parameters as their tasks are named: TFX appends `_task`."""
    spec = copy.deepcopy(spec)
    tasks = _tasks(spec)
    for task in tasks.values():
        for parameter in task.get("inputs", {}).get("parameters", {}).values():
            source = parameter.get("taskOutputParameter", {})
            name = source.get("producerTask", "")
            if name not in tasks and name.removesuffix(TASK_SUFFIX) in tasks:
                source["producerTask"] = name.removesuffix(TASK_SUFFIX)
    return spec


def with_caching(spec: Spec, cached: Collection[str]) -> Spec:
    """Lets results of these tasks be reused, and of no other."""
    spec = copy.deepcopy(spec)
    for name, task in _tasks(spec).items():
        task["cachingOptions"] = {"enableCache": True} if name in cached else {}
    return spec


def with_retries(spec: Spec, retries: Mapping[str, int]) -> Spec:
    """Has failed pods of tasks tried again, each so many times; 0 for never."""
    spec = copy.deepcopy(spec)
    for name, count in retries.items():
        if count:
            _tasks(spec)[name]["retryPolicy"] = {"maxRetryCount": count, **BACKOFF}
    return spec


def with_order(spec: Spec, task: str, *, after: str) -> Spec:
    """Lets a task wait for another, whose outputs it does not take; where it is not there, nothing.

    Args:
        spec: The pipeline spec.
        task: The name of the task that waits.
        after: The name of the one that it waits for.
    """
    spec = copy.deepcopy(spec)
    if task in _tasks(spec):
        told = _tasks(spec)[task]
        told["dependentTasks"] = sorted({*told.get("dependentTasks", []), after})
    return spec


def with_containers(spec: Spec, settings: Mapping[str, Mapping[str, Any]]) -> Spec:
    """Sets fields of the containers of tasks, for example `image`, `env` or `resources`.

    Args:
        spec: The pipeline spec.
        settings: Fields by task; one that is empty is left out.
    """
    spec = copy.deepcopy(spec)
    for name, fields in settings.items():
        container = container_of(spec, name)
        container.update({key: value for key, value in fields.items() if value})
    return spec


def beam_arguments_of(spec: Spec, task: str) -> list[str]:
    """Returns the Beam arguments that TFX gave to a task's container."""
    args = container_of(spec, task)["args"]
    return list(args[args.index(INPUTS_SPEC) + 2 :])


def with_arguments(spec: Spec, arguments: Mapping[str, Sequence[str]]) -> Spec:
    """Puts arguments behind those of TFX's that are no Beam arguments, in place of the latter."""
    spec = copy.deepcopy(spec)
    for name, added in arguments.items():
        args = container_of(spec, name)["args"]
        args[args.index(INPUTS_SPEC) + 2 :] = added
    return spec


def with_runtime_parameters(
    spec: Spec, parameters: Iterable[RuntimeParameter], takers: Mapping[str, Iterable[str]]
) -> Spec:
    """Wires the inputs of the pipeline, which all have defaults, to the tasks that take them.

    Each such task gets one more input for each, of which its container is told.

    Args:
        spec: The pipeline spec.
        parameters: What a run may set.
        takers: The names of the parameters that each task takes.
    """
    spec = copy.deepcopy(spec)
    known = {parameter.name: parameter for parameter in parameters}
    if known:
        inputs = spec["root"].setdefault("inputDefinitions", {}).setdefault("parameters", {})
        inputs.update({name: _root_input(parameter) for name, parameter in known.items()})
    for task, names in takers.items():
        for name in names:
            _wire(spec, task, known[name])
        _tell_inputs(spec, task)
    return spec


def container_of(spec: Spec, task: str) -> dict[str, Any]:
    """Returns the container of a task, which may be changed."""
    return _containers(spec)[executor_label(spec, task)]


def executor_label(spec: Spec, task: str) -> str:
    """Returns the label under which the executor of a task is known."""
    component = _tasks(spec)[task]["componentRef"]["name"]
    return str(spec["components"][component]["executorLabel"])


def _root_input(parameter: RuntimeParameter) -> dict[str, Any]:
    return {
        "parameterType": parameter.type,
        "defaultValue": parameter.default,
        "isOptional": True,
        "description": parameter.description,
    }


def _wire(spec: Spec, task: str, parameter: RuntimeParameter) -> None:
    told = _tasks(spec)[task]
    component = spec["components"][told["componentRef"]["name"]]
    declared = component.setdefault("inputDefinitions", {}).setdefault("parameters", {})
    declared[f"{PREFIX}{parameter.name}"] = {"parameterType": parameter.type}
    given = told.setdefault("inputs", {}).setdefault("parameters", {})
    given[f"{PREFIX}{parameter.name}"] = {"componentInputParameter": parameter.name}


def _tell_inputs(spec: Spec, task: str) -> None:
    component = spec["components"][_tasks(spec)[task]["componentRef"]["name"]]
    args = container_of(spec, task)["args"]
    # With line breaks, so that no two braces meet: KFP would take them for a placeholder.
    inputs = json.dumps(component["inputDefinitions"], indent=2, sort_keys=True)
    args[args.index(INPUTS_SPEC) + 1] = inputs


def _tasks(spec: Spec) -> dict[str, Any]:
    tasks: dict[str, Any] = spec["root"]["dag"]["tasks"]
    return tasks


def _containers(spec: Spec) -> dict[str, Any]:
    executors = spec["deploymentSpec"]["executors"]
    return {label: executor["container"] for label, executor in executors.items()}
