"""Paths of a file system, where a node or its container is told one."""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# Where paths stand: an input, and the keys that lead to one inside of it. Any other value may look
# like a path and be none: a query that begins with a comment, a class or a slice such as /checkout.
PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "input_base": ((),),
    "runtime_data": ((),),
    "schema_file": ((),),
    "module_file": ((),),
    "push_dir": ((),),
    "push_destination": (("filesystem", "base_directory"),),
    "custom_config": (("sibling",), ("settings", "checkpoint_dir")),
}
FLAG = re.compile(r"--?([A-Za-z][-\w]*)=", re.ASCII)
# Beam's, of paths that workers see, or that the image holds.
ELSEWHERE = re.compile(
    r"environment_config|environment_options|\w+_job_server_jar|job_server_java_launcher"
)
FILE_SCHEME = "file://"
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
PACKED = "pkg:"


def paths_of_input(name: str, value: Any) -> Iterator[str]:
    """Yields the absolute paths that an input holds.

    Args:
        name: The input's name.
        value: Its value, what JSON can hold; JSON inside of strings is descended into.
    """
    for place in PLACES.get(name, ()):
        yield from _absolute(_at(value, place))


def paths_of_arguments(arguments: Iterable[Any]) -> Iterator[str]:
    """Yields the absolute paths among the arguments of a container, behind `--flag=` or alone."""
    for argument in map(str, arguments):
        flag = FLAG.match(argument)
        if flag is None:
            yield from _absolute(argument)
        elif not ELSEWHERE.fullmatch(flag[1]):
            yield from _absolute(argument[flag.end() :])


def _at(value: Any, place: Iterable[str]) -> Any:
    """Returns what lies under keys, one in the other; None where nothing does."""
    for key in place:
        inner = _parsed(value) if isinstance(value, str) else value
        value = inner.get(key) if isinstance(inner, Mapping) else None
    return value


def _parsed(text: str) -> Any:
    """Returns what a text holds as JSON, None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _absolute(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        path = value.removeprefix(FILE_SCHEME)
        if path.startswith("/"):
            yield path


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
