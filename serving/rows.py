"""Rows as a caller has them to the arrays that the model's inputs take."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from serving.columns import absent, dense
from serving.contract import Input
from serving.errors import ServingError, did_you_mean


def tensors(inputs: tuple[Input, ...], rows: Any) -> dict[str, np.ndarray]:
    """Returns one array an input, by the input's name.

    Args:
        inputs: The model's inputs.
        rows: A list of dicts, one a row; or a mapping of columns to sequences or arrays of one
            length; or a pandas DataFrame. Columns go by the data's names or by the inputs'. What
            is left out, None or NaN is missing.

    Returns:
        float32, int64 or object (of bytes), each [rows].

    Raises:
        ServingError: If a name is not known, a value has the wrong type, or lengths differ.
    """
    found = gather(inputs, rows, flat)
    return {
        i.name: dense(i, found.columns[i.name])
        if i.name in found.columns
        else absent(i, found.length)
        for i in inputs
    }


class Gathered(NamedTuple):
    """Values as they were given, by the name of their input, and how many rows there are."""

    columns: dict[str, Any]
    length: int


def gather(
    inputs: tuple[Input, ...],
    rows: Any,
    as_column: Callable[[str, Any], Any],
) -> Gathered:
    """Returns the values of each input that was given any; None where a row has none.

    Args:
        inputs: What there is to be given; of each, its two names count.
        rows: As `tensors` takes them.
        as_column: Of a column's name and what was given for it: `flat` or `nested`.

    Raises:
        ServingError: If a name is not known, or lengths differ.
    """
    if is_frame(rows):
        return _of_columns(inputs, list(rows.items()), len(rows), as_column)
    if isinstance(rows, Mapping):
        return _of_columns(inputs, list(rows.items()), None, as_column)
    return _of_rows(inputs, rows)


def is_frame(rows: Any) -> bool:
    """Returns whether it looks like a DataFrame."""
    return hasattr(rows, "columns") and callable(getattr(rows, "items", None))


def _of_columns(
    inputs: tuple[Input, ...],
    columns: list[tuple[Any, Any]],
    count: int | None,
    as_column: Callable[[str, Any], Any],
) -> Gathered:
    named = _by_input(inputs, [name for name, _ in columns], "")
    given = {named[name].name: as_column(name, values) for name, values in columns}
    lengths = {name: len(values) for name, values in given.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f'"{name}" {length}' for name, length in lengths.items())
        raise ServingError(
            f"columns of different lengths: {told}",
            expected="one value a row in each column",
            fix="give None where a value is missing",
        )
    return Gathered(given, count if count is not None else next(iter(lengths.values()), 0))


def flat(name: str, values: Any) -> Any:
    """Returns a column as a list or an array of one dimension.

    Raises:
        ServingError: If it is none.
    """
    column = _sequence(values)
    if column is None or (isinstance(column, np.ndarray) and column.ndim != 1):
        raise _no_column(name, column, values, "a list or an array of one dimension")
    return column


def nested(name: str, values: Any) -> Any:
    """Returns a column as a list or an array, whose values may be lists or arrays.

    Raises:
        ServingError: If it is none.
    """
    column = _sequence(values)
    if column is None or (isinstance(column, np.ndarray) and not column.ndim):
        raise _no_column(name, column, values, "a list or an array")
    return column


def _sequence(values: Any) -> Any | None:
    """Returns what was given as a sequence; None if it is none."""
    if hasattr(values, "to_numpy"):  # a column of pandas; an extension type becomes objects
        values = values.to_numpy()
    single = isinstance(values, str | bytes) or not isinstance(values, Sequence | np.ndarray)
    return None if single else values


def _no_column(name: str, column: Any, values: Any, expected: str) -> ServingError:
    kind = type(values if column is None else column).__name__
    return ServingError(
        f'column "{name}": {kind} is no column of values',
        expected=f"{expected}, with one value a row",
        fix="for one row, give a list of one dict: [{...}]",
    )


def _of_rows(inputs: tuple[Input, ...], rows: Any) -> Gathered:
    if isinstance(rows, str | bytes) or not isinstance(rows, Iterable):
        raise _no_rows(rows)
    listed = list(rows)
    columns: dict[str, list[Any]] = {i.name: [None] * len(listed) for i in inputs}
    known: dict[tuple[Any, ...], dict[Any, Input]] = {}  # rows mostly have the same keys
    for k, row in enumerate(listed):
        if not isinstance(row, Mapping):
            raise _no_rows(row, f"row {k}: ")
        keys = tuple(row)
        if keys not in known:
            known[keys] = _by_input(inputs, keys, f"row {k}: ")
        for key, tensor in known[keys].items():
            columns[tensor.name][k] = row[key]
    return Gathered(columns, len(listed))


def _no_rows(found: Any, where: str = "") -> ServingError:
    return ServingError(
        f"{where}{type(found).__name__} is no row of values",
        expected="a list of dicts, a dict of columns, or a DataFrame",
        fix="for one row, give a list of one dict: [{...}]",
    )


def _by_input(inputs: tuple[Input, ...], names: Sequence[Any], where: str) -> dict[Any, Input]:
    """Returns the input that each name means.

    Raises:
        ServingError: If a name is not known, or two mean the same input.
    """
    known = {**{i.name: i for i in inputs}, **{i.column: i for i in inputs}}
    found: dict[Any, Input] = {}
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ServingError(
                f"{where}the model has no input {name!r:.80}",
                expected="columns that the model reads, and no others",
                fix=did_you_mean(str(name), [i.column for i in inputs]),
            )
        if known[name] in found.values():
            raise ServingError(
                f'{where}"{known[name].column}" is given twice',
                expected="each input once, by its column's name or by its own",
                fix="leave one of them out",
            )
        found[name] = known[name]
    return found
