"""Paths of a file system in values, wherever they hide."""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

# A slash and the start of a name: neither a lone slash nor the two of a comment.
ABSOLUTE = re.compile(r"/[^/\s]")
FLAG = re.compile(r"--?[A-Za-z][-\w]*=", re.ASCII)
FILE_SCHEME = "file://"
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
PACKED = "pkg:"


def absolute_paths(value: Any) -> Iterator[str]:
    """Yields the absolute paths among the strings of a JSON value.

    JSON inside strings is descended into, and what follows `--flag=` counts as a string.

    Args:
        value: What JSON can hold.
    """
    if isinstance(value, str):
        yield from _in_text(value)
    elif isinstance(value, Mapping | Sequence):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from absolute_paths(each)


def _in_text(text: str) -> Iterator[str]:
    text = FLAG.sub("", text, count=1) if FLAG.match(text) else text
    inner = _json_inside(text)
    if inner is not None:
        yield from absolute_paths(inner)
        return
    path = text.removeprefix(FILE_SCHEME)
    if ABSOLUTE.match(path):
        yield path


def _json_inside(text: str) -> Any:
    """Returns what a text holds as JSON, None if it is none."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Returns whether an absolute path is one of the folders, or in one of them."""
    path = posixpath.normpath(path)
    return any(
        path == folder or path.startswith(f"{folder}/")
        for folder in (posixpath.normpath(each) for each in folders)
    )


def is_relative(text: str) -> bool:
    """Returns whether a text is a path that starts from the working directory."""
    return bool(text) and not (text.startswith(("/", PACKED)) or URI.match(text))
