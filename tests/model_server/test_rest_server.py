"""The REST port by itself: binding, stopping, bounds on headers, and what nobody expected."""

import contextlib
import json
import logging
import socket
import time

import pytest

from model_server.metrics import Metrics
from model_server.options import Options
from model_server.rest_server import RestServer, metrics_path
from model_server.status import StatusError
from tests.model_server.world import free_port

OK_PATH = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"


@contextlib.contextmanager
def listening(metrics=None, **flags):
    """A REST port without models, in this process; gives a function that connects to it."""
    options = Options(rest_api_port=free_port(), **flags)
    server = RestServer(None, options, metrics or Metrics())
    server.start()
    try:
        yield lambda: socket.create_connection((options.host, options.rest_api_port), timeout=10)
    finally:
        server.stop(grace=1)


def read_all(connection):
    """What the server says until it closes."""
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


def read_answer(connection):
    """One answer with its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head, body[:length]


def test_headers_and_body_leave_together():
    with listening() as connect, connect() as connection:
        connection.sendall(OK_PATH)
        time.sleep(0.2)
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert json.loads(body) == {"error": "Missing model name in request."}


def test_a_connection_is_kept_and_requests_may_be_pipelined():
    with listening() as connect, connect() as connection:
        for _ in range(3):
            connection.sendall(OK_PATH)
            assert read_answer(connection)[0].startswith(b"HTTP/1.1 400 ")
        connection.sendall(OK_PATH + OK_PATH.replace(b"1.1", b"1.0"))
        assert read_all(connection).count(b"Missing model name") == 2


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = RestServer(None, Options(rest_api_port=port), Metrics())
        with pytest.raises(OSError, match=rf"cannot serve REST on 127\.0\.0\.1:{port}: Address al"):
            server.start()
        server.stop(grace=1)


def test_a_stopped_server_frees_its_port_although_clients_are_connected():
    with listening() as connect:
        idle, kept = connect(), connect()
        kept.sendall(OK_PATH)
        read_answer(kept)
        address = kept.getpeername()
        started = time.monotonic()
    assert time.monotonic() - started < 3
    with idle, kept:
        assert idle.recv(1) == b""
        assert kept.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=1)


def test_a_request_that_is_under_way_at_the_stop_is_answered():
    with listening() as connect:
        connection = connect()
        connection.sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 5\r\n\r\n{")
        time.sleep(0.2)
    with connection:
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"error": "The server is shutting down"' in answer


def test_headers_have_a_largest_size():
    with listening() as connect, connect() as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nX: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(b"x" * 4096)
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = read_all(connection)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
        with connect() as another:
            another.sendall(OK_PATH)
            assert read_answer(another)[0].startswith(b"HTTP/1.1 400 ")


def test_headers_must_arrive_in_time(monkeypatch):
    monkeypatch.setattr("model_server.rest_protocol.HEADER_SECONDS", 0.5)
    with listening() as connect, connect() as connection:
        started = time.monotonic()
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nX:")
        time.sleep(0.3)
        connection.sendall(b" still not done")
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")
        assert 0.4 < time.monotonic() - started < 5


def test_a_connection_may_not_be_silent_for_ever(monkeypatch):
    monkeypatch.setattr("model_server.rest_protocol.KEEP_ALIVE_SECONDS", 0.3)
    with listening() as connect, connect() as connection:
        assert read_all(connection) == b""


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"CONNECT example.org:80 HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_json(garbage):
    with listening() as connect, connect() as connection:
        connection.sendall(garbage)
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
        assert b"content-type: application/json" in head
        assert list(json.loads(body)) == ["error"]


def test_a_websocket_is_an_ordinary_request():
    with listening() as connect, connect() as connection:
        connection.sendall(
            b"GET /v1/models HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        assert read_answer(connection)[0].startswith(b"HTTP/1.1 400 ")


def test_what_nobody_expected_is_500_logged_and_counted(caplog):
    metrics = Metrics()
    request = b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
    with caplog.at_level(logging.ERROR), listening(metrics) as connect, connect() as connection:
        connection.sendall(request)  # there are no models to be asked
        head, body = read_answer(connection)
        assert head.startswith(b"HTTP/1.1 500 ")
        assert json.loads(body) == {"error": "Internal error: AttributeError"}
        connection.sendall(OK_PATH)
        assert read_answer(connection)[0].startswith(b"HTTP/1.1 400 ")
    assert "A REST request failed unexpectedly: predict m" in caplog.text
    assert b'request_count{model_name="m",status="INTERNAL"} 1' in metrics.render()


def test_where_the_prometheus_page_is(tmp_path):
    def path(text):
        (tmp_path / "monitoring").write_text(text)
        return metrics_path(Options(monitoring_config_file=str(tmp_path / "monitoring")))

    assert metrics_path(Options()) == ""
    assert path("prometheus_config { enable: false }") == ""
    assert path("prometheus_config { enable: true }") == "/monitoring/prometheus/metrics"
    assert path('prometheus_config { enable: true path: "/m" }') == "/m"
    with pytest.raises(StatusError, match="MonitoringConfig"):
        path("nonsense")


def test_cors_is_allowed_only_where_it_is_asked_for():
    preflight = (
        b"OPTIONS /v1/models/m:predict HTTP/1.1\r\nOrigin: https://example.org\r\n"
        b"Access-Control-Request-Method: POST\r\n\r\n"
    )
    allowed = (
        b"access-control-allow-origin: *",
        b"access-control-allow-methods: POST, GET",
        b"access-control-allow-headers: Content-Type",
    )
    with listening(rest_api_enable_cors_support=True) as connect, connect() as connection:
        for request, status in [(preflight, b"200"), (OK_PATH, b"400")]:
            connection.sendall(request)
            lines = read_answer(connection)[0].split(b"\r\n")
            assert lines[0].split()[1] == status
            assert set(allowed) <= set(lines)
    with listening() as connect, connect() as connection:
        connection.sendall(preflight)
        head = read_answer(connection)[0]
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"access-control" not in head
        connection.sendall(preflight.replace(b"https://", b"file://"))
        assert read_answer(connection)[0].startswith(b"HTTP/1.1 400 ")
