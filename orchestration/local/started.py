"""What a run leaves when it starts, so that one that never ends is on record as well."""

import dataclasses
import datetime
import os
from collections.abc import Iterator
from pathlib import Path

from orchestration.local.asked import Asked
from orchestration.local.workspace import is_run_id
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
        origin_started: When that one began, as ISO 8601, since its folder may be gone; "" in
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
    origin_started: str = ""
    interrupted: str = ""

    @classmethod
    def now(
        cls, use_case: str, asked: Asked, key: str, origin: str, origin_started: str = ""
    ) -> "Started":
        """Returns the record of a run that this process starts.

        Args:
            use_case: Name of the use case.
            asked: What it is asked for.
            key: Digest of all that it is made of.
            origin: Id of the first of the runs that it goes on with; its own if with none.
            origin_started: When that one began; "" if it is this one.
        """
        now = _utc()
        return cls(
            use_case,
            started=now,
            pid=os.getpid(),
            key=key,
            origin=origin,
            origin_started=origin_started or now,
            **dataclasses.asdict(asked),
        )

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


def unfinished(runs: Path, use_case: str, *, before: str) -> Iterator[tuple[str, Started]]:
    """Yields the runs of a use case that never ended, the last first, back to one that did.

    One that failed before its first node changed nothing, and is passed over; so are folders with
    a name of somebody's own, copies of runs for example.

    Args:
        runs: The folder of all runs.
        use_case: Name of the use case.
        before: Id of the run that asks.

    Yields:
        The id of each and what it left.
    """
    for folder in sorted(runs.glob("*/"), reverse=True):
        if folder.name >= before or not is_run_id(folder.name):
            continue
        try:
            started = Started.read(folder)
        except UNREADABLE:
            continue
        if started.use_case != use_case or _never_began(folder):
            continue
        if (folder / RECORD_FILE).exists():
            return
        yield folder.name, started


def _never_began(folder: Path) -> bool:
    try:
        result = RunRecord.read(folder).result
    except UNREADABLE:
        return False
    return result.verdict == "failed" and not result.nodes


def _utc() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
