"""Starts a model server on this machine, waits until it answers, and never leaves it behind.

The server is the one that a user would serve with: TensorFlow Serving's binary if it is installed,
else its official image if a Docker engine answers, else the embedded server.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO, NamedTuple

from serving.errors import ServingError, did_you_mean
from serving.servers import binary, docker, embedded, guard, ports, status
from serving.servers.running import GRACE_SECONDS, RunningServer
from serving.servers.setup import Setup, Start

__all__ = ["RunningServer", "choose", "launch", "pick"]

SERVERS: Mapping[str, ModuleType] = {"binary": binary, "docker": docker, "embedded": embedded}
AUTO = "auto"
ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (asked there)
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25


class Choice(NamedTuple):
    """Which server is taken.

    Attributes:
        kind: "binary", "docker" or "embedded".
        reason: What it is, and why this one, in words.
    """

    kind: str
    reason: str


def choose(kind: str = AUTO) -> str:
    """Returns which server is taken: "binary", "docker" or "embedded".

    Args:
        kind: One of them, or "auto" for the first that is there.

    Raises:
        ServingError: If it is not there.
    """
    return pick(kind).kind


def pick(kind: str = AUTO) -> Choice:
    """Returns which server is taken, and why.

    Args:
        kind: As of `choose`.

    Raises:
        ServingError: If it is not there.
    """
    if kind not in (AUTO, *SERVERS):
        raise ServingError(
            f'there is no server "{kind}"',
            expected=" or ".join((AUTO, *SERVERS)),
            fix=did_you_mean(kind, (AUTO, *SERVERS)),
        )
    if kind != AUTO:
        return _forced(kind)
    passed: list[str] = []
    for name, server in SERVERS.items():
        why_not = server.missing()
        if not why_not:
            return Choice(name, server.WHAT + (f": {', '.join(passed)}" if passed else ""))
        passed.append(why_not)
    raise ServingError(
        f"there is no model server: {', '.join(passed)}",
        expected="one of " + ", ".join(server.WHAT for server in SERVERS.values()),
        fix=embedded.FIX,
    )


def _forced(kind: str) -> Choice:
    server = SERVERS[kind]
    why_not = server.missing()
    if why_not:
        raise ServingError(
            f'the server "{kind}" cannot be used: {why_not}', expected=server.WHAT, fix=server.FIX
        )
    return Choice(kind, f"{server.WHAT}: asked for")


def launch(
    base_path: Path,
    name: str,
    *,
    kind: str = AUTO,
    host: str = "127.0.0.1",
    grpc_port: int | None = None,
    rest_port: int | None = None,
    timeout: float = 60.0,
    log: Path | None = None,
    extra_flags: Sequence[str] = (),
    image: str = docker.IMAGE,
    progress: Callable[[float], None] | None = None,
    config_file: Path | None = None,
) -> RunningServer:
    """Starts a server and returns it as soon as the model answers.

    Args:
        base_path: The folder of numbered versions.
        name: The model's name in requests.
        kind: As of `choose`.
        host: The address to bind; the binary binds all, whatever is said here.
        grpc_port: The port of the gRPC API; None takes a free one.
        rest_port: The port of the REST API; None takes a free one.
        timeout: Seconds until the model must answer. To pull the image takes time of its own.
        log: Where the server's output is kept; None removes it when the server is stopped, unless
            it failed.
        extra_flags: More flags of tensorflow_model_server.
        image: The image that Docker runs.
        progress: Called with the seconds waited so far, several times a second.
        config_file: A model config file that the server goes on reading. It names the model and
            its folder as they are here. None serves the newest version, without labels.

    Raises:
        ServingError: If there is no such server, no model, a port is taken, or the model does not
            answer in time; with the server's last lines where it has said any.
    """
    kind = pick(kind).kind
    folder = model_folder(base_path, name)
    # The binary listens on all addresses, so its ports must be free on all.
    bound = "0.0.0.0" if kind == "binary" else host  # noqa: S104
    chosen = ports.pick(bound, grpc_port, rest_port)
    config = None if config_file is None else config_file.expanduser().resolve()
    setup = Setup(folder, name, host, *chosen, tuple(extra_flags), config)
    running = _start(kind, setup, log, image)
    try:
        _wait(running, timeout, progress or (lambda _: None))
    except BaseException:
        running.stop()
        raise
    return running


def model_folder(base_path: Path, name: str) -> Path:
    """Returns the absolute folder of a model's versions.

    Raises:
        ServingError: If there is no version in it, or the name is none that a request can have.
    """
    folder = Path(base_path).expanduser().resolve()
    if not name or set(name) & set("/:"):
        raise ServingError(
            f'"{name}" is no name of a model', "letters that are no / and no :", "choose another"
        )
    if not folder.is_dir():
        raise ServingError(
            f"no such folder: {folder}",
            expected="the folder of a model's numbered versions",
            fix="check the path, or push a model: python local_runner.py run",
        )
    if (folder / "saved_model.pb").exists():
        raise ServingError(
            f"{folder} is one version of a model",
            expected="the folder of its versions, which is what a server watches",
            fix=f"name {folder.parent}",
        )
    if not any(path.name.isdecimal() and path.is_dir() for path in folder.iterdir()):
        raise ServingError(
            f"no version in {folder}",
            expected="at least one folder whose name is a number",
            fix="push a model: python local_runner.py run",
        )
    return folder


def _start(kind: str, setup: Setup, log: Path | None, image: str) -> RunningServer:
    path = log if log is not None else _temporary_log()
    try:
        with path.open("ab") as out:
            start = _prepared(kind, setup, out, image)
            process = _guarded(start, out)
    except BaseException:
        if log is None:
            path.unlink(missing_ok=True)
        raise
    host = ANY_ADDRESS.get(setup.host, setup.host)
    host = f"[{host}]" if ":" in host else host
    return RunningServer(
        kind=kind,
        name=setup.name,
        grpc=f"{host}:{setup.grpc_port}",
        rest=f"http://{host}:{setup.rest_port}",
        note=start.note,
        log=path,
        keeps_log=log is not None,
        process=process,
    )


def _temporary_log() -> Path:
    handle, name = tempfile.mkstemp(prefix="model-server-", suffix=".log")
    os.close(handle)
    return Path(name)


def _prepared(kind: str, setup: Setup, log: IO[bytes], image: str) -> Start:
    if kind != "docker":
        start: Start = SERVERS[kind].start(setup)
        return start
    docker.prepare(log, image)
    return docker.start(setup, image)


def _guarded(start: Start, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    spec = {
        "command": list(start.command),
        "cleanup": list(start.cleanup),
        "grace": GRACE_SECONDS,
    }
    return subprocess.Popen(  # noqa: S603 (a server's command line, made by its module)
        # Isolated and without site-packages it starts in 15 ms, whatever is installed.
        [sys.executable, "-I", "-S", guard.__file__, json.dumps(spec)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C in a terminal reaches its owner alone
        env={**os.environ, **start.environment},
    )


def _wait(running: RunningServer, timeout: float, progress: Callable[[float], None]) -> None:
    started, pause = time.monotonic(), FIRST_PAUSE
    while True:
        known = status.versions(running.rest, running.name)
        if not running.is_alive():
            raise running.failure("before the model answered")
        if status.served(known):
            return
        waited = time.monotonic() - started
        progress(waited)
        if waited > timeout:
            raise running.timed_out(timeout, known)
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
