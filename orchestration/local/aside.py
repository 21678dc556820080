"""Moves out of the way what cannot be used any more; nothing is ever deleted."""

import datetime
from pathlib import Path


def set_aside(path: Path, why: str) -> Path:
    """Renames a file or folder to `<name>.<why>-<time>`, beside where it was.

    Args:
        path: What to rename.
        why: One word.

    Returns:
        Its new place.

    Raises:
        OSError: If it cannot be renamed.
    """
    moment = datetime.datetime.now()
    while True:
        new = path.with_name(f"{path.name}.{why}-{moment:%Y-%m-%dT%H-%M-%S}")
        if not new.exists():
            path.rename(new)
            return new
        moment += datetime.timedelta(seconds=1)
