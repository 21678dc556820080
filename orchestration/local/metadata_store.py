"""Where ML Metadata keeps what ran: a SQLite file by default, or a database on a server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.local.workspace import Workspace
from usecase.config import UseCase
from usecase.metadata_url import PASSWORD_VARIABLE, MetadataServer, parse_metadata_url

if TYPE_CHECKING:
    from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig

# Of the client, 2 s apart on average, at a file that another process has locked: with the client's
# own 5, one time in four it would not have waited 5 s.
TRIES = 10


def connection_config(use_case: UseCase, workspace: Workspace) -> "ConnectionConfig":
    """Returns how to connect to the store of a use case.

    The password of a server is taken from the environment variable METADATA_PASSWORD.

    Args:
        use_case: Says whether there is a server.
        workspace: Holds the SQLite file where there is none; its folder is created.
    """
    return connection_to(use_case.metadata, workspace)


def connection_to(url: str | None, workspace: Workspace) -> "ConnectionConfig":
    """Does the same for the key `metadata` alone, as a run's record holds it."""
    if url is None:
        return sqlite_config(workspace.metadata)
    return server_config(parse_metadata_url(url))


def sqlite_config(path: Path) -> "ConnectionConfig":
    """Returns how to connect to a SQLite file, which need not be there; its folder is created."""
    from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig, SqliteMetadataSourceConfig

    path.parent.mkdir(parents=True, exist_ok=True)
    config = ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    config.retry_options.max_num_retries = TRIES
    return config


def server_config(server: MetadataServer) -> "ConnectionConfig":
    """Returns how to connect to a database on a server."""
    from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig

    config = ConnectionConfig()
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if server.kind == "mysql":
        mysql = config.mysql
        # The name "localhost" would make the client look for a socket file.
        mysql.host = "127.0.0.1" if server.host == "localhost" else server.host
        mysql.port, mysql.user = server.port, server.user
        mysql.database, mysql.password = server.database, password
        if server.tls:
            mysql.ssl_options.cipher = "DEFAULT"  # any option makes the client offer TLS
    else:
        postgresql = config.postgresql
        postgresql.host, postgresql.port = server.host, str(server.port)
        postgresql.user, postgresql.dbname = server.user, server.database
        if password:
            postgresql.password = _quoted(password)
    return config


def _quoted(value: str) -> str:
    """Quotes a value as libpq reads it: ML Metadata puts it into a line of settings as it is."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
