"""One local run: from a plan to a verdict."""

import logging
import time
from pathlib import Path

from orchestration.local.console import Console
from orchestration.local.logs import redirected
from orchestration.local.node_view import RunHeader
from orchestration.local.preflight import check_csv
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
        UserError: If the data cannot be read, or the output folder is in use.
    """
    started = time.monotonic()
    check_csv(plan.data)
    workspace = Workspace(output_dir, plan.use_case.name)
    with workspace.locked():
        key = plan.key()
        run_id, folder = workspace.new_run()
        header = RunHeader(plan.use_case.name, run_id, "local", "cpu", plan.config)
        console.start(header, list(plan.stages.items()))
        record = same_again(workspace, key, run_id, folder)
        if record is None:
            with redirected(folder / LOG_FILE, console.progress, echo_fd=echo_fd):
                record = _execute(plan, workspace, console, run_id, key, started)
        else:
            for node in record.result.nodes:
                console.node_finished(node)
        record.write(folder)
    console.finish(record.result)
    return record.result


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
