"""What a run leaves when it starts, so that one that never ends is on record as well."""

import dataclasses
import datetime
import os
from pathlib import Path

from orchestration.local.asked import Asked
from orchestration.records import RECORD_FILE, RunRecord
from orchestration.run_files import UNREADABLE, read_json, write_json

STARTED_FILE = "started.json"


@dataclasses.dataclass(frozen=True)
class Started:
    """A run when it starts; without a `run.json` beside it, it is at work or was interrupted.

    Attributes:
        use_case: Name of the use case.
        config: The configuration file, as the user named it.
        started: When, in UTC, as ISO 8601.
        pid: The process that runs it.
        key: Digest of all that the run is made of.
        selection: The options that chose a part of the pipeline; "" for a whole run.
        overrides: What `--set` put in, each "key=value".
        data: The rows that stood in place of the configuration's, as the user named them; "" for
            its own.
        span: The span that was asked for, if one was.
        tune: Whether the network was to be tuned.
        origin: Id of the first of the runs that it goes on with; its own if with none, "" in
            records of older versions.
        interrupted: When somebody ended it by Ctrl-C, as ISO 8601; "" if nobody did, which is
            what a killed process leaves.
    """

    use_case: str
    config: str
    started: str
    pid: int
    key: str
    selection: str = ""
    overrides: tuple[str, ...] = ()
    data: str = ""
    span: int | None = None
    tune: bool = False
    origin: str = ""
    interrupted: str = ""

    @classmethod
    def now(cls, use_case: str, asked: Asked, key: str, origin: str) -> "Started":
        """Returns the record of a run that this process starts."""
        options = dataclasses.asdict(asked)
        return cls(use_case, started=_utc(), pid=os.getpid(), key=key, origin=origin, **options)

    @property
    def asked(self) -> Asked:
        """What it was asked for."""
        names = (field.name for field in dataclasses.fields(Asked))
        return Asked(**{name: getattr(self, name) for name in names})

    def write(self, folder: Path) -> None:
        """Writes it into the folder of its run, whole or not at all."""
        write_json(folder / STARTED_FILE, dataclasses.asdict(self))

    def write_interrupted(self, folder: Path) -> None:
        """Notes that somebody ended the run."""
        dataclasses.replace(self, interrupted=_utc()).write(folder)

    @classmethod
    def read(cls, folder: Path) -> "Started":
        """Reads the record of one run.

        Raises:
            OSError: If there is none.
            ValueError, KeyError, TypeError, AttributeError: If another version of this program
                wrote it.
        """
        raw = read_json(folder / STARTED_FILE)
        return cls(**{**raw, "overrides": tuple(raw["overrides"])})


def unfinished(runs: Path, use_case: str, *, before: str) -> tuple[str, Started] | None:
    """Returns the last run of a use case, if it never ended.

    One that failed before its first node changed nothing, and is passed over.

    Args:
        runs: The folder of all runs.
        use_case: Name of the use case.
        before: Id of the run that asks.

    Returns:
        Its id and what it left; None if the last run ended, or there is none.
    """
    for folder in sorted(runs.glob("*/"), reverse=True):
        if folder.name >= before:
            continue
        try:
            started = Started.read(folder)
        except UNREADABLE:
            continue
        if started.use_case == use_case and not _never_began(folder):
            return None if (folder / RECORD_FILE).exists() else (folder.name, started)
    return None


def _never_began(folder: Path) -> bool:
    try:
        result = RunRecord.read(folder).result
    except UNREADABLE:
        return False
    return result.verdict == "failed" and not result.nodes


def _utc() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
