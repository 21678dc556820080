"""Hosts that are not there, are something else, or do not let one in."""

import contextlib
import http.server
import socket
import ssl
import subprocess
import threading

import pytest

from orchestration.kubeflow.api import host, token, transport
from usecase.errors import UserError


@contextlib.contextmanager
def listening(answer: bytes | None, *, tls=None, hang_ups=0):
    """Accepts connections, and sends the same bytes to each; None: nothing at all.

    The first `hang_ups` are closed as soon as they have sent something.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        done = threading.Event()

        def serve():
            kept = []
            left = hang_ups
            while not done.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    kept.append(connection)
                    if left:
                        left -= 1
                        connection.recv(65536)
                        connection.close()
                        continue
                    if tls is not None:
                        connection = tls.wrap_socket(connection, server_side=True)
                    if answer is not None:
                        connection.recv(65536)
                        connection.sendall(answer)
                        connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def test_no_such_host(runner):
    done = runner("status", host="https://kubeflow.invalid")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: no such host: https://kubeflow.invalid (")
    assert "fix: correct --host" in done.err


def test_nothing_listens(runner):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = runner("status", host=address)
    assert done.status == 2
    assert done.err.startswith(f"error: nothing listens at {address}\n  fix: correct --host, or st")


def test_nothing_answers():
    with listening(None) as address:
        api = transport.Api(address, timeout=0.1)
        with pytest.raises(transport.ApiError, match="does not answer in time") as caught:
            api.get("/runs")
    assert caught.value.timed_out


def test_something_that_does_not_speak_http(runner):
    with listening(b"SSH-2.0-OpenSSH_9.6\r\n") as address:
        done = runner("status", host=address)
    assert done.err.startswith(f"error: what answers at http://{address} does not speak HTTP")


def test_https_where_there_is_none(runner, server):
    done = runner("status", host=server.host.replace("http://", "https://"))
    assert done.status == 2
    assert done.err.startswith("error: no TLS connection to https://127.0.0.1:")
    assert "a port-forward speaks http://" in done.err


@pytest.fixture
def tls(tmp_path):
    """A server's side of TLS, with a certificate of its own in `cert.pem`."""
    names = ["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    names += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def test_a_proxy_that_hangs_up_while_tls_begins_is_asked_again(tls, tmp_path, monkeypatch, pauses):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    good = b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"total_size": 0}'
    with listening(good, tls=tls, hang_ups=2) as address:
        assert transport.Api(f"https://{address}").get("/runs") == {"total_size": 0}
    assert pauses == [0.5, 1.0]


def test_a_proxy_that_always_hangs_up_is_told(tls, runner):
    with listening(b"", tls=tls, hang_ups=99) as address:
        done = runner("status", host=f"https://{address}")
    assert done.status == 2
    assert done.err.startswith(f"error: the connection to https://{address} was lost: ")


def test_a_certificate_that_nobody_vouches_for(runner, tls):
    with listening(b"", tls=tls) as address:
        done = runner("status", host=f"https://{address}")
    assert done.status == 2
    assert done.err.startswith(f"error: the certificate of https://{address} is not trusted: ")
    assert "SSL_CERT_FILE" in done.err


def test_a_web_page_is_no_api(runner, server):
    server.fail("GET", "/experiments", "html")
    done = runner("status")
    assert done.status == 2
    assert done.err == (
        f"error: no Kubeflow Pipelines API at {server.host}: a web page\n"
        "  expected: the address of its UI, below which /apis/v2beta1 is served\n"
        "  fix: correct --host; on a full Kubeflow it ends in /pipeline\n"
    )


def test_another_server_is_no_api(runner):
    with contextlib.ExitStack() as stack:
        other = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler
        )
        other.RequestHandlerClass.log_message = lambda *_: None
        stack.callback(other.server_close)
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        stack.callback(thread.join)
        stack.callback(other.shutdown)
        done = runner("status", host=f"http://127.0.0.1:{other.server_port}")
    assert done.err.startswith("error: no Kubeflow Pipelines API at ")
    assert "status 404" in done.err


