"""The Python that `make setup` made; imports nothing that it brings."""

import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
FAILED = 2


def has(packages: Iterable[str]) -> bool:
    """Returns whether the packages are installed for this Python; none is imported."""
    return all(importlib.util.find_spec(package) for package in packages)


def start_over() -> int:
    """Starts the command line over with the project's own Python, whichever was called.

    Returns:
        An exit status, if there is no other Python to start over with; the reason is on stderr.
    """
    python = PROJECT_ROOT / ".venv" / "bin" / "python"
    if Path(sys.prefix) != python.parents[1] and python.exists():
        os.execv(python, [str(python), *sys.argv])  # noqa: S606, its path is our own
    print("error: TFX is not installed here\n  fix: make setup", file=sys.stderr)
    return FAILED
