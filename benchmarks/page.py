"""The part of README.md that a benchmark writes anew: what it measured, and where."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- written by {} -->", "<!-- end of {} -->"


def write(command: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Puts lines in place of what a command wrote before.

    Args:
        command: The command, as a user types it.
        lines: Markdown.
        page: The page.

    Raises:
        ValueError: If the page has no place for the command.
    """
    begin, end = BEGIN.format(command), END.format(command)
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page} has no place for {command}: {begin} and {end}")
    page.write_text("\n".join((before + begin, "", *lines, "", end)) + after, encoding="utf-8")


def machine(*packages: str) -> str:
    """Returns what a figure depends on: cores, load and versions."""
    load = os.getloadavg()[1]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    gpus = "no GPU" if not Path("/dev/nvidiactl").exists() else "a GPU"
    return (
        f"{os.cpu_count()} cores, {gpus}, load {load:.1f} before it. "
        f"Python {platform.python_version()}, {versions}."
    )
