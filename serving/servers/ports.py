"""Ports of this machine: free ones, and whether a wanted one is free."""

import errno
import socket
from contextlib import ExitStack

from serving.errors import ServingError

LAST_PORT = 65535
REST_PORT = 8501  # where `up` serves; REST needs no TensorFlow
LOCAL = f"http://localhost:{REST_PORT}"


def pick(host: str, grpc_port: int | None, rest_port: int | None) -> tuple[int, int]:
    """Returns the two ports, free ones where none is given.

    Raises:
        ServingError: If a given one is taken, not allowed or no port, or both are the same.
    """
    if grpc_port is not None and grpc_port == rest_port:
        raise ServingError(
            f"port {grpc_port} is given for both gRPC and REST",
            expected="two ports",
            fix="choose another --rest-port",
        )
    # Both are held until both are known, so that they differ.
    with ExitStack() as held:
        return _bind(held, host, grpc_port, "--port"), _bind(held, host, rest_port, "--rest-port")


def _bind(held: ExitStack, host: str, port: int | None, flag: str) -> int:
    if port is not None and not 0 < port <= LAST_PORT:
        raise ServingError(
            f"{port} is no port", expected=f"1 to {LAST_PORT}", fix=f"choose another {flag}"
        )
    try:
        family, *_, address = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)[0]
        probe = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        # A server whose port is shared (gRPC shares its own) would answer half of the requests.
        probe.listen(1)
    except OSError as error:
        raise _unusable(host, port, flag, error) from error
    return int(probe.getsockname()[1])


def _unusable(host: str, port: int | None, flag: str, error: OSError) -> ServingError:
    if error.errno == errno.EADDRINUSE:
        what = f"port {port} of {host} is taken"
        return ServingError(
            what, "a free port", f"stop what listens there, or choose another {flag}"
        )
    if error.errno == errno.EACCES:
        return ServingError(
            f"port {port} is not for this user", "1024 or above", f"choose another {flag}"
        )
    return ServingError(
        f"cannot listen on {host}: {error.strerror or error}",
        "an address of this machine",
        "choose another --host",
    )
