"""One local run: from a plan to a verdict."""

import dataclasses
import logging
import time
from pathlib import Path

from models.accelerators import visible
from orchestration.audit import require_sound_functions
from orchestration.local.console import Console
from orchestration.local.judging_server import judging_server
from orchestration.local.logs import redirected
from orchestration.local.node_view import RunHeader
from orchestration.local.preflight import check_data
from orchestration.local.tuned_config import keep_best, tuned_path
from orchestration.local.unchanged import same_again
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan
from orchestration.records import LOG_FILE, RunRecord
from orchestration.results import RunResult
from usecase.errors import UserError

LOGGER = logging.getLogger(__name__)


def run(plan: Plan, output_dir: Path, console: Console, *, echo_fd: int | None = None) -> RunResult:
    """Runs the pipeline on this machine, or finds that nothing has changed.

    Args:
        plan: What to run.
        output_dir: Where everything goes.
        console: Is told of every step.
        echo_fd: A file descriptor on which the frameworks' log is shown as well.

    Returns:
        The outcome, which is on disk as well.

    Raises:
        UserError: If the data cannot be read, the model server that is to judge is not there, or
            the output folder is in use.
    """
    started = time.monotonic()
    check_data(plan.use_case.data.source, plan.files)
    # A machine that has another server by now asks that one anew.
    plan = dataclasses.replace(plan, server=judging_server(plan.use_case.serving.server))
    workspace = Workspace(output_dir, plan.use_case.name)
    with workspace.locked():
        key = plan.key()
        run_id, folder = workspace.new_run()
        header = RunHeader(plan.use_case.name, run_id, "local", visible(), plan.config)
        # Data elsewhere may have changed: TFX has to ask.
        promotes = plan.use_case.serving.promote == "on_push"
        record = (
            same_again(workspace, key, run_id, folder, promotes=promotes) if plan.is_local else None
        )
        if record is None:
            require_sound_functions(plan.declaration)
        console.start(header, list(plan.stages.items()))
        if record is None:
            with redirected(folder / LOG_FILE, console.progress, echo_fd=echo_fd):
                record = _execute(plan, workspace, console, run_id, key, started)
        else:
            record = _with_tuned_config(plan, record)
            for node in record.result.nodes:
                console.node_finished(node)
        record.write(folder)
    console.finish(record.result)
    return record.result


def _with_tuned_config(plan: Plan, record: RunRecord) -> RunRecord:
    """Writes the best values of a search anew where they are gone."""
    result, path = record.result, tuned_path(plan)
    if not result.trials or (result.tuned_config == str(path) and path.exists()):
        return record
    tuned = keep_best(plan, result.trials, result.run_id)
    warnings = (*plan.warnings, *tuned.warnings)
    result = dataclasses.replace(result, tuned_config=tuned.config, warnings=warnings)
    return dataclasses.replace(record, result=result)


def _execute(
    plan: Plan, workspace: Workspace, console: Console, run_id: str, key: str, started: float
) -> RunRecord:
    try:
        # TFX is imported here and not before: it costs seconds.
        from orchestration.local.session import Session

        return Session(plan, workspace, console, run_id, key, started).run()
    except Exception as error:
        LOGGER.exception("the run could not be carried out")
        raise UserError(
            f"the run could not be carried out: {type(error).__name__}: {error}",
            fix=f"see {workspace.runs / run_id / LOG_FILE}",
        ) from error
