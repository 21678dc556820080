"""The address of a database server in which ML Metadata keeps what ran."""

import re
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from usecase.errors import did_you_mean

Kind = Literal["mysql", "postgresql"]
PORTS: dict[str, int] = {"mysql": 3306, "postgresql": 5432}
PASSWORD_VARIABLE = "METADATA_PASSWORD"  # noqa: S105, the name of a variable
# MySQL's own word for: encrypted if the server can, whoever the server is. ML Metadata's
# client verifies no certificate, and goes on without TLS where there is none.
SSL_MODE, PREFERRED = "ssl_mode", "preferred"
# ML Metadata creates the database by its bare name, which servers fold to lower case.
DATABASE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# It also writes user and host into a line of settings as they are.
PLAIN = re.compile(r"[^\s'\"\\]+")
EXAMPLE = "mysql://USER@HOST:3306/DATABASE or postgresql://USER@HOST:5432/DATABASE"


class MetadataServer(NamedTuple):
    """A database on a server.

    Attributes:
        kind: What the server speaks: "mysql" (MariaDB as well) or "postgresql".
        user: Who connects.
        host: Name or address of the server.
        port: Its TCP port.
        database: The database, which is created where it is missing.
        tls: mysql: whether the connection is encrypted where the server can.
    """

    kind: Kind
    user: str
    host: str
    port: int
    database: str
    tls: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{self.user}@{host}:{self.port}/{self.database}"


def parse_metadata_url(url: str) -> MetadataServer:
    """Reads the address of a database server.

    Raises:
        ValueError: If it is none, or holds a password; the message never repeats a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"no address of a database: use {EXAMPLE}") from error
    if parts.password is not None or "password" in parts.query.lower():
        raise ValueError(
            "no password here: configurations are kept in records and logs; set the environment "
            f"variable {PASSWORD_VARIABLE} instead"
        )
    if parts.scheme not in PORTS:
        raise ValueError(f'unknown scheme "{parts.scheme}": {did_you_mean(parts.scheme, PORTS)}')
    kind: Kind = "mysql" if parts.scheme == "mysql" else "postgresql"
    server = MetadataServer(
        kind,
        unquote(parts.username or ""),
        unquote(parts.hostname or ""),
        PORTS[kind] if port is None else port,
        unquote(parts.path.removeprefix("/")),
        _tls(kind, parts),
    )
    _require_usable(server, parts)
    return server


def _tls(kind: str, parts: SplitResult) -> bool:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if kind == "postgresql" and options:
        raise ValueError(
            "a postgresql:// address takes no options: ML Metadata's PostgreSQL client is built "
            "without TLS"
        )
    if options and options != {SSL_MODE: PREFERRED}:
        raise ValueError(
            f"unknown option in {parts.query}: the only one is {SSL_MODE}={PREFERRED}, since ML "
            "Metadata's client verifies no certificate"
        )
    return bool(options)


def _require_usable(server: MetadataServer, parts: SplitResult) -> None:
    if not PLAIN.fullmatch(server.user) or not PLAIN.fullmatch(server.host) or parts.fragment:
        raise ValueError(f"user or host is missing, or cannot be used: use {EXAMPLE}")
    if not DATABASE.fullmatch(server.database):
        raise ValueError(
            f'"{server.database}" is no name of a database here: lower-case letters, digits and '
            "underscores"
        )
    if server.port == 0:
        raise ValueError("port 0 is none: a server listens on 1 to 65535")
