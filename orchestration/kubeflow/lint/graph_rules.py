"""Rules of the graph: what is fed from where."""

import graphlib
from collections.abc import Iterator

from orchestration.kubeflow.lint.documents import ROOT, Documents, Task
from orchestration.kubeflow.lint.faults import Fault

KINDS = ("parameters", "artifacts")
SUFFIX = "_task"
FROM_PARENT = {"parameters": "componentInputParameter", "artifacts": "componentInputArtifact"}


def root_has_tasks(documents: Documents) -> Iterator[Fault]:
    """The pipeline is a dag with tasks."""
    if not documents.dags().get(ROOT):
        yield Fault(ROOT, "there is no task", "compile a pipeline that has nodes")


def references_resolve(documents: Documents) -> Iterator[Fault]:
    """A task names a component, and a component an executor or a dag."""
    for task in documents.tasks():
        if not task.component:
            name = task.spec.get("componentRef", {}).get("name", "")
            yield Fault(task.where, f'there is no component "{name}"', "name one of `components`")
    for name, component in documents.components.items():
        label = component.get("executorLabel")
        if label is None and "dag" not in component:
            yield Fault(f"component {name}", "it has neither an executor nor a dag", "give it one")
        elif label is not None and label not in documents.executors:
            yield Fault(
                f"component {name}",
                f'there is no executor "{label}"',
                "name one of `deploymentSpec.executors`",
            )


def producers_exist(documents: Documents) -> Iterator[Fault]:
    """What a task waits for, and whose output it takes, is a task of the same dag."""
    for tasks in documents.dags().values():
        known = {task.name: task for task in tasks}
        for task in tasks:
            for name in task.spec.get("dependentTasks", ()):
                if name not in known:
                    yield _unknown(task, "it waits for", name, known)
            yield from _unknown_outputs(task, known)


def _unknown_outputs(task: Task, known: dict[str, Task]) -> Iterator[Fault]:
    for name, kind, producer, key in task.producers():
        if producer not in known:
            yield _unknown(task, f'its input "{name}" comes from', producer, known)
            continue
        component = known[producer].component
        outputs = component.get("outputDefinitions", {}).get(kind, {})
        if component and key not in outputs:
            yield Fault(
                task.where,
                f'its input "{name}" is the output "{key}" of {producer}, which has no such output',
                f"take one of: {', '.join(sorted(outputs)) or 'none'}",
            )


def _unknown(task: Task, how: str, name: str, known: dict[str, Task]) -> Fault:
    meant = name.removesuffix(SUFFIX)
    right = f'write "{meant}"' if meant in known else "name a task of the same dag"
    return Fault(task.where, f'{how} "{name}", which is no task', right)


def parents_have_inputs(documents: Documents) -> Iterator[Fault]:
    """What a task takes from its parent is an input of the component that holds the dag."""
    for dag, tasks in documents.dags().items():
        definitions = documents.components[dag].get("inputDefinitions", {})
        for task in tasks:
            for kind, one in FROM_PARENT.items():
                for name, source in task.inputs(kind).items():
                    if one in source and source[one] not in definitions.get(kind, {}):
                        yield Fault(
                            task.where,
                            f'its input "{name}" is the input "{source[one]}" of {dag}, '
                            "which has no such input",
                            f"declare it in the inputDefinitions of {dag}",
                        )


def inputs_are_fed(documents: Documents) -> Iterator[Fault]:
    """A component gets each input that it needs, and none that it does not know."""
    for task in documents.tasks():
        if not task.component:
            continue
        for kind in KINDS:
            given, declared = task.inputs(kind), task.declared(kind)
            for name, definition in declared.items():
                free = definition.get("isOptional") or "defaultValue" in definition
                if name not in given and not free:
                    yield Fault(task.where, f'nothing feeds its input "{name}"', "feed it")
            for name in given:
                if name not in declared:
                    yield Fault(
                        task.where,
                        f'its component has no input "{name}"',
                        "declare it in the component's inputDefinitions, or do not give it",
                    )


def conditions_read_inputs(documents: Documents) -> Iterator[Fault]:
    """A condition reads inputs of its own component: there is nothing else in its sight."""
    for task in documents.tasks():
        for kind, name in task.condition_inputs():
            if task.component and name not in task.declared(kind):
                yield Fault(
                    task.where,
                    f'its condition reads the input "{name}", which its component does not have',
                    f"declare it among the component's input {kind}",
                )


def no_cycles(documents: Documents) -> Iterator[Fault]:
    """No task waits for itself, through whatever others."""
    for dag, tasks in documents.dags().items():
        # Sorted, so that the same cycle is always told in the same words.
        graph = {task.name: sorted(_waits_for(task)) for task in tasks}
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as error:
            cycle = " -> ".join(error.args[1])
            yield Fault(f"dag {dag}", f"tasks wait for each other: {cycle}", "take one edge out")


def _waits_for(task: Task) -> set[str]:
    return {*task.spec.get("dependentTasks", ()), *(each[2] for each in task.producers())}
