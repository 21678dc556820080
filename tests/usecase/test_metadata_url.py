"""Addresses of database servers: what is read, and what is refused without repeating a password."""

import re
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.errors import ConfigError
from usecase.loading import parse_use_case
from usecase.metadata_url import MetadataServer, parse_metadata_url
from usecase.paths import PROJECT_ROOT

TAXI = (PROJECT_ROOT / "configs" / "taxi.yaml").read_text()
HOSTS = st.sampled_from(["localhost", "10.0.0.7", "db.example.com", "::1"])
NAMES = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=63)
USERS = st.text(string.ascii_letters + string.digits + "._@-:/", min_size=1, max_size=20)
PORTS = st.integers(1, 65535)


def test_both_kinds_with_their_usual_ports():
    assert parse_metadata_url("mysql://me@db/ml") == MetadataServer("mysql", "me", "db", 3306, "ml")
    found = parse_metadata_url("postgresql://me@db/ml")
    assert found == MetadataServer("postgresql", "me", "db", 5432, "ml")
    assert str(found) == "postgresql://me@db:5432/ml"


def test_tls_is_an_option_of_mysql():
    assert parse_metadata_url("mysql://me@db/ml?ssl_mode=preferred").tls
    assert not parse_metadata_url("mysql://me@db/ml").tls
    with pytest.raises(ValueError, match="without TLS"):
        parse_metadata_url("postgresql://me@db/ml?sslmode=require")


@given(
    st.sampled_from(["mysql", "postgresql"]),
    USERS,
    HOSTS,
    PORTS,
    NAMES.filter(lambda n: n[0] > "9"),
)
def test_what_is_written_is_read(kind, user, host, port, database):
    server = MetadataServer(kind, user, host, port, database)
    shown = f"[{host}]" if ":" in host else host
    url = f"{kind}://{quote(user, safe='')}@{shown}:{port}/{database}"
    assert parse_metadata_url(url) == server


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("mysql://me@db:99999/ml", "no address of a database"),
        ("mysql://me@db:port/ml", "no address of a database"),
        ("mysql://[me@db/ml", "no address of a database"),
        ("mysql://me@db:0/ml", "port 0"),
        ("mysql://db/ml", "user or host is missing"),
        ("mysql://me@/ml", "user or host is missing"),
        ("mysql://me@db/ml#x", "user or host is missing"),
        ("postgresql://m%20e@db/ml", "user or host is missing"),
        ("postgresql://m%27e@db/ml", "user or host is missing"),
        ("mysql://me@db", '"" is no name of a database'),
        ("mysql://me@db/Ml", '"Ml" is no name of a database'),
        ("mysql://me@db/ml;drop", '"ml;drop" is no name of a database'),
        ("mysql://me@db/ml?ssl_ca=x", "unknown option in ssl_ca=x"),
        ("mysql://me@db/ml?ssl_mode=verify_ca", "verifies no certificate"),
        ("mysql://me@db/ml?ssl_mode=preferred&a=b", "unknown option"),
        ("postgres://me@db/ml", 'unknown scheme "postgres": did you mean "postgresql"?'),
        ("sqlite:///ml.db", 'unknown scheme "sqlite": known: mysql, postgresql'),
        ("outputs/metadata.db", 'unknown scheme ""'),
        ("", 'unknown scheme ""'),
    ],
)
def test_what_is_no_address(url, what):
    with pytest.raises(ValueError, match=re.escape(what)):
        parse_metadata_url(url)


@given(st.text(string.ascii_letters + string.digits + "!$&*+,;=~.-_", min_size=6, max_size=30))
def test_a_password_is_refused_and_never_repeated(password):
    for url in (f"mysql://me:{password}@db/ml", f"mysql://me@db/ml?password={password}"):
        with pytest.raises(ValueError, match="METADATA_PASSWORD") as caught:
            parse_metadata_url(url)
        assert password not in str(caught.value) or password in "environment variable instead"


def test_a_configuration_says_what_is_wrong_without_the_password():
    with pytest.raises(ConfigError) as caught:
        parse_use_case(f"{TAXI}\nmetadata: mysql://me:Xyzzy7@db/ml\n")
    assert "metadata: no password here" in str(caught.value)
    assert "METADATA_PASSWORD" in str(caught.value)
    assert "Xyzzy7" not in str(caught.value)
    assert caught.value.__suppress_context__  # pydantic's own error shows the whole text


def test_a_configuration_may_name_a_server():
    assert parse_use_case(TAXI).metadata is None
    url = "postgresql://ml@db.example.com:5433/pipelines"
    assert parse_use_case(f"{TAXI}\nmetadata: {url}\n").metadata == url
