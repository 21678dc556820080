"""What clients can do to the REST port: nonsense, too much, too slowly, too many at once."""

import contextlib
import http.client
import json
import random
import socket
import threading
import time

import pytest

from tests.model_server.world import launched, model_config, model_configs, ours_alone

LIMIT = 64 << 10
SECONDS = 1.5
HALF = "/v1/models/half_plus_two:predict"
ONE = b'{"instances": [1.0]}'

pytestmark = ours_alone


@pytest.fixture(scope="module")
def limited(toy_models, tmp_path_factory):
    """A server of small limits, with the models half_plus_two and slow."""
    config = tmp_path_factory.mktemp("limited") / "models.config"
    entries = [model_config(name, toy_models[name]) for name in ("half_plus_two", "slow")]
    config.write_text(model_configs(*entries))
    with launched(
        f"--model_config_file={config}",
        f"--rest_api_max_body_bytes={LIMIT}",
        f"--rest_api_timeout_in_ms={SECONDS * 1000:.0f}",
        "--rest_api_num_threads=8",
    ) as running:
        yield running
        assert "Traceback" not in running.output()


def connect(running):
    host, port = running.rest.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def read_all(connection):
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return received


def assert_alive(running):
    assert running.http("POST", HALF, ONE)[0] == 200


# --- nonsense ---

SEEDS = {
    "/v1/models/half_plus_two:predict": [
        '{"instances": [1.0, 2.5, -3e5]}',
        '{"inputs": {"x": [[1.0], [2]]}, "signature_name": "serving_default"}',
        '{"inputs": {}, "signature_name": "version"}',
    ],
    "/v1/models/two_inputs:predict": ['{"instances": [{"a": 1, "b": 2}, {"a": NaN, "b": 4}]}'],
    "/v1/models/strings:predict": ['{"instances": ["text", {"b64": "aGVsbG8="}]}'],
    "/v1/models/types:predict": [
        '{"signature_name": "int32", "inputs": [1, 2, 3]}',
        '{"signature_name": "uint64", "inputs": [[18446744073709551615]]}',
        '{"signature_name": "bool", "instances": [true, false]}',
    ],
    "/v1/models/scalar:predict": ['{"inputs": [1, 2], "signature_name": "both"}'],
    "/v1/models/tf2:classify": ['{"signature_name": "classify", "examples": [{"x": 0.5}]}'],
    "/v1/models/half_plus_two:regress": [
        '{"signature_name": "regress_x_to_y", "context": {"x": 2.0}, "examples": [{}, {"x": 1.0}]}'
    ],
}
TOKENS = (
    *("[", "]", "{", "}", ":", ",", '"', "\\", "null", "true", "-", "NaN", "-Infinity", "1e999"),
    *("0", "9" * 25, "1.5", '"x"', '"b64"', "[[[[", "\\ud800", "\x00", "\xff", " ", "é"),
)


def mangled(text, chance):
    """A body near a good one: pieces cut, doubled, moved or replaced."""
    for _ in range(chance.choice([0, 1, 1, 2, 3, 8])):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 2, 5, 20]))
        piece = chance.choice([chance.choice(TOKENS), "", text[start:end] * 2, text[-9:]])
        text = text[:start] + piece + text[end:]
    return text.encode("latin-1" if chance.random() < 0.3 else "utf-8", "replace")


def test_mangled_bodies_are_answered_and_never_by_500(served):
    chance = random.Random(20260101)
    connection = http.client.HTTPConnection(served.rest.removeprefix("http://"), timeout=20)
    statuses = {}
    with contextlib.closing(connection):
        for _ in range(3000):
            path = chance.choice(list(SEEDS))
            body = mangled(chance.choice(SEEDS[path]), chance)
            connection.request("POST", path, body)
            answer = connection.getresponse()
            content = answer.read()
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            assert answer.status in (200, 400, 404, 501), (path, body, content)
            if answer.status != 200:
                error = json.loads(content.decode("utf-8", "replace"))
                assert list(error) == ["error"], (path, body)
                assert error["error"], (path, body)
    assert statuses[200] > 100
    assert statuses[400] > 1000
    assert_alive(served)


