"""`python -m serving up`: serve a pushed model, show how to ask it, and stop cleanly."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.pushed import PUSHED, only_model

KINDS = ("auto", "binary", "docker", "embedded")
READY_SECONDS = 300.0
POLL_SECONDS = 2.0
EPILOG = (
    "What stands behind -- goes to the server as it is: "
    "-- --enable_batching "
    "--batching_parameters_file=deploy/kubernetes/base/config/batching.config. "
    "Ctrl-C or SIGTERM ends a server that serves with exit status 0, since there is no other end; "
    "130 says that it was interrupted before, 2 that it failed or died."
)


def add_command(commands: Any) -> None:
    """Adds `up` to the commands of a command line.

    Args:
        commands: What `ArgumentParser.add_subparsers` returns.
    """
    up = commands.add_parser(
        "up", help="serve a pushed model over gRPC and REST on this machine", epilog=EPILOG
    )
    up.add_argument(
        "--model-dir",
        type=Path,
        metavar="FOLDER",
        help=f"folder of a model's numbered versions (default: the only one in {PUSHED})",
    )
    up.add_argument("--name", help="the model's name in requests (default: the folder's)")
    up.add_argument(
        "--server",
        choices=KINDS,
        default=KINDS[0],
        help="which server (default: the first that is there)",
    )
    up.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    up.add_argument("--port", type=int, default=8500, help="port of gRPC (%(default)s)")
    up.add_argument("--rest-port", type=int, default=8501, help="port of REST (%(default)s)")
    up.add_argument("flags", nargs="*", metavar="-- FLAG", help="more of the server's own flags")


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to stop.

    Returns:
        0 after Ctrl-C or SIGTERM, once the model was served.

    Raises:
        ServingError: If the server cannot be started, the model does not answer, or the server
            dies later; with the server's last lines.
        KeyboardInterrupt: If it is interrupted before the model answers.
    """
    from serving.launch import launch, model_folder, pick
    from serving.servers import docker

    folder = options.model_dir or only_model(PUSHED, "--model-dir FOLDER")
    name = options.name or folder.expanduser().resolve().name
    model_folder(folder, name)
    choice = pick(options.server)
    print(f"{name} · {folder} · {choice.reason}", flush=True)
    if choice.kind == "docker" and not docker.has_image():
        print(f"  · pulling {docker.IMAGE}, which takes a while, once", flush=True)
    started = time.monotonic()
    with _stoppable(), _progress() as progress:
        running = launch(
            folder,
            name,
            kind=choice.kind,
            host=options.host,
            grpc_port=options.port,
            rest_port=options.rest_port,
            timeout=READY_SECONDS,
            extra_flags=options.flags,
            progress=progress,
        )
    with running, _stoppable():
        try:
            _tell(running, folder, options.host, time.monotonic() - started)
            _watch(running)
        except KeyboardInterrupt:
            print("\nstopping", flush=True)
    print("stopped", flush=True)
    return 0


def _tell(running: Any, folder: Path, host: str, seconds: float) -> None:
    from serving.servers.status import served, versions

    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "") else None  # noqa: S104
    grpc, rest = (
        address if shown is None else address.replace("127.0.0.1", shown)
        for address in (running.grpc, running.rest)
    )
    numbers = served(versions(running.rest, running.name))
    print(f"  ✔ version {_and(numbers)} answers  [{seconds:.1f}s]")
    print(f"    gRPC  {grpc}")
    print(f"    REST  {rest}")
    print(f"    log   {running.log}")
    if running.note:
        print(f"    note  {running.note}")
    print(f"\n{usage_text(running, folder, grpc, rest)}\n\nCtrl-C stops it.", flush=True)


def usage_text(running: Any, folder: Path, grpc: str, rest: str) -> str:
    """Returns how to ask the model, or why that cannot be said.

    Args:
        running: The server.
        folder: The model's versions, where recorded rows may be.
        grpc: Where the gRPC API answers.
        rest: Where the REST API answers.
    """
    from serving.remote.model_metadata import parse_signatures
    from serving.remote.signature_choice import for_predict
    from serving.servers import recorded, usage
    from serving.servers.status import get_json, model_url

    try:
        answer = get_json(f"{model_url(running.rest, running.name)}/metadata")
        version = answer["model_spec"]["version"]
        told = answer["metadata"]["signature_def"]["signature_def"]
        metadata = parse_signatures(running.name, version, told)
        signature = for_predict(metadata, None).name
        rows = recorded.read_request(_version_folder(folder, int(version)), signature)
        shown = usage.write(metadata, grpc, rest, rows, ascii_only=not _shows_all_letters())
    except ServingError as error:
        return f"no example: {error}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"no example: the server's metadata cannot be read ({error!r:.200})"
    python = f"from Python, over gRPC:\n\n{shown.python}"
    if not shown.curl:
        return f"Ask it {python}\n\n(REST cannot carry this model's types.)"
    return (
        f"Ask it from a shell:\n\n{shown.curl}\n\nor {python}\n\n"
        f'With "{rest}" in place of "{grpc}" it goes over REST.'
    )


def _version_folder(folder: Path, version: int) -> Path:
    # A server reads a folder's name as a number: 00000123 is 123.
    for path in folder.expanduser().iterdir():
        if path.name.isdecimal() and int(path.name) == version:
            return path
    return folder / str(version)


def _watch(running: Any) -> None:
    """Returns never: tells of new versions, and of the server's end.

    Raises:
        ServingError: If the server dies.
    """
    from serving.servers.status import served, versions

    before = served(versions(running.rest, running.name))
    failed: set[int] = set()
    while True:
        time.sleep(POLL_SECONDS)
        if not running.is_alive():
            raise running.failure("while it served")
        known = versions(running.rest, running.name)
        now = served(known)
        if known and now != before:
            print(f"  ✔ version {_and(now)} answers now, before {_and(before)}", flush=True)
            before = now
        for version in known:
            if version.state == "END" and version.error and version.number not in failed:
                failed.add(version.number)
                print(f"  ✘ version {version.number} failed: {version.error}", flush=True)


def _and(numbers: list[int]) -> str:
    return " and ".join(map(str, numbers)) or "none"


@contextmanager
def _stoppable() -> Iterator[None]:
    """Lets SIGTERM do what Ctrl-C does, which a service manager or `kill` sends."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress() -> Iterator[Any]:
    """Yields what shows the seconds waited, in one line that is rewritten; on a terminal alone."""
    if not sys.stdout.isatty():
        yield None
        return

    def show(seconds: float) -> None:
        print(f"\r  · loading the model  {seconds:.0f}s", end="", flush=True)

    try:
        yield show
    finally:
        print("\r\033[K", end="", flush=True)


def _shows_all_letters() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
