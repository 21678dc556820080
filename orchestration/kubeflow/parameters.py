"""What a run on a cluster may be told anew: the data, the epochs, and the bounds of the gates."""

import math
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from usecase.config import Threshold, UseCase
from usecase.section import Section

PREFIX = "runtime_"  # of a component's input that one of them is wired to
DATA = "data"
NO_LETTER = re.compile(r"[^a-z0-9]+")
BOUNDS: dict[str, str] = {
    "min": "Lowest value allowed",
    "max": "Highest value allowed",
    "max_drop": "How much worse than the last pushed model is allowed",
}

ParameterType = Literal["STRING", "NUMBER_INTEGER", "NUMBER_DOUBLE"]
Value = str | int | float


class Range(NamedTuple):
    """The numbers that a parameter may be, both ends included; None is no end."""

    least: float | None = None
    most: float | None = None

    def holds(self, value: float) -> bool:
        """Returns whether a number is in it; what is none never is."""
        above = self.least is None or value >= self.least
        below = self.most is None or value <= self.most
        return math.isfinite(value) and above and below

    def __str__(self) -> str:
        """Returns it in words, "" if every number is in it."""
        if self.least is not None and self.most is not None:
            return f"from {self.least:g} to {self.most:g}"
        if self.least is not None:
            return f"at least {self.least:g}"
        return "" if self.most is None else f"at most {self.most:g}"


class RuntimeParameter(NamedTuple):
    """One value of a use case that a run may set anew.

    Attributes:
        name: Its name, unique in a use case: letters a to z, digits and underscores.
        type: Its type in a pipeline spec.
        default: The value of the configuration.
        description: What it means, one line.
        keys: Where it is in a `UseCase`: fields, and indices of tuples.
        allowed: What a number may be.
    """

    name: str
    type: ParameterType
    default: Value
    description: str
    keys: tuple[str | int, ...]
    allowed: Range = Range()

    def set_in(self, use_case: UseCase, value: Value) -> UseCase:
        """Returns the use case with another value, unchecked."""
        return _replaced(use_case, self.keys, value)


def runtime_parameters(use_case: UseCase) -> tuple[RuntimeParameter, ...]:
    """Returns what a run may set anew: the data unless they are a query's, epochs and bounds."""
    found = [
        _number(use_case, "Most epochs of training", "training", "max_epochs"),
        _number(use_case, "Fewest rows of the train split", "data_gate", "min_rows"),
        _number(use_case, "Smallest share of the rarest class", "data_gate", "min_label_share"),
        *_bounds(use_case),
    ]
    if use_case.data.path is not None:
        text = "The data: a path or a pattern, as in the configuration"
        found.insert(
            0, RuntimeParameter(DATA, "STRING", use_case.data.path, text, ("data", "path"))
        )
    return tuple(found)


def _number(use_case: UseCase, description: str, *keys: str | int) -> RuntimeParameter:
    return _named(use_case, str(keys[-1]), description, keys)


def _named(
    use_case: UseCase, name: str, description: str, keys: tuple[str | int, ...]
) -> RuntimeParameter:
    section: Any = use_case
    for key in keys[:-1]:
        section = _at(section, key)
    schema = _schema(type(section), str(keys[-1]))
    allowed = Range(schema.get("minimum"), schema.get("maximum"))
    kind: ParameterType = "NUMBER_INTEGER" if schema["type"] == "integer" else "NUMBER_DOUBLE"
    text = f"{description}, {allowed}" if str(allowed) else description
    return RuntimeParameter(name, kind, _at(section, keys[-1]), text, keys, allowed)


def _schema(section: type[Section], field: str) -> dict[str, Any]:
    """Returns the JSON schema of a field of numbers, which may also take null."""
    schema = section.model_json_schema()["properties"][field]
    (number,) = (one for one in schema.get("anyOf", [schema]) if one["type"] != "null")
    return dict(number)


def _bounds(use_case: UseCase) -> Iterator[RuntimeParameter]:
    taken = {DATA, "max_epochs", "min_rows", "min_label_share"}
    for index, threshold in enumerate(use_case.evaluation.thresholds):
        for bound, text in BOUNDS.items():
            if getattr(threshold, bound) is None:
                continue
            name = _unused(_word(f"{bound}_{threshold.metric}{_of_slice(threshold)}"), taken)
            taken.add(name)
            where = f" of {_rows(threshold)}" if threshold.slice else ""
            keys = ("evaluation", "thresholds", index, bound)
            yield _named(use_case, name, f"{text}: {threshold.metric}{where}", keys)


def _of_slice(threshold: Threshold) -> str:
    if threshold.slice is None:
        return ""
    if isinstance(threshold.slice, str):
        return f"_by_{threshold.slice}"
    return "_of_" + "_".join(f"{column}_{value}" for column, value in threshold.slice.items())


def _rows(threshold: Threshold) -> str:
    if isinstance(threshold.slice, dict):
        return ", ".join(f"{column}={value}" for column, value in threshold.slice.items())
    return f"each {threshold.slice}"


def _word(text: str) -> str:
    return NO_LETTER.sub("_", text.lower()).strip("_")


def _unused(name: str, taken: set[str]) -> str:
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found


def _at(value: Any, key: str | int) -> Any:
    return value[key] if isinstance(key, int) else getattr(value, key)


def _replaced(value: Any, keys: tuple[str | int, ...], new: Value) -> Any:
    if not keys:
        return new
    key, *rest = keys
    below = _replaced(_at(value, key), tuple(rest), new)
    if isinstance(key, int):
        return (*value[:key], below, *value[key + 1 :])
    return value.model_copy(update={key: below})
