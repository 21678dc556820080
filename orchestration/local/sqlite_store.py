"""The SQLite file of ML Metadata: found out before anything is imported whether it can be used."""

import sqlite3
from contextlib import closing
from pathlib import Path

from orchestration.local.aside import set_aside
from usecase.errors import UserError

LOCK_WAIT_S = 10.0
BESIDE = ("-journal", "-wal", "-shm")
MOVE = "move it away, or choose another output folder with --output-dir"


def require_sound(path: Path) -> str:
    """Checks the file, if it is there; a corrupt one is moved aside.

    Args:
        path: The file; without one, its folder is created.

    Returns:
        A warning, if it was corrupt; else "".

    Raises:
        UserError: If another process keeps it locked, or it cannot be read and written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise UserError(f"the metadata store is no file: {path}", fix=MOVE)
        fault = _fault(path) if path.exists() else ""
        if not path.exists():
            _try_a_file_beside(path)
    except OSError as error:
        raise _not_writable(path, error.strerror or str(error)) from error
    except sqlite3.OperationalError as error:
        raise _not_usable(path, error) from error
    return _move(path, fault) if fault else ""


def require_unlocked(path: Path) -> None:
    """Waits until the file, if it is there, can be read: ML Metadata's client would without end.

    No transaction of this process may be at work: closing a file ends all locks on it.

    Raises:
        UserError: If another process keeps it locked for too long.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None)) as file:
            file.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.DatabaseError as error:  # another fault is told by who opens the file
        if "locked" in str(error):
            raise locked_by_another(path) from error


def _fault(path: Path) -> str:
    """Returns what is corrupt in a file; "" if nothing is.

    Raises:
        sqlite3.OperationalError: If that cannot be found out.
    """
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None)) as file:
            # Beside the lock, this takes back what a killed process had half written.
            file.execute("BEGIN IMMEDIATE")
            (found,) = file.execute("PRAGMA quick_check(1)").fetchone()
            # The journal of a change is a file beside it, which must be writable too.
            file.execute("CREATE TABLE writable (id INTEGER)")
            file.execute("ROLLBACK")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else " ".join(str(found).split())


def _try_a_file_beside(path: Path) -> None:
    trial = path.with_name(f"{path.name}.trial")
    trial.touch()
    trial.unlink()


def _move(path: Path, fault: str) -> str:
    try:
        aside = set_aside(path, "corrupt")
        for ending in BESIDE:
            belonging = path.with_name(path.name + ending)
            if belonging.exists():
                belonging.rename(aside.with_name(aside.name + ending))
    except OSError as error:
        raise UserError(
            f"the metadata store is corrupt and cannot be moved aside: {path} ({error.strerror})",
            fix=MOVE,
        ) from error
    return (
        f"the metadata store was corrupt ({fault}) and is now {aside}: every node runs anew, "
        "and the last push stays the baseline"
    )


def locked_by_another(path: Path) -> UserError:
    """Returns what to tell of a file that another process kept locked for too long."""
    return UserError(
        f"the metadata store is locked by another process: {path}",
        expected=f"nobody else to use it for longer than {LOCK_WAIT_S:.0f} s",
        fix="end what has it open, for example a notebook or a database browser",
    )


def _not_usable(path: Path, error: sqlite3.OperationalError) -> UserError:
    return locked_by_another(path) if "locked" in str(error) else _not_writable(path, str(error))


def _not_writable(path: Path, why: str) -> UserError:
    return UserError(
        f"the metadata store cannot be read and written: {path} ({why})",
        fix="mend its permissions, or choose another output folder with --output-dir",
    )
