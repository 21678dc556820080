"""What a real server cannot be made to do: dropped connections, 503 and then 200, slow answers."""

import json
import threading
import time

import grpc
import numpy as np
import pytest

from serving.client import ServingClient
from serving.errors import ServingError
from tests.model_server.world import free_port
from tests.serving.client_world import (
    answers,
    chunked,
    dripping,
    drops,
    drops_midway,
    grpc_server,
    http_server,
    waiting,
)

GOOD = answers(200, {"outputs": [1.5, 1.5]})
BUSY = answers(503, {"error": "no room"})
ROWS = {"x": [1.0, 2.0]}
OK = None
CODE = grpc.StatusCode


def asking(server, **options):
    return ServingClient(server.address, "m", **options)


def asked(script, rows=ROWS, **options):
    """Asks an HTTP server that answers by a script; returns the answer and what was sent."""
    with http_server(script) as server, asking(server, **options) as client:
        return client.predict(rows)["y"], server.asked


def refused(script, **options):
    """Does the same where it must fail; returns the error, what was sent, and the seconds."""
    with http_server(script) as server, asking(server, **options) as client:
        client.metadata()
        started = time.monotonic()
        with pytest.raises(ServingError) as caught:
            client.predict(ROWS)
        return caught.value, server.asked, time.monotonic() - started


@pytest.mark.parametrize(
    "fault",
    [
        drops,
        drops_midway,
        BUSY,
        answers(429, {"error": "slow down"}),
        answers(429, {"error": "slow down"}, Retry_After="0"),
        answers(502, b"<html>", Content_Type="text/html"),
    ],
)
def test_what_passes_is_sent_again(fault):
    found, sent = asked([fault, fault, GOOD])
    assert found.tolist() == [1.5, 1.5]
    assert len(sent) == 3
    assert {one.body for one in sent} == {sent[0].body}


@pytest.mark.parametrize(
    ("status", "said", "what", "fix"),
    [
        (400, "bad shape", "(INVALID_ARGUMENT): bad shape", "correct the rows"),
        (401, "who?", "refuses this client: who?", "headers"),
        (403, "no", "refuses this client: no", "headers"),
        (404, "Servable not found", "is not served at", "check the model's name"),
        (413, "too large", "(INVALID_ARGUMENT): too large", "correct the rows"),
        (500, "boom", "(INTERNAL): boom", "see the server's log"),
        (501, "no half", "(UNIMPLEMENTED): no half", "over gRPC"),
        (504, "late", "no answer from", "longer timeout"),
        (302, "there", "(UNKNOWN): there", "see the server's log"),
    ],
)
def test_what_does_not_pass_is_sent_once(status, said, what, fix):
    error, sent, _ = refused([answers(status, {"error": said}), GOOD])
    assert what in error.what
    assert fix in error.fix
    assert len(sent) == 1


@pytest.mark.parametrize(
    "fault",
    [
        answers(404, b"<html>", Content_Type="text/html"),
        answers(200, b"<html>"),
        answers(200, b"[1]"),
    ],
)
def test_another_server_than_one_of_models(fault):
    error, sent, _ = refused([fault])
    assert "no answer of TensorFlow Serving's API" in error.what
    assert "is it that of a model server?" in error.fix
    assert len(sent) == 1


@pytest.mark.parametrize(
    "reply", [{"outputs": {"z": [1], "y": [2]}}, {"outputs": [1, [2]]}, {"outputs": ["a"]}, {}]
)
def test_an_answer_that_is_not_as_the_metadata_say(reply):
    error, sent, _ = refused([answers(200, reply)])
    assert "is not as its metadata say" in error.what
    assert len(sent) == 1


def test_attempts_are_used_up():
    error, sent, _ = refused([BUSY], retries=2)
    assert "takes no requests at the moment: no room" in error.what
    assert len(sent) == 3
    _, sent, _ = refused([BUSY], retries=0)
    assert len(sent) == 1


def test_nothing_is_sent_after_the_deadline():
    error, sent, seconds = refused([BUSY], retries=50, timeout=0.5)
    # Which of the two depends on where the deadline falls: within a wait, or within an attempt.
    assert "takes no requests" in error.what or error.what.endswith("within 0.5 s")
    assert 1 <= len(sent) < 10
    assert seconds < 4
    _, sent, seconds = refused([answers(503, {"error": "x"}, Retry_After="20")], timeout=2.0)
    assert (len(sent), seconds < 10) == (1, True)


@pytest.mark.parametrize("slow", [waiting(5.0), dripping(20.0)])
def test_an_answer_that_takes_too_long_is_not_asked_for_again(slow):
    error, sent, seconds = refused([slow, GOOD], timeout=0.5)
    assert error.what.endswith("within 0.5 s")
    assert len(sent) == 1
    assert seconds < 4


def test_a_late_answer_is_not_taken_for_the_next_one():
    late = answers(200, {"outputs": [9.0, 9.0]})

    def slow(handler):
        handler.server.over.wait(0.6)
        late(handler)

    with http_server([slow, GOOD]) as server, asking(server, timeout=0.3) as client:
        with pytest.raises(ServingError, match="no answer"):
            client.predict(ROWS)
        time.sleep(0.5)
        assert client.predict(ROWS)["y"].tolist() == [1.5, 1.5]


def test_an_answer_in_chunks():
    found, _ = asked([chunked(b'{"outputs": ', b"[1.5, ", b"2.5]}")])
    assert found.tolist() == [1.5, 2.5]


