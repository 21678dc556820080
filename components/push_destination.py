"""A folder of numbered model versions, as TensorFlow Serving watches it."""

import hashlib
import re
import shutil
from pathlib import Path

INCOMING_PREFIX = "incoming-"  # no number, so that no reader takes it for a version


def versions(folder: str | Path) -> list[int]:
    """Returns the versions in a push destination, ascending; none if there is no such folder.

    A version is a whole number from 1, written without leading zeros.
    """
    try:
        names = [entry.name for entry in Path(folder).iterdir() if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(int(name) for name in names if re.fullmatch(r"[1-9][0-9]*", name))


def latest_version(folder: str | Path) -> int | None:
    """Returns the version that serves, None if there is none."""
    return max(versions(folder), default=None)


def digest(model: str | Path) -> str:
    """Returns a SHA-256 of a model's files, names and contents; of nothing if it is not there."""
    root = Path(model)
    result = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        for part in (path.relative_to(root).as_posix().encode(), path.read_bytes()):
            result.update(len(part).to_bytes(8, "big") + part)
    return result.hexdigest()


def publish(model: str | Path, folder: str | Path, version: int) -> Path:
    """Copies a model in whole: under a name that is no number, then renamed.

    A reader never sees half a model, and neither a crash nor a kill leaves one: what an
    interrupted copy left behind is removed by the next.

    Args:
        model: The SavedModel.
        folder: The push destination, on a local file system; it is created.
        version: The new version.

    Returns:
        The folder of the new version.

    Raises:
        FileExistsError: If the version is already there.
    """
    destination = Path(folder)
    destination.mkdir(parents=True, exist_ok=True)
    for left_over in destination.glob(f"{INCOMING_PREFIX}*"):
        if left_over.is_dir():
            shutil.rmtree(left_over)
        else:
            left_over.unlink()
    target = destination / str(version)
    if target.exists():
        raise FileExistsError(f"version {version} is already in {destination}")
    incoming = destination / f"{INCOMING_PREFIX}{version}"
    shutil.copytree(model, incoming)
    incoming.rename(target)
    return target
