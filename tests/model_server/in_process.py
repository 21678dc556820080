"""The server in the tests' own process: the same server, without another import of TensorFlow.

Where TENSORFLOW_MODEL_SERVER names a real one, it is started as `world.launched` does.
"""

import contextlib
import io
import logging
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.model_server.world import IS_REAL, Running, free_port, launch, launched

_FORMAT = logging.Formatter("%(levelname)s %(message)s")


class _Here(Running):
    """A server that is no process of its own."""

    def __init__(self, server, log: Path, grpc_port: int, rest_port: int):
        super().__init__(None, log, grpc_port, rest_port)
        self.server = server

    def stop(self, timeout: float = 20) -> int:
        self._channels_closed()
        self.server.stop(timeout)
        return 0


@contextlib.contextmanager
def _logged(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path)
    handler.setFormatter(_FORMAT)
    logger = logging.getLogger("model_server")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()


def _with_ports(flags: tuple[str, ...]) -> tuple[list[str], int, int]:
    given = dict(flag.removeprefix("--").partition("=")[::2] for flag in flags)
    ports = {name: int(given.get(name, free_port())) for name in ("port", "rest_api_port")}
    added = [f"--{name}={port}" for name, port in ports.items()]
    return [*added, *flags], ports["port"], ports["rest_api_port"]


@contextlib.contextmanager
def serving(*flags: str) -> Iterator[Running]:
    """A running server; as `world.launched`."""
    if IS_REAL:
        with launched(*flags) as running:
            yield running
        return
    from model_server.flags import parse
    from model_server.server import Server
    from model_server.start_checks import check

    arguments, grpc_port, rest_port = _with_ports(flags)
    options = parse(arguments)
    with tempfile.TemporaryDirectory() as folder, _logged(Path(folder) / "log"):
        server = Server(options, check(options))
        running = _Here(server, Path(folder) / "log", grpc_port, rest_port)
        try:
            server.start()
            yield running
        finally:
            running.stop()


def ended(*flags: str, timeout: float = 60) -> tuple[int, str]:
    """Starts a server that cannot start; returns its exit status and what it printed."""
    if IS_REAL:
        running = launch(*flags, ready=False)
        try:
            return running.process.wait(timeout), running.output()
        finally:
            running.stop()
    from model_server.__main__ import main

    arguments, _, _ = _with_ports(flags)
    printed = io.StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = main(arguments)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return status, printed.getvalue()
