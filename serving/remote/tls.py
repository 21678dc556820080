"""Certificates of an encrypted connection."""

from dataclasses import dataclass
from pathlib import Path

from serving.errors import ServingError


@dataclass(frozen=True)
class TLS:
    """What an encrypted connection is checked with.

    Attributes:
        root_certificates: A PEM file with those that the server's certificate is checked against;
            None for the ones of the system.
        certificate_chain: A PEM file with the client's own certificate, where the server asks for
            one.
        private_key: A PEM file with its key.
        server_name: The name that the server's certificate has, where that is not the host of the
            address.
    """

    root_certificates: str | Path | None = None
    certificate_chain: str | Path | None = None
    private_key: str | Path | None = None
    server_name: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate_chain is None) != (self.private_key is None):
            raise ServingError(
                "a client's certificate and its key belong together",
                expected="both certificate_chain and private_key, or neither",
                fix="give the other one as well",
            )
        for path in (self.root_certificates, self.certificate_chain, self.private_key):
            read_pem(path)


def read_pem(path: str | Path | None) -> bytes | None:
    """Returns what is in a PEM file; None of no file.

    Raises:
        ServingError: If it cannot be read, or is no PEM file.
    """
    if path is None:
        return None
    try:
        content = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ServingError(
            f"certificate not readable: {path} ({error})", fix="check the path"
        ) from error
    if b"-----BEGIN " not in content:
        raise ServingError(
            f"{path} holds no certificate and no key",
            expected="a PEM file: -----BEGIN ...",
            fix="convert it: openssl x509 -inform der -in FILE -out FILE.pem",
        )
    return content
