"""All columns of a table, profiled in one pass over its rows."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pyarrow as pa

from autoconfig.column_profile import ColumnProfile
from autoconfig.leaks import Leak
from usecase.errors import DataError, did_you_mean
from usecase.labels import MAX_CLASSES

MOST_VALUES = 1_000_000  # of all columns together: some 200 MB
MOST_OF_A_COLUMN = 50_000


class Profile(NamedTuple):
    """A table.

    Attributes:
        rows: Number of rows.
        columns: Its columns by name, in their order, the label among them.
        leaks: What each other column says of the label.
    """

    rows: int
    columns: Mapping[str, ColumnProfile]
    leaks: Mapping[str, Leak]


def profile(batches: Iterable[pa.RecordBatch], label: str) -> Profile:
    """Profiles a table.

    Args:
        batches: Its rows in blocks; a column may be absent from some.
        label: The column to predict.

    Raises:
        DataError: If there is no row, or no such column.
    """
    rows = 0
    columns: dict[str, ColumnProfile] = {}
    leaks: dict[str, Leak] = {}
    for batch in batches:
        most = _most_values(len(batch.schema.names))
        for name in batch.schema.names:
            if name not in columns:
                columns[name] = ColumnProfile(name, most)
                columns[name].skip(rows)
        _add(batch, columns, leaks, label)
        rows += batch.num_rows
    if not rows:
        raise DataError("there is no row of data", expected="a header and rows below it")
    require_label(label, columns)
    return Profile(rows, columns, leaks)


def require_label(label: str, columns: Iterable[str]) -> None:
    """Checks that the column to predict is among those of the data.

    Raises:
        DataError: If it is not.
    """
    known = [*columns]
    if label not in known:
        raise DataError(
            f'the data have no column "{label}", which is to be predicted',
            expected="--label: one of their columns",
            fix=did_you_mean(label, known),
        )


def _add(
    batch: pa.RecordBatch,
    columns: Mapping[str, ColumnProfile],
    leaks: dict[str, Leak],
    label: str,
) -> None:
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name, column in columns.items():
        if name in arrays:
            column.add(arrays[name])
        else:
            column.skip(batch.num_rows)
    # Of a label that cannot be read, such as a list, `decide_label` says so.
    labels = arrays.get(label)
    readable = labels is not None and not columns[label].unreadable
    for name, array in arrays.items():
        if readable and name != label and not columns[name].unreadable:
            leaks.setdefault(name, Leak()).add(array, labels)


def _most_values(columns: int) -> int:
    return max(2 * MAX_CLASSES, min(MOST_OF_A_COLUMN, MOST_VALUES // max(columns, 1)))
