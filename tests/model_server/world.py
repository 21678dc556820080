"""Starts the server under test as users do, and talks to it.

It is `python -m model_server`, or the binary that the environment variable TENSORFLOW_MODEL_SERVER
names: the contract is the same, and tests of what is ours alone skip where `IS_REAL`.
"""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

ROOT = Path(__file__).resolve().parents[2]
REAL = os.environ.get("TENSORFLOW_MODEL_SERVER", "")
IS_REAL = bool(REAL)
LOCALHOST = "127.0.0.1"
GRPC_READY = "Running gRPC ModelServer at"
REST_READY = "Exporting HTTP/REST API at"

ours_alone = pytest.mark.skipif(IS_REAL, reason="an extension of ours")


def free_port() -> int:
    """A TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        return probe.getsockname()[1]


class Running:
    """A started server; as a context manager it stops at the end."""

    def __init__(self, process: Any, log: Path, grpc_port: int, rest_port: int):
        self.process = process
        self.is_real = IS_REAL
        self.grpc = f"{LOCALHOST}:{grpc_port}"
        self.rest = f"http://{LOCALHOST}:{rest_port}"
        self._log = log

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def output(self) -> str:
        """What it has printed so far, stdout and stderr."""
        return self._log.read_text(errors="replace")

    def stop(self, timeout: float = 20) -> int:
        """Asks it to stop and returns its exit status; kills it only when it does not obey."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._channels_closed()

    def predictions(self) -> Any:
        """A stub of the PredictionService."""
        return prediction_service_pb2_grpc.PredictionServiceStub(self.channel())

    def models(self) -> Any:
        """A stub of the ModelService."""
        return model_service_pb2_grpc.ModelServiceStub(self.channel())

    def channel(self) -> grpc.Channel:
        """The one channel of the tests to it."""
        if not hasattr(self, "_channel"):
            options = [
                ("grpc.max_receive_message_length", -1),
                # Else it shares a connection, and the pause after a failure, with others to here.
                ("grpc.use_local_subchannel_pool", 1),
            ]
            self._channel = grpc.insecure_channel(self.grpc, options)
        return self._channel

    def http(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One REST request; a body that is no text or bytes is sent as JSON."""
        if body is not None and not isinstance(body, str | bytes):
            body = json.dumps(body)
        connection = http.client.HTTPConnection(self.rest.removeprefix("http://"), timeout=60)
        with contextlib.closing(connection):
            content = body.encode() if isinstance(body, str) else body
            connection.request(method, path, content, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def wait_for(self, condition: Callable[[], object], timeout: float = 20) -> None:
        """Waits until a condition is true; fails with the server's last lines otherwise."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"not within {timeout} s\n{self.output()[-3000:]}")
            time.sleep(0.02)

    def wait_for_output(self, text: str, timeout: float = 20) -> None:
        """Waits until it has printed a text."""
        self.wait_for(lambda: text in self.output(), timeout)

    def _channels_closed(self) -> None:
        if hasattr(self, "_channel"):
            self._channel.close()
            del self._channel


def launch(*flags: str, ready: bool = True, timeout: float = 60) -> Running:
    """Starts the server under test on free ports.

    Args:
        flags: Its flags; --port and --rest_api_port are added unless they are among them.
        ready: Wait until it says that it answers.
        timeout: How long to wait for that.

    Returns:
        The server, which the caller stops.
    """
    ports = {name: free_port() for name in ("port", "rest_api_port")}
    given = dict(flag.removeprefix("--").partition("=")[::2] for flag in flags)
    ports |= {name: int(given[name]) for name in ports if given.get(name, "").isdigit()}
    command = [REAL] if IS_REAL else [sys.executable, "-m", "model_server"]
    command += [f"--{name}={port}" for name, port in ports.items() if name not in given]
    log = tempfile.NamedTemporaryFile(prefix="model_server_", suffix=".log")  # noqa: SIM115
    process = subprocess.Popen(
        [*command, *flags],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    running = Running(process, Path(log.name), ports["port"], ports["rest_api_port"])
    running.log_file = log  # it goes when the last reader does
    if ready:
        _wait_until_ready(running, REST_READY if ports["rest_api_port"] else GRPC_READY, timeout)
    return running


def _wait_until_ready(running: Running, line: str, timeout: float) -> None:
    try:
        running.wait_for(
            lambda: line in running.output() or running.process.poll() is not None, timeout
        )
    except BaseException:
        running.process.kill()
        raise
    if running.process.poll() is not None:
        pytest.fail(f"the server ended with {running.process.poll()}\n{running.output()[-5000:]}")


@contextlib.contextmanager
def launched(*flags: str, **how: Any) -> Iterator[Running]:
    """`launch` that stops at the end."""
    running = launch(*flags, **how)
    try:
        yield running
    finally:
        running.stop()


def model_config(
    name: str, base_path: Path | str, extra: str = "", platform: str = "tensorflow"
) -> str:
    """One entry of a ModelServerConfig in text format."""
    return (
        f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "{platform}" {extra} }}'
    )


def model_configs(*entries: str) -> str:
    """A ModelServerConfig in text format."""
    return "model_config_list {\n" + "\n".join(entries) + "\n}\n"
