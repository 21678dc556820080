"""Rules of what runs: executors, containers, and their command lines."""

import json
from collections.abc import Iterator

from orchestration.kubeflow.lint.documents import Documents, part
from orchestration.kubeflow.lint.faults import Fault
from orchestration.kubeflow.lint.images import HOW_TO_PIN, why_not_pinned
from orchestration.kubeflow.targets import RULES

KINDS = ("container", "importer")
SCHEMES = {
    "kfp": (*RULES["kfp"].root_schemes, "oci://"),
    "vertex": RULES["vertex"].root_schemes,
}
# Of one argument, by Linux (MAX_ARG_STRLEN), the zero at its end included.
ARGUMENT_BYTES = 128 * 1024
# For what the driver adds to the executor input: artifacts in and out, with types and metadata.
ROOM_BYTES = 32 * 1024
EXECUTOR_INPUT = "{{$}}"
# Inputs of nodes that do or find something outside the pipeline, which no cache key knows of.
UNCACHEABLE = {
    "push_destination": "a model that was pushed before would not be pushed again",
    "push_dir": "a model that has been pushed since would not be found",
}


def executor_kinds(documents: Documents) -> Iterator[Fault]:
    """KFP runs containers and importers, no resolvers and no custom jobs."""
    for label, executor in documents.executors.items():
        if not any(kind in executor for kind in KINDS):
            yield Fault(
                f"executor {label}",
                f"Kubeflow Pipelines has no executor of the kind {', '.join(executor) or 'none'}",
                "replace the node by one that runs in a container",
            )


def importer_uris(documents: Documents) -> Iterator[Fault]:
    """An importer reads from an object store: nobody can see a local path."""
    schemes = SCHEMES[documents.target]
    for label, executor in documents.executors.items():
        uri = part(executor, "importer", "artifactUri").get("constant")
        if uri is not None and not str(uri).startswith(schemes):
            yield Fault(
                f"importer {label}",
                f'nothing can import "{uri}"',
                f"a URI that begins with {', '.join(schemes)}",
            )


def images_are_pinned(documents: Documents) -> Iterator[Fault]:
    """What ran once can be run again: the image is always the same one."""
    for label, container in documents.containers.items():
        why = why_not_pinned(container.get("image", ""))
        if why:
            yield Fault(f"executor {label}", why, HOW_TO_PIN)


def containers_have_commands(documents: Documents) -> Iterator[Fault]:
    """KFP's launcher executes the command; the image's own entry point is not used."""
    for label, container in documents.containers.items():
        if not container.get("command"):
            yield Fault(f"executor {label}", "its container has no command", "set `command`")


def no_lifecycle(documents: Documents) -> Iterator[Fault]:
    """No backend of KFP runs a hook before its cache check."""
    for label, container in documents.containers.items():
        if "lifecycle" in container:
            yield Fault(
                f"executor {label}",
                "its hook `lifecycle` is never run",
                "do in the container what the hook does, and take it out",
            )


def arguments_fit(documents: Documents) -> Iterator[Fault]:
    """Linux starts no process with a longer argument."""
    for label, container in documents.containers.items():
        for index, argument in enumerate(container.get("args", ())):
            size = len(str(argument).encode())
            if size >= ARGUMENT_BYTES:
                yield _too_long(f"executor {label}", f"its argument {index}", size)


def executor_inputs_fit(documents: Documents) -> Iterator[Fault]:
    """The values of all inputs are one argument of the container."""
    for task in documents.tasks():
        args = part(documents.containers, task.executor).get("args", ())
        size = len(json.dumps(documents.values(task)).encode()) + ROOM_BYTES
        if EXECUTOR_INPUT in args and size >= ARGUMENT_BYTES:
            yield _too_long(task.where, "the values of its inputs", size)


def _too_long(where: str, what: str, size: int) -> Fault:
    return Fault(
        where,
        f"{what} would take {size} bytes of a command line; Linux allows {ARGUMENT_BYTES - 1}",
        "move what is long into a file of the image",
    )


def pushers_are_not_cached(documents: Documents) -> Iterator[Fault]:
    """What acts on the world outside, or looks at it, is run each time."""
    for task in documents.tasks():
        if part(task.spec, "cachingOptions").get("enableCache"):
            for name, why in UNCACHEABLE.items():
                if name in task.declared("parameters"):
                    yield Fault(
                        task.where, f"its result may be reused: {why}", "turn its cache off"
                    )
