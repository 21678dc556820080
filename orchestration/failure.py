"""An error that nobody foresaw: told in one line, with its traceback kept in a file."""

import tempfile
import traceback
from pathlib import Path

from usecase.errors import UserError

CRASH_LOG = "crash.log"


def unforeseen(error: Exception, folder: Path | None = None) -> UserError:
    """Keeps the traceback of an error in a file.

    Args:
        error: What was raised.
        folder: Where the file goes, if it can be written; None for a new temporary folder.

    Returns:
        What a user is told of it, the file among it.
    """
    text = "".join(traceback.format_exception(error))
    return UserError(
        f"this should not have happened: {type(error).__name__}: {error}",
        fix=f"please report it, with {_keep(text, folder)}",
    )


def _keep(text: str, folder: Path | None) -> Path:
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return _write(folder, text)
        except OSError:
            pass  # any other place is better than none
    return _write(Path(tempfile.mkdtemp()), text)


def _write(folder: Path, text: str) -> Path:
    path = folder / CRASH_LOG
    path.write_text(text, encoding="utf-8")
    return path
