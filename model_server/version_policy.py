"""The availability-preserving policy: which version to load or unload next, if any."""

import enum
from collections.abc import Sequence
from typing import NamedTuple


class Phase(enum.Enum):
    """What the policy has to know of a version's state."""

    NEW = enum.auto()
    READY = enum.auto()
    OTHER = enum.auto()  # on its way, or failed


class Snapshot(NamedTuple):
    """One version of a model, at one moment."""

    version: int
    phase: Phase
    is_aspired: bool


class Action(NamedTuple):
    """What to do next."""

    load: bool
    version: int


def next_action(versions: Sequence[Snapshot]) -> Action | None:
    """Decides what to do with the versions of one model.

    An old version is given up only when a wanted one is ready, so the model stays available; of
    several old ones the highest stays until then.

    Args:
        versions: All that are wanted, loaded or on their way.

    Returns:
        One action; None when there is nothing to do before a state changes.
    """
    aspired = [each for each in versions if each.is_aspired]
    old = [each.version for each in versions if not each.is_aspired and each.phase is Phase.READY]
    is_serving = any(each.phase is Phase.READY for each in aspired)
    if old and (not aspired or is_serving or len(old) > 1):
        return Action(load=False, version=min(old))
    new = [each.version for each in aspired if each.phase is Phase.NEW]
    return Action(load=True, version=max(new)) if new else None
