"""A run, as it is told on a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestration.kubeflow.api.errors import NOT_FOUND, ApiError
from orchestration.kubeflow.api.pipelines import spec_of
from orchestration.kubeflow.api.tasks import Task, seconds_of
from orchestration.kubeflow.api.transport import Api, Document
from orchestration.local.text import duration

_NAME, _STATE, _TIME = 20, 10, 12


def spec_of_run(api: Api, run: Document) -> dict[str, Any]:
    """Returns the PipelineSpec that a run executes; {} if the cluster no longer has it.

    Raises:
        ApiError: If the server gives no good answer.
    """
    document: Mapping[str, Any] = run.get("pipeline_spec") or {}
    reference = run.get("pipeline_version_reference") or {}
    if not document and reference.get("pipeline_version_id") and reference.get("pipeline_id"):
        try:
            document = spec_of(api, reference)
        except ApiError as error:
            if error.status != NOT_FOUND or error.doubtful:
                raise
    return dict(document.get("pipeline_spec") or document)


def task_line(task: Task) -> str:
    """Returns a node, its state, its duration and its error in one line."""
    took = "" if task.seconds is None else duration(task.seconds)
    return (
        f"{task.name:<{_NAME}} {task.state.lower():<{_STATE}} {took:<{_TIME}} {task.error}".rstrip()
    )


def outcome_line(text: str) -> str:
    """Returns what a node's pod said of it, to be shown below its line."""
    return f"{'':<{_NAME}} {text}"


def run_lines(runs: Iterable[Document]) -> list[str]:
    """Returns a line for each run: id, when it began, state, duration, name."""
    return [
        f"{run['run_id']}  {str(run.get('created_at', ''))[:16].replace('T', ' ')}  "
        f"{str(run.get('state', '')).lower():<{_STATE}} {_took(run):<{_TIME}} "
        f"{run.get('display_name', '')}"
        for run in runs
    ]


def schedule_line(schedule: Document) -> str:
    """Returns a recurring run in one line: name, cron, state."""
    trigger = schedule.get("trigger") or {}
    cron = (trigger.get("cron_schedule") or {}).get("cron")
    seconds = (trigger.get("periodic_schedule") or {}).get("interval_second")
    when = f'"{cron}"' if cron else f"each {seconds} seconds"
    state = str(schedule.get("status", "")).lower()
    return f"{schedule['display_name']}: {when}, {state} ({schedule['recurring_run_id']})"


def _took(run: Document) -> str:
    seconds = seconds_of(run, "created_at")
    return "" if seconds is None else duration(seconds)
