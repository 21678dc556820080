"""A metadata store is ready before a run begins: found out without TFX, in a third of a second."""

import socket
from pathlib import Path

from orchestration.local import store_probe
from orchestration.local.aside import set_aside
from orchestration.local.metadata_store import connection_config
from orchestration.local.sqlite_store import require_sound
from orchestration.local.workspace import Workspace
from usecase.config import UseCase
from usecase.errors import UserError
from usecase.metadata_url import (
    PASSWORD_VARIABLE,
    PREFERRED,
    SSL_MODE,
    MetadataServer,
    parse_metadata_url,
)

REACH_S = 10.0
EXECUTIONS = "*/*/[0-9]*"  # below the artifacts: <node>/<output>/<id of the execution>


def ready_store(use_case: UseCase, workspace: Workspace, run_id: str) -> tuple[str, ...]:
    """Checks that a run can use its metadata store.

    A corrupt SQLite file is moved aside. So are artifacts that the store knows nothing of: it
    would count up to their ids, and nodes would write into folders that hold something.

    Args:
        use_case: Says whether the store is on a server.
        workspace: The output folder, locked.
        run_id: The run; on a server it is claimed, since other machines may use the same one.

    Returns:
        Warnings: what was moved, and what follows.

    Raises:
        UserError: If the store cannot be used; nothing has been changed then.
    """
    if use_case.metadata is None:
        warning = require_sound(workspace.metadata)
        last = _last_in_file(use_case, workspace)
    else:
        warning = ""
        server = parse_metadata_url(use_case.metadata)
        last = _last_on_server(server, use_case, workspace, run_id)
    moved = _set_unknown_aside(workspace.artifacts, last)
    return tuple(each for each in (warning, moved) if each)


def _last_in_file(use_case: UseCase, workspace: Workspace) -> int:
    if not workspace.metadata.exists():
        return 0
    try:
        return store_probe.last_execution(connection_config(use_case, workspace))
    except store_probe.RefusedError as error:
        raise UserError(
            f"ML Metadata cannot use its store {workspace.metadata}: {error}",
            expected="a store that this version of TFX, or an older one, has written",
            fix="run in the environment that wrote it, or choose another --output-dir",
        ) from error


def _last_on_server(
    server: MetadataServer, use_case: UseCase, workspace: Workspace, run_id: str
) -> int:
    _require_reachable(server)
    try:
        return store_probe.last_execution(
            connection_config(use_case, workspace), f"{use_case.name}/{run_id}"
        )
    except store_probe.ClaimedError as error:
        raise UserError(
            f'{server} holds a run {run_id} of "{use_case.name}" already: another machine has '
            "started one in the same second",
            fix="run again",
        ) from error
    except store_probe.RefusedError as error:
        raise UserError(
            f"metadata server {server} cannot be used: {error}",
            expected=_expected(server),
            fix=f"mend `metadata`, the variable {PASSWORD_VARIABLE}, or the rights on the server",
        ) from error


def _expected(server: MetadataServer) -> str:
    text = (
        f'user "{server.user}" with the password of {PASSWORD_VARIABLE}, who may create '
        f'the database "{server.database}", or tables in it'
    )
    if server.kind == "mysql":
        # Its client raises without a reason where it is turned away.
        text += f"; mysql_native_password; TLS only with ?{SSL_MODE}={PREFERRED}"
    return text


def _require_reachable(server: MetadataServer) -> None:
    try:
        socket.create_connection((server.host, server.port), timeout=REACH_S).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise UserError(
            f"metadata server not reachable: {server.host}:{server.port} ({why})",
            expected=f"a {server.kind} server that listens there",
            fix="start it, or mend `metadata`",
        ) from error


def _set_unknown_aside(artifacts: Path, last: int) -> str:
    """Moves artifacts aside if one is of an execution that the store has not come to yet."""
    ids = (path.name for path in artifacts.glob(EXECUTIONS))
    if max((int(name) for name in ids if name.isdecimal()), default=0) <= last:
        return ""
    try:
        aside = set_aside(artifacts, "aside")
    except OSError as error:
        raise UserError(
            f"artifacts that the metadata store knows nothing of cannot be moved aside: "
            f"{artifacts} ({error.strerror})",
            fix="move that folder away, or choose another --output-dir",
        ) from error
    return (
        f"the metadata store knows nothing of earlier artifacts, which are now in {aside}: "
        "delete them when nobody needs them"
    )
