"""The record of each run on disk: what came of it, and what it was made of."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestration.results import RunResult
from orchestration.run_files import UNREADABLE, read_json, write_json

RECORD_FILE = "run.json"
LOG_FILE = "run.log"
OLD_DIGEST = "serving_digest"  # what the field was called while serving was the only destination


@dataclasses.dataclass(frozen=True)
class Ingredients:
    """All that decided whether a node could be reused.

    Attributes:
        code: Digest of each project file that it runs.
        files: Digest of each file that it is given by path.
        lock: Digest of the dependency locks.
        config: Its properties, flat, as text.
        inputs: Ids of its input artifacts, by input.
    """

    code: dict[str, str]
    files: dict[str, str]
    lock: str
    config: dict[str, str]
    inputs: dict[str, list[int]]


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """One run on disk.

    Attributes:
        result: What came of it.
        use_case: Name of the use case.
        key: Digest of all that the run was made of; equal keys give equal runs.
        pushed_digest: Digest of the models that lay at its destinations when it ended; "" if
            there were none.
        ingredients: What each node was made of, by node id.
        config: The use case as it ran, with what `--set` put in; {} in older records.
        selection: The options that chose a part of the pipeline, for example "--to train"; "" for
            a whole run.
        data: Digest of each data file on this machine, by its path.
        overrides: What `--set` put in, each "key=value".
    """

    result: RunResult
    use_case: str
    key: str
    pushed_digest: str
    ingredients: dict[str, Ingredients]
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    selection: str = ""
    data: dict[str, str] = dataclasses.field(default_factory=dict)
    overrides: list[str] = dataclasses.field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Writes the record, whole or not at all."""
        raw: dict[str, Any] = dataclasses.asdict(self)
        raw["result"] = self.result.to_json()
        write_json(folder / RECORD_FILE, raw)

    @classmethod
    def read(cls, folder: Path) -> "RunRecord":
        """Reads the record of one run.

        Raises:
            OSError: If there is none.
            ValueError, KeyError, TypeError, AttributeError: If another version of this program
                wrote it.
        """
        raw = read_json(folder / RECORD_FILE)
        if OLD_DIGEST in raw:
            raw["pushed_digest"] = raw.pop(OLD_DIGEST)
        nodes = {node: Ingredients(**parts) for node, parts in raw.pop("ingredients").items()}
        result = RunResult.from_json(raw.pop("result"))
        return cls(result=result, ingredients=nodes, **raw)


def records(runs: Path, use_case: str) -> Iterator[RunRecord]:
    """Yields the readable records of a use case, newest first."""
    for folder in sorted(runs.glob("*/"), reverse=True):
        try:
            record = RunRecord.read(folder)
        except UNREADABLE:
            continue
        if record.use_case == use_case:
            yield record
