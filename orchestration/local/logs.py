"""Everything that frameworks print goes to the run's log; the terminal stays the console's."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO

PROGRESS_LOGGER = "pipeline.progress"
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def redirected(
    log: Path, on_progress: Callable[[Mapping[str, Any]], None], *, echo_fd: int | None = None
) -> Iterator[None]:
    """Sends file descriptors 1 and 2, which C++ writes to as well, and Python's logging to a file.

    Args:
        log: The log file; it is created, or appended to.
        on_progress: Called with each progress record of training.
        echo_fd: A file descriptor on which new lines of the log are shown as well.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    done = threading.Event()
    echo = threading.Thread(target=_follow, args=(log, echo_fd, done), daemon=True)
    if echo_fd is not None:
        echo.start()
    # Where sys.stdout is no plain descriptor (a notebook, a test), it has to follow as well. The
    # stream stays open: frameworks that were imported meanwhile hold it for as long as they log.
    stream = log.open("a", buffering=1, encoding="utf-8", errors="backslashreplace")
    try:
        with redirect_stdout(stream), redirect_stderr(stream):
            handlers = _attach(on_progress, stream)
            try:
                yield
            finally:
                _detach(handlers)
    finally:
        for target, original in enumerate(kept, 1):
            os.dup2(original, target)
            os.close(original)
        done.set()
        if echo_fd is not None:
            echo.join()


class _Progress(logging.Handler):
    def __init__(self, on_progress: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__()
        self._on_progress = on_progress

    def emit(self, record: logging.LogRecord) -> None:
        self._on_progress(getattr(record, "progress", {}))


def _attach(
    on_progress: Callable[[Mapping[str, Any]], None], stream: TextIO
) -> list[tuple[logging.Logger, logging.Handler]]:
    text = logging.StreamHandler(stream)
    text.setFormatter(logging.Formatter(FORMAT))
    root, progress = logging.getLogger(), logging.getLogger(PROGRESS_LOGGER)
    root.setLevel(logging.INFO)
    progress.setLevel(logging.INFO)
    logging.getLogger("apache_beam").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    attached = [(root, text), (progress, _Progress(on_progress))]
    for logger, handler in attached:
        logger.addHandler(handler)
    return attached


def _detach(attached: list[tuple[logging.Logger, logging.Handler]]) -> None:
    for logger, handler in attached:
        logger.removeHandler(handler)
    logging.captureWarnings(False)


def _follow(log: Path, fd: int | None, done: threading.Event) -> None:
    """Copies what is appended to the log, until told that nothing more comes."""
    if fd is None:
        return
    with log.open("rb") as file:
        while True:
            last = done.is_set()
            if block := file.read():
                os.write(fd, block)
            if last:
                return
            time.sleep(0.1)
