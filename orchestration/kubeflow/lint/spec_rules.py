"""Rules of the spec itself: its version, its names, and what a run may set."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from orchestration.kubeflow.lint.documents import Documents, part
from orchestration.kubeflow.lint.faults import Fault

SCHEMA_VERSION = "2.1.0"
PIPELINE_NAME = re.compile(r"[a-z0-9][-a-z0-9]{0,127}")
TASK_NAME = re.compile(r"[A-Za-z][-A-Za-z0-9]*")
TITLE = re.compile(r"^title:\s*\S", re.MULTILINE)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


IS_OF_TYPE: dict[str, Callable[[Any], bool]] = {
    "STRING": lambda value: isinstance(value, str),
    "BOOLEAN": lambda value: isinstance(value, bool),
    "NUMBER_INTEGER": lambda value: _is_number(value) and value == value // 1,
    "NUMBER_DOUBLE": _is_number,
    "LIST": lambda value: isinstance(value, list),
    "STRUCT": lambda value: isinstance(value, dict),
}


def schema_version(documents: Documents) -> Iterator[Fault]:
    """KFP takes one version of the spec, and refuses all others when a run is submitted."""
    version = documents.spec.get("schemaVersion", "")
    if version != SCHEMA_VERSION:
        yield Fault(
            "schemaVersion",
            f'it is "{version}"; Kubeflow Pipelines accepts {SCHEMA_VERSION} alone',
            "compile with use_pipeline_spec_2_1=True",
        )


def pipeline_name(documents: Documents) -> Iterator[Fault]:
    """The pipeline's name becomes part of names in Kubernetes."""
    name = part(documents.spec, "pipelineInfo").get("name", "")
    if not PIPELINE_NAME.fullmatch(name):
        yield Fault(
            "pipelineInfo.name",
            f'"{name}" is no name of a pipeline',
            "small letters, digits and hyphens, a letter or digit first, 128 at most",
        )


def task_names(documents: Documents) -> Iterator[Fault]:
    """Argo refuses a workflow that has a task of another name."""
    for task in documents.tasks():
        if not TASK_NAME.fullmatch(task.name):
            yield Fault(
                task.where,
                "Argo refuses its name",
                "name the node with letters, digits and hyphens, a letter first",
            )


def parameters_have_defaults(documents: Documents) -> Iterator[Fault]:
    """What a run may set is otherwise something: of the type that it is declared to be."""
    for name, definition in documents.parameters.items():
        where, kind = f"parameter {name}", definition.get("parameterType", "")
        if kind not in IS_OF_TYPE:
            yield Fault(where, f'it has no type but "{kind}"', f"one of {', '.join(IS_OF_TYPE)}")
        elif "defaultValue" not in definition:
            if not definition.get("isOptional"):
                yield Fault(where, "it has no default, and a run need not set it", "give a default")
        elif not IS_OF_TYPE[kind](definition["defaultValue"]):
            yield Fault(
                where,
                f"its default {definition['defaultValue']!r} is no {kind}",
                "correct the default, or the type",
            )


def constants_are_values(documents: Documents) -> Iterator[Fault]:
    """KFP's driver knows `constant` alone of the values that a task is given directly."""
    for task in documents.tasks():
        for name, source in task.inputs("parameters").items():
            value = source.get("runtimeValue")
            if value is not None and "constant" not in value:
                yield Fault(
                    task.where,
                    f'its input "{name}" is given as {", ".join(value) or "nothing"}, '
                    "which no driver resolves",
                    "give it as `constant`",
                )


def artifact_types_have_titles(documents: Documents) -> Iterator[Fault]:
    """The title becomes the type's name in the metadata store: without one the driver dies."""
    for name, component in documents.components.items():
        for definitions in ("inputDefinitions", "outputDefinitions"):
            for key, definition in part(component, definitions, "artifacts").items():
                kind = part(definition, "artifactType")
                if not kind.get("schemaTitle") and not TITLE.search(kind.get("instanceSchema", "")):
                    yield Fault(
                        f"component {name}",
                        f'the type of its artifact "{key}" has no title',
                        "begin its instanceSchema with `title: `",
                    )
