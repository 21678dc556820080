"""Encrypted connections: certificates of a server and of a client, checked by both."""

import datetime
import ipaddress
import ssl
from types import SimpleNamespace

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from serving.client import ServingClient
from serving.errors import ServingError
from serving.remote.tls import TLS
from tests.serving.client_world import answers, grpc_server, http_server

ROWS = {"x": [1.0, 2.0]}
GOOD = answers(200, {"outputs": [1.5, 1.5]})
PEM = serialization.Encoding.PEM


def certificate(name, key, issuer, issuer_key, *, is_root=False, addresses=()):
    now = datetime.datetime(2020, 1, 1)
    names = [x509.DNSName(name), *(x509.IPAddress(ipaddress.ip_address(a)) for a in addresses)]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=365 * 100))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(  # which Python asks of a root from 3.13 on
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=is_root,
                crl_sign=is_root,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """PEM files: a root; by it a server at 127.0.0.1, one of a name, a client; and a stranger."""
    folder = tmp_path_factory.mktemp("tls")
    keys = {
        n: ec.generate_private_key(ec.SECP256R1())
        for n in ("root", "local", "named", "client", "stranger")
    }
    made = {
        "root": certificate("root", keys["root"], "root", keys["root"], is_root=True),
        "local": certificate("x", keys["local"], "root", keys["root"], addresses=["127.0.0.1"]),
        "named": certificate("models.test", keys["named"], "root", keys["root"]),
        "client": certificate("client", keys["client"], "root", keys["root"]),
        "stranger": certificate(
            "stranger", keys["stranger"], "stranger", keys["stranger"], is_root=True
        ),
    }
    paths = SimpleNamespace()
    for name, one in made.items():
        (folder / f"{name}.pem").write_bytes(one.public_bytes(PEM))
        (folder / f"{name}.key").write_bytes(
            keys[name].private_bytes(
                PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        setattr(paths, name, folder / f"{name}.pem")
    return paths


def key(path):
    return path.with_suffix(".key")


def serve(kind, files, certificate_file, *, asks_client=False):
    """Runs an encrypted server of a kind."""
    if kind == "grpc":
        pair = (key(certificate_file).read_bytes(), certificate_file.read_bytes())
        root = files.root.read_bytes() if asks_client else None
        return grpc_server([None], grpc.ssl_server_credentials([pair], root, asks_client))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key(certificate_file))
    if asks_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files.root)
    return http_server([GOOD], context)


@pytest.fixture(params=["grpc", "rest"])
def ask(request, files):
    """Returns a function that asks a server with certificates and returns its answer."""

    def do(tls, certificate_file=files.local, **options):
        with serve(request.param, files, certificate_file, **options) as server:
            client = ServingClient(server.address, "m", tls=tls, retries=0, timeout=5)
            with client:
                return client.predict(ROWS)["y"].tolist()

    return do


def test_a_server_with_a_certificate(ask, files):
    assert ask(TLS(root_certificates=files.root)) == [1.5, 1.5]
    with pytest.raises(ServingError, match=r"127\.0\.0\.1") as caught:
        ask(TLS(root_certificates=files.stranger))
    assert "TLS(root_certificates=..." in caught.value.fix


def test_a_server_of_another_name(ask, files):
    tls = TLS(root_certificates=files.root, server_name="models.test")
    assert ask(tls, files.named) == [1.5, 1.5]
    with pytest.raises(ServingError):
        ask(TLS(root_certificates=files.root), files.named)


def test_a_server_that_asks_for_a_certificate(ask, files):
    own = {"certificate_chain": files.client, "private_key": key(files.client)}
    assert ask(TLS(root_certificates=files.root, **own), asks_client=True) == [1.5, 1.5]
    with pytest.raises(ServingError):
        ask(TLS(root_certificates=files.root), asks_client=True)


def test_certificates_for_an_address_without():
    with pytest.raises(ServingError, match="is not encrypted") as caught:
        ServingClient("http://localhost:8501", tls=TLS())
    assert caught.value.expected == "https://"


def test_files_that_are_none(tmp_path, files):
    with pytest.raises(ServingError, match="certificate not readable"):
        TLS(root_certificates=tmp_path / "gone.pem")
    (tmp_path / "x.der").write_bytes(b"\x30\x82")
    with pytest.raises(ServingError, match="holds no certificate and no key"):
        TLS(root_certificates=tmp_path / "x.der")
    with pytest.raises(ServingError, match="certificate and its key belong together"):
        TLS(certificate_chain=files.client)
