"""`python -m serving up`: serve a pushed model, show how to ask it, and stop cleanly."""

import argparse
import math
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import ServingError
from serving.pushed import PUSHED, only_model, versions
from serving.releases.state import STABLE
from serving.releases.status_view import options_of
from serving.servers.ports import REST_PORT

if TYPE_CHECKING:
    from serving.releases.news import News
    from serving.releases.served import Served

SAMPLING_RATE = 0.01
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
    up.add_argument("--rest-port", type=int, default=REST_PORT, help="port of REST (%(default)s)")
    up.add_argument(
        "--request-log",
        metavar="PREFIX",
        help="where the embedded server writes a sample of requests, as PREFIX-...; it goes on "
        "doing so until models.config says otherwise",
    )
    up.add_argument(
        "--sampling-rate",
        type=_rate,
        metavar="RATE",
        help=f"share of requests that --request-log writes, above 0 to 1 ({SAMPLING_RATE})",
    )
    up.add_argument("flags", nargs="*", metavar="-- FLAG", help="more of the server's own flags")


def _rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if 0 < number <= 1:  # not NaN either
        return number
    raise argparse.ArgumentTypeError(f'"{text}" is no rate: above 0, up to 1')


def check(top: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Ends with an error of the command line where arguments do not go together.

    Args:
        top: The parser.
        options: Of `up`.
    """
    if options.sampling_rate is not None and options.request_log is None:
        top.error("--sampling-rate goes with --request-log")


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to stop.

    Returns:
        0 after Ctrl-C or SIGTERM, once the model was served.

    Raises:
        ServingError: If the server cannot be started, the model does not answer, or the server
            dies later; with the server's last lines.
        KeyboardInterrupt: If it is interrupted before the model answers.
    """
    from serving.launch import model_folder, pick
    from serving.releases import request_logging, served
    from serving.servers import docker

    folder = options.model_dir or only_model(PUSHED, "--model-dir FOLDER")
    model_folder(folder, options.name or folder.expanduser().resolve().name)
    choice = pick(options.server)
    request_logging.check_wish(options.request_log, choice.kind)
    what = served.find(folder, options.name, options.flags)
    if options.request_log is not None:
        rate = options.sampling_rate or SAMPLING_RATE
        request_logging.enable(folder, what, options.request_log, rate)
    request_logging.check(what, choice.kind)
    print(f"{what.name} · {folder} · {choice.reason}", flush=True)
    for note in what.notes:
        print(f"  · {note}", flush=True)
    if choice.kind == "docker" and not docker.has_image():
        print(f"  · pulling {docker.IMAGE}, which takes a while, once", flush=True)
    started = time.monotonic()
    running = _launched(options, folder, what, choice.kind)
    with running, _stoppable():
        try:
            label = None if what.state is None else STABLE
            _tell(running, folder, options.host, time.monotonic() - started, label)
            _watch(running, _news(running, folder, what, options))
        except KeyboardInterrupt:
            print("\nstopping", flush=True)
    print("stopped", flush=True)
    return 0


def _launched(options: argparse.Namespace, folder: Path, what: "Served", kind: str) -> Any:
    from serving.launch import launch
    from serving.servers.running import ServerError

    try:
        with _stoppable(), _progress() as progress:
            return launch(
                folder,
                what.name,
                kind=kind,
                host=options.host,
                grpc_port=options.port,
                rest_port=options.rest_port,
                timeout=READY_SECONDS,
                extra_flags=options.flags,
                progress=progress,
                config_file=what.config_file,
            )
    except ServerError as error:
        if what.state is None or len(versions(folder)) == 1:
            raise
        other = f"promote VERSION --offline{options_of(options.model_dir)}"
        raise ServerError(
            error.what,
            error.expected,
            f"{error.fix}; where version {what.state.stable} is the cause, another one can be "
            f"made stable: python -m serving {other}",
        ) from error


def _news(running: Any, folder: Path, what: "Served", options: argparse.Namespace) -> "News | None":
    if what.state is None:
        return None
    from serving.releases.news import News

    is_default = options.rest_port == REST_PORT
    servers = [] if is_default else [_shown(running.rest, options.host)]
    return News(folder.expanduser(), options_of(options.model_dir, servers))


def _shown(address: str, host: str) -> str:
    """Returns an address as people write it."""
    if host in ("127.0.0.1", "0.0.0.0", ""):  # noqa: S104 (asked there)
        return address.replace("127.0.0.1", "localhost")
    return address


def _tell(running: Any, folder: Path, host: str, seconds: float, label: str | None) -> None:
    from serving.servers.status import served
    from serving.servers.status import versions as versions_of

    grpc, rest = (_shown(address, host) for address in (running.grpc, running.rest))
    numbers = served(versions_of(running.rest, running.name))
    print(f"  ✔ {_answering(numbers)}  [{seconds:.1f}s]")
    print(f"    gRPC  {grpc}")
    print(f"    REST  {rest}")
    print(f"    log   {running.log}")
    if running.note:
        print(f"    note  {running.note}")
    print(f"\n{usage_text(running, folder, grpc, rest, label)}\n\nCtrl-C stops it.", flush=True)


def usage_text(running: Any, folder: Path, grpc: str, rest: str, label: str | None = None) -> str:
    """Returns how to ask the model, or why that cannot be said.

    Args:
        running: The server.
        folder: The model's versions, where recorded rows may be.
        grpc: Where the gRPC API answers.
        rest: Where the REST API answers.
        label: Of the version to ask; None for the newest that is loaded.
    """
    from serving.remote.model_metadata import parse_signatures
    from serving.remote.signature_choice import for_predict
    from serving.servers import recorded, usage
    from serving.servers.status import get_json, model_url

    try:
        answer = get_json(f"{model_url(running.rest, running.name, label)}/metadata")
        version = answer["model_spec"]["version"]
        told = answer["metadata"]["signature_def"]["signature_def"]
        metadata = parse_signatures(running.name, version, told)
        signature = for_predict(metadata, None).name
        rows = recorded.read_request(_version_folder(folder, int(version)), signature)
        ascii_only = not _shows_all_letters()
        shown = usage.write(metadata, grpc, rest, rows, label=label, ascii_only=ascii_only)
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


def _watch(running: Any, news: "News | None") -> None:
    """Returns never: tells of versions, of the release, and of the server's end.

    Raises:
        ServingError: If the server dies.
    """
    from serving.servers.status import served
    from serving.servers.status import versions as versions_of

    before = served(versions_of(running.rest, running.name))
    failed: set[int] = set()
    while True:
        for line in news.lines() if news else ():
            print(line, flush=True)
        time.sleep(POLL_SECONDS)
        if not running.is_alive():
            raise running.failure("while it served")
        known = versions_of(running.rest, running.name)
        now = served(known)
        if known and now != before:
            print(f"  ✔ {_answering(now)} now, before {_and(before)}", flush=True)
            before = now
        for version in known:
            if version.state == "END" and version.error and version.number not in failed:
                failed.add(version.number)
                print(f"  ✘ version {version.number} failed: {version.error}", flush=True)
            elif version.state != "END":  # it is tried again
                failed.discard(version.number)


def _answering(numbers: list[int]) -> str:
    if len(numbers) > 1:
        return f"versions {_and(numbers)} answer"
    return f"version {_and(numbers)} answers"


def _and(numbers: list[int]) -> str:
    *first, last = [str(number) for number in numbers] or ["none"]
    return f"{', '.join(first)} and {last}" if first else last


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
