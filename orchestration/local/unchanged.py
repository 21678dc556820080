"""A run of which nothing has changed since the last one is recognised before TFX is imported."""

import dataclasses
from pathlib import Path

from components.promotion import is_undecided
from orchestration import headlines
from orchestration.local.destinations import pushed_digest
from orchestration.local.release import Found, find_release
from orchestration.local.workspace import Workspace
from orchestration.reasons import reused
from orchestration.records import LOG_FILE, RunRecord, records
from orchestration.results import REFUSED, Destination, NodeResult


def same_again(
    workspace: Workspace,
    key: str,
    run_id: str,
    folder: Path,
    *,
    promotes: bool = False,
    warnings: tuple[str, ...] = (),
) -> RunRecord | None:
    """Repeats the last whole run's outcome, if everything it was made of is as it was.

    Args:
        workspace: The output folder.
        key: Digest of all that this run is made of.
        run_id: This run.
        folder: Its folder.
        promotes: Whether each pushed version becomes the stable one.
        warnings: Those of this run: what the last one met with on its way is over.

    Returns:
        The record of this run, with nothing executed; None if something has to run: other data,
        config, schema, code or lock, a last run that failed, a push that is gone or damaged, or
        one that should have become stable, and nobody decided otherwise.
    """
    whole = (r for r in records(workspace.runs, workspace.use_case) if not r.selection)
    last = next(whole, None)
    if last is None or last.key != key or last.result.verdict == "failed":
        return None
    names = [place.name for place in last.result.destinations]
    if last.pushed_digest != pushed_digest(workspace, names):
        return None
    found = find_release(workspace.serving)
    if promotes and any(_is_to_promote(place, found) for place in last.result.destinations):
        return None
    log = folder / LOG_FILE
    log.write_text(f"nothing has changed since run {last.result.run_id}\n", encoding="utf-8")
    refused = last.result.verdict in REFUSED
    places = tuple(dataclasses.replace(d, pushed=False) for d in last.result.destinations)
    result = dataclasses.replace(
        last.result,
        run_id=run_id,
        verdict=last.result.verdict if refused else "up_to_date",
        headline=last.result.headline
        if refused
        else headlines.nothing_changed(places, found.release),
        nodes=tuple(_reused(node, last.result.run_id, run_id) for node in last.result.nodes),
        destinations=places,
        log=str(log),
        seconds=0.0,
        warnings=warnings,
        release=found.release,
        release_problem=found.problem,
    )
    return dataclasses.replace(last, result=result)


def _is_to_promote(place: Destination, found: Found) -> bool:
    if place.name != headlines.SERVING or place.refused or place.version is None or found.problem:
        return False
    return is_undecided(found.state, place.version)


def _reused(node: NodeResult, made_by: str, run_id: str) -> NodeResult:
    if node.state == "skipped":
        return node
    reason = node.reason if node.state == "cached" else reused(made_by, run_id)
    return dataclasses.replace(node, state="cached", seconds=0.0, reason=reason)
