"""Cleans an output folder: decides for every use case, tells what goes, and takes it away."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from orchestration.local.history import cleaning, stores
from orchestration.local.history.clean_view import clean_lines
from orchestration.local.history.folders import Run, find_runs
from orchestration.local.history.lineage import MetadataStore
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
        UserError: If there is no such folder, a run is at work, something cannot be removed, or
            the metadata of a use case cannot be read: the others are cleaned then.
    """
    if not root.is_dir():
        raise UserError(f"there is no output folder {root}", fix="name one with --output-dir")
    workspaces = [Workspace(root, name) for name in cleaning.use_cases(root, find_runs(root))]
    with cleaning.all_locked(workspaces):
        runs = find_runs(root)
        planned, unread = _plan_all(workspaces, runs, keep)
        plans = [one.cleaning for one in planned]
        if not unread:  # else nobody knows which of them are blessed
            planned.append(Planned(_plan_others(plans, runs, keep), None))
        told = [one.cleaning for one in planned if one.cleaning.use_case or one.cleaning.runs]
        if told or not unread:
            print_lines(out, clean_lines(told, writer_of(out).glyphs, dry_run=dry_run))
        if not dry_run:
            _carry_out(root, planned)
        if unread:
            raise unread[0]


class Planned(NamedTuple):
    """What goes, and where its artifacts are marked; None if nothing was ever written there."""

    cleaning: cleaning.Cleaning
    store: MetadataStore | None


def _plan_all(
    workspaces: Sequence[Workspace], runs: Sequence[Run], keep: int
) -> tuple[list[Planned], list[UserError]]:
    """Returns what goes of each use case, and of those that cannot be read, why."""
    tried = [_try_planning(workspace, runs, keep) for workspace in workspaces]
    planned = [one for one in tried if isinstance(one, Planned)]
    return planned, [one for one in tried if isinstance(one, UserError)]


def _try_planning(workspace: Workspace, runs: Sequence[Run], keep: int) -> Planned | UserError:
    try:
        return _plan(workspace, runs, keep)
    except UserError as error:
        return error


def _plan(workspace: Workspace, runs: Sequence[Run], keep: int) -> Planned:
    config = _config(workspace, runs)
    store = stores.open_store(workspace, config)
    lineage = stores.lineage_of(store, workspace)
    mine = [run for run in runs if run.use_case == workspace.use_case]
    server = config.get("metadata")
    return Planned(cleaning.plan_cleaning(workspace, mine, keep, lineage, server=server), store)


def _plan_others(
    plans: Sequence[cleaning.Cleaning], runs: Sequence[Run], keep: int
) -> cleaning.Cleaning:
    protected = {run_id: why for plan in plans for run_id, why in plan.protected.items()}
    return cleaning.plan_others([run for run in runs if not run.use_case], keep, protected)


def _carry_out(root: Path, planned: Sequence[Planned]) -> None:
    try:
        for plan, store in planned:
            cleaning.carry_out(root, plan, store)
    except OSError as error:
        raise UserError(
            f"not everything could be removed: {error}",
            fix="see who may write there, and give the same command again",
        ) from error


def _config(workspace: Workspace, runs: Sequence[Run]) -> Mapping[str, Any]:
    """Returns the use case as its newest run recorded it; {} if none did."""
    records = (run.record for run in runs if run.record and run.use_case == workspace.use_case)
    return next((record.config for record in records if record.config), {})
