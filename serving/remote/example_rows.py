"""Rows as a caller has them to the features of tf.Examples."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from serving.contract import Input
from serving.errors import ServingError
from serving.names import given_names, input_name, listed
from serving.remote.tf_examples import Features
from serving.rows import gather, nested
from serving.values import FLOATS, NEEDS, convert, is_missing

SEVERAL = (list, tuple, np.ndarray)


def features_of(rows: Any, dtypes: Mapping[str, str]) -> list[Features]:
    """Returns the features of each row; what is missing is left out.

    Args:
        rows: A list of dicts, a mapping of columns, or a DataFrame; a value may be a list of them.
        dtypes: Types that are known, by input name: "float32", "int64", "string" or the like.
            Where none is, text makes a column one of bytes, a float one of floats, and all else one
            of integers.

    Raises:
        ServingError: If a value is not of its column's type, or lengths differ.
    """
    rows = listed(rows)
    inputs = tuple(Input(name, name, "", "") for name in given_names(rows))
    columns, count = gather(inputs, rows, nested)
    features: list[dict[str, Any]] = [{} for _ in range(count)]
    for name, column in columns.items():
        kind = _kind(dtypes.get(input_name(name)), column)
        for row, value in enumerate(column):
            values = _values(name, row, value, kind)
            if values:
                features[row][name] = values
    return [*features]


def _kind(dtype: str | None, column: Any) -> str:
    """Returns the type of a column's features: "string", "float32" or "int64"."""
    if dtype == "string":
        return "string"
    if dtype is not None:
        return "float32" if dtype in FLOATS else "int64"
    types = {type(leaf) for value in column for leaf in _listed(value)}
    if any(issubclass(one, str | bytes) for one in types):
        return "string"
    floats = any(issubclass(one, float | np.floating | Decimal) for one in types)
    return "float32" if floats else "int64"


def _values(name: str, row: int, value: Any, kind: str) -> list[Any]:
    if type(value) is float and kind == "float32":  # what most rows are made of
        return [value] if value == value else []
    try:
        return [convert(leaf, kind) for leaf in _listed(value) if not is_missing(leaf)]
    except ValueError as error:
        raise ServingError(
            f'row {row}, column "{name}": {error}',
            expected=f"{NEEDS[kind]}, or None where the value is missing",
            fix="correct it, or give None where there is no value",
        ) from None


def _listed(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray) and not value.ndim:
        return [value[()]]
    return list(value) if isinstance(value, SEVERAL) else [value]
