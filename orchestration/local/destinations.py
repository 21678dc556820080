"""What lies at the destinations of a use case, and what this run's Pushers did there."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from components import push_destination
from orchestration.local.workspace import Workspace
from orchestration.outcome import Push
from pipeline.stage_names import PUSHERS
from serving.phone.metadata import MODEL_FILES

if TYPE_CHECKING:
    from orchestration.local.execute import Execution


def pushed_digest(workspace: Workspace, destinations: Iterable[str]) -> str:
    """Returns a digest of the newest model at each destination, versions included.

    Args:
        workspace: The output folder.
        destinations: Their names; one that holds no model adds nothing.
    """
    folders = {name: _newest(workspace, name) for name in destinations}
    return " ".join(
        f"{name}/{folder.name}-{push_destination.digest(folder)}"
        for name, folder in folders.items()
        if folder
    )


def pushes(
    workspace: Workspace, destinations: Iterable[str], executions: "Mapping[str, Execution]"
) -> list[Push]:
    """Returns what became of each destination.

    Args:
        workspace: The output folder.
        destinations: Their names.
        executions: The nodes that were executed, by id.
    """
    return [_push(workspace, name, executions.get(PUSHERS[name])) for name in destinations]


def serving_model(workspace: Workspace) -> str | None:
    """Returns the path of the newest model to serve, None if there is none."""
    folder = _newest(workspace, "serving")
    return str(folder) if folder else None


def mobile_model(workspace: Workspace) -> str | None:
    """Returns the path of the newest file for phones, None if there is none."""
    folder = _newest(workspace, "mobile")
    return str(folder / MODEL_FILES["float32"]) if folder else None


def _push(workspace: Workspace, name: str, execution: "Execution | None") -> Push:
    told = execution.output_properties if execution else {}
    version = push_destination.latest_version(workspace.destination(name))
    pushed, up_to_date, promoted = (
        bool(told.get(key)) for key in ("pushed", "up_to_date", "promoted")
    )
    return Push(name, pushed, up_to_date, version, promoted)


def _newest(workspace: Workspace, name: str) -> Path | None:
    folder = workspace.destination(name)
    version = push_destination.latest_version(folder)
    return None if version is None else folder / str(version)
