"""The documents of a compiled pipeline, in the words of the rules."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from usecase.kubeflow import Target

Json = Mapping[str, Any]
ROOT = "root"
KUBERNETES = "kubernetes"
# The lists of a KubernetesExecutorConfig that mount something.
MOUNTS = ("pvcMount", "secretAsVolume", "configMapAsVolume", "genericEphemeralVolume")
CONDITION_INPUT = re.compile(r"inputs\.(artifacts|parameters|parameter_values)\[(['\"])(.*?)\2\]")


def part(document: Json | None, *keys: str) -> Json:
    """Returns what lies under keys, one in the other; empty where nothing does."""
    for key in keys:
        document = (document or {}).get(key)
    return document or {}


class Task(NamedTuple):
    """A task of a dag.

    Attributes:
        name: Its name, the key in the dag.
        spec: The task itself.
        dag: The name of the component that holds the dag, or `root`.
        component: What its reference stands for; empty if there is no such component.
    """

    name: str
    spec: Json
    dag: str
    component: Json

    @property
    def where(self) -> str:
        """How faults name it."""
        return f"task {self.name}"

    @property
    def executor(self) -> str:
        """The label of its executor; empty for a dag."""
        return str(self.component.get("executorLabel", ""))

    def inputs(self, kind: str) -> Json:
        """Returns what the task is given; the kind is `parameters` or `artifacts`."""
        return part(self.spec, "inputs", kind)

    def declared(self, kind: str) -> Json:
        """Returns what its component takes."""
        return part(self.component, "inputDefinitions", kind)

    def condition_inputs(self) -> list[tuple[str, str]]:
        """Returns kind and name of each input that its condition reads."""
        condition = part(self.spec, "triggerPolicy").get("condition", "")
        kinds = {"artifacts": "artifacts"}
        return [
            (kinds.get(found[1], "parameters"), found[3])
            for found in CONDITION_INPUT.finditer(condition)
        ]

    def producers(self) -> Iterator[tuple[str, str, str, str]]:
        """Yields input, kind, task and output key of what other tasks give it."""
        for kind, one, key in (
            ("parameters", "taskOutputParameter", "outputParameterKey"),
            ("artifacts", "taskOutputArtifact", "outputArtifactKey"),
        ):
            for name, source in self.inputs(kind).items():
                if one in source:
                    yield name, kind, source[one].get("producerTask", ""), source[one].get(key, "")


class Documents(NamedTuple):
    """A compiled pipeline.

    Attributes:
        spec: The pipeline spec.
        platform: What Kubernetes is told beside it.
        job: The job of Vertex AI around the spec; None where there is only the spec.
        target: What is to run it.
    """

    spec: Json
    platform: Json | None
    job: Json | None
    target: Target

    @classmethod
    def of(cls, spec: Json, platform: Json | None, target: Target) -> "Documents":
        """Returns them, a PipelineJob taken apart."""
        job = spec if "pipelineSpec" in spec else None
        return cls(part(spec, "pipelineSpec") if job else spec, platform, job, target)

    @property
    def executors(self) -> Json:
        """Executors by label."""
        return part(self.spec, "deploymentSpec", "executors")

    @property
    def containers(self) -> dict[str, Json]:
        """Containers by the label of their executor."""
        return {
            label: executor["container"]
            for label, executor in self.executors.items()
            if "container" in executor
        }

    @property
    def components(self) -> dict[str, Json]:
        """Components by name, the pipeline itself among them as `root`."""
        return {ROOT: part(self.spec, ROOT), **part(self.spec, "components")}

    @property
    def parameters(self) -> Json:
        """What a run may set: definitions by name."""
        return part(self.spec, ROOT, "inputDefinitions", "parameters")

    @property
    def kubernetes(self) -> Json:
        """What Kubernetes is told, by the label of an executor."""
        return part(self.platform, "platforms", KUBERNETES, "deploymentSpec", "executors")

    def dags(self) -> dict[str, list[Task]]:
        """Returns the tasks of each dag, by the name of the component that holds it."""
        return {
            name: [
                Task(task, spec, name, part(self.spec, "components", _reference(spec)))
                for task, spec in part(component, "dag", "tasks").items()
            ]
            for name, component in self.components.items()
            if "dag" in component
        }

    def tasks(self) -> list[Task]:
        """Returns the tasks of all dags."""
        return [task for tasks in self.dags().values() for task in tasks]

    def values(self, task: Task) -> dict[str, Any]:
        """Returns what the parameters of a task are if a run sets nothing; None where unknown."""
        parents = part(self.components, task.dag, "inputDefinitions", "parameters")
        found = {}
        for name, source in task.inputs("parameters").items():
            parent = parents.get(source.get("componentInputParameter"), {})
            given = part(source, "runtimeValue")
            default = given.get("constantValue", parent.get("defaultValue"))
            found[name] = given.get("constant", default)
        return found

    def mounts(self, label: str) -> list[str]:
        """Returns the folders that are mounted into the container of an executor."""
        config = part(self.kubernetes, label)
        return [
            each["mountPath"]
            for field in MOUNTS
            for each in config.get(field, ())
            if each.get("mountPath")
        ]


def _reference(task: Json) -> str:
    return str(part(task, "componentRef").get("name", ""))
