"""The nodes of a run, told from what the API says of its parts.

For a node "Trainer" Kubeflow has "Trainer-driver", which decides, and "Trainer" with the pods that
do the work below it. Where a condition is not met the driver runs and "Trainer" is skipped; what
stands behind a skipped or failed node has no state at all.

The API tells the engine's ids of what is below a part, and never a part's own id. So what is below
a node, always named "executor", cannot be found again among the parts: neither if it was skipped
since its result was in the cache, nor why it failed.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from orchestration.kubeflow.api.transport import Document

DRIVER = "-driver"
FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"})
NOT_RUN = "NOT RUN"  # in addition to the API's states
_ROOT = "root"  # the part that has all nodes below it
_ENGINE_NAMES = frozenset({_ROOT, "executor"})


class Task(NamedTuple):
    """One node of a run.

    Attributes:
        name: The node's id.
        state: One of the API's states, or NOT RUN (something before it did not succeed).
        seconds: How long it took, or takes; None before it began.
        error: Why it failed, in one line; "" otherwise, and as far as the API tells.
    """

    name: str
    state: str
    seconds: float | None = None
    error: str = ""


def tasks_of(
    run: Document, names: Iterable[str], now: datetime.datetime | None = None
) -> list[Task]:
    """Returns the nodes of a run, in the order in which they began.

    Args:
        run: The run, as the API gives it.
        names: The ids of its nodes, in the order to show those in that have not begun. Where they
            are not known (none), what the API names and the engine does not use itself.
        now: The time of day; None for the clock's.
    """
    parts = _parts(run)
    known = list(names) or _named_by_api(parts)
    is_over = run.get("state") in FINAL
    moment = now or datetime.datetime.now(datetime.timezone.utc)
    tasks = [(_started(parts, name), _task(parts, name, is_over, moment)) for name in known]
    return [task for _, task in sorted(tasks, key=lambda pair: pair[0] or "9")]


def is_unsettled(run: Document, tasks: Sequence[Task], *, named: bool) -> bool:
    """Whether a run is said to have succeeded, and its nodes are not said to have come to an end.

    The server writes the one first and the other later, or never.

    Args:
        run: The run, as the API gives it.
        tasks: Its nodes.
        named: Whether they are all of them, since the ids of a run's nodes are known; of what has
            not begun, the API does not tell the name.
    """
    states = {task.state for task in tasks}
    if not named:
        states.add(str(_parts(run).get(_ROOT, {}).get("state")))
    return run.get("state") == "SUCCEEDED" and "SKIPPED" not in states and states != {"SUCCEEDED"}


def node_names(spec: Mapping[str, Any]) -> list[str]:
    """Returns the ids of a pipeline's nodes, each behind those that it depends on.

    Args:
        spec: The PipelineSpec; {} gives none.
    """
    tasks = spec.get("root", {}).get("dag", {}).get("tasks", {})
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        for earlier in sorted(tasks[name].get("dependentTasks") or []):
            if earlier in tasks and earlier not in ordered:
                visit(earlier)
        ordered[name] = None

    for name in sorted(tasks):
        if name not in ordered:
            visit(name)
    return list(ordered)


def seconds_of(thing: Document, begin: str, now: datetime.datetime | None = None) -> float | None:
    """Returns how long a run or a task took, or takes until now; None before it began.

    Args:
        thing: A run or a task, as the API gives it.
        begin: The field of its beginning.
        now: The time of day; None for the clock's.
    """
    started = _moment(thing.get(begin))
    if started is None:
        return None
    ended = _moment(thing.get("end_time") or thing.get("finished_at"))
    until = ended or now or datetime.datetime.now(datetime.timezone.utc)
    return max(0.0, (until - started).total_seconds())


def executor_ids(run: Document, name: str) -> list[str]:
    """Returns the engine's ids of what a node's executor runs in; none before it began.

    Args:
        run: The run, as the API gives it.
        name: The node's id.
    """
    return _below(_parts(run).get(name, {}))


def some_id(run: Document) -> str:
    """Returns the engine's id of any part of a run; "" where the API tells none."""
    return next((one for part in _parts(run).values() for one in _below(part)), "")


def _parts(run: Document) -> dict[str, Document]:
    details = (run.get("run_details") or {}).get("task_details") or []
    return {str(one.get("display_name") or ""): one for one in details}


def _below(part: Document) -> list[str]:
    ids = (str(child.get("pod_name") or "") for child in part.get("child_tasks") or [])
    return list(dict.fromkeys(filter(None, ids)))


def _started(parts: Mapping[str, Document], name: str) -> str:
    one, driver = parts.get(name, {}), parts.get(name + DRIVER, {})
    return str(driver.get("start_time") or one.get("start_time") or "")


def _task(parts: Mapping[str, Document], name: str, is_over: bool, now: datetime.datetime) -> Task:
    one, driver = parts.get(name, {}), parts.get(name + DRIVER, {})
    state = _state(one, driver, is_over)
    seconds = seconds_of(one if one.get("start_time") else driver, "start_time", now)
    return Task(name, state, None if state in ("SKIPPED", NOT_RUN) else seconds)


def _state(one: Document, driver: Document, is_over: bool) -> str:
    state = str(one.get("state") or "")
    if state and state != "RUNTIME_STATE_UNSPECIFIED":
        return state
    if driver.get("state") == "FAILED":
        return "FAILED"
    if is_over or one.get("end_time"):
        return NOT_RUN
    return "RUNNING" if driver.get("state") == "RUNNING" else "PENDING"


def _named_by_api(parts: Iterable[str]) -> list[str]:
    drivers = {name.removesuffix(DRIVER) for name in parts if name.endswith(DRIVER)}
    return sorted(drivers - _ENGINE_NAMES)


def _moment(text: Any) -> datetime.datetime | None:
    if not text:
        return None
    # Python 3.10 reads neither the Z nor more than six digits of a second.
    whole, _, rest = str(text).removesuffix("Z").partition(".")
    try:
        moment = datetime.datetime.fromisoformat(f"{whole}.{rest[:6]:0<6}" if rest else whole)
    except ValueError:
        return None
    if moment.year < 1971:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
