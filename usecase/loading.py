"""From a YAML file to a checked `UseCase`: faults are found before anything expensive starts."""

import json
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import pydantic
import yaml

from usecase.config import Section, UseCase
from usecase.errors import ConfigError, did_you_mean

# PyYAML's own error, and what it lets through where a value does not fit its tag, a key is a list,
# or the nesting is too deep.
_NOT_YAML = (
    yaml.YAMLError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, which YAML would silently overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ConfigError(
                    f'"{key}" is named twice (second time in line {line})',
                    expected="each key, and so each feature, once",
                    fix="remove one of the two lines",
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load_use_case(path: str | Path) -> UseCase:
    """Reads and validates the configuration of a use case.

    Args:
        path: The YAML file.

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
    return parse_use_case(text, str(path))


def parse_use_case(text: str, source: str = "config") -> UseCase:
    """Validates the YAML text of a use case; `source` names it in errors.

    Raises:
        ConfigError: If the text is no YAML, or does not describe a use case.
    """
    try:
        raw = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506, a SafeLoader itself
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.what}", error.expected, error.fix) from None
    except _NOT_YAML as error:
        raise ConfigError(
            f"{source}: not valid YAML: {' '.join(str(error).split())}",
            fix="mend the YAML syntax there",
        ) from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{source}: empty or no mapping", expected="keys such as name, data")
    try:
        text = json.dumps(raw, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: not a plain mapping of names to values ({error})") from error
    try:
        return UseCase.model_validate_json(text)
    except pydantic.ValidationError as error:
        raise _explain(error, source) from None


def _explain(error: pydantic.ValidationError, source: str) -> ConfigError:
    faults = [_fault(e) for e in sorted(error.errors(), key=lambda e: e["type"] == "missing")]
    what = f"{source}: " + faults[0][0]
    if len(faults) > 1:
        what += "".join(f"\n  also: {text}" for text, _ in faults[1:])
    return ConfigError(what, fix=faults[0][1])


def _fault(error: Any) -> tuple[str, str]:
    """Returns (what is wrong, how to mend it) for one pydantic error."""
    where = ".".join(str(part) for part in error["loc"]) or "config"
    if error["type"] == "extra_forbidden":
        key = str(error["loc"][-1])
        return f'unknown key "{where}"', did_you_mean(key, _known_keys(error["loc"][:-1]))
    if error["type"] == "missing":
        return f'key "{where}" is missing', f'add "{error["loc"][-1]}"'
    message = error["msg"].removeprefix("Value error, ")
    shown = f" (got {error['input']!r})" if _is_scalar(error["input"]) else ""
    if error["type"] == "literal_error":
        known = [w.strip("' ") for w in error["ctx"]["expected"].replace(" or ", ",").split(",")]
        return f"{where}: {message}{shown}", did_you_mean(str(error["input"]), known)
    return f"{where}: {message}{shown}", "correct this value"


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _known_keys(location: tuple[Any, ...]) -> Iterator[str]:
    """Yields the keys allowed at a place of the configuration."""
    section: Any = UseCase
    for part in location:
        section = _section_below(section, part)
    for name, field in getattr(section, "model_fields", {}).items():
        yield field.alias or name


def _section_below(section: Any, part: Any) -> Any:
    """Returns the model of the sub-section `part`, looking through dicts, tuples and options."""
    fields = getattr(section, "model_fields", None)
    annotation = fields[part].annotation if fields and part in fields else section
    return _first_section(annotation)


def _first_section(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _first_section(argument)
        if found is not None:
            return found
    return None
