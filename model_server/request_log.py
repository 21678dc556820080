"""A sample of what was asked and answered, in files that a model can be warmed up with.

The stock server has no such log; the format is its own all the same: TFRecords of PredictionLog.
"""

import logging
import random
import threading
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import tensorflow as tf

from model_server.status import Code

log = logging.getLogger(__name__)

MAX_RECORDS = 1000  # what a warm-up file may hold
SUFFIX = ".tfrecord"


class RequestLog:
    """Writes a share of the requests of one model. Any number of threads may use it.

    Files are called `<prefix>-000001.tfrecord` and so on; numbers go on after a restart. A file is
    ended when it is as long as a warm-up file may be, or large enough.

    Args:
        prefix: Folder and start of the files' names; the folder is made.
        sampling_rate: The share of requests to log, 0 to 1.
        max_bytes: Where a file ends.
        max_files: How many are kept; the oldest are deleted.
        note: Told how each writing ended.
    """

    def __init__(
        self,
        prefix: str,
        sampling_rate: float,
        max_bytes: int = 64 << 20,
        max_files: int = 8,
        note: Callable[[Code], None] = lambda _: None,
    ) -> None:
        self._prefix = prefix
        self._rate = sampling_rate
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._note = note
        self._lock = threading.Lock()
        self._random = random.Random()  # noqa: S311, a sample and no secret
        self._writer: Any = None
        self._bytes = self._records = 0
        self._number: int | None = None
        self._is_failing = False

    def maybe(self, make: Callable[[], Any]) -> None:
        """Logs a request, if it falls into the sample. Never raises: the request comes first.

        Args:
            make: Makes the PredictionLog; called only for what is logged.
        """
        if self._random.random() >= self._rate:
            return
        try:
            data = make().SerializeToString()
            with self._lock:
                self._write(data)
            self._is_failing = False
            self._note(Code.OK)
        except Exception:  # a full disk must not fail a request
            if not self._is_failing:
                log.exception(
                    "request log %s: cannot write; further failures are silent", self._prefix
                )
            self._is_failing = True
            self._note(Code.UNKNOWN)

    def close(self) -> None:
        """Ends the current file."""
        with self._lock:
            self._end_file()

    def _write(self, data: bytes) -> None:
        is_full = self._records >= MAX_RECORDS or self._bytes + len(data) > self._max_bytes
        if self._writer is not None and is_full and self._records:
            self._end_file()
        if self._writer is None:
            self._start_file()
        self._writer.write(data)
        self._writer.flush()
        self._records += 1
        self._bytes += len(data)

    def _start_file(self) -> None:
        tf.io.gfile.makedirs(str(self._prefix).rpartition("/")[0] or ".")
        numbers = self._numbers()
        last = self._number if self._number is not None else max(numbers, default=0)
        self._number = last + 1
        for number in sorted(numbers)[: max(0, len(numbers) - self._max_files + 1)]:
            tf.io.gfile.remove(self._path(number))
        self._writer = tf.io.TFRecordWriter(self._path(self._number))
        self._bytes = self._records = 0

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _path(self, number: int) -> str:
        return f"{self._prefix}-{number:06d}{SUFFIX}"

    def _numbers(self) -> list[int]:
        start = PurePosixPath(self._prefix).name + "-"
        names = [PurePosixPath(path).name for path in tf.io.gfile.glob(f"{self._prefix}-*{SUFFIX}")]
        middles = [name[len(start) : -len(SUFFIX)] for name in names]
        return [int(middle) for middle in middles if middle.isdecimal()]


def log_of(core: Any, model: str) -> RequestLog | None:
    """Returns the log of a model, if it has one.

    Args:
        core: Where the models are. What warms a model up has no logs.
        model: The model's name.
    """
    find = getattr(core, "request_log", None)
    return None if find is None else find(model)
