"""Files that are whole at every moment, and locks between processes."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from serving.errors import ServingError

POLL_SECONDS = 0.02


def replace(path: Path, text: str) -> None:
    """Writes a file so that readers, a crash and a full disk see the old one or the new one.

    Only one process may do so at a time. Of a symbolic link, the file that it names is replaced.

    Args:
        path: The file; its folder exists.
        text: The content.

    Raises:
        ServingError: If it cannot be written; the old file is as it was.
    """
    path = path.resolve()
    new = path.with_name(f".{path.name}.new")
    try:
        try:
            new.unlink(missing_ok=True)  # a killed process may have left it, of whatever rights
            # A path may hold bytes that are no text: JSON has this very escape for them.
            with new.open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(path, new)
            new.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        with contextlib.suppress(OSError):  # not every file system can
            _sync_folder(path.parent)
    except OSError as error:
        raise ServingError(
            f"{path} cannot be written: {error.strerror}",
            expected="a folder that may be written to, and space on its disk",
            fix="mend that and run the command again; the file is as it was",
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, seconds: float | None = None) -> Iterator[int | None]:
    """Holds a lock on a file, which stays; the system gives it up where the process dies.

    Args:
        path: The file; it is created.
        seconds: How long to try; None waits for good.

    Yields:
        The file's descriptor; None if another one holds the lock after that time.

    Raises:
        ServingError: If the file cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise ServingError(
            f"{path} cannot be opened: {error.strerror}",
            expected="a file in a folder that may be written to",
            fix="check the path and who may write there",
        ) from error
    try:
        yield descriptor if _lock(descriptor, seconds) else None
    finally:
        os.close(descriptor)  # which gives the lock up


def _lock(descriptor: int, seconds: float | None) -> bool:
    import fcntl  # not on Windows, where clients read a state that others change

    if seconds is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_SECONDS)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock now; needs no right to write."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