def test_a_login_page_asks_for_a_token(runner, server):
    server.fail("GET", "/experiments", "login")
    done = runner("submit")
    assert done.status == 2
    assert "asks for a login: it sends one to /dex/auth?client_id=kubeflow" in done.err
    assert "KFP_TOKEN" in done.err


# --- tokens ---


@pytest.mark.parametrize("given", [[], ["--token", "wrong"]])
def test_a_bad_token(runner, server, given):
    server.token = "right"
    done = runner("status", *given)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {server.host} does not know who asks: Unauthenticated")
    assert "wrong" not in done.err
    assert len(server.requests) == 1  # it will not become right by itself


@pytest.mark.parametrize("way", ["option", "file", "environment"])
def test_a_good_token(runner, server, way, tmp_path, monkeypatch):
    server.token = "right"
    file = tmp_path / "token"
    file.write_text("right\n")
    given = {"option": ["--token", "right"], "file": ["--token-file", file], "environment": []}
    if way == "environment":
        monkeypatch.setenv("KFP_TOKEN", "right")
    assert runner("status", *given[way]).status == 0


def test_without_a_token_none_is_sent(runner, server):
    runner("status")
    assert "Authorization" not in server.requests[0].headers


def test_a_token_file_is_read_again_for_each_request(server, tmp_path):
    file = tmp_path / "token"
    file.write_text("old")
    api = transport.Api(server.host, token.token_source(None, str(file)))
    server.token = "new"
    with pytest.raises(transport.ApiError, match="who asks"):
        api.get("/experiments")
    file.write_text("Bearer new\n")
    assert api.get("/experiments")["total_size"] == 0


@pytest.mark.parametrize("wrong", ["two words", "tök", "a\nb"])
def test_what_no_token_can_be(wrong):
    with pytest.raises(UserError, match="characters that no token has"):
        token.token_source(wrong, None)


# --- namespaces ---


def test_the_namespace_is_sent_where_it_is_wanted(runner, server):
    server.namespace = "team-a"
    assert runner("schedule", "--cron", "0 2 * * *", "--namespace", "team-a").status == 0
    assert server.experiments["experiment-1"]["namespace"] == "team-a"
    assert server.pipelines["pipeline-2"]["namespace"] == "team-a"


@pytest.mark.parametrize("given", [[], ["--namespace", "team-b"]])
def test_a_wrong_namespace(runner, server, given):
    server.namespace = "team-a"
    done = runner("status", *given)
    assert done.status == 2
    assert "does not allow it: PermissionDenied: User 'ada' is not authorized" in done.err
    assert "correct --namespace" in done.err


def test_a_namespace_where_there_is_a_single_user_changes_nothing(runner, server):
    assert runner("submit", "--namespace", "team-a").status == 0
    assert server.experiments["experiment-1"]["namespace"] == ""


# --- addresses ---


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1:8888/", "http://127.0.0.1:8888"),
        ("kubeflow.example.com/pipeline/", "https://kubeflow.example.com/pipeline"),
        ("http://a.b:80/#/runs", "http://a.b:80"),
        ("https://a.b/pipeline/#/experiments", "https://a.b/pipeline"),
        (" https://a.b ", "https://a.b"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_addresses_as_people_copy_them(given, address):
    assert host.api_address(given) == address


@pytest.mark.parametrize("wrong", ["", "ftp://a.b", "http://", "http://a b", "http://a:port", "/"])
def test_what_no_address_can_be(wrong):
    with pytest.raises(UserError, match="--host cannot be an address"):
        host.api_address(wrong)


def test_a_password_in_the_address_is_refused():
    with pytest.raises(UserError, match="password"):
        host.api_address("https://ada:secret@a.b")


def test_a_proxy_is_not_asked_for_this_machine(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert transport.Api(server.host).get("/experiments") == {"total_size": 0}


def test_http_where_tls_is_wanted(server):
    from orchestration.kubeflow.api import errors

    told = errors.of_answer("http://a.b", 308, b"", {"Location": "https://a.b/apis"})
    assert (told.what, told.fix) == ("http://a.b wants TLS", "--host https://a.b")
