"""The request log of a model, in the files that TensorFlow knows: also those of a bucket."""

import contextlib
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from model_server.status import Code
from serving import request_log


class RequestLog(request_log.RequestLog):
    """Writes a share of the requests of one model. Any number of threads may use it.

    Args:
        prefix: Folder and start of the files' names; the folder is made.
        sampling_rate: The share of requests to log; beyond 0 and 1, none or all.
        max_bytes: Where a file ends.
        max_files: How many are kept; the oldest are deleted.
        note: Told how each writing ended.
    """

    def __init__(
        self,
        prefix: str,
        sampling_rate: float,
        max_bytes: int = request_log.MAX_BYTES,
        max_files: int = request_log.MAX_FILES,
        note: Callable[[Code], None] = lambda _: None,
    ) -> None:
        super().__init__(
            prefix,
            sampling_rate if 0 <= sampling_rate <= 1 else float(sampling_rate > 1),
            max_bytes=max_bytes,
            max_files=max_files,
            note=lambda is_written: note(Code.OK if is_written else Code.UNKNOWN),
            files=_TensorFlowFiles(),
        )


class _TensorFlowFiles:
    def lock(self, prefix: str) -> Callable[[], None]:
        # A reload opens the new log before the old one is closed, and a bucket knows no locks.
        del prefix
        return lambda: None

    def names(self, folder: str) -> list[str]:
        with contextlib.suppress(tf.errors.NotFoundError):
            return list(tf.io.gfile.listdir(folder))
        return []

    def open(self, path: str) -> "_TensorFlowWriter":
        tf.io.gfile.makedirs(path.rpartition("/")[0] or ".")
        return _TensorFlowWriter(path)

    def remove(self, path: str) -> None:
        tf.io.gfile.remove(path)


class _TensorFlowWriter:
    def __init__(self, path: str) -> None:
        self._writer = tf.io.TFRecordWriter(path)

    def write(self, record: bytes) -> None:
        self._writer.write(record)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


def log_of(core: Any, model: str) -> RequestLog | None:
    """Returns the log of a model, if it has one.

    Args:
        core: Where the models are. What warms a model up has no logs.
        model: The model's name.
    """
    find = getattr(core, "request_log", None)
    return None if find is None else find(model)
