"""Which runs stay when old ones go: the newest, and those whose model is pushed or blessed."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orchestration.local.history.folders import Run
from orchestration.local.history.lineage import Lineage
from orchestration.local.release import find_release
from orchestration.local.workspace import Workspace, is_run_id
from serving.pushed import push_of, versions

NEWEST = "among the newest"
OWN_NAME = "its folder has a name of its own"
BLESSED = "its model is blessed"


def kept_runs(runs: Sequence[Run], keep: int, protected: Mapping[str, str]) -> dict[str, str]:
    """Returns the runs of one use case that stay, each with the reason.

    Args:
        runs: All of its runs, newest first.
        keep: How many of the newest stay, whatever came of them.
        protected: Runs that stay for another reason, and that.
    """
    own = {run.run_id: OWN_NAME for run in runs if not is_run_id(run.run_id)}
    return {**own, **{run.run_id: NEWEST for run in newest(runs, keep)}, **protected}


def newest(runs: Sequence[Run], keep: int) -> list[Run]:
    """Returns the newest of runs; of a folder with a name of somebody's own nothing tells its age.

    Args:
        runs: Runs, newest first.
        keep: How many.
    """
    return [run for run in runs if is_run_id(run.run_id)][:keep]


def protected_runs(workspace: Workspace, runs: Iterable[Run], lineage: Lineage) -> dict[str, str]:
    """Returns the runs whose model is blessed or still pushed, each with the reason.

    Args:
        workspace: The output folder of the use case.
        runs: Its runs.
        lineage: What ML Metadata knows of them.
    """
    blessed = dict.fromkeys(lineage.blessed_runs(), BLESSED)
    return {**blessed, **_pushed_runs(workspace, runs)}


def _pushed_runs(workspace: Workspace, runs: Iterable[Run]) -> dict[str, str]:
    """Returns the runs that pushed a model that is still at a destination, and what it is.

    A version says which run it is from; of one that does not, the record of the run does.

    Args:
        workspace: The output folder of the use case.
        runs: Its runs.
    """
    found: dict[str, str] = {}
    for run_id, name, version in _recorded(runs):
        if version in versions(workspace.destination(name)):
            found[run_id] = f"version {version} is on {name}"
    for version in versions(workspace.serving):
        push = push_of(workspace.serving, version)
        if push and push.run:
            found[push.run] = f"version {version} is {_part(workspace.serving, version)}"
    return found


def _recorded(runs: Iterable[Run]) -> Iterable[tuple[str, str, int]]:
    for run in runs:
        for place in run.record.result.destinations if run.record else ():
            if place.pushed and place.version is not None:
                yield run.run_id, place.name, place.version


def _part(folder: Path, version: int) -> str:
    """Returns what a version is to those who ask for the model."""
    release = find_release(folder).release
    if release and version == release.stable:
        return "stable"
    if release and release.canary and version == release.canary.version:
        return "the canary"
    return "the baseline" if version == versions(folder)[-1] else "pushed"
