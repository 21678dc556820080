"""Takes away old runs and what only they used; what is pushed or blessed stays."""

import contextlib
import datetime
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ml_metadata.proto import metadata_store_pb2

from orchestration.local.history.folders import Run
from orchestration.local.history.ingredients import artifact_ids
from orchestration.local.history.keeping import kept_runs, newest, protected_runs
from orchestration.local.history.lineage import DELETED, Lineage, MetadataStore
from orchestration.local.workspace import Workspace
from orchestration.records import RunRecord

TRASH = ".deleted"  # below the output folder: a run is there before it is taken apart
SYSTEM = ".system"  # TFX's own, beside the outputs of a node
LOCK_SUFFIX = ".lock"
EXECUTED = ("ran", "failed")  # states of a node


class Cleaning(NamedTuple):
    """What goes of one use case, and what stays.

    Attributes:
        use_case: Its name; "" for batch predictions and what else tells no use case.
        kept: The runs that stay, and why.
        runs: The runs that go.
        artifacts: The artifacts that are to be marked deleted.
        folders: The folders that go, but for those of runs.
        protected: Runs whose model is blessed or pushed, those without a folder among them.
        noted: What is to be known of runs that go when they are gone: that they were here.
    """

    use_case: str
    kept: dict[str, str]
    runs: tuple[Run, ...]
    artifacts: tuple[metadata_store_pb2.Artifact, ...]
    folders: tuple[Path, ...]
    protected: Mapping[str, str]
    noted: tuple[str, ...]

    def megabytes(self) -> float:
        """Returns the size of all that goes, in millions of bytes."""
        return sum(map(_size, (*self.folders, *(run.folder for run in self.runs)))) / 1e6

    @property
    def is_empty(self) -> bool:
        """Whether nothing goes."""
        return not (self.runs or self.artifacts or self.folders)


def plan_cleaning(
    workspace: Workspace,
    runs: Sequence[Run],
    keep: int,
    lineage: Lineage,
    *,
    server: str | None = None,
) -> Cleaning:
    """Decides what goes of a use case; changes nothing.

    Args:
        workspace: The output folder of the use case.
        runs: Its runs, newest first.
        keep: How many of the newest runs stay.
        lineage: What ML Metadata knows of them.
        server: Where it knows it, if other folders and machines may keep their runs there too:
            what those made or reused stays, and what is not known to be of this folder's runs.
    """
    protected = protected_runs(workspace, runs, lineage)
    kept = kept_runs(runs, keep, protected)
    ours = _ours(workspace, runs, server, lineage) if server else lineage.runs()
    used = _used(runs, kept, lineage) | _used_by(lineage.runs() - ours, lineage)
    unused = _used_by(ours, lineage) - used
    gone = [a for one, a in lineage.artifacts.items() if one in unused and _is_below(a, workspace)]
    stays = {Path(a.uri) for one, a in lineage.artifacts.items() if one in used}
    folders = [Path(a.uri) for a in gone] + _left_behind(workspace, ours.difference(kept), lineage)
    goes = tuple(run for run in runs if run.run_id not in kept)
    return Cleaning(
        workspace.use_case,
        {run.run_id: kept[run.run_id] for run in runs if run.run_id in kept},
        goes,
        tuple(a for a in gone if a.state != DELETED),
        tuple(
            dict.fromkeys(
                path
                for path in (*folders, *_checkpoints(workspace, newest(runs, keep)))
                if path not in stays and path.exists()
            )
        ),
        protected,
        tuple(_note(run.run_id, server) for run in goes if server and run.run_id in ours),
    )


def plan_others(runs: Sequence[Run], keep: int, protected: Mapping[str, str]) -> Cleaning:
    """Decides the same of runs that tell no use case, such as batch predictions.

    Args:
        runs: Those runs, newest first.
        keep: How many of the newest stay.
        protected: Runs of any use case whose model is blessed or pushed, and which it is.
    """
    here = {run.run_id: protected[run.run_id] for run in runs if run.run_id in protected}
    kept = kept_runs(runs, keep, here)
    goes = tuple(run for run in runs if run.run_id not in kept)
    return Cleaning("", kept, goes, (), (), here, ())


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
    if cleaning.noted:
        with _gone(root, cleaning.use_case).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in cleaning.noted)
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


