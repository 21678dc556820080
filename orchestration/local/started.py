"""What a run leaves when it starts, so that one that never ends is on record as well."""

import dataclasses
import datetime
import json
import os
from pathlib import Path

from orchestration.records import RECORD_FILE, RunRecord

STARTED_FILE = "started.json"
# What a record of another version of this program raises, and one that is not there.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)


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
    interrupted: str = ""

    @classmethod
    def now(
        cls, use_case: str, config: str, key: str, selection: str, overrides: tuple[str, ...]
    ) -> "Started":
        """Returns the record of a run that this process starts."""
        return cls(use_case, config, _utc(), os.getpid(), key, selection, overrides)

    def write(self, folder: Path) -> None:
        """Writes it into the folder of its run, whole or not at all."""
        incoming = folder / f"{STARTED_FILE}.new"
        incoming.write_text(json.dumps(dataclasses.asdict(self), indent=1), encoding="utf-8")
        incoming.replace(folder / STARTED_FILE)

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
        raw = json.loads((folder / STARTED_FILE).read_text(encoding="utf-8"))
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
