"""What `up` serves: a model's release, or its newest version where there can be none."""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from serving.errors import ServingError
from serving.releases.plan import on_disk
from serving.releases.state import State
from serving.releases.store import LOCK_FILE, read_state
from serving.releases.work import config_path
from serving.servers.setup import CONFIG_FLAG

AS_BEFORE = "so the newest version is served, without labels"


class Served(NamedTuple):
    """What a server is started on.

    Attributes:
        name: The model's name in requests.
        state: The release; None if the newest version is served, without labels.
        config_file: Its model config file, absolute.
        notes: What a user should know, in lines.
    """

    name: str
    state: State | None
    config_file: Path | None
    notes: tuple[str, ...]


def find(folder: Path, name: str | None, flags: Sequence[str] = ()) -> Served:
    """Returns what is to be served; a release is begun where there is none.

    Args:
        folder: The model's folder.
        name: The model's name in requests; None takes the release's, else the folder's.
        flags: More flags of the server.

    Raises:
        ServingError: If the release is of another name or damaged, or cannot be served from here.
    """
    folder = folder.expanduser().resolve()
    if any(flag.partition("=")[0] == CONFIG_FLAG for flag in flags):
        return _as_before(folder, name, f"{CONFIG_FLAG} is given: it says what is served")
    if not on_disk(folder):
        return _as_before(folder, name, f"no version in {folder} can have a label, {AS_BEFORE}")
    before = read_state(folder)
    if before is not None and before.stable not in on_disk(folder):
        raise ServingError(
            f"version {before.stable}, which is stable, is gone from {folder}",
            expected="a stable version that can be served",
            fix="go back (python -m serving rollback), or choose another one (python -m serving "
            "promote VERSION --offline)",
        )
    why_not = _why_not(folder)
    if not why_not:
        return _opened(folder, before, name)
    if before is None:
        return _as_before(folder, name, f"{why_not}, {AS_BEFORE}")
    return _as_it_is(folder, before, name, why_not)


def can_read_config() -> bool:
    """Returns whether what a model config file is read with is installed."""
    return importlib.util.find_spec("tensorflow_serving") is not None


def _why_not(folder: Path) -> str:
    """Returns why a release cannot be begun or brought up to date here; "" if it can."""
    if not can_read_config():
        return "tensorflow-serving-api is not installed"
    lock = folder / LOCK_FILE
    if os.access(folder, os.W_OK) and (not lock.exists() or os.access(lock, os.W_OK)):
        return ""
    return f"{folder} cannot be written"


def _opened(folder: Path, before: State | None, name: str | None) -> Served:
    from serving.releases.rollout import By, open_release

    state = open_release(folder, name or (before.model if before else folder.name), By.me())
    notes = []
    if before is None:
        notes.append(
            f"version {state.stable} is stable now, the first of this release; what is pushed "
            "from here on waits for `python -m serving canary` or `promote`"
        )
    return Served(state.model, state, config_path(state, folder), tuple(notes))


def _as_it_is(folder: Path, state: State, name: str | None, why_not: str) -> Served:
    path = config_path(state, folder)
    if not path.is_file():
        raise ServingError(
            f"{path} is not there, and {why_not}",
            expected="the model config file of this release",
            fix="mend that: `up` writes the file anew",
        )
    if name not in (None, state.model):
        raise ServingError(
            f'the release in {folder} is of the model "{state.model}", not "{name}"',
            expected=f"--name {state.model}, or none",
            fix="leave --name out",
        )
    note = f"{why_not}: {path.name} is served as it is"
    return Served(state.model, state, path, (note,))


def _as_before(folder: Path, name: str | None, note: str) -> Served:
    return Served(name or folder.name, None, None, (note,))
