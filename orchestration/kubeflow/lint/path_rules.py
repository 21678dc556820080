"""Rules of paths: what a container is told to read or write, it can see."""

from collections.abc import Iterator
from typing import Any

from orchestration.kubeflow.lint.documents import Documents, part
from orchestration.kubeflow.lint.faults import Fault
from orchestration.kubeflow.lint.paths import absolute_paths, is_below, is_relative

# What each container has: its own scratch folder; on Vertex AI every bucket, too.
OWN = {"kfp": ("/tmp",), "vertex": ("/tmp", "/gcs")}  # noqa: S108, a pod's own
DATA = "data"
INPUT_BASE = "input_base"
RUNTIME_DATA = "runtime_data"


def paths_are_visible(documents: Documents) -> Iterator[Fault]:
    """An absolute path lies in a volume that is mounted there, or in the container's own."""
    for task in documents.tasks():
        for name, value in documents.values(task).items():
            yield from _hidden(documents, task.executor, f'{task.where}, input "{name}"', value)
        for name, definition in task.declared("parameters").items():
            value, where = definition.get("defaultValue"), f'{task.where}, default of "{name}"'
            yield from _hidden(documents, task.executor, where, value)
    for label, container in documents.containers.items():
        where = f"executor {label}, its arguments"
        yield from _hidden(documents, label, where, container.get("args", ()))


def _hidden(documents: Documents, label: str, where: str, value: Any) -> Iterator[Fault]:
    if label not in documents.containers:
        return
    seen = (*OWN[documents.target], *documents.mounts(label))
    for path in absolute_paths(value):
        if not is_below(path, seen):
            yield Fault(
                where,
                f'no container of "{label}" can see {path}',
                f"a path in {' or '.join(seen)}, or a URI of an object store",
            )


def data_are_absolute(documents: Documents) -> Iterator[Fault]:
    """Data are not in the image: a relative path would be looked for there."""
    default = part(documents.parameters, DATA).get("defaultValue")
    if isinstance(default, str) and is_relative(default):
        yield _relative(f"parameter {DATA}", default)
    for task in documents.tasks():
        values = documents.values(task)
        base = values.get(INPUT_BASE)
        # The data of the run take its place.
        if isinstance(base, str) and is_relative(base) and RUNTIME_DATA not in values:
            yield _relative(f'{task.where}, input "{INPUT_BASE}"', base)


def _relative(where: str, path: str) -> Fault:
    return Fault(
        where,
        f'the data "{path}" are looked for in the image, which holds none',
        "a path in a mounted volume, a URI of an object store, or pkg:",
    )
