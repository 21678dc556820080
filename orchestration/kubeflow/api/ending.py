"""Why a run ended as it did, in one line."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from orchestration.kubeflow.api.errors import one_line
from orchestration.kubeflow.api.tasks import NOT_RUN, Task
from orchestration.kubeflow.api.transport import Document

SUCCEEDED, REFUSED, FAILED = 0, 1, 2
# A condition names what it looks at, for example inputs.artifacts['_DataGate.verdict'].
_JUDGE = re.compile(r"inputs\.\w+\['_?([A-Za-z][-A-Za-z0-9]*)\.")


class Ending(NamedTuple):
    """How a run ended.

    Attributes:
        exit_code: 0 succeeded, 1 a gate refused, 2 failed.
        line: Why, in one line.
    """

    exit_code: int
    line: str


def ending(run: Document, tasks: Sequence[Task], spec: Mapping[str, Any]) -> Ending:
    """Returns how a run ended that is over.

    Args:
        run: The run, as the API gives it.
        tasks: Its nodes.
        spec: Its PipelineSpec; {} if it is not known.
    """
    state = run.get("state")
    if state == "SUCCEEDED":
        return _succeeded(tasks, spec)
    if state == "CANCELED":
        return Ending(FAILED, "someone ended it before it was done")
    failed = [task for task in tasks if task.state == "FAILED"]
    if failed:
        names = ", ".join(task.name for task in failed)
        why = next((task.error for task in failed if task.error), "see its pod's log")
        return Ending(FAILED, f"{names} failed: {why}")
    told = one_line(str((run.get("error") or {}).get("message") or ""))
    return Ending(FAILED, told or f"the run ended as {str(state).lower()}")


def _succeeded(tasks: Sequence[Task], spec: Mapping[str, Any]) -> Ending:
    skipped = [task.name for task in tasks if task.state == "SKIPPED"]
    if not skipped:
        return Ending(
            SUCCEEDED, "every node succeeded; Pusher's log says whether its model was pushed"
        )
    judges = _judges(skipped, spec)
    idle = sum(task.state in ("SKIPPED", NOT_RUN) for task in tasks)
    nodes = f"{idle} nodes behind it did" if idle > 1 else "the node behind it did"
    if judges:
        named = " and ".join(judges)
        return Ending(REFUSED, f"{named} refused, and {nodes} not run; its verdict is in its log")
    return Ending(REFUSED, f"a condition was not met, and {', '.join(skipped)} did not run")


def _judges(skipped: Sequence[str], spec: Mapping[str, Any]) -> list[str]:
    tasks = spec.get("root", {}).get("dag", {}).get("tasks", {})
    found: dict[str, None] = {}
    for name in skipped:
        condition = tasks.get(name, {}).get("triggerPolicy", {}).get("condition", "")
        found.update(dict.fromkeys(_JUDGE.findall(condition)))
    return list(found)