def _gone(root: Path, use_case: str) -> Path:
    """Returns the file that names this folder's runs that are gone, for a store that others use."""
    return root / f".{use_case}.cleaned"


def _note(run_id: str, server: str) -> str:
    return f"{run_id} {server}"


def _ours(
    workspace: Workspace, runs: Iterable[Run], server: str, lineage: Lineage
) -> frozenset[str]:
    """Returns the runs on a server that are of this folder, or were until a cleaning."""
    gone = _gone(workspace.root, workspace.use_case)
    noted = set(gone.read_text(encoding="utf-8").splitlines()) if gone.exists() else set()
    found = {run_id for run_id in lineage.runs() if _note(run_id, server) in noted}
    records = [run.record for run in runs if run.record]
    there = [record for record in records if record.config.get("metadata") == server]
    if len(there) == len(records):  # else one that left no record may have run elsewhere
        found |= {run.run_id for run in runs if run.record is None}
    return frozenset(found | {r.result.run_id for r in there if _has_its_id(r, lineage)})


def _has_its_id(record: RunRecord, lineage: Lineage) -> bool:
    """Whether a store's run of that id is this one, not another machine's of the same second.

    A run claims its id before it executes anything; one that was turned away, and one of which
    nothing had changed, may share theirs.
    """
    inputs = artifact_ids(record)
    return any(node.state in EXECUTED for node in record.result.nodes) or (
        bool(inputs) and lineage.used_by(record.result.run_id).issuperset(inputs)
    )


def _used_by(runs: Iterable[str], lineage: Lineage) -> frozenset[int]:
    return frozenset(one for run in runs for one in lineage.used_by(run))


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


def _left_behind(workspace: Workspace, runs: frozenset[str], lineage: Lineage) -> list[Path]:
    """Returns what nodes of some runs left beside artifacts: half an output, working files."""
    found = []
    for step in lineage.steps:
        if step.runs and step.runs <= runs and step.node:
            folder = workspace.artifacts / step.node
            half = [] if step.is_finished else folder.glob(f"*/{step.id}")
            found += [*half, *(folder / SYSTEM).glob(f"*/{step.id}")]
    return found


def _checkpoints(workspace: Workspace, kept: Sequence[Run]) -> list[Path]:
    """Returns the checkpoints of interrupted trainings that are older than the newest runs."""
    if not kept:
        return []
    oldest = min(map(_started, kept))
    return [path for path in workspace.checkpoints.glob("*/") if _changed(path) < oldest]


def _changed(folder: Path) -> float:
    """Returns when anything in a folder was last written, in seconds since 1970."""
    return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))


def _started(run: Run) -> float:
    """Returns when a run, or the first of those that it goes on with, began.

    What those trained is its own, also where it was interrupted before it trained.

    Returns:
        Seconds since 1970, by the clock that files are dated by. Run ids may be ahead of that
        clock: they rise also where it was put back.
    """
    noted = (run.started.started, run.started.origin_started) if run.started else ()
    moments = list(_moments(noted))
    return min(moments or (p.lstat().st_mtime for p in (run.folder, *run.folder.iterdir())))


def _moments(texts: Iterable[str]) -> Iterator[float]:
    """Yields the times that can be read, in seconds since 1970."""
    for text in texts:
        with contextlib.suppress(ValueError):
            yield datetime.datetime.fromisoformat(text).timestamp()


def _is_below(artifact: metadata_store_pb2.Artifact, workspace: Workspace) -> bool:
    """Whether an artifact lies in this output folder; one store may serve several."""
    return Path(artifact.uri).is_relative_to(workspace.artifacts)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
