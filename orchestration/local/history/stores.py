"""The ML Metadata store of a use case, opened where it is."""

from collections.abc import Mapping
from typing import Any

from orchestration.local import store_probe
from orchestration.local.history.lineage import Lineage, MetadataStore
from orchestration.local.metadata_store import connection_to
from orchestration.local.sqlite_store import require_unlocked
from orchestration.local.workspace import Workspace
from usecase.errors import UserError


def open_store(workspace: Workspace, config: Mapping[str, Any]) -> MetadataStore | None:
    """Opens the store; None if nothing was ever written to it.

    Args:
        workspace: The output folder of the use case.
        config: The use case as one of its runs recorded it; {} if it is not known.

    Raises:
        UserError: If it cannot be opened, or a server does not answer, or a file stays locked.
    """
    url = config.get("metadata")
    if url is None:
        if not workspace.metadata.is_file():
            return None
        require_unlocked(workspace.metadata)
    try:
        connection = connection_to(url, workspace)
        if url is not None:  # ML Metadata itself would wait without end for a server's answer
            store_probe.last_execution(connection)
        return MetadataStore(connection)
    except Exception as error:  # the library raises one class for each status of its own
        raise UserError(
            f'the metadata of "{workspace.use_case}" cannot be read: {_first_line(error)}',
            expected="a store of ML Metadata, as a run leaves it",
            fix=f"see {url or workspace.metadata}",
        ) from error


def read_lineage(workspace: Workspace, config: Mapping[str, Any]) -> Lineage:
    """Returns what the store knows of the use case; nothing if there is no store.

    Raises:
        UserError: If it cannot be read.
    """
    return lineage_of(open_store(workspace, config), workspace)


def lineage_of(store: MetadataStore | None, workspace: Workspace) -> Lineage:
    """Returns the same of a store that is open."""
    return store.lineage(workspace.use_case) if store else Lineage({}, ())


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
