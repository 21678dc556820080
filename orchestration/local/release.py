"""The release beside the served models of a use case, as a run finds it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from components.promotion import one_line
from orchestration.results import Release
from pipeline.stage_names import PUSHERS
from serving.errors import ServingError
from serving.releases.state import State
from serving.releases.store import read_state

if TYPE_CHECKING:
    from orchestration.local.execute import Execution


class Found(NamedTuple):
    """What lies beside the versions.

    Attributes:
        state: The release; None if there is none, or it cannot be read.
        problem: Why it cannot be read; "" if it can.
    """

    state: State | None
    problem: str = ""

    @property
    def release(self) -> Release | None:
        """What of it belongs to the outcome of a run."""
        return Release(self.state.stable, self.state.canary) if self.state else None


def find_release(folder: Path) -> Found:
    """Reads the release of a model; one that is damaged fails no run.

    Args:
        folder: The model's folder.
    """
    try:
        return Found(read_state(folder))
    except ServingError as error:
        return Found(None, one_line(error))


def not_promoted(executions: "Mapping[str, Execution]") -> str:
    """Returns what went wrong as this run's Pusher made a version stable; "" if nothing did.

    Args:
        executions: The nodes that were executed, by id.
    """
    execution = executions.get(PUSHERS["serving"])
    told = execution.output_properties if execution else {}
    if not told.get("not_promoted"):
        return ""
    return f"promotion of version {told.get('pushed_version')}: {told['not_promoted']}"
