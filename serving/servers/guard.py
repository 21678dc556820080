"""Runs a server for as long as whoever started it lives: no way to die leaves the server behind.

It is run as a file of its own, by a Python that imports nothing else. Its standard input is a pipe
from the process that wants the server: when that is closed, on purpose or by any death, the server
is ended.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial


def main(text: str) -> int:
    """Runs a command until it ends or standard input does.

    Args:
        text: JSON of `command`, `cleanup` (run if the server had to be killed) and `grace`
            (seconds that it has to end after SIGTERM).

    Returns:
        The command's exit status, 128 and the number of the signal if one ended it, or 127 if it
        could not be run.
    """
    spec = json.loads(text)
    try:
        server = subprocess.Popen(spec["command"], stdin=subprocess.DEVNULL)  # noqa: S603
    except OSError as error:
        print(f"cannot run {spec['command'][0]}: {error}", file=sys.stderr)
        return 127
    end = partial(_end, server, spec["grace"])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # In a thread, since this one is waiting: a handler would wait for it in vain.
        signal.signal(number, lambda *_: threading.Thread(target=end).start())
    threading.Thread(target=_end_with_input, args=(end,), daemon=True).start()
    status = server.wait()
    if status < 0 and spec["cleanup"]:
        subprocess.run(spec["cleanup"], capture_output=True, check=False, timeout=30)  # noqa: S603
    return status if status >= 0 else 128 - status


def _end_with_input(end: Callable[[], None]) -> None:
    while os.read(0, 4096):
        pass
    end()


def _end(server: "subprocess.Popen[bytes]", grace: float) -> None:
    server.terminate()
    try:
        server.wait(grace)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
