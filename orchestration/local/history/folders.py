"""The runs of an output folder, finished and interrupted ones, and how a user names one."""

import contextlib
import dataclasses
import fcntl
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from orchestration import run_files
from orchestration.local.arguments import DEFAULT_CONFIG
from orchestration.local.asked import RUNNER, Asked, output_option
from orchestration.local.started import Started
from orchestration.local.workspace import is_run_id
from orchestration.records import LOG_FILE, RECORD_FILE, RunRecord
from usecase.errors import UserError, did_you_mean
from usecase.loading import load_use_case

LAST = "last"
INTERRUPTED, AT_WORK, UNREADABLE = "interrupted", "at work", "unreadable"
MOST_NAMED = 5


class Run(NamedTuple):
    """One folder below `runs`.

    Attributes:
        run_id: Its name, a local time.
        folder: Where it is.
        use_case: The use case that ran; "" where nothing says, as for a batch prediction.
        record: What came of it; None if it did not end, or another version of this program
            wrote it.
        started: What it noted when it began; None in folders of older versions.
    """

    run_id: str
    folder: Path
    use_case: str
    record: RunRecord | None
    started: Started | None

    @property
    def state(self) -> str:
        """Its verdict; where it left no record, what became of it."""
        if self.record is not None:
            return self.record.result.verdict
        if (self.folder / RECORD_FILE).exists():
            return UNREADABLE
        started = self.started
        if started is None or started.interrupted:
            return INTERRUPTED
        lock = self.folder.parent.parent / f".{started.use_case}.lock"
        return AT_WORK if _is_held(lock, started.pid) else INTERRUPTED

    @property
    def asked(self) -> Asked:
        """What it was asked for, as far as it is known."""
        asked = self.started.asked if self.started else Asked()
        if self.record is None:
            return asked
        overrides, selection = tuple(self.record.overrides), self.record.selection
        return dataclasses.replace(asked, overrides=overrides, selection=selection)

    @property
    def config(self) -> str:
        """Path of its configuration, as the user named it; "" if it is not known."""
        return self.asked.config

    @property
    def is_repeatable(self) -> bool:
        """Whether a command can name its configuration, or leads to it without a name."""
        return bool(self.config) or self.use_case == _default_use_case()

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.folder / LOG_FILE


class Recorded(NamedTuple):
    """A run with its record."""

    run: Run
    record: RunRecord


def find_runs(root: Path) -> list[Run]:
    """Returns the runs of an output folder, newest first, batch predictions among them.

    Folders with a name of somebody's own, copies of runs for example, come last.

    Args:
        root: The output folder, which need not exist.
    """
    folders = (path for path in (root / "runs").glob("*/") if path.is_dir())
    ids_first = sorted(folders, key=lambda path: (is_run_id(path.name), path.name), reverse=True)
    return [_run(folder) for folder in ids_first]


def choose(runs: Sequence[Run], name: str, root: Path) -> Recorded:
    """Returns the run that a user means.

    Args:
        runs: All runs, newest first.
        name: A run's id, the beginning of one, or `last`: the newest that ended.
        root: The output folder, for errors.

    Raises:
        UserError: If there is none, there are several, or it left no record.
    """
    known = [run for run in runs if run.use_case]
    if name == LAST:
        found = [run for run in known if run.record][:1]
    else:
        exact = [run for run in known if run.run_id == name]
        found = exact or [run for run in known if name and run.run_id.startswith(name)]
    if not found:
        raise _unknown(known, name, root)
    if len(found) > 1:
        named = ", ".join(run.run_id for run in found[:MOST_NAMED])
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise UserError(f'several runs begin with "{name}": {named}{more}', fix="type more of it")
    (run,) = found
    if run.record is None:
        raise _without_record(run)
    return Recorded(run, run.record)


def place_of(run: Run) -> str:
    """Returns the option that leads to a run's output folder; "" where it is the default."""
    return output_option(run.folder.parent.parent)


def _run(folder: Path) -> Run:
    started = _started(folder)
    try:
        record = RunRecord.read(folder)
    except run_files.UNREADABLE:
        return Run(folder.name, folder, started.use_case if started else "", None, started)
    return Run(folder.name, folder, record.use_case, record, started)


def _started(folder: Path) -> Started | None:
    try:
        return Started.read(folder)
    except run_files.UNREADABLE:
        return None


def _default_use_case() -> str | None:
    """Returns the name of the use case that runs where no configuration is named, if one does."""
    try:
        return load_use_case(DEFAULT_CONFIG).name
    except UserError:
        return None


def _is_held(lock: Path, pid: int) -> bool:
    """Whether a process holds a lock of an output folder, as it does from start to end of a run.

    That a process of this number lives says little: in a container it is 1 in every run.
    """
    with contextlib.suppress(OSError, ValueError), lock.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read().strip() in ("", str(pid))  # unsigned where the disk is full
    return False


def _unknown(known: Sequence[Run], name: str, root: Path) -> UserError:
    if not known:
        return UserError(
            f"there is no run in {root}",
            fix=f"start one ({RUNNER} run), or name its folder with --output-dir",
        )
    if name == LAST:
        return UserError(
            f"no run in {root} has ended",
            fix=f"{RUNNER} runs{output_option(root)} shows what is there",
        )
    return UserError(
        f'there is no run "{name}" in {root}',
        expected="a run, the beginning of its name, or `last`",
        fix=did_you_mean(name, [run.run_id for run in known[:MOST_NAMED]]),
    )


def _without_record(run: Run) -> UserError:
    if run.state == UNREADABLE:
        return UserError(
            f"the record of run {run.run_id} cannot be read: {run.folder / RECORD_FILE}",
            expected="a record as this version of the program writes it",
            fix=f"see {run.log}",
        )
    if run.state == AT_WORK:
        return UserError(f"run {run.run_id} is at work", fix="wait until it ends")
    again = run.asked.command(place_of(run))
    return UserError(
        f"run {run.run_id} was interrupted and left no record",
        fix=f"see {run.log}, or go on with it: {again}",
    )
