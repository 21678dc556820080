"""What the pipeline pushed: models of this machine, their versions, and where those are from."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from serving.errors import ServingError

PUSHED = Path("outputs") / "serving"  # the local runner's, in the folder that it is run from
PUSH_RECORD = Path("assets.extra") / "push.json"


class Push(NamedTuple):
    """How a version came to where it is.

    Attributes:
        run: The pipeline run that pushed it.
        when: The time in UTC, ISO 8601.
    """

    run: str
    when: str


def versions(folder: str | Path) -> list[int]:
    """Returns the versions in a model's folder, ascending; none if there is no such folder.

    A version is a whole number from 1, written without leading zeros.
    """
    try:
        names = [entry.name for entry in Path(folder).iterdir() if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(int(name) for name in names if re.fullmatch(r"[1-9][0-9]*", name))


def push_of(folder: Path, version: int) -> Push | None:
    """Returns where a version is from; None where that was not recorded or cannot be read.

    Args:
        folder: The model's folder.
        version: One of its versions.
    """
    try:
        found = json.loads((folder / str(version) / PUSH_RECORD).read_text(encoding="utf-8"))
        push = Push(found["run"], found["when"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return push if all(isinstance(value, str) for value in push) else None


def only_model(folder: Path, option: str) -> Path:
    """Returns the only folder in a folder of models.

    Args:
        folder: Where each model has a folder of its versions.
        option: How the command line names a model, for the error.

    Raises:
        ServingError: If there is none, or there are several.
    """
    found = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise ServingError(
            f"there is no model in {folder}",
            expected="a pushed model",
            fix=f"push one (python local_runner.py run), or name one: {option}",
        )
    raise ServingError(
        f"there are several models in {folder}: {', '.join(p.name for p in found)}",
        expected="one of them",
        fix=f"choose: {option}",
    )
