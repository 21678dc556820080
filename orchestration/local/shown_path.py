"""Paths as they are shown."""

from pathlib import Path


def shown_path(path: Path) -> str:
    """Returns a path as short as it can be from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
