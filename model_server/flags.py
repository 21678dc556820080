"""Command-line flags as tensorflow_model_server reads them: unknown ones are ignored."""

import dataclasses
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from model_server.options import Options

_FLAG = re.compile(r"--(?P<name>[A-Za-z0-9_]+)(?:=(?P<value>.*))?", re.DOTALL)
_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)
_BIG = {"load_retry_interval_micros", "tensorflow_session_parallelism", "rest_api_max_body_bytes"}


class FlagError(Exception):
    """A flag's value cannot be read; the text says which."""


def parse(argv: Sequence[str]) -> Options:
    """Reads the arguments of the command line.

    An argument that is no known flag is printed to stderr and ignored.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        The settings; a flag given twice has its last value.

    Raises:
        FlagError: A known flag has a value that is not of its type.
    """
    known = {each.name: each for each in dataclasses.fields(Options)}
    values: dict[str, Any] = {}
    for argument in argv:
        match = _FLAG.fullmatch(argument)
        # Only a boolean may stand without a value: to the real server `--port` alone is unknown.
        known_flag = known.get(match["name"]) if match else None
        if match is None or known_flag is None or not _is_whole(known_flag, match["value"]):
            print(f"unknown argument: {argument}", file=sys.stderr)
            continue
        values[known_flag.name] = _read(known_flag, match["value"])
    return Options(**values)


def _is_whole(flag: dataclasses.Field, value: str | None) -> bool:
    return value is not None or flag.type is bool


def _read(flag: dataclasses.Field, value: str | None) -> Any:
    if flag.type is str:
        return value
    readers: dict[Any, Callable[[Any], Any]] = {
        bool: _bool,
        int: _int64 if flag.name in _BIG else _int32,
        float: float,
    }
    try:
        return readers[flag.type](value)
    except ValueError:
        raise FlagError(f"Couldn't interpret value {value} for flag {flag.name}.") from None


def _bool(value: str | None) -> bool:
    if value is None or value == "true":
        return True
    if value == "false":
        return False
    raise ValueError(value)


def _int32(value: str) -> int:
    return _integer(value, _INT32)


def _int64(value: str) -> int:
    return _integer(value, _INT64)


def _integer(value: str, within: range) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", value) or int(value) not in within:
        raise ValueError(value)
    return int(value)


def usage() -> str:
    """Returns the list of all flags with their types and defaults."""
    lines = ["usage: python -m model_server", "Flags:"]
    for each in dataclasses.fields(Options):
        default = getattr(Options(), each.name)
        shown = str(default).lower() if each.type is bool else repr(default).replace("'", '"')
        kind = {bool: "bool", int: "int", float: "float", str: "string"}[each.type]  # type: ignore[index]
        lines.append(f"\t--{each.name}={shown}\t{kind}\t{each.metadata['help']}")
    return "\n".join(lines) + "\n"
