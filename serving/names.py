"""How a column of the data is called as an input, where names are ASCII identifiers alone."""

import keyword
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from serving.contract import Input
from serving.rows import is_frame


def input_name(column: str) -> str:
    """Returns the name of the dense input that a column goes to.

    It is the rule that the pipeline names inputs by (`usecase.schema.identifier`), which this room
    does not import.
    """
    plain = re.sub(r"[^\x00-\x7f]", lambda match: f"u{ord(match[0]):04X}", column)
    plain = re.sub(r"\W", "_", plain, flags=re.ASCII)
    taken = keyword.iskeyword(plain) or plain == "self"
    return plain if plain[:1].isalpha() and not taken else f"x{plain}"


def listed(rows: Any) -> Any:
    """Returns rows so that they can be gone through twice."""
    if is_frame(rows) or isinstance(rows, Mapping | str | bytes) or not isinstance(rows, Iterable):
        return rows
    return list(rows)


def given_names(rows: Any) -> list[str]:
    """Returns the names of columns in rows, each once, in the order of their appearance."""
    if is_frame(rows):
        names: Iterable[Any] = list(rows.columns)
    elif isinstance(rows, Mapping):
        names = list(rows)
    elif isinstance(rows, list):
        names = (name for row in rows if isinstance(row, Mapping) for name in row)
    else:
        names = ()
    return [name for name in dict.fromkeys(names) if isinstance(name, str)]


def without(rows: Any, names: Collection[str]) -> Any:
    """Returns rows without some columns; the same rows where there are none of them."""
    if not names:
        return rows
    if is_frame(rows):
        return rows.drop(columns=[name for name in rows.columns if name in names])
    if isinstance(rows, Mapping):
        return {name: values for name, values in rows.items() if name not in names}
    return [without(row, names) if isinstance(row, Mapping) else row for row in rows]


def as_given(inputs: tuple[Input, ...], names: Iterable[str]) -> tuple[Input, ...]:
    """Returns inputs with the column names that the data have for them."""
    known = {tensor.name for tensor in inputs}
    columns = {input_name(name): name for name in names if name not in known}
    return tuple(
        Input(i.name, columns.get(i.name, i.column), i.dtype, i.missing, i.unit) for i in inputs
    )
