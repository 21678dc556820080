"""The values of a label as classes, and why nothing can be learned of some."""

from collections.abc import Mapping

from autoconfig.column_profile import ColumnProfile
from usecase.config import Source
from usecase.errors import ConfigError, DataError

Counts = Mapping[str | int, int]  # rows of each class, which are all texts or all integers


def require_values(column: ColumnProfile) -> None:
    """Checks that every row has a label, and that it varies.

    Raises:
        DataError: If not.
    """
    name = column.name
    if column.unreadable or (column.kind == "date" and not column.in_text):
        what = column.unreadable or "it holds moments"
        raise DataError(f'label "{name}" cannot be learned: {what}', expected="classes or numbers")
    if not column.present:
        raise DataError(
            f'label "{name}" has no value in any row', fix="predict another column with --label"
        )
    if absent := column.rows - column.present:
        raise DataError(
            f'label "{name}" is missing in {absent:,} of {column.rows:,} rows '
            "(empty, or a word such as NA, None or null, which stands for a missing value)",
            expected="a label in every row that is trained on",
            fix="remove these rows; if such a word is a class, give it another name",
        )
    if len(column.distinct.counts) == 1:
        (value,) = column.distinct.counts
        raise DataError(
            f'label "{name}" is the same in every row: {value}', expected="two values or more"
        )
    if column.infinite:
        raise DataError(
            f'label "{name}" is infinite, or beyond float32, in {column.infinite:,} rows',
            fix="remove or correct these rows",
        )


def class_counts(column: ColumnProfile, source: Source) -> Counts | None:
    """Returns the rows of each value, as classes: integers where they have no gaps, else texts."""
    if column.kind in ("integer", "float"):
        if not column.whole or (column.kind == "float" and not retyped(column, source)):
            return None
        counts: dict[str | int, int] = {}
        for text, count in column.distinct.counts.items():
            value = int(float(text))
            counts[value] = counts.get(value, 0) + count
        if consecutive(counts) or source == "tfrecord" or column.kind == "float":
            return {value: counts[value] for value in sorted(counts)}
        values = column.distinct.counts
        return {str(value): values[value] for value in sorted(values, key=int)}
    return dict(sorted(column.distinct.counts.items()))


def retyped(column: ColumnProfile, source: Source) -> bool:
    """Returns whether numbers such as 3.0 can be integers: they are read so, or need not be."""
    return source != "tfrecord" or set(column.distinct.counts) == {0.0, 1.0}


def consecutive(counts: Counts) -> bool:
    """Returns whether classes are integers without a gap, as the domain of a schema has them."""
    integers = [value for value in counts if isinstance(value, int)]
    return len(integers) == len(counts) == max(integers) - min(integers) + 1


def gaps(column: ColumnProfile, source: Source) -> ConfigError:
    """Returns the error of classes that no schema can name."""
    return ConfigError(
        f'label "{column.name}": its classes are integers with gaps '
        f"({', '.join(str(v) for v in column.distinct.common(4))}), read from {source}",
        expected="texts, or integers that count on without gaps",
        fix="number the classes from 0, or predict numbers with --task regression",
    )
