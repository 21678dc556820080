"""Following a run until it ends."""

import time
from collections.abc import Callable, Iterable

from orchestration.kubeflow.api.errors import ApiError
from orchestration.kubeflow.api.outcomes import Outcomes
from orchestration.kubeflow.api.run_view import outcome_line, task_line
from orchestration.kubeflow.api.runs import get_run
from orchestration.kubeflow.api.settled import settled
from orchestration.kubeflow.api.tasks import FINAL, tasks_of
from orchestration.kubeflow.api.transport import Api, Document

INTERVAL = 5.0  # seconds between two looks
PATIENCE = 600.0  # seconds that the API may be out of reach


class StillRunning(Exception):  # noqa: N818, nothing is wrong with the run
    """The time to follow a run is over before the run is."""


def follow(
    api: Api,
    run_id: str,
    names: Iterable[str],
    outcomes: Outcomes,
    say: Callable[[str], None],
    *,
    timeout: float | None = None,
) -> Document:
    """Returns the run when it has ended, and its nodes with it; each change of a node is told.

    Args:
        api: The API.
        run_id: The run.
        names: The ids of its nodes.
        outcomes: What its gates and pushers say of themselves, which is told with their ends.
        say: Takes a line for the user.
        timeout: Seconds to follow it at most; None: until it ends.

    Raises:
        StillRunning: If `timeout` is over first.
        ApiError: If the run cannot be read.
    """
    known = list(names)
    told: dict[str, str] = {}
    began = answered = time.monotonic()
    is_lost = False
    while True:
        try:
            run = get_run(api, run_id)
        except ApiError as error:
            if not error.transient or time.monotonic() - answered > PATIENCE:
                raise
            if not is_lost:
                say(f"{error.what}; trying again")
            is_lost = True
        else:
            is_lost, answered = False, time.monotonic()
            _tell(run, known, outcomes, told, say)
            if run.get("state") in FINAL:
                run = settled(api, run_id, run, known)
                _tell(run, known, outcomes, told, say)
                return run
        if timeout is not None and time.monotonic() - began >= timeout:
            raise StillRunning(run_id)
        api.sleep(INTERVAL)


def _tell(
    run: Document,
    names: list[str],
    outcomes: Outcomes,
    told: dict[str, str],
    say: Callable[[str], None],
) -> None:
    for task in tasks_of(run, names):
        if task.state not in (told.get(task.name, "PENDING"), "NOT RUN"):
            say(task_line(outcomes.explained(run, task)))
            for line in outcomes.of(run, task):
                say(outcome_line(line))
        told[task.name] = task.state
