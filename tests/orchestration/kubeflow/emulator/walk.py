"""In which order tasks run, and which ones do not."""

import enum
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

from tests.orchestration.kubeflow.emulator.api_check import producers


class State(enum.Enum):
    """What became of a task."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"  # its condition does not hold
    OMITTED = "omitted"  # a task that it depends on has not succeeded


def upstream(task: Mapping[str, Any]) -> set[str]:
    """Returns which tasks a task waits for."""
    return {*task.get("dependentTasks", []), *producers(task)}


def order(tasks: Mapping[str, Any]) -> Iterator[str]:
    """Yields the tasks, each one after those that it waits for."""
    graph = {name: sorted(upstream(tasks[name])) for name in sorted(tasks)}
    return iter(TopologicalSorter(graph).static_order())


def is_omitted(task: Mapping[str, Any], states: Mapping[str, State]) -> bool:
    """Whether a task cannot run since another one has not."""
    return any(states.get(name) is not State.SUCCEEDED for name in upstream(task))
