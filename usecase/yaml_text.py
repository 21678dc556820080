"""YAML as people write it: a key given twice is a fault, which YAML itself would not notice."""

from collections.abc import Hashable
from typing import Any

import yaml

from usecase.errors import ConfigError

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


def read_yaml(text: str, source: str) -> Any:
    """Returns what a YAML text says; `source` names it in errors.

    Raises:
        ConfigError: If it is no YAML, or names a key twice.
    """
    try:
        return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506, a SafeLoader itself
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.what}", error.expected, error.fix) from None
    except _NOT_YAML as error:
        raise ConfigError(
            f"{source}: not valid YAML: {' '.join(str(error).split())}",
            fix="mend the YAML syntax there",
        ) from error
