"""The command line: `python -m model_server --model_base_path=/models/m --rest_api_port=8501`."""

import importlib.metadata
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from model_server import flags, start_checks
from model_server.options import Options
from model_server.status import StatusError

if TYPE_CHECKING:
    from model_server.server import Server

_log = logging.getLogger("model_server")  # this module's own name is __main__
FAILED = 255  # what the real server's -1 becomes
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Runs the server until it is told to stop.

    Args:
        arguments: The flags.

    Returns:
        The exit status: 0 after SIGTERM, SIGINT, --version or --help.
    """
    if "--help" in arguments:
        print(flags.usage(), end="")
        return 0
    try:
        options = flags.parse(arguments)
    except flags.FlagError as error:
        print(error, file=sys.stderr)
        print(flags.usage(), end="")
        return FAILED
    if options.version:
        print(_versions())
        return 0
    _log_to_stderr()
    try:
        _serve(options)
    except StatusError as error:
        _log.error("%s", error.message)
        print(f"Failed to start server. Error: {error}", flush=True)
        return FAILED
    except KeyboardInterrupt:  # before the server could take the signal
        return INTERRUPTED
    return 0


def _serve(options: Options) -> None:
    files = start_checks.check(options)
    from model_server.server import Server  # TensorFlow: only once the flags are known to be right

    server = Server(options, files)
    _stop_on_signals(server)
    server.start()
    server.wait()


def _stop_on_signals(server: "Server") -> None:
    def stop(number: int, _frame: object) -> None:
        _log.info("Stopping on %s", signal.Signals(number).name)
        # In a thread: the main one may be inside of `start`, under a lock.
        threading.Thread(target=server.stop, name="stop").start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _log_to_stderr() -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname).1s %(name)s] %(message)s",
    )
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # of a load it says what we say too


def _versions() -> str:
    api = importlib.metadata.version("tensorflow-serving-api")
    tensorflow = importlib.metadata.version("tensorflow")
    return f"TensorFlow ModelServer: embedded, API of {api}\nTensorFlow Library: {tensorflow}"


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread may still be inside of TensorFlow, and would crash while Python shuts down.
    os._exit(status)
