"""The runs of an output folder, finished and interrupted ones, and how a user names one."""

import contextlib
import fcntl
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestration.local.arguments import DEFAULT_OUTPUT
from orchestration.local.started import Started
from orchestration.records import LOG_FILE, RECORD_FILE, RunRecord
from usecase.errors import UserError, did_you_mean

LAST = "last"
INTERRUPTED, AT_WORK, UNREADABLE = "interrupted", "at work", "unreadable"
MOST_NAMED = 5
# What a record of another version of this program raises, and one that is not there.
UNREADABLE_ERRORS = (OSError, ValueError, KeyError, TypeError, AttributeError)


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
    def config(self) -> str:
        """Path of its configuration, as the user named it; "" if it is not known."""
        return self.started.config if self.started else ""

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

    Args:
        root: The output folder, which need not exist.
    """
    folders = (path for path in (root / "runs").glob("*/") if path.is_dir())
    return [_run(folder) for folder in sorted(folders, reverse=True)]


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
    folder = run.folder.parent.parent
    is_default = folder.name == DEFAULT_OUTPUT and folder.parent == Path.cwd()
    return "" if is_default else f" --output-dir {shlex.quote(str(folder))}"


def options_of(overrides: Iterable[str], selection: str) -> str:
    """Returns the options of `run` that a run is done again with, a blank before each.

    Args:
        overrides: What `--set` put in, each "key=value".
        selection: The options that chose a part of the pipeline.
    """
    put = [f" --set {shlex.quote(text)}" for text in overrides]
    return "".join([*put, f" {selection}" if selection else ""])


def _run(folder: Path) -> Run:
    started = _started(folder)
    try:
        record = RunRecord.read(folder)
    except UNREADABLE_ERRORS:
        return Run(folder.name, folder, started.use_case if started else "", None, started)
    return Run(folder.name, folder, record.use_case, record, started)


def _started(folder: Path) -> Started | None:
    try:
        return Started.read(folder)
    except UNREADABLE_ERRORS:
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
            fix="start one (python local_runner.py run), or name its folder with --output-dir",
        )
    if name == LAST:
        return UserError(
            f"no run in {root} has ended", fix="python local_runner.py runs shows what is there"
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
    again = f"run --config {shlex.quote(run.config)}" if run.config else "run"
    more = options_of(run.started.overrides, run.started.selection) if run.started else ""
    again += more + place_of(run)
    return UserError(
        f"run {run.run_id} was interrupted and left no record",
        fix=f"see {run.log}, or go on with it: python local_runner.py {again}",
    )
