"""Values that stand in place of a configuration's: `--set training.max_epochs=2`."""

import copy
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from usecase.errors import ConfigError, did_you_mean
from usecase.yaml_text import read_yaml

OPTION = "--set"
_EXPECTED = f"{OPTION} KEY=VALUE, for example {OPTION} training.max_epochs=2"
# A part of a key: in quotes, or up to the next dot.
_PART = re.compile(r'"([^"]*)"|\'([^\']*)\'|([^."\'=]+)')
# YAML 1.1, which PyYAML reads, takes 1e-3 for text: it wants a dot and a sign.
_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


class Override(NamedTuple):
    """One value that was put in.

    Attributes:
        text: As the user wrote it.
        path: Where it stands, as the configuration's keys and list indices have it.
    """

    text: str
    path: tuple[str, ...]

    @property
    def source(self) -> str:
        """What errors call it."""
        return f"{OPTION} {self.text}"

    def concerns(self, path: tuple[str, ...]) -> bool:
        """Returns whether a place of the configuration is this one, in it, or around it."""
        shared = min(len(path), len(self.path))
        return shared > 0 and path[:shared] == self.path[:shared]


def put_in(raw: dict[Any, Any], texts: Iterable[str]) -> list[Override]:
    """Puts values into a configuration; later ones win.

    Args:
        raw: The configuration as YAML has it, which is changed.
        texts: Each "key=value": the key with dots between its parts, an index for an item of a
            list, a name with a dot or "=" in quotes; the value in YAML.

    Raises:
        ConfigError: If a text is no key and value, or there is no such place. Whether the
            configuration knows the key is not looked at, except for names of features.
    """
    return [_put(raw, text) for text in texts]


def _put(raw: dict[Any, Any], text: str) -> Override:
    parts, value = _split(text)
    source = f"{OPTION} {text}"
    path: list[str] = []
    here: Any = raw
    while True:
        key, rest = _step(here, parts, source, path)
        path.append(str(key))
        if not rest:
            here[key] = value
            return Override(text, tuple(path))
        _require_feature(raw, path, source)
        here, parts = _below(here, key, path), rest


def _split(text: str) -> tuple[list[str], Any]:
    """Returns the parts of the key, and the value."""
    parts, end = [], 0
    while match := _PART.match(text, end):
        parts.append(next(group for group in match.groups() if group is not None))
        end = match.end()
        if text[end : end + 1] == "=":
            return parts, _value(text[end + 1 :], f"{OPTION} {text}")
        if text[end : end + 1] != ".":
            break
        end += 1
    raise ConfigError(
        f"{OPTION} {text}: " + ("no key before the =" if "=" in text else "no value"),
        expected=_EXPECTED,
        fix='names with a dot, a quote or = in them need quotes: features."net=total".buckets=5',
    )


def _value(text: str, source: str) -> Any:
    return float(text) if _EXPONENT.fullmatch(text.strip()) else read_yaml(text, source)


def _step(here: Any, parts: list[str], source: str, path: list[str]) -> tuple[Any, list[str]]:
    """Returns the key or index that parts begin with, and the parts behind it."""
    if isinstance(here, list):
        if not (parts[0].isdecimal() and int(parts[0]) < len(here)):
            raise ConfigError(
                f'{source}: {".".join(path)} has no item "{parts[0]}"',
                expected=f"an index from 0 to {len(here) - 1}" if here else "a list with items",
                fix=f"or give the whole list: {OPTION} '{'.'.join(path)}=[...]'",
            )
        return int(parts[0]), parts[1:]
    if not isinstance(here, dict):
        raise ConfigError(
            f"{source}: {'.'.join(path)} is {here!r}, with nothing below it",
            fix=f"{OPTION} {'.'.join(path)}=VALUE",
        )
    keys = {str(key): key for key in here}
    for count in range(len(parts), 0, -1):  # a name may have dots in it
        if (name := ".".join(parts[:count])) in keys:
            return keys[name], parts[count:]
    return parts[0], parts[1:]


def _below(here: Any, key: Any, path: list[str]) -> Any:
    """Returns what stands at a key, made where nothing does yet."""
    below = here[key] if isinstance(here, list) else here.get(key)
    if below is None:
        below = {}
    elif isinstance(below, str) and len(path) == 2 and path[0] == "features":
        below = {"role": below}
    # A copy, because an anchor of YAML may have put the same value in another place.
    here[key] = copy.copy(below)
    return here[key]


def _require_feature(raw: dict[Any, Any], path: list[str], source: str) -> None:
    features = raw.get("features")
    if len(path) != 2 or path[0] != "features" or not isinstance(features, dict):
        return
    names = [str(name) for name in features]
    if path[1] not in names:
        raise ConfigError(
            f'{source}: no feature "{path[1]}"',
            expected="a feature of the configuration, or a new one with its role: "
            f"{OPTION} features.{path[1]}=numeric",
            fix=did_you_mean(path[1], names),
        )
