"""From a YAML file to a checked `UseCase`: faults are found before anything expensive starts."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pydantic

from usecase.config import UseCase
from usecase.errors import ConfigError, did_you_mean
from usecase.overrides import Override, put_in
from usecase.roles import FeatureRole
from usecase.section import Section
from usecase.yaml_text import read_yaml

# How pydantic says that a key is wrong, and not what stands under it.
_KEY_ITSELF = "[key]"
# The key whose value is one of two classes, which pydantic names behind it.
_STORAGE = ["kubeflow", "storage"]


def load_use_case(path: str | Path, overrides: Sequence[str] = ()) -> UseCase:
    """Reads and validates the configuration of a use case.

    Args:
        path: The YAML file.
        overrides: Values in place of the file's, each "key=value"; see `usecase.overrides`.

    Returns:
        The validated, frozen configuration.

    Raises:
        ConfigError: If the file is missing, is no YAML, or does not describe a use case.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(
            f"config not readable: {path} ({why})",
            expected="a YAML file that describes a use case",
            fix="pass one with --config, for example configs/taxi.yaml",
        ) from error
    return parse_use_case(text, str(path), overrides)


def parse_use_case(text: str, source: str = "config", overrides: Sequence[str] = ()) -> UseCase:
    """Validates the YAML text of a use case.

    Args:
        text: The YAML.
        source: What errors call it.
        overrides: Values in place of its own, each "key=value"; see `usecase.overrides`.

    Raises:
        ConfigError: If the text is no YAML, or does not describe a use case.
    """
    raw = read_yaml(text, source)
    if not isinstance(raw, dict):
        raise ConfigError(f"{source}: empty or no mapping", expected="keys such as name, data")
    put = put_in(raw, overrides)
    _spell_out_roles(raw)
    try:
        text = json.dumps(raw, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: not a plain mapping of names to values ({error})") from error
    try:
        return UseCase.model_validate_json(text)
    except pydantic.ValidationError as error:
        raise _explain(error, source, put) from None


def _spell_out_roles(raw: dict[Any, Any]) -> None:
    """Writes `name: role` out as `name: {role: role}`.

    Not by a validator of UseCase: what one returns is no JSON any more, where a list is a tuple.
    """
    features = raw.get("features")
    if isinstance(features, dict):
        raw["features"] = {k: {"role": v} if isinstance(v, str) else v for k, v in features.items()}


def _explain(
    error: pydantic.ValidationError, source: str, overrides: Sequence[Override]
) -> ConfigError:
    errors = sorted(error.errors(), key=lambda e: e["type"] == "missing")
    faults = [_fault(e) for e in errors]
    place = tuple(_shown(errors[0]["loc"]))
    put = next((o for o in reversed(overrides) if o.concerns(place)), None)
    what = f"{put.source if put else source}: " + faults[0][0]
    if len(faults) > 1:
        what += "".join(f"\n  also: {text}" for text, _ in faults[1:])
    return ConfigError(what, fix=faults[0][1])


def _fault(error: Any) -> tuple[str, str]:
    """Returns (what is wrong, how to mend it) for one pydantic error."""
    where = ".".join(_shown(error["loc"])) or "config"
    kind = error["type"]
    if kind == "extra_forbidden":
        key = str(error["loc"][-1])
        return f'unknown key "{where}"', did_you_mean(key, _known_keys(error["loc"][:-1]))
    if kind == "missing":
        return f'key "{where}" is missing', f'add "{error["loc"][-1]}"'
    if kind == "union_tag_not_found":
        return f'key "{where}.role" is missing', f"add its role, one of {', '.join(_ROLES)}"
    if kind == "union_tag_invalid":
        return f'{where}: unknown role "{error["ctx"]["tag"]}"', did_you_mean(
            error["ctx"]["tag"], _ROLES
        )
    if kind == "string_type" and _is_scalar(error["input"]):
        text = str(error["input"])
        # YAML knows several words for true and false: nobody knows which one this was.
        quoted = "" if isinstance(error["input"], bool) else f': "{text}"'
        return f"{where}: expected text (got {text})", f"put it in quotes{quoted}"
    message = error["msg"].removeprefix("Value error, ")
    shown = f" (got {error['input']!r})" if _is_scalar(error["input"]) else ""
    if kind == "literal_error":
        known = [w.strip("' ") for w in error["ctx"]["expected"].replace(" or ", ",").split(",")]
        return f"{where}: {message}{shown}", did_you_mean(str(error["input"]), known)
    return f"{where}: {message}{shown}", "correct this value"


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _shown(location: tuple[Any, ...]) -> list[str]:
    """Returns a place as the user wrote it, without the tag by which pydantic chose a class."""
    parts = [str(part) for part in location if part != _KEY_ITSELF]
    if parts[:2] == _STORAGE:
        return parts[:2] + parts[3:]
    if parts[:2] == ["tuning", "space"]:
        return parts[:3] + parts[4:]
    is_role = len(parts) > 2 and parts[0] == "features" and parts[2] in _ROLES
    return parts[:2] + parts[3:] if is_role else parts


def _known_keys(location: tuple[Any, ...]) -> Iterator[str]:
    """Yields the keys allowed at a place of the configuration."""
    sections: list[type[Section]] = [UseCase]
    if location[:1] == ("features",):  # a name, which may be that of any key, and the role's class
        sections, location = [_ROLES[location[2]]], location[3:]
    for part in location:
        chosen = [section for section in sections if section.__name__ == part]
        sections = chosen or [below for section in sections for below in _below(section, part)]
    for section in sections:
        for name, field in section.model_fields.items():
            yield field.alias or name


def _below(section: type[Section], part: Any) -> list[type[Section]]:
    """Returns what stands under a key, looking through dicts, tuples and options."""
    if part in section.model_fields:
        return list(_sections(section.model_fields[part].annotation))
    return [section]


def _sections(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _sections(argument)


_ROLES = {s.model_fields["role"].default: s for s in _sections(FeatureRole)}