def test_random_bytes_for_requests_do_no_harm(served):
    chance = random.Random(7)
    good = b"POST " + HALF.encode() + b" HTTP/1.1\r\nContent-Length: 20\r\n\r\n" + ONE
    for _ in range(150):
        data = bytearray(good)
        for _ in range(chance.choice([1, 3, 30])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with connect(served) as connection:
            connection.sendall(bytes(data))
            connection.shutdown(socket.SHUT_WR)
            answer = read_all(connection)
            assert not answer.startswith(b"HTTP/1.1 500"), (bytes(data), answer)
    assert_alive(served)
    assert "A REST request failed unexpectedly" not in served.output()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"inputs": ' + b"[" * 900 + b"1" + b"]" * 900 + b"}",
        b'{"inputs": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
        b'{"signature_name": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_deep_json_is_400(served, body):
    status, _, answer = served.http("POST", HALF, body)
    assert status == 400
    assert json.loads(answer)["error"]
    assert_alive(served)


# --- too much ---


def test_a_body_may_have_the_limit_and_no_more(limited):
    body = ONE + b" " * (LIMIT - len(ONE))
    assert limited.http("POST", HALF, body)[0] == 200
    status, headers, answer = limited.http("POST", HALF, body + b" ")
    assert status == 413
    assert json.loads(answer) == {
        "error": f"Request body is larger than {LIMIT} bytes (--rest_api_max_body_bytes)"
    }
    assert headers["connection"] == "close"


def test_a_huge_body_is_refused_before_it_is_read(limited):
    with connect(limited) as connection:
        connection.sendall(f"POST {HALF} HTTP/1.1\r\nContent-Length: {1 << 40}\r\n\r\n".encode())
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 413 ")
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < 10:
                connection.sendall(b"x" * 65536)
        assert time.monotonic() - started < 5  # it has hung up
    assert_alive(limited)


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(limited):
    with connect(limited) as connection:
        connection.sendall(f"POST {HALF} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            for _ in range(2 + LIMIT // 4096):
                connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 413 ")
    assert_alive(limited)


def test_a_chunked_body_is_read(limited):
    with connect(limited) as connection:
        connection.sendall(f"POST {HALF} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for byte in ONE:
            connection.sendall(b"1\r\n%c\r\n" % byte)
        connection.sendall(b"0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert b'"predictions": [2.5' in read_all(connection)


def test_a_client_that_asks_first_is_told_to_go_on(limited):
    head = f"POST {HALF} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {{}}\r\n\r\n"
    with connect(limited) as connection:
        connection.sendall(head.format(len(ONE)).encode())
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(ONE)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    with connect(limited) as connection:
        connection.sendall(head.format(LIMIT + 1).encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


# --- too slow ---


def test_a_body_that_does_not_arrive_is_408(limited):
    with connect(limited) as connection:
        started = time.monotonic()
        connection.sendall(f"POST {HALF} HTTP/1.1\r\nContent-Length: 20\r\n\r\n{{".encode())
        time.sleep(0.5)
        connection.sendall(b'"')
        answer = read_all(connection)
        assert SECONDS - 0.1 < time.monotonic() - started < SECONDS + 8
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer
    assert answer.endswith(b'"error": "Request body did not arrive within 1.5 s"\n}')


def test_a_model_that_does_not_answer_is_504_and_hinders_nobody(limited):
    body = '{"signature_name": "forever", "instances": [1]}'
    answers = []

    def ask():
        answers.append(limited.http("POST", "/v1/models/slow:predict", body))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    others = 0
    while any(thread.is_alive() for thread in threads):
        assert_alive(limited)
        others += 1
    for thread in threads:
        thread.join()
    assert time.monotonic() - started >= SECONDS
    assert [status for status, _, _ in answers] == [504] * 4
    assert all(json.loads(answer)["error"] for _, _, answer in answers)
    assert others > 10


def test_requests_that_find_no_thread_are_504_too(limited):
    body = '{"signature_name": "forever", "instances": [1]}'
    statuses = []
    threads = [
        threading.Thread(
            target=lambda: statuses.append(limited.http("POST", "/v1/models/slow:predict", body)[0])
        )
        for _ in range(12)  # four more than there are threads
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [504] * 12
    assert time.monotonic() - started < SECONDS + 8
    assert_alive(limited)


# --- too many ---


def test_hundreds_of_idle_connections_hinder_nobody(limited):
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connect(limited)) for _ in range(300)]
        for connection in idle[::3]:
            connection.sendall(f"POST {HALF} HTTP/1.1\r\nContent-Le".encode())
        slowest = 0.0
        for _ in range(30):
            started = time.monotonic()
            assert_alive(limited)
            slowest = max(slowest, time.monotonic() - started)
        assert slowest < 2
        for connection in idle[::3]:
            connection.sendall(f"ngth: {len(ONE)}\r\n\r\n".encode() + ONE)
        for connection in idle[::3]:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_clients_that_leave_do_no_harm(limited):
    for cut in range(0, 100, 4):
        request = f"POST {HALF} HTTP/1.1\r\nContent-Length: {len(ONE)}\r\n\r\n".encode() + ONE
        with connect(limited) as connection:
            connection.sendall(request[: cut * len(request) // 96])
    assert_alive(limited)


def test_many_clients_at_once_get_their_own_answers(limited):
    wrong = []

    def ask(number):
        connection = http.client.HTTPConnection(limited.rest.removeprefix("http://"), timeout=20)
        with contextlib.closing(connection):
            for step in range(20):
                x = number * 100 + step
                connection.request("POST", HALF, json.dumps({"instances": [x]}))
                answer = json.loads(connection.getresponse().read())
                if answer != {"predictions": [x / 2 + 2]}:
                    wrong.append((x, answer))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
