"""Recurring runs are deleted without what they have started.

Kubernetes deletes what a recurring run owns together with it: its runs, also those in progress.
"""

from collections.abc import Sequence
from typing import NamedTuple

from orchestration.kubeflow.api.create import PAUSE
from orchestration.kubeflow.api.errors import NOT_FOUND, ApiError
from orchestration.kubeflow.api.listing import every, without
from orchestration.kubeflow.api.switching import PATH
from orchestration.kubeflow.api.tasks import FINAL
from orchestration.kubeflow.api.transport import Api

# Seconds until the server lists a run that a recurring run had just started when it was disabled.
SETTLE = 10.0
# Servers after 2.15 let the runs be when they are told so; older ones read no query here.
_POLICY = "ORPHAN"


class Left(NamedTuple):
    """A recurring run that is disabled, but still there.

    Attributes:
        recurring_run_id: Which.
        why: Why it was not deleted.
    """

    recurring_run_id: str
    why: str


def retire(api: Api, ids: Sequence[str], *, settle: bool) -> tuple[Left, ...]:
    """Deletes disabled recurring runs, but for those with a run that is not over.

    Args:
        api: The API.
        ids: The recurring runs.
        settle: Whether one of them was enabled until now, and may just have started a run.

    Returns:
        Those that are left, for whatever reason.
    """
    if not ids:
        return ()
    if settle:
        api.sleep(SETTLE)
    try:
        busy = _unfinished(api)
    except ApiError as error:
        return tuple(Left(one, f"its runs are not known: {error.what}") for one in ids)
    left = []
    for one in ids:
        why = f"its run {busy[one]} is not over" if one in busy else _fault_of_deleting(api, one)
        if why is not None:
            left.append(Left(one, why))
    return tuple(left)


def _unfinished(api: Api) -> dict[str, str]:
    """Returns a run that is not over, by the recurring run that started it.

    The server has a filter by state. It takes one by recurring run, too, and fails on it.
    """
    runs = every(
        api, "/runs", "runs", filter=without("state", sorted(FINAL)), namespace=api.namespace
    )
    return {
        str(run["recurring_run_id"]): str(run["run_id"])
        for run in runs
        if run.get("recurring_run_id") and run.get("state") not in FINAL
    }


def _fault_of_deleting(api: Api, one: str) -> str | None:
    try:
        _delete(api, one)
    except ApiError as error:
        return error.what
    return None


def _delete(api: Api, one: str) -> None:
    """Deletes, again after a lost answer; what is gone already is as it should be."""
    for is_last in (False, True):
        try:
            return api.delete(f"{PATH}/{one}", propagation_policy=_POLICY)
        except ApiError as error:
            if error.status == NOT_FOUND and not error.doubtful:
                return None
            if is_last or not error.transient:
                raise
        api.sleep(PAUSE)
    return None
