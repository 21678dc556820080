"""Recurring runs: at most one of a name is active, whatever goes wrong on the way."""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from orchestration.kubeflow.api.create import PAUSE, create_once
from orchestration.kubeflow.api.errors import NOT_FOUND, ApiError
from orchestration.kubeflow.api.host import schedule_page
from orchestration.kubeflow.api.listing import every, named
from orchestration.kubeflow.api.pipelines import Version
from orchestration.kubeflow.api.runs import runtime_config
from orchestration.kubeflow.api.transport import Api, Document

PATH = "/recurringruns"
ENABLED = "ENABLED"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What is run again and again.

    Attributes:
        name: Its display name.
        experiment_id: What its runs belong to.
        cron: Six fields.
        version: The pipeline's version.
        parameters: Values in place of the pipeline's defaults.
        pipeline_root: Where artifacts go; None: as the cluster is configured.
        service_account: The Kubernetes service account of its pods; None: the cluster's.
    """

    name: str
    experiment_id: str
    cron: str
    version: Version
    parameters: Mapping[str, Any]
    pipeline_root: str | None = None
    service_account: str | None = None

    @property
    def body(self) -> Document:
        """The request that creates it, but for its description."""
        body: Document = {
            "display_name": self.name,
            "experiment_id": self.experiment_id,
            "pipeline_version_reference": self.version.reference,
            "runtime_config": runtime_config(self.parameters, self.pipeline_root),
            "trigger": {"cron_schedule": {"cron": self.cron}},
            # LatestPushedModel and Pusher are one transaction only while nobody else runs them.
            "max_concurrency": "1",
            "no_catchup": True,
            "mode": "ENABLE",
        }
        if self.service_account:
            body["service_account"] = self.service_account
        return body


@dataclasses.dataclass(frozen=True)
class Scheduled:
    """What came of it.

    Attributes:
        recurring_run_id: The recurring run that is active now.
        is_new: Whether it was created just now; otherwise it was there as it should be.
        replaced: The ids of those that it replaced.
        left: The ids of those that are disabled, but could not be deleted.
    """

    recurring_run_id: str
    is_new: bool
    replaced: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def find_schedules(api: Api, experiment_id: str, name: str) -> list[Document]:
    """Returns the recurring runs of this name, the disabled ones as well.

    Raises:
        ApiError: If the server gives no good answer.
    """
    found = every(api, PATH, "recurringRuns", experiment_id=experiment_id, filter=named(name))
    return [one for one in found if one.get("display_name") == name]


def put_schedule(api: Api, schedule: Schedule) -> Scheduled:
    """Makes the schedule the only active one of its name.

    Older ones are disabled, then the new one is created, then they are deleted. If it cannot be
    created, they are enabled again; not if a slow server may still create it.

    Raises:
        ApiError: If the server refused, or gives no good answer.
    """
    older = find_schedules(api, schedule.experiment_id, schedule.name)
    if len(older) == 1 and _is_as_wanted(older[0], schedule):
        return Scheduled(_id(older[0]), is_new=False)
    active = [_id(one) for one in older if one.get("status") == ENABLED]
    mark = f"kubeflow_runner.py schedule, request {uuid.uuid4().hex}"
    try:
        for one in active:
            _disable(api, one)
        new = _create(api, schedule, mark)
    except BaseException as error:
        if isinstance(error, ApiError) and error.timed_out and active:
            error.fix = (
                f"look at {api.address}: if the new recurring run is not there, enable the old "
                f"one again ({', '.join(active)}), or schedule again"
            )
        elif _find(api, schedule, mark) is None:
            _enable_again(api, active, error)
        raise
    left = [_id(one) for one in older if not _deleted(api, _id(one))]
    return Scheduled(new, True, tuple(_id(one) for one in older), tuple(left))


def end_schedule(api: Api, experiment_id: str, name: str) -> list[str]:
    """Deletes the recurring runs of this name; returns their ids. Runs that go on are left alone.

    Raises:
        ApiError: If the server refused, or gives no good answer.
    """
    ended = [_id(one) for one in find_schedules(api, experiment_id, name)]
    for one in ended:
        _delete(api, one)
    return ended


def _create(api: Api, schedule: Schedule, mark: str) -> str:
    body = {**schedule.body, "description": mark}
    return _id(create_once(api, lambda: api.post(PATH, body), lambda: _find(api, schedule, mark)))


def _find(api: Api, schedule: Schedule, mark: str) -> Document | None:
    there = find_schedules(api, schedule.experiment_id, schedule.name)
    return next((one for one in there if one.get("description") == mark), None)


def _disable(api: Api, one: str) -> None:
    create_once(api, lambda: api.post(f"{PATH}/{one}:disable"), lambda: _with_mode(api, one, False))


def _enable(api: Api, one: str) -> ApiError | None:
    try:
        path = f"{PATH}/{one}:enable"
        create_once(api, lambda: api.post(path), lambda: _with_mode(api, one, True))
    except ApiError as error:
        return error
    return None


def _enable_again(api: Api, ids: list[str], error: BaseException) -> None:
    faults = {one: fault for one in ids if (fault := _enable(api, one))}
    if faults:
        one, fault = next(iter(faults.items()))
        raise ApiError(
            f"{error}\nand {', '.join(faults)}, which ran by the clock until now, is disabled: "
            f"{fault.what}",
            fix=f"enable it at {schedule_page(api.address, one)}, or schedule again",
        ) from error


def _with_mode(api: Api, one: str, enabled: bool) -> Document | None:
    there = api.get(f"{PATH}/{one}")
    return there if (there.get("status") == ENABLED) is enabled else None


def _deleted(api: Api, one: str) -> bool:
    try:
        _delete(api, one)
    except ApiError:
        return False
    return True


def _delete(api: Api, one: str) -> None:
    """Deletes, again after a lost answer; what is gone already is as it should be."""
    for is_last in (False, True):
        try:
            return api.delete(f"{PATH}/{one}")
        except ApiError as error:
            if error.status == NOT_FOUND and not error.doubtful:
                return None
            if is_last or not error.transient:
                raise
        api.sleep(PAUSE)
    return None


def _is_as_wanted(there: Document, schedule: Schedule) -> bool:
    wanted = schedule.body
    same = all(
        there.get(field) == wanted[field]
        for field in ("pipeline_version_reference", "trigger", "no_catchup")
    )
    runtime = there.get("runtime_config") or {}
    return (
        same
        and there.get("status") == ENABLED
        and str(there.get("max_concurrency")) == wanted["max_concurrency"]
        and (runtime.get("parameters") or {}) == wanted["runtime_config"]["parameters"]
        and (runtime.get("pipeline_root") or None) == schedule.pipeline_root
        and (there.get("service_account") or None) == schedule.service_account
    )


def _id(one: Document) -> str:
    return str(one["recurring_run_id"])
