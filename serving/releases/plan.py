"""What servers should do by a release's state: the entry of a model in their config file."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from serving.pushed import versions
from serving.releases.state import CANARY, STABLE, State

SAVED_MODEL = "saved_model.pb"


class Entry(NamedTuple):
    """A model in the servers' config file.

    Attributes:
        base_path: Its folder, as servers see it.
        versions: Those to serve, ascending.
        labels: The version of each label.
    """

    base_path: str
    versions: tuple[int, ...]
    labels: dict[str, int]


def on_disk(folder: Path) -> list[int]:
    """Returns the versions that a server can find a model in, ascending."""
    return [each for each in versions(folder) if (folder / str(each) / SAVED_MODEL).is_file()]


def entry(state: State, folder: Path, there: Collection[int], more: Iterable[int] = ()) -> Entry:
    """Returns what a state asks of servers.

    Args:
        state: The state.
        folder: The folder of the model's versions.
        there: The versions on the disk.
        more: Versions to serve beside those.
    """
    targets = labels(state, there)
    wanted = {*targets.values(), *kept(state, there), *more} & set(there)
    return Entry(state.base_path or str(folder), tuple(sorted(wanted)), targets)


def kept(state: State, there: Collection[int]) -> list[int]:
    """Returns the versions that stay loaded for a rollback, newest first."""
    return [each for each in state.stables[1:] if each in there][: state.keep]


def labels(state: State, there: Collection[int]) -> dict[str, int]:
    """Returns the version of each label: a canary that is gone from the disk is none."""
    known = state.labels
    return known if known[CANARY] in there else {**known, CANARY: known[STABLE]}
