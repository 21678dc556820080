"""What a run on a cluster may be told anew: the data, the epochs, and the bounds of the gates."""

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from usecase.config import Threshold, UseCase

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


class RuntimeParameter(NamedTuple):
    """One value of a use case that a run may set anew.

    Attributes:
        name: Its name, unique in a use case: letters a to z, digits and underscores.
        type: Its type in a pipeline spec.
        default: The value of the configuration.
        description: What it means, one line.
        keys: Where it is in a `UseCase`: fields, and indices of tuples.
    """

    name: str
    type: ParameterType
    default: Value
    description: str
    keys: tuple[str | int, ...]

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
    value = use_case
    for key in keys:
        value = _at(value, key)
    return _named(str(keys[-1]), value, description, keys)


def _named(
    name: str, value: Any, description: str, keys: tuple[str | int, ...]
) -> RuntimeParameter:
    kind: ParameterType = "NUMBER_INTEGER" if isinstance(value, int) else "NUMBER_DOUBLE"
    return RuntimeParameter(name, kind, value, description, keys)


def _bounds(use_case: UseCase) -> Iterator[RuntimeParameter]:
    taken = {DATA, "max_epochs", "min_rows", "min_label_share"}
    for index, threshold in enumerate(use_case.evaluation.thresholds):
        for bound, text in BOUNDS.items():
            value = getattr(threshold, bound)
            if value is None:
                continue
            name = _unused(_word(f"{bound}_{threshold.metric}{_of_slice(threshold)}"), taken)
            taken.add(name)
            where = f" of {_rows(threshold)}" if threshold.slice else ""
            keys = ("evaluation", "thresholds", index, bound)
            yield _named(name, float(value), f"{text}: {threshold.metric}{where}", keys)


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
