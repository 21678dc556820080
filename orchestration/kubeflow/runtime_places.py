"""Where in the execution properties of nodes the runtime parameters end up.

Nobody has to know: the graph is built a second time with other values, and what differs is where.
Properties are compared as JSON trees, in which JSON inside strings is a tree as well.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from orchestration.kubeflow.parameters import DATA, Range, RuntimeParameter, Value
from usecase.config import UseCase
from usecase.errors import UserError

Path = tuple[str | int, ...]
Properties = Mapping[str, Any]


class Place(NamedTuple):
    """One place of a value.

    Attributes:
        path: The execution property, then keys and indices of its JSON tree.
        negated: Whether the value stands there with the other sign.
        allowed: What the value may be, before that.
    """

    path: Path
    negated: bool = False
    allowed: Range = Range()


Places = dict[str, tuple[Place, ...]]  # by parameter


class _Absent:
    """What stands where one of two trees has nothing."""


ABSENT = _Absent()


def find_places(
    use_case: UseCase,
    parameters: Sequence[RuntimeParameter],
    properties_of: Callable[[UseCase], Mapping[str, Properties]],
) -> dict[str, Places]:
    """Finds all places of all parameters but the data, which has none.

    Args:
        use_case: The configuration.
        parameters: What a run may set of it.
        properties_of: Builds the graph of a configuration; its execution properties by node id.

    Returns:
        For each node that takes any, its places by parameter.

    Raises:
        ValueError: If a value ends up somewhere as something other than itself.
    """
    others = dict(_other_values([p for p in parameters if p.name != DATA]))
    changed = use_case
    for parameter, value in others.items():
        changed = parameter.set_in(changed, value)
    before, after = properties_of(use_case), properties_of(changed)
    ranges = {parameter.name: parameter.allowed for parameter in others}
    names = {value: parameter.name for parameter, value in others.items()}
    found: dict[str, Places] = {}
    for node, properties in after.items():
        for path, value in _differences(before[node], properties):
            name = names.get(value, names.get(-value)) if _is_number(value) else None
            if name is None:
                raise ValueError(f"{node}: no runtime parameter explains {value!r} at {path}")
            place = Place(path, value not in names, ranges[name])
            places = found.setdefault(node, {})
            places[name] = (*places.get(name, ()), place)
    return found


def apply(
    properties: Properties, places: Mapping[str, Sequence[Place]], values: Mapping[str, Value]
) -> dict[str, Any]:
    """Returns execution properties with values in their places.

    Args:
        properties: A node's execution properties.
        places: Its places by parameter.
        values: The values by parameter; what is missing stays as it is.

    Raises:
        UserError: If a value is out of its range, or no whole number where one is needed.
    """
    changed = dict(properties)
    for name, value in values.items():
        for place in places.get(name, ()):
            _require_allowed(name, value, place.allowed)
            new = -value if place.negated and not isinstance(value, str) else value
            changed = _with_value(changed, place.path, new, name)
    return changed


def to_argument(places: Mapping[str, Sequence[Place]]) -> str:
    """Returns places as one command line argument, the same for the same places.

    It is JSON without braces, which Kubeflow would take for placeholders where two meet.
    """
    rows = [
        [name, int(place.negated), *place.allowed, *place.path]
        for name in sorted(places)
        for place in sorted(places[name], key=repr)
    ]
    return json.dumps(rows, separators=(",", ":"))


def from_argument(text: str) -> Places:
    """Reads what `to_argument` wrote.

    Raises:
        ValueError: If it is something else.
    """
    found: Places = {}
    for name, negated, least, most, *path in json.loads(text):
        place = Place(tuple(path), bool(negated), Range(least, most))
        found[name] = (*found.get(name, ()), place)
    return found


def _other_values(
    parameters: Sequence[RuntimeParameter],
) -> Iterator[tuple[RuntimeParameter, int | float]]:
    """Yields a value for each that is valid, and unlike all others and all defaults."""
    taken = {abs(p.default) for p in parameters if not isinstance(p.default, str)}
    for index, parameter in enumerate(parameters, start=1):
        whole = parameter.type == "NUMBER_INTEGER"
        value: int | float = 1000 + index if whole else (1000 + index) / 8192
        while value in taken:
            value += 1000 if whole else 1 / 65536
        taken.add(value)
        yield parameter, value


def _differences(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yields where two trees differ, and the second's leaf."""
    first, second = _tree(before), _tree(after)
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in sorted(first.keys() | second.keys()):
            yield from _differences(first.get(key, ABSENT), second.get(key, ABSENT), (*path, key))
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _differences(one, other, (*path, index))
    elif first != second:
        yield path, second


def _tree(value: Any) -> Any:
    """Returns the tree in a string of JSON; anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _with_value(tree: Any, path: Path, value: Value, name: str) -> Any:
    if not path:
        return _like(tree, value, name)
    if isinstance(tree, str):
        return json.dumps(_with_value(json.loads(tree), path, value, name))
    key, rest = path[0], path[1:]
    copy = tree.copy()
    below = tree.get(key, ABSENT) if isinstance(tree, dict) else tree[key]
    copy[key] = _with_value(below, rest, value, name)
    return copy


def _require_allowed(name: str, value: Value, allowed: Range) -> None:
    if isinstance(value, str) or allowed.holds(value):
        return
    raise UserError(
        f"runtime parameter {name} is {value}",
        expected=str(allowed) or "a number",
        fix="start the run with another value",
    )


def _like(old: Any, value: Value, name: str) -> Value:
    """Returns a value as the type of what it replaces: Kubeflow knows no whole numbers."""
    if not isinstance(old, int) or isinstance(value, str):
        return value
    if int(value) != value:
        raise UserError(
            f"runtime parameter {name} is {value}",
            expected="a whole number",
            fix="start the run with one",
        )
    return int(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
