"""The files that hold rows: one, a pattern of several, here or under gs://."""

import contextlib
import glob
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from usecase.config import Data
from usecase.errors import ConfigError
from usecase.paths import candidates, resolve

REMOTE = "gs://"
SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
REMOTE_OBJECT = re.compile(r"^gs://[^/*?[\]]+/.*[^/]$")
WILDCARD = re.compile(r"[*?[]")


class DataFiles(NamedTuple):
    """Where rows are.

    Attributes:
        pattern: The absolute path or pattern for TFX, wildcards in names escaped; "" for a query.
        local: The files that it means, by name; none if they are not on this machine.
    """

    pattern: str
    local: tuple[Path, ...]


def find_data(data: Data) -> DataFiles:
    """Returns where the rows of a configuration are; what is not on this machine is not asked for.

    Raises:
        ConfigError: If no local file is meant, or a path cannot be one.
    """
    if data.path is None:
        return DataFiles("", ())
    if is_remote(data.path):
        _require_object(data.path)
        return DataFiles(data.path, ())
    return _local(data.path)


def is_remote(path: str) -> bool:
    """Returns whether a path is not one of this machine.

    Raises:
        ConfigError: If it is neither of this machine nor under gs://.
    """
    scheme = SCHEME.match(path)
    if scheme and scheme[0] != REMOTE:
        raise ConfigError(
            f"data cannot be read from {scheme[0]}: {path}",
            expected=f"a local path, or one under {REMOTE}",
            fix="copy the files to one of the two",
        )
    return scheme is not None


def split_pattern(pattern: str) -> tuple[str, str]:
    """Returns the folder that a pattern begins with before any wildcard, and the rest."""
    parts = pattern.split("/")
    folders = next((i for i, part in enumerate(parts[:-1]) if WILDCARD.search(part)), None)
    last = len(parts) - 1 if folders is None else folders
    root = "/" if pattern.startswith("/") else ""
    return "/".join(parts[:last]) or root, "/".join(parts[last:])


def _local(path: str) -> DataFiles:
    try:
        file = resolve(path, "data")  # a name may hold what is a wildcard in a pattern
    except ConfigError:
        if not WILDCARD.search(path):
            raise
        return _matching(path)
    if file.is_dir():
        raise ConfigError(
            f"data is a folder: {path}",
            expected="a file, or a pattern of files",
            fix=f"name its files, for example {path.rstrip('/')}/*.csv",
        )
    return DataFiles(glob.escape(str(file)), (file,))


def _matching(path: str) -> DataFiles:
    base, pattern = split_pattern(path)
    for folder, found in _found(base, pattern):
        if folders := [p for p in found if p.is_dir()]:
            raise ConfigError(
                f"data pattern {path} matches a folder: {folders[0]}",
                expected="files alone",
                fix="make the pattern narrower, for example with the files' ending",
            )
        if found:
            return DataFiles(f"{glob.escape(str(folder))}/{pattern}", tuple(found))
    raise ConfigError(
        f"data not found: no file matches {path}",
        expected="at least one; * and ? stand for characters of one name, not for folders",
        fix="correct the pattern, or create the files",
    )


def _found(base: str, pattern: str) -> Iterator[tuple[Path, list[Path]]]:
    """Yields the folders in which a pattern is looked for, and what matches there."""
    if "**" in pattern:
        return
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        for folder in candidates(base or "."):
            # Not by `glob`, which skips names that begin with a dot where TFX and Beam do not.
            yield folder, sorted(folder.glob(pattern))


def _require_object(path: str) -> None:
    if not REMOTE_OBJECT.match(path):
        raise ConfigError(
            f"data not understood: {path}",
            expected="gs://BUCKET/PATH, in which wildcards may stand behind the bucket",
            fix="correct the path",
        )
