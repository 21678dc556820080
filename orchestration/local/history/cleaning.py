"""Takes away old runs and what only they used; what is pushed or blessed stays."""

import contextlib
import datetime
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ml_metadata.proto import metadata_store_pb2

from orchestration.local.history.folders import Run
from orchestration.local.history.ingredients import artifact_ids
from orchestration.local.history.keeping import kept_runs, pushed_runs
from orchestration.local.history.lineage import DELETED, Lineage, MetadataStore
from orchestration.local.workspace import Workspace

TRASH = ".deleted"  # below the output folder: a run is there before it is taken apart
SYSTEM = ".system"  # TFX's own, beside the outputs of a node
LOCK_SUFFIX = ".lock"
RUN_ID_FORMAT = "%Y-%m-%dT%H-%M-%S"


class Cleaning(NamedTuple):
    """What goes of one use case, and what stays.

    Attributes:
        use_case: Its name; "" for batch predictions and what else tells no use case.
        kept: The runs that stay, and why.
        runs: The runs that go.
        artifacts: The artifacts that are to be marked deleted.
        folders: The folders that go, but for those of runs.
    """

    use_case: str
    kept: dict[str, str]
    runs: tuple[Run, ...]
    artifacts: tuple[metadata_store_pb2.Artifact, ...]
    folders: tuple[Path, ...]

    def megabytes(self) -> float:
        """Returns the size of all that goes, in millions of bytes."""
        return sum(map(_size, (*self.folders, *(run.folder for run in self.runs)))) / 1e6

    @property
    def is_empty(self) -> bool:
        """Whether nothing goes."""
        return not (self.runs or self.artifacts or self.folders)


def plan_cleaning(
    workspace: Workspace, runs: Sequence[Run], keep: int, lineage: Lineage
) -> Cleaning:
    """Decides what goes of a use case; changes nothing.

    Args:
        workspace: The output folder of the use case.
        runs: Its runs, newest first.
        keep: How many of the newest runs stay.
        lineage: What ML Metadata knows of them.
    """
    kept = kept_runs(runs, keep, pushed_runs(workspace, runs), lineage.blessed_runs())
    used = _used(runs, kept, lineage)
    gone = [
        a for one, a in lineage.artifacts.items() if one not in used and _is_below(a, workspace)
    ]
    stays = {Path(a.uri) for one, a in lineage.artifacts.items() if one in used}
    folders = [Path(a.uri) for a in gone] + _left_behind(workspace, kept, lineage)
    return Cleaning(
        workspace.use_case,
        {run.run_id: kept[run.run_id] for run in runs if run.run_id in kept},
        tuple(run for run in runs if run.run_id not in kept),
        tuple(a for a in gone if a.state != DELETED),
        tuple(
            dict.fromkeys(
                path
                for path in (*folders, *_checkpoints(workspace, runs[:keep]))
                if path not in stays and path.exists()
            )
        ),
    )


def plan_others(runs: Sequence[Run], keep: int) -> Cleaning:
    """Decides the same of runs that tell no use case, such as batch predictions."""
    kept = kept_runs(runs, keep, {}, ())
    return Cleaning("", kept, tuple(r for r in runs if r.run_id not in kept), (), ())


def carry_out(root: Path, cleaning: Cleaning, store: MetadataStore | None) -> None:
    """Takes away what was decided.

    Artifacts are marked first, so that no run can reuse one whose files are half gone; runs go
    last, each at once. Interrupted anywhere, the same command finishes.

    Args:
        root: The output folder.
        cleaning: What goes.
        store: Where artifacts are marked deleted; None if nothing was ever written there.
    """
    if store is not None:
        store.mark_deleted(cleaning.artifacts)
    for folder in cleaning.folders:
        shutil.rmtree(folder)
    trash = root / TRASH
    for run in cleaning.runs:
        trash.mkdir(exist_ok=True)
        run.folder.rename(trash / run.run_id)
    empty_trash(root)


def empty_trash(root: Path) -> None:
    """Takes apart the runs that are gone already, an interrupted cleaning's among them."""
    if (root / TRASH).is_dir():
        shutil.rmtree(root / TRASH)


def use_cases(root: Path, runs: Sequence[Run]) -> list[str]:
    """Returns the names of all use cases that ever worked in an output folder."""
    locks = {path.name[1 : -len(LOCK_SUFFIX)] for path in root.glob(f".*{LOCK_SUFFIX}")}
    return sorted({run.use_case for run in runs if run.use_case} | locks)


@contextlib.contextmanager
def all_locked(workspaces: Sequence[Workspace]) -> Iterator[None]:
    """Keeps runs of every use case out of the output folder.

    Raises:
        UserError: If one is at work.
    """
    with contextlib.ExitStack() as stack:
        for workspace in workspaces:
            stack.enter_context(workspace.locked())
        yield


def _used(runs: Sequence[Run], kept: dict[str, str], lineage: Lineage) -> frozenset[int]:
    """Returns the ids of the artifacts that the kept runs are made of, reused ones included."""
    records = {run.run_id: run.record for run in runs}
    used: set[int] = set()
    for run_id in kept:
        record = records.get(run_id)
        inputs = artifact_ids(record) if record else frozenset()
        base = lineage.base_of(run_id, inputs)
        used |= inputs | (lineage.used_by(base) if base else frozenset())
    return frozenset(used)


def _left_behind(workspace: Workspace, kept: dict[str, str], lineage: Lineage) -> list[Path]:
    """Returns what nodes of other runs left beside artifacts: half an output, working files."""
    found = []
    for step in lineage.steps:
        if step.runs.isdisjoint(kept) and step.node:
            folder = workspace.artifacts / step.node
            half = [] if step.is_finished else folder.glob(f"*/{step.id}")
            found += [*half, *(folder / SYSTEM).glob(f"*/{step.id}")]
    return found


def _checkpoints(workspace: Workspace, newest: Sequence[Run]) -> list[Path]:
    """Returns the checkpoints of interrupted trainings that are older than the newest runs."""
    if not newest:
        return []
    oldest = min(map(_started, newest))
    return [path for path in workspace.checkpoints.glob("*/") if path.stat().st_mtime < oldest]


def _started(run: Run) -> float:
    """Returns when a run began, in seconds since 1970."""
    try:
        return datetime.datetime.strptime(run.run_id, RUN_ID_FORMAT).timestamp()
    except ValueError:
        return run.folder.stat().st_mtime


def _is_below(artifact: metadata_store_pb2.Artifact, workspace: Workspace) -> bool:
    """Whether an artifact lies in this output folder; one store may serve several."""
    return Path(artifact.uri).is_relative_to(workspace.artifacts)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