def test_what_is_sent():
    rows = {"x": np.float32([0.1, np.nan])}
    _, sent = asked([GOOD], rows, headers={"Authorization": "Bearer key"})
    assert sent[0].path == "/v1/models/m:predict"
    assert sent[0].body == b'{"signature_name":"serving_default","inputs":{"x":[0.100000001,NaN]}}'
    assert sent[0].headers["Authorization"] == "Bearer key"
    assert sent[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("model", "options", "path"),
    [
        ("a b/ß", {}, "/gate/v1/models/a%20b%2F%C3%9F:predict"),
        ("m", {"version": 3}, "/gate/v1/models/m/versions/3:predict"),
        ("m", {"label": "x y"}, "/gate/v1/models/m/labels/x%20y:predict"),
    ],
)
def test_where_it_is_sent(model, options, path):
    with http_server([GOOD]) as server:
        with ServingClient(f"{server.address}/gate/", model, **options) as client:
            client.predict(ROWS)
        assert server.asked[0].path == path


def test_a_connection_is_kept():
    ports = []

    def look(handler):
        ports.append(handler.client_address[1])
        GOOD(handler)

    with http_server([look]) as server, ServingClient(server.address, "m") as client:
        for _ in range(5):
            client.predict(ROWS)
    assert len(ports) == 5
    assert len(set(ports)) == 1


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_a_server_that_is_not_there(scheme):
    address = f"{scheme}127.0.0.1:{free_port()}"
    with ServingClient(address, "m", retries=1) as client:
        with pytest.raises(ServingError, match="no server at") as caught:
            client.predict(ROWS)
        with pytest.raises(ServingError, match=r"is not ready after 0\.3 s: no server at"):
            client.wait_until_ready(timeout=0.3)
    assert address in caught.value.what
    assert "`python -m serving up` starts one" in caught.value.fix


def test_the_port_of_the_other_protocol():
    with grpc_server([OK]) as server:
        address = f"http://{server.address}"
        with pytest.raises(ServingError, match="no server at") as caught:
            ServingClient(address, "m", retries=0).predict(ROWS)
    assert "8500 speaks gRPC, 8501 REST" in caught.value.expected
    with http_server([GOOD]) as server:
        address = server.address.removeprefix("http://")
        with pytest.raises(ServingError) as caught:
            ServingClient(address, "m", retries=0, timeout=5).predict(ROWS)
    assert address in caught.value.what


@pytest.mark.parametrize(
    ("script", "sent"),
    [
        ([OK], 1),
        ([CODE.UNAVAILABLE, OK], 2),
        ([CODE.UNAVAILABLE, CODE.RESOURCE_EXHAUSTED, OK], 3),
    ],
)
def test_over_grpc_what_passes_is_sent_again(script, sent):
    with grpc_server(script) as server, asking(server, headers={"X-Key": "v"}) as client:
        assert client.predict(ROWS)["y"].tolist() == [1.5, 1.5]
    assert len(server.asked) == sent
    request = server.asked[-1].request
    assert (request.model_spec.name, request.model_spec.signature_name) == ("m", "serving_default")
    assert ("x-key", "v") in [tuple(pair) for pair in server.asked[-1].metadata]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (CODE.INVALID_ARGUMENT, "(INVALID_ARGUMENT): the server says so"),
        (CODE.FAILED_PRECONDITION, "(FAILED_PRECONDITION): the server says so"),
        (CODE.DEADLINE_EXCEEDED, "within 10 s"),
        (CODE.NOT_FOUND, 'model "m" is not served at'),
        (CODE.INTERNAL, "(INTERNAL): the server says so"),
        (CODE.UNAUTHENTICATED, "refuses this client: the server says so"),
    ],
)
def test_over_grpc_what_does_not_pass_is_sent_once(code, what):
    refused = pytest.raises(ServingError)
    with grpc_server([code, OK]) as server, asking(server) as client, refused as caught:
        client.predict(ROWS)
    assert what in caught.value.what
    assert len(server.asked) == 1


@pytest.mark.parametrize("ask", [lambda c: c.predict(ROWS), lambda c: c.wait_until_ready(10)])
def test_a_server_that_comes_up_late(ask):
    port = free_port()
    over = threading.Event()

    def late():
        time.sleep(0.4)
        with grpc_server([OK], port=port):
            over.wait(20)

    thread = threading.Thread(target=late)
    thread.start()
    try:
        with ServingClient(f"127.0.0.1:{port}", "m", retries=6) as client:
            ask(client)
            assert client.predict(ROWS)["y"].tolist() == [1.5, 1.5]
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize(
    "address", ["localhost", "ftp://x:1", "http://", ":8500", "host:port", "https:///x"]
)
def test_an_address_that_is_none(address):
    with pytest.raises(ServingError, match="no address of a server") as caught:
        ServingClient(address)
    assert address in caught.value.what


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"version": 1, "label": "a"}, "both a version and a label"),
        ({"max_rows": 0}, "max_rows is 0"),
        ({"retries": -1}, "retries is -1"),
    ],
)
def test_options_that_do_not_go_together(options, what):
    with pytest.raises(ServingError, match=what):
        ServingClient("localhost:8500", "m", **options)


def test_the_body_is_json():
    _, sent = asked([GOOD])
    assert json.loads(sent[0].body)["inputs"] == {"x": [1.0, 2.0]}
