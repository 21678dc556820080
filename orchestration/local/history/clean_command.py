"""Cleans an output folder: decides for every use case, tells what goes, and takes it away."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from orchestration.local.history import cleaning, stores
from orchestration.local.history.clean_view import clean_lines
from orchestration.local.history.folders import Run, find_runs
from orchestration.local.history.output import print_lines, writer_of
from orchestration.local.workspace import Workspace
from usecase.errors import UserError


def clean_folder(root: Path, keep: int, out: TextIO, *, dry_run: bool) -> None:
    """Takes away old runs, and the artifacts that only they used.

    Args:
        root: The output folder.
        keep: How many of the newest runs of each use case stay.
        out: Where it is told what goes.
        dry_run: Whether it is only told.

    Raises:
        UserError: If there is no such folder, a run is at work, the metadata cannot be read, or
            something cannot be removed.
    """
    if not root.is_dir():
        raise UserError(f"there is no output folder {root}", fix="name one with --output-dir")
    workspaces = [Workspace(root, name) for name in cleaning.use_cases(root, find_runs(root))]
    with cleaning.all_locked(workspaces):
        runs = find_runs(root)
        plans = [_plan(workspace, runs, keep) for workspace in workspaces]
        others = cleaning.plan_others([run for run in runs if not run.use_case], keep)
        told = [*plans, others] if others.runs else plans
        print_lines(out, clean_lines(told, writer_of(out).glyphs, dry_run=dry_run))
        if dry_run:
            return
        try:
            for workspace, plan in zip(workspaces, plans, strict=True):
                store = stores.open_store(workspace, _config(workspace, runs))
                cleaning.carry_out(root, plan, store)
            cleaning.carry_out(root, others, None)
        except OSError as error:
            raise UserError(
                f"not everything could be removed: {error}",
                fix="see who may write there, and give the same command again",
            ) from error


def _plan(workspace: Workspace, runs: Sequence[Run], keep: int) -> cleaning.Cleaning:
    lineage = stores.read_lineage(workspace, _config(workspace, runs))
    mine = [run for run in runs if run.use_case == workspace.use_case]
    return cleaning.plan_cleaning(workspace, mine, keep, lineage)


def _config(workspace: Workspace, runs: Sequence[Run]) -> Mapping[str, Any]:
    """Returns the use case as its newest run recorded it; {} if none did."""
    records = (run.record for run in runs if run.record and run.use_case == workspace.use_case)
    return next((record.config for record in records if record.config), {})
