"""Whose checkpoints a training may go on with: anybody's, or those of one beginning alone."""

import contextlib
import contextvars
import shutil
from collections.abc import Iterator
from pathlib import Path

NOTE = "origin.txt"  # in the folder of a training's checkpoints
_ORIGIN: contextvars.ContextVar[str | None] = contextvars.ContextVar("origin", default=None)


@contextlib.contextmanager
def only_from(origin: str | None) -> Iterator[None]:
    """Within it, a training that was begun elsewhere begins anew.

    Args:
        origin: The run that first asked for that, which those that go on with it name as well;
            None where a training goes on with whatever there is.
    """
    token = _ORIGIN.set(origin)
    try:
        yield
    finally:
        _ORIGIN.reset(token)


def asked_for_by() -> str | None:
    """Returns the run that first asked for a training anew; None where nobody did."""
    return _ORIGIN.get()


def open_checkpoints(folder: Path) -> None:
    """Creates the folder of one training's checkpoints; what it may not go on with is removed.

    Args:
        folder: The folder, of this training alone.
    """
    origin, note = asked_for_by(), folder / NOTE
    if origin is None:
        folder.mkdir(parents=True, exist_ok=True)
    elif not (note.is_file() and note.read_text(encoding="utf-8") == origin):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        note.write_text(origin, encoding="utf-8")
