"""Recurring runs: at most one of a name is active, whatever goes wrong on the way."""

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.kubeflow.api.create import create_once
from orchestration.kubeflow.api.errors import ApiError
from orchestration.kubeflow.api.host import schedule_page
from orchestration.kubeflow.api.listing import every, named
from orchestration.kubeflow.api.pipelines import Version
from orchestration.kubeflow.api.retiring import Left, retire
from orchestration.kubeflow.api.runs import runtime_config
from orchestration.kubeflow.api.switching import PATH, disable, enable, is_enabled
from orchestration.kubeflow.api.transport import Api, Document


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

    @property
    def mark(self) -> str:
        """How its description begins: the same for the same request.

        A server fills in what a request leaves out, so its answer cannot be held against it.
        """
        wanted = json.dumps(self.body, sort_keys=True).encode()
        return f"kubeflow_runner.py schedule {hashlib.sha256(wanted).hexdigest()[:16]}, request "


@dataclasses.dataclass(frozen=True)
class Scheduled:
    """What came of it.

    Attributes:
        recurring_run_id: The recurring run that is active now.
        is_new: Whether it was created just now; otherwise it was there as it should be.
        replaced: The ids of those that it replaced.
        left: The older ones that are disabled, but still there.
    """

    recurring_run_id: str
    is_new: bool
    replaced: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()


@dataclasses.dataclass(frozen=True)
class Ended:
    """What became of the recurring runs of a name.

    Attributes:
        ids: All of them; none is active any more.
        left: Those that are disabled, but still there.
    """

    ids: tuple[str, ...]
    left: tuple[Left, ...]


def find_schedules(api: Api, name: str) -> list[Document]:
    """Returns the recurring runs of this name in the namespace, the disabled ones as well.

    Raises:
        ApiError: If the server gives no good answer.
    """
    found = every(api, PATH, "recurringRuns", namespace=api.namespace, filter=named(name))
    return [one for one in found if one.get("display_name") == name]


def put_schedule(api: Api, schedule: Schedule) -> Scheduled:
    """Makes the schedule the only active one of its name.

    Older ones are disabled, then the new one is created, then those are deleted whose runs are
    over; the others are left for the next time. If it cannot be created, they are enabled again;
    not if a slow server may still create it.

    Raises:
        ApiError: If the server refused, or gives no good answer.
    """
    there = find_schedules(api, schedule.name)
    active = [_id(one) for one in there if is_enabled(one)]
    same = [_id(one) for one in there if str(one.get("description")).startswith(schedule.mark)]
    if len(active) == 1 and active[0] in same:
        older = [_id(one) for one in there if not is_enabled(one)]
        return Scheduled(active[0], False, left=retire(api, older, settle=False))
    new = _replace(api, schedule, active)
    ids = tuple(_id(one) for one in there)
    return Scheduled(new, True, ids, retire(api, ids, settle=bool(active)))


def end_schedule(api: Api, name: str) -> Ended:
    """Disables the recurring runs of this name, and deletes those whose runs are over.

    Raises:
        ApiError: If the server refused, or gives no good answer.
    """
    there = find_schedules(api, name)
    active = [_id(one) for one in there if is_enabled(one)]
    for one in active:
        disable(api, one)
    ids = tuple(_id(one) for one in there)
    return Ended(ids, retire(api, ids, settle=bool(active)))


def _replace(api: Api, schedule: Schedule, active: Sequence[str]) -> str:
    mark = f"{schedule.mark}{uuid.uuid4().hex}"
    verb = "may be"
    try:
        for one in active:
            disable(api, one)
        verb = "is"
        return _create(api, schedule, mark)
    except BaseException as error:
        if isinstance(error, ApiError) and error.timed_out and active:
            error.fix = (
                f"look at {api.address}: if the new recurring run is not there, enable the old "
                f"one again ({', '.join(active)}), or schedule again"
            )
        elif active:
            _recover(api, schedule, mark, active, error, verb)
        raise


def _create(api: Api, schedule: Schedule, mark: str) -> str:
    body = {**schedule.body, "description": mark}
    return _id(create_once(api, lambda: api.post(PATH, body), lambda: _find(api, schedule, mark)))


def _find(api: Api, schedule: Schedule, mark: str) -> Document | None:
    there = find_schedules(api, schedule.name)
    return next((one for one in there if one.get("description") == mark), None)


def _recover(
    api: Api,
    schedule: Schedule,
    mark: str,
    active: Sequence[str],
    error: BaseException,
    verb: str,
) -> None:
    """Enables again what was disabled for a new one that did not come."""
    try:
        if _find(api, schedule, mark) is not None:
            return
    except (ApiError, KeyboardInterrupt) as fault:
        raise _off(api, active, error, fault, verb) from error
    faults = {one: _fault_of_enabling(api, one) for one in active}
    off = [one for one, why in faults.items() if why is not None]
    if off:
        raise _off(api, off, error, faults[off[0]], "is") from error


def _fault_of_enabling(api: Api, one: str) -> BaseException | None:
    try:
        enable(api, one)
    except (ApiError, KeyboardInterrupt) as fault:
        return fault
    return None


def _off(
    api: Api, ids: Sequence[str], error: BaseException, fault: BaseException | None, verb: str
) -> ApiError:
    """Returns the error for a schedule that is off though nobody wanted that."""
    why = fault.what if isinstance(fault, ApiError) else "interrupted"
    first = f"{fault.fix}; then " if isinstance(fault, ApiError) and fault.fix else ""
    pages = " and ".join(schedule_page(api.address, one) for one in ids)
    return ApiError(
        f"{str(error) or 'interrupted'}\n"
        f"and {', '.join(ids)}, which ran by the clock until now, {verb} disabled: {why}",
        fix=f"{first}schedule again, or enable it at {pages}",
    )


def _id(one: Document) -> str:
    return str(one["recurring_run_id"])
