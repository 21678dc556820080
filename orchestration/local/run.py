"""One local run: from a plan to a verdict."""

import dataclasses
import time
from pathlib import Path

from orchestration.local.asked import Asked
from orchestration.local.console import Console
from orchestration.local.job import Job
from orchestration.local.judging_server import judging_server
from orchestration.local.preflight import check_data
from orchestration.local.selection import WHOLE, Selection
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan
from orchestration.results import RunResult


def run(
    plan: Plan,
    output_dir: Path,
    console: Console,
    *,
    selection: Selection = WHOLE,
    asked: Asked | None = None,
    echo_fd: int | None = None,
) -> RunResult:
    """Runs the pipeline on this machine, or finds that nothing has changed.

    Args:
        plan: What to run.
        output_dir: Where everything goes.
        console: Is told of every step.
        selection: The part of the pipeline that is asked for.
        asked: The options that lead to this plan, to be told to people; None where a plan was
            made of the configuration alone.
        echo_fd: A file descriptor on which the frameworks' log is shown as well.

    Returns:
        The outcome, which is on disk as well.

    Raises:
        UserError: If the data cannot be read, the model server that is to judge is not there, the
            output folder is in use or full, or the selection cannot run.
    """
    began = time.monotonic()
    check_data(plan.use_case.data, plan.files)
    # A machine that has another server by now asks that one anew.
    plan = dataclasses.replace(plan, server=judging_server(plan.use_case.serving.server))
    asked = asked or Asked(
        plan.config, tune=plan.tune, overrides=plan.overrides, selection=selection.text
    )
    workspace = Workspace(output_dir, plan.use_case.name)
    with workspace.locked():
        key = plan.key()
        run_id, folder = workspace.new_run()
        job = Job(plan, workspace, selection, run_id, folder, key, began, asked)
        record = job.recorded(console, echo_fd)
    console.finish(record.result)
    return record.result
