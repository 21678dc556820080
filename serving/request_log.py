"""A sample of what was asked and answered, in files that a model can be warmed up with.

The format is TensorFlow Serving's own: TFRecords of PredictionLog. The stock server writes no such
log, so its clients do; the embedded server does, too.
"""

import atexit
import contextlib
import logging
import os
import random
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from serving.errors import ServingError
from serving.record_files import Files, LocalFiles, RecordFiles

log = logging.getLogger(__name__)

MAX_BYTES = 64 << 20
MAX_FILES = 8
MAX_WAITING = 64 << 20  # bytes that wait for a slow disk; what comes then is left out
CLOSE_SECONDS = 10.0


class RequestLog:
    """Writes a share of requests. Any number of threads and clients of one process may share it.

    Files are called `<prefix>-000001.tfrecord` and so on; numbers go on after a restart. A file is
    ended when it is as long as a warm-up file may be, or large enough. A thread of its own writes
    them, so a slow disk slows no request; close the log after use, or use it with `with`.

    Args:
        prefix: Folder and start of the files' names; the folder is made. `<prefix>.lock` keeps
            other processes from writing there.
        sampling_rate: The share of requests to log, 0 to 1.
        max_bytes: Where a file ends.
        max_files: How many are kept; the oldest are deleted.
        note: Told of each request in the sample whether it was written.
        files: Where the files are, if not on this machine.

    Raises:
        ServingError: If a number makes no sense, the folder cannot be written to, or another log
            writes there.
    """

    def __init__(
        self,
        prefix: str | Path,
        sampling_rate: float,
        *,
        max_bytes: int = MAX_BYTES,
        max_files: int = MAX_FILES,
        note: Callable[[bool], None] = lambda _: None,
        files: Files | None = None,
    ) -> None:
        _check(sampling_rate, max_bytes, max_files)
        where = files or LocalFiles()
        self._prefix = str(prefix)
        self._rate = sampling_rate
        self._note = note
        self._random = random.Random()  # noqa: S311, a sample and no secret
        self._unlock = where.lock(self._prefix)
        self._files = RecordFiles(self._prefix, max_bytes, max_files, where)
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._unwritten = 0
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._is_closed = self._is_failing = False
        atexit.register(self.close)

    def __enter__(self) -> "RequestLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def maybe(self, make: Callable[[], Any]) -> None:
        """Logs a request, if it falls into the sample. Never raises: the request comes first.

        Args:
            make: Makes the PredictionLog; called only for what is logged. What its log_metadata
                hold is added.
        """
        if self._random.random() >= self._rate:
            return
        try:
            record = make()
            _describe(record, self._rate)
            self._hand_over(record.SerializeToString())
        except Exception:  # noqa: BLE001 - whatever is wrong, the request is answered
            self._tell(is_written=False)

    def flush(self, timeout: float = CLOSE_SECONDS) -> bool:
        """Waits until all is written; returns whether it is.

        Args:
            timeout: Seconds to wait.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._unwritten, timeout)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Writes what waits, and ends the current file; what is asked later is not logged.

        Args:
            timeout: Seconds to wait for a slow disk.
        """
        if os.getpid() != self._process:
            return
        with self._changed:
            is_first, self._is_closed = not self._is_closed, True
            self._changed.notify_all()
        if not is_first:
            return
        atexit.unregister(self.close)
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                log.error("request log %s: not all is written after %g s", self._prefix, timeout)
                return
        self._unlock()

    def _hand_over(self, data: bytes) -> None:
        if os.getpid() != self._process:
            raise RuntimeError("this process is a fork of the one that opened the log")
        with self._changed:
            if self._is_closed:
                return
            if self._waiting and self._waiting_bytes + len(data) > MAX_WAITING:
                raise BufferError("the disk is too slow for the share that is logged")
            if self._thread is None:
                thread = threading.Thread(target=self._write_all, name="request-log", daemon=True)
                thread.start()
                self._thread = thread
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            self._unwritten += 1
            self._changed.notify_all()

    def _write_all(self) -> None:
        while (data := self._next()) is not None:
            try:
                self._files.write(data)
            except Exception:  # noqa: BLE001 - a full disk must not end the log
                self._tell(is_written=False)
            else:
                self._tell(is_written=True)
            with self._changed:
                self._unwritten -= 1
                self._changed.notify_all()
        try:
            self._files.close()
        except Exception:
            log.exception("request log %s: the last file may lack its end", self._prefix)

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return None
            data = self._waiting.popleft()
            self._waiting_bytes -= len(data)
            return data

    def _tell(self, *, is_written: bool) -> None:
        if not is_written and not self._is_failing:
            log.exception("request log %s: cannot write; further failures are silent", self._prefix)
        self._is_failing = not is_written
        with contextlib.suppress(Exception):  # neither a request nor the log may end by it
            self._note(is_written)


def _check(sampling_rate: float, max_bytes: int, max_files: int) -> None:
    if not 0 <= sampling_rate <= 1:
        raise ServingError(
            f"sampling_rate is {sampling_rate}",
            expected="the share of requests to log, 0 to 1",
            fix="for one request in a hundred, give 0.01",
        )
    for name, value in (("max_bytes", max_bytes), ("max_files", max_files)):
        if value < 1:
            raise ServingError(f"{name} is {value}", expected="1 or more", fix="correct it")


def _describe(record: Any, sampling_rate: float) -> None:
    """Writes into a PredictionLog what was asked for, and which share is logged."""
    kind = record.WhichOneof("log_type")
    request = getattr(record, kind).request
    # A multi-inference has a model in each task, and all are the same.
    spec = request.tasks[0].model_spec if kind == "multi_inference_log" else request.model_spec
    record.log_metadata.model_spec.CopyFrom(spec)
    record.log_metadata.sampling_config.sampling_rate = sampling_rate
