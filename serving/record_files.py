"""TFRecord files that follow each other: each ends in time, and the oldest go."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from serving.errors import ServingError
from serving.tfrecords import framed

MAX_RECORDS = 1000  # what a warm-up file may hold
SUFFIX = ".tfrecord"
LOCK = ".lock"


class Writer(Protocol):
    """An open file."""

    def write(self, record: bytes) -> None:
        """Writes a record; it is in the file afterwards."""

    def close(self) -> None:
        """Ends the file."""


class Files(Protocol):
    """Where the files are."""

    def lock(self, prefix: str) -> Callable[[], None]:
        """Keeps others from writing below a prefix; returns what ends that."""

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder; none if there is no such folder."""

    def open(self, path: str) -> Writer:
        """Begins a file of records, in a folder that is made if need be."""

    def remove(self, path: str) -> None:
        """Deletes a file."""


class RecordFiles:
    """Writes records to `<prefix>-000001.tfrecord` and so on; numbers go on after a restart.

    One thread at a time may use it.

    Args:
        prefix: Folder and start of the files' names.
        max_bytes: Where a file ends, unless it holds as many records as a warm-up file may.
        max_files: How many are kept; the oldest are deleted.
        files: Where they are.
    """

    def __init__(self, prefix: str, max_bytes: int, max_files: int, files: Files) -> None:
        folder, slash, name = prefix.rpartition("/")
        self._folder = folder or slash or "."
        self._start = f"{name}-"
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._files = files
        self._writer: Writer | None = None
        self._bytes = self._records = self._number = 0

    def write(self, record: bytes) -> None:
        """Writes a record.

        Raises:
            Exception: Whatever kept it from being written; the next one goes into another file.
        """
        is_full = self._records >= MAX_RECORDS or self._bytes + len(record) > self._max_bytes
        if is_full and self._records:
            self.close()
        if self._writer is None:
            self._writer = self._next()
        try:
            self._writer.write(record)
        except BaseException:
            with contextlib.suppress(Exception):  # the first error says more
                self.close()
            raise
        self._records += 1
        self._bytes += len(record)

    def close(self) -> None:
        """Ends the current file."""
        writer, self._writer = self._writer, None
        self._bytes = self._records = 0
        if writer is not None:
            writer.close()

    def _next(self) -> Writer:
        numbers = self._numbers()
        for number in numbers[: max(0, len(numbers) - self._max_files + 1)]:
            self._files.remove(self._path(number))
        self._number = max([self._number, *numbers]) + 1
        return self._files.open(self._path(self._number))

    def _path(self, number: int) -> str:
        return f"{self._prefix}-{number:06d}{SUFFIX}"

    def _numbers(self) -> list[int]:
        middles = [
            name[len(self._start) : -len(SUFFIX)]
            for name in self._files.names(self._folder)
            if name.startswith(self._start) and name.endswith(SUFFIX)
        ]
        return sorted(int(middle) for middle in middles if middle.isdecimal())


class LocalFiles:
    """Files of this machine."""

    def lock(self, prefix: str) -> Callable[[], None]:
        """Keeps other processes from writing below a prefix; returns what ends that.

        Raises:
            ServingError: If another one does, or the folder cannot be written to.
        """
        if "://" in prefix:
            raise ServingError(
                f"no local path: {prefix}",
                expected="a request log in a folder of this machine",
                fix="give a local path, and copy the files from there",
            )
        import fcntl  # not on Windows, which can do without client logs

        path = f"{prefix}{LOCK}"
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ServingError(
                f"request log not writable: {path} ({error.strerror})",
                expected="a folder that can be written to",
                fix="correct the prefix, or the folder's permissions",
            ) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(held, 20).decode(errors="replace").strip()
            os.close(held)
            raise ServingError(
                f"another request log writes to {prefix} (process {holder or 'unknown'})",
                expected="one process, and in it one log, to a prefix",
                fix="give each its own prefix, such as one with os.getpid(); "
                "clients of one process may share a log",
            ) from error
        os.ftruncate(held, 0)
        os.write(held, str(os.getpid()).encode())
        return lambda: os.close(held)

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder; none if there is no such folder."""
        found = Path(folder)
        return [path.name for path in found.iterdir()] if found.is_dir() else []

    def open(self, path: str) -> Writer:
        """Begins a file of records, in a folder that is made if need be."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return _LocalWriter(path)

    def remove(self, path: str) -> None:
        """Deletes a file."""
        Path(path).unlink(missing_ok=True)


class _LocalWriter:
    """A file that holds whole records, also after a full disk."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("xb", buffering=0)  # noqa: SIM115 - it stays open

    def write(self, record: bytes) -> None:
        left = memoryview(framed(record))
        end = self._file.tell()
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(end)
            raise

    def close(self) -> None:
        self._file.close()
