"""A label of texts that look like numbers, dates, or each other: what to say of it."""

from collections.abc import Iterator
from typing import NamedTuple

from autoconfig.column_profile import ColumnProfile
from usecase.dates import is_number
from usecase.errors import ConfigError, DataError
from usecase.labels import MAX_CLASSES

LEAST_ROWS_OF_A_CLASS = 5  # on average: what has fewer is no class
FEW = 0.2  # of the rows: more texts than that are no slips of the pen
CLASSES = f"at most {MAX_CLASSES:,} classes with {LEAST_ROWS_OF_A_CLASS} rows each on average"


class Words(NamedTuple):
    """The few texts among numbers.

    Attributes:
        rows: How many rows have one.
        example: The commonest.
    """

    rows: int
    example: str


def words_among(column: ColumnProfile) -> Words | None:
    """Returns the texts that are no numbers, where few of a column's rows have one."""
    rows = column.present - column.numbers
    if column.kind != "mixed" or rows > FEW * column.present:
        return None
    texts = (text for text in column.distinct.common(None) if not is_number(text))
    example = next(texts, None)
    return Words(rows, example.strip()) if example is not None else None


def too_many(column: ColumnProfile) -> DataError:
    """Returns the error of a label whose values are neither numbers nor classes."""
    more = "more than " if column.distinct.full else ""
    count = len(column.distinct.counts)
    values = f"{more}{count:,} different values in {column.rows:,} rows"
    what = f'label "{column.name}"'
    if marked := column.marked:
        return DataError(
            f"{what} holds {marked.holds}: {values} are no classes",
            expected=f"numbers with no mark but a point, or {CLASSES}",
            fix=marked.mend + _as_classes(column),
        )
    if words := words_among(column):
        return DataError(
            f"{what} holds numbers, and texts such as {words.example} in {words.rows:,} rows: "
            f"{values} are no classes",
            expected=f"a number in every row, or {CLASSES}",
            fix=f"correct or remove these {words.rows:,} rows" + _as_classes(column),
        )
    if column.kind == "date":
        return DataError(
            f"{what} holds dates such as {column.distinct.common(1)[0]}: {values} are no classes",
            expected=f"numbers, or {CLASSES}",
            fix="predict a number in their place, such as the days from one date to the other",
        )
    return DataError(
        f"{what} has {values}: these are no classes",
        expected=f"numbers, or {CLASSES}",
        fix="predict another column with --label, or put rare values together",
    )


def no_numbers(column: ColumnProfile) -> ConfigError:
    """Returns the error of a label that is to be a number, and is none."""
    what = f'--task regression, but label "{column.name}" holds'
    expected = "a number in every row"
    if marked := column.marked:
        return ConfigError(f"{what} {marked.holds}", expected, fix=marked.mend)
    if words := words_among(column):
        return ConfigError(
            f'{what} texts such as "{words.example}" in {words.rows:,} rows',
            expected,
            fix=f"correct or remove these {words.rows:,} rows",
        )
    texts = (text for text in column.distinct.common(None) if not is_number(text))
    return ConfigError(
        f'{what} texts such as "{next(texts, column.distinct.common(1)[0])}"',
        expected,
        fix="leave --task out",
    )


def doubts_of_label(column: ColumnProfile) -> Iterator[str]:
    """Yields what a person should look at, of a label whose texts were taken for classes."""
    if marked := column.marked:
        yield f"the label holds {marked.holds}: if they are numbers to predict, {marked.mend}"
    elif words := words_among(column):
        yield (
            f"the label is a number in {column.numbers:,} rows, and {words.example} or the like in "
            f"{words.rows:,}: each is a class; if the numbers are to be predicted, correct or "
            "remove these rows"
        )
    if alike := _alike(column):
        first, second = alike
        yield (
            f'"{first}" and "{second}" are two classes of the label: if they are one, write them '
            "the same"
        )


def _as_classes(column: ColumnProfile) -> str:
    """Returns the way out where the texts may be classes after all."""
    count = len(column.distinct.counts)
    may_be = not column.distinct.full and LEAST_ROWS_OF_A_CLASS * count <= column.present
    return "; where they are classes: --task multiclass" if may_be and count <= MAX_CLASSES else ""


def _alike(column: ColumnProfile) -> tuple[str, str] | None:
    """Returns two texts that differ in capitals or spaces alone."""
    if column.kind not in ("text", "boolean", "mixed"):
        return None
    known: dict[str, str] = {}
    for text in sorted(column.distinct.counts):
        other = known.setdefault(" ".join(text.split()).casefold(), text)
        if other != text:
            return other, text
    return None
