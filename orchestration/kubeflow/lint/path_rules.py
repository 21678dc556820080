"""Rules of paths: what a container is told to read or write, it can see."""

from collections.abc import Iterable, Iterator

from orchestration.kubeflow.lint.documents import Documents, part
from orchestration.kubeflow.lint.faults import Fault
from orchestration.kubeflow.lint.paths import (
    is_below,
    is_relative,
    paths_of_arguments,
    paths_of_input,
)

# What each container has: its own scratch folder; on Vertex AI every bucket, too.
OWN = {"kfp": ("/tmp",), "vertex": ("/tmp", "/gcs")}  # noqa: S108, a pod's own
DATA = "data"
INPUT_BASE = "input_base"
RUNTIME_DATA = "runtime_data"


def paths_are_visible(documents: Documents) -> Iterator[Fault]:
    """An absolute path lies in a volume that is mounted there, or in the container's own."""
    for task in documents.tasks():
        for name, value in documents.values(task).items():
            where = f'{task.where}, input "{name}"'
            yield from _hidden(documents, task.executor, where, paths_of_input(name, value))
        for name, definition in task.declared("parameters").items():
            where = f'{task.where}, default of "{name}"'
            paths = paths_of_input(name, definition.get("defaultValue"))
            yield from _hidden(documents, task.executor, where, paths)
    for label, container in documents.containers.items():
        where = f"executor {label}, its arguments"
        paths = paths_of_arguments(container.get("args", ()))
        yield from _hidden(documents, label, where, paths)


def _hidden(documents: Documents, label: str, where: str, paths: Iterable[str]) -> Iterator[Fault]:
    if label not in documents.containers:
        return
    seen = (*OWN[documents.target], *documents.mounts(label))
    for path in paths:
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
