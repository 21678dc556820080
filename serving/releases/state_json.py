"""Reads a release's state from JSON, strictly: what is not understood is not guessed."""

import json
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from serving.errors import ServingError
from serving.releases.state import FORMAT, Action, Canary, Event, Started, State

Value = TypeVar("Value")
Read = Callable[[Any, str], Value]

ACTIONS: tuple[Action, ...] = ("canary", "promote", "rollback")
VERSIONS = range(1, 2**63)  # what a server takes for a version


class _Unfit(Exception):  # noqa: N818 - the caller is told a ServingError, which this becomes
    """What is wrong, and where."""


def parse(text: str, path: Path) -> State:
    """Returns the state that a file holds.

    Args:
        text: The file's content.
        path: The file, for the error.

    Raises:
        ServingError: If it is damaged, or of another format.
    """
    try:
        data = json.loads(text)
        if isinstance(data, dict) and data.get("format", FORMAT) != FORMAT:
            raise ServingError(
                f"{path} has the format {data['format']!r}",
                expected=f"the format {FORMAT}",
                fix="use the version of this project that wrote it",
            )
        return _state(data, "")
    except (ValueError, RecursionError) as error:
        reason = f"no JSON: {error}"
    except _Unfit as error:
        reason = str(error)
    raise ServingError(
        f"{path} is damaged: {reason}",
        expected="the state of a release, as `python -m serving` writes it",
        fix="restore it from a backup; or correct it; or remove it and name the stable version "
        "anew with `python -m serving promote VERSION`, which loses the history",
    )


def _state(data: Any, where: str) -> State:
    known = _object(data, State, where, more=("format",))
    stables = _several(_version)(known["stables"], "stables")
    if not stables or len(set(stables)) < len(stables):
        raise _Unfit("stables: no version, or one twice")
    canary = _optional(_canary)(known["canary"], "canary")
    if canary is not None and canary.version == stables[0]:
        raise _Unfit(f"canary: version {canary.version} is the stable one")
    return State(
        model=_name(known["model"], "model"),
        stables=stables,
        canary=canary,
        keep=_count(known["keep"], "keep"),
        base_path=_optional(_name)(known["base_path"], "base_path"),
        config_file=_name(known["config_file"], "config_file"),
        servers=_several(_name)(known["servers"], "servers"),
        serial=_count(known["serial"], "serial"),
        started=_optional(_started)(known["started"], "started"),
        history=_several(_event)(known["history"], "history"),
    )


def _canary(data: Any, where: str) -> Canary:
    known = _object(data, Canary, where)
    return Canary(
        _version(known["version"], f"{where}.version"),
        _percent(known["percent"], f"{where}.percent"),
    )


def _event(data: Any, where: str) -> Event:
    known = _object(data, Event, where)
    return Event(
        action=_action(known["action"], f"{where}.action"),
        version=_version(known["version"], f"{where}.version"),
        percent=_optional(_percent)(known["percent"], f"{where}.percent"),
        stable=_version(known["stable"], f"{where}.stable"),
        **{name: _text(known[name], f"{where}.{name}") for name in ("who", "when", "why", "run")},
    )


def _started(data: Any, where: str) -> Started:
    known = _object(data, Started, where)
    return Started(
        id=_text(known["id"], f"{where}.id"),
        action=_action(known["action"], f"{where}.action"),
        version=_version(known["version"], f"{where}.version"),
        percent=_optional(_percent)(known["percent"], f"{where}.percent"),
        who=_text(known["who"], f"{where}.who"),
        when=_text(known["when"], f"{where}.when"),
    )


def _object(data: Any, kind: Any, where: str, more: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _Unfit(f"{where or 'the whole'}: {_shown(data)} is no object")
    names = {*more, *(field.name for field in fields(kind))}
    for problem, keys in (("unknown", data.keys() - names), ("missing", names - data.keys())):
        if keys:
            listed = ", ".join(sorted(keys))
            raise _Unfit(f"{where + ': ' if where else ''}{problem} {listed}")
    return data


def _several(read: Read[Value]) -> Read[tuple[Value, ...]]:
    def run(data: Any, where: str) -> tuple[Value, ...]:
        if not isinstance(data, list):
            raise _Unfit(f"{where}: {_shown(data)} is no list")
        return tuple(read(item, f"{where}[{index}]") for index, item in enumerate(data))

    return run


def _optional(read: Read[Value]) -> Read[Value | None]:
    return lambda data, where: None if data is None else read(data, where)


def _text(data: Any, where: str) -> str:
    if not isinstance(data, str):
        raise _Unfit(f"{where}: {_shown(data)} is no text")
    return data


def _name(data: Any, where: str) -> str:
    if not _text(data, where):
        raise _Unfit(f"{where}: it is empty")
    return data


def _count(data: Any, where: str) -> int:
    if type(data) is not int or data < 0:
        raise _Unfit(f"{where}: {_shown(data)} is no count")
    return data


def _version(data: Any, where: str) -> int:
    if type(data) is not int or data not in VERSIONS:
        raise _Unfit(f"{where}: {_shown(data)} is no version")
    return data


def _percent(data: Any, where: str) -> float:
    if not is_percent(data):
        raise _Unfit(f"{where}: {_shown(data)} is no number from 0 to 100")
    return float(data)


def _action(data: Any, where: str) -> Action:
    for action in ACTIONS:
        if data == action:
            return action
    raise _Unfit(f"{where}: {_shown(data)} is none of {', '.join(ACTIONS)}")


def is_percent(value: Any) -> bool:
    """Whether a value is a number from 0 to 100."""
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 100


def _shown(data: Any) -> str:
    return f"{data!r:.60}"
