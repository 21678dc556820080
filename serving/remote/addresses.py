"""An address of a model server to the connection that it means."""

from collections.abc import Mapping

from serving.errors import ServingError
from serving.remote.tls import TLS
from serving.remote.transport import Transport


def connect(address: str, tls: TLS | None, headers: Mapping[str, str]) -> Transport:
    """Returns the connection that an address means.

    Raises:
        ServingError: If it means none.
    """
    scheme, separator, _ = address.partition("://")
    if separator and scheme in ("http", "https"):
        from serving.remote.rest_transport import RestTransport

        if tls is not None and scheme == "http":
            raise ServingError(
                f"certificates are given, and {address} is not encrypted",
                expected="https://",
                fix="correct the address, or give no TLS",
            )
        return RestTransport(address, tls, headers)
    if separator or not _is_grpc(address):
        raise ServingError(
            f"no address of a server: {address}",
            expected='"host:8500" for gRPC, "http://host:8501" or "https://..." for REST',
            fix="correct it",
        )
    from serving.remote.grpc_transport import GrpcTransport

    return GrpcTransport(address, tls, headers)


def _is_grpc(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return address.startswith("unix:") or (bool(host) and port.isdecimal())
