"""One example, from JSON to the raw values that a model takes."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from serving.cells import Value, parse_cell
from serving.values import convert, is_missing
from usecase.dates import DateText
from usecase.declaration import Declaration
from usecase.errors import DataError, did_you_mean
from usecase.schema import Column

EXAMPLE = """--row '{"fare": 12.5, "payment_type": "Cash"}'"""


class Raw(NamedTuple):
    """One raw value.

    Attributes:
        column: Its column.
        value: As a tf.Example holds it; None where it is missing.
        note: Why it is missing, or what it was read from; may be empty.
        is_label: Whether the label alone is made of it.
    """

    column: Column
    value: Value | None
    note: str = ""
    is_label: bool = False

    @property
    def is_sentinel(self) -> bool:
        """Whether its value is the one that stands for a missing one in dense requests."""
        missing = self.column.missing
        return self.value == (missing.encode() if isinstance(missing, str) else missing)


def parse_object(text: str) -> dict[str, Any]:
    """Reads the JSON of `--row`.

    Raises:
        DataError: If it is no JSON object, or names a column twice.
    """
    try:
        found = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"--row is not JSON: {error}", expected=EXAMPLE, fix="mind the quotes of your shell"
        ) from error
    if not isinstance(found, dict):
        raise DataError(f"--row is no JSON object: {text[:80]}", expected=EXAMPLE)
    return found


def raw_values(given: Mapping[str, Any], declaration: Declaration) -> list[Raw]:
    """Returns the value of every column, those of the model first, then those of the label alone.

    Args:
        given: The columns that are known; null, NaN and "" are missing values.
        declaration: The use case's features and label.

    Raises:
        DataError: If a column is not known, or a value is not of its column's type.
    """
    inputs = {column.name: column for column in declaration.inputs}
    of_label = {c.name: c for c in declaration.label.columns if c.name not in inputs}
    for name in given:
        if name not in inputs and name not in of_label:
            raise DataError(
                f'--row: no feature is made of a column "{name}"',
                expected="columns that the model reads, or that the label is made of",
                fix=did_you_mean(name, [*inputs, *of_label]),
            )
    return [
        _raw(column, given, declaration.dates.get(name), is_label=name in of_label)
        for name, column in {**inputs, **of_label}.items()
    ]


def _raw(column: Column, given: Mapping[str, Any], date: DateText | None, *, is_label: bool) -> Raw:
    if column.name not in given:
        return Raw(column, None, "not given", is_label)
    told = given[column.name]
    if is_missing(told) or told == "":
        word = "null" if told is None else "empty text" if told == "" else "NaN"
        return Raw(column, None, f"given as {word}", is_label)
    value = _value(column, told, date)
    if value is None:
        return Raw(column, None, f'given as "{told}"', is_label)
    note = f'from "{told}"' if date and isinstance(told, str) else ""
    raw = Raw(column, value, note, is_label)
    if raw.is_sentinel:
        return raw._replace(note=f"{_shown(value)} stands for a missing value")
    return raw


def _value(column: Column, told: Any, date: DateText | None) -> Value | None:
    where = f'--row, column "{column.name}"'
    if isinstance(told, str) and date:
        return date.seconds(told, where)
    try:
        if isinstance(told, str) and column.dtype != "string":
            return parse_cell(told, column.dtype)
        return convert(told, column.dtype)
    except ValueError as error:
        raise DataError(
            f"{where}: {error}",
            expected=f"{column.dtype}, or null where the value is missing",
            fix="put it in quotes" if column.dtype == "string" else "correct it",
        ) from None


def _shown(value: Value) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1)
        raise ValueError(f'"{twice}" is named twice')
    return found
