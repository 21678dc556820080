"""The nodes of a run, told from what the API says of its pods.

For a node "Trainer" Kubeflow has "Trainer-driver", which decides, and "Trainer" with the pods that
do the work below it. Where a condition is not met the driver runs and "Trainer" is skipped; what
stands behind a skipped or failed node has no state at all.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from orchestration.kubeflow.api.errors import one_line
from orchestration.kubeflow.api.transport import Document

DRIVER = "-driver"
EXECUTOR = "executor"
FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"})
# In addition to the API's states.
CACHED = "CACHED"
NOT_RUN = "NOT RUN"
_ENGINE_NAMES = frozenset({"root", EXECUTOR})


class Task(NamedTuple):
    """One node of a run.

    Attributes:
        name: The node's id.
        state: One of the API's states, or CACHED (its result was taken from an earlier run), or
            NOT RUN (something before it did not succeed).
        seconds: How long it took, or takes; None before it began.
        error: Why it failed, in one line; "" otherwise.
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
    details = list((run.get("run_details") or {}).get("task_details") or [])
    pods = _Pods(details)
    known = list(names) or _named_by_api(details)
    is_over = run.get("state") in FINAL
    moment = now or datetime.datetime.now(datetime.timezone.utc)
    tasks = [(pods.started(name), _task(pods, name, is_over, moment)) for name in known]
    return [task for _, task in sorted(tasks, key=lambda pair: pair[0] or "9")]


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
    """Returns the engine's ids of what a node's executor runs in.

    Args:
        run: The run, as the API gives it.
        name: The node's id.
    """
    pods = _Pods(list((run.get("run_details") or {}).get("task_details") or []))
    return pods.executors_below(pods.get(name))


class _Pods:
    """What the API says of the parts of a run, by display name and below one another."""

    def __init__(self, details: list[Document]) -> None:
        self._by_name = {str(one.get("display_name")): one for one in details}
        self._by_id = {
            str(key): one
            for one in details
            for key in (one.get("task_id"), one.get("pod_name"))
            if key
        }

    def get(self, name: str) -> Document:
        return self._by_name.get(name, {})

    def started(self, name: str) -> str:
        one, driver = self.get(name), self.get(name + DRIVER)
        return str(driver.get("start_time") or one.get("start_time") or "")

    def below(self, one: Document, depth: int = 5) -> Iterator[Document]:
        for child in one.get("child_tasks") or []:
            found = self._by_id.get(str(child.get("pod_name") or child.get("task_id")))
            if found is not None and depth and found is not one:
                yield found
                yield from self.below(found, depth - 1)

    def executors_below(self, one: Document, depth: int = 2) -> list[str]:
        """Returns ids of what a node consists of, and of what that is tried again in."""
        found: list[str] = []
        for child in one.get("child_tasks") or []:
            part_id = str(child.get("pod_name") or child.get("task_id") or "")
            part = self._by_id.get(part_id, {})
            # What comes after a node is below its executor as well.
            if part and not str(part.get("display_name")).startswith(EXECUTOR):
                continue
            found += [str(part.get("pod_name") or part_id)]
            found += self.executors_below(part, depth - 1) if depth else []
        return list(dict.fromkeys(filter(None, found)))


def _task(pods: _Pods, name: str, is_over: bool, now: datetime.datetime) -> Task:
    one, driver = pods.get(name), pods.get(name + DRIVER)
    state = _state(one, driver, is_over)
    if state == "SUCCEEDED" and any(
        child.get("display_name") == EXECUTOR and child.get("state") == "SKIPPED"
        for child in pods.below(one)
    ):
        state = CACHED
    ran = state not in ("SKIPPED", NOT_RUN)
    seconds = seconds_of(one if one.get("start_time") else driver, "start_time", now)
    error = _error([one, driver, *pods.below(one)]) if state == "FAILED" else ""
    return Task(name, state, seconds if ran else None, error)


def _state(one: Document, driver: Document, is_over: bool) -> str:
    state = str(one.get("state") or "")
    if state and state != "RUNTIME_STATE_UNSPECIFIED":
        return state
    if driver.get("state") == "FAILED":
        return "FAILED"
    if is_over or one.get("end_time"):
        return NOT_RUN
    return "RUNNING" if driver.get("state") == "RUNNING" else "PENDING"


def _error(parts: Iterable[Document]) -> str:
    """Returns the most telling message: the deepest part knows best what happened."""
    told = [
        one_line(str((part.get("error") or {}).get("message") or ""))
        for part in parts
        if part.get("state") == "FAILED"
    ]
    return next((message for message in reversed(told) if message), "")


def _named_by_api(details: list[Document]) -> list[str]:
    names = [str(one.get("display_name") or "") for one in details]
    drivers = {name.removesuffix(DRIVER) for name in names if name.endswith(DRIVER)}
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
