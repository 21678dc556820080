"""The label: its task and classes, told from its values."""

from collections.abc import Sequence
from typing import NamedTuple

from autoconfig.column_profile import ColumnProfile
from autoconfig.label_texts import LEAST_ROWS_OF_A_CLASS, no_numbers, too_many
from autoconfig.label_values import Counts, class_counts, consecutive, gaps, require_values
from usecase.config import Source
from usecase.errors import ConfigError, DataError, did_you_mean
from usecase.labels import MAX_CLASSES, Classes
from usecase.metrics import Task
from usecase.schema import DType

LEAST_ROWS_OF_BINARY = 10  # of the rarer class, so that each split can have some
MOST_INTEGER_CLASSES = 20
ROWS_OF_INTEGER_CLASS = 10  # on average: integers of fewer rows are numbers
POSITIVE_WORDS = ("1", "true", "yes", "t", "y", "positive", "pos")


class LabelDecision(NamedTuple):
    """What the label is.

    Attributes:
        name: Its column.
        task: What is predicted of it.
        dtype: Its type in the schema.
        classes: Its classes; none for regression.
        counts: Rows of each class.
        positive: binary: the class whose probability is predicted.
        why: The reason for all that.
    """

    name: str
    task: Task
    dtype: DType
    classes: Classes
    counts: tuple[int, ...]
    positive: str | int | None
    why: str

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of rows of each class."""
        return tuple(count / sum(self.counts) for count in self.counts)


def decide_label(
    column: ColumnProfile, source: Source, task: Task | None, positive: str | None
) -> LabelDecision:
    """Decides what is predicted.

    Args:
        column: The label.
        source: Where rows come from.
        task: What the user says it is.
        positive: The class that the user calls positive.

    Raises:
        DataError: If nothing can be learned of the label.
        ConfigError: If its values do not fit what the user says.
    """
    require_values(column)
    counts = None if column.distinct.full else class_counts(column, source)
    chosen = task or _task(column, counts)
    if positive is not None and chosen != "binary":
        raise ConfigError(f"--positive is for two classes; this is {chosen}", fix="leave it out")
    if chosen == "regression":
        return _regression(column, asked=task is not None)
    if counts is None or len(counts) > MAX_CLASSES:
        raise too_many(column)
    if isinstance(next(iter(counts)), int) and not consecutive(counts):
        raise gaps(column, source)
    if chosen == "binary":
        decided = _binary(column, counts, positive)
    else:
        decided = _multiclass(column, counts, asked=task is not None)
    if source == "tfrecord" and column.kind == "float":
        return _as_floats(decided)
    return decided


def _task(column: ColumnProfile, counts: Counts | None) -> Task:
    is_number = column.kind in ("integer", "float")
    if counts is None:
        if is_number:
            return "regression"
        raise too_many(column)
    if len(counts) == 2:
        return "binary"
    rows = column.present / len(counts)
    few = len(counts) <= MOST_INTEGER_CLASSES and rows >= ROWS_OF_INTEGER_CLASS
    if is_number:
        as_classes = consecutive(counts) or isinstance(next(iter(counts)), str)
        return "multiclass" if few and as_classes else "regression"
    as_numbers = column.marked is not None and not few
    if as_numbers or len(counts) > MAX_CLASSES or rows < LEAST_ROWS_OF_A_CLASS:
        raise too_many(column)
    return "multiclass"


def _regression(column: ColumnProfile, *, asked: bool) -> LabelDecision:
    if column.kind not in ("integer", "float"):
        raise no_numbers(column)
    why = "as asked" if asked else f"{len(column.distinct.counts):,} different numbers"
    if column.distinct.full:
        why = "as asked" if asked else "many different numbers"
    why += f", {column.lowest:g} to {column.highest:g}"
    dtype: DType = "int64" if column.kind == "integer" else "float32"
    return LabelDecision(column.name, "regression", dtype, (), (), None, why)


def _binary(column: ColumnProfile, counts: Counts, positive: str | None) -> LabelDecision:
    classes = list(counts)
    if len(classes) != 2:
        raise ConfigError(
            f'--task binary, but label "{column.name}" has {len(classes):,} classes',
            fix="leave --task out",
        )
    if min(counts.values()) < LEAST_ROWS_OF_BINARY:
        rarer = min(classes, key=lambda c: counts[c])
        raise DataError(
            f'label "{column.name}" is {rarer} in {min(counts.values())} rows alone',
            expected=f"{LEAST_ROWS_OF_BINARY} rows of each class, to train on and to judge by",
        )
    chosen, why = _positive(classes, counts, positive)
    return _classified(
        column, "binary", counts, chosen, f'two values; positive is "{chosen}", {why}'
    )


def _as_floats(decided: LabelDecision) -> LabelDecision:
    """Returns 0.0 and 1.0 as they are stored, where nothing reads them as integers."""
    if (decided.task, decided.positive) != ("binary", 1):
        raise ConfigError(
            f'label "{decided.name}" is 0.0 or 1.0: stored so, it can only be binary, 1 positive',
            fix="store it as an integer",
        )
    return decided._replace(dtype="float32")


def _positive(
    classes: Sequence[str | int], counts: Counts, asked: str | None
) -> tuple[str | int, str]:
    if asked is not None:
        for value in classes:
            if str(value) == asked:
                return value, "as asked"
        raise ConfigError(
            f"--positive {asked} is no value of the label",
            fix=did_you_mean(asked, [str(value) for value in classes]),
        )
    by_word = [value for value in classes if str(value).strip().lower() in POSITIVE_WORDS]
    # Of 1 and 2, 1 may as well be the first of two kinds: there the rarer is taken.
    if len(by_word) == 1 and (str(by_word[0]) != "1" or {str(c) for c in classes} & {"0", "-1"}):
        return by_word[0], "as its name says (--positive takes the other)"
    first, second = (counts[value] for value in classes)
    if first == second:
        return classes[1], "the second of two alike (--positive takes the other)"
    rarer = classes[0] if first < second else classes[1]
    return rarer, "the rarer (--positive takes the other)"


def _multiclass(column: ColumnProfile, counts: Counts, *, asked: bool) -> LabelDecision:
    why = f"{len(counts):,} values" + (", as asked" if asked else "")
    if not asked and column.kind in ("integer", "float"):
        why = f"{len(counts):,} different integers alone (--task regression takes them for numbers)"
    return _classified(column, "multiclass", counts, None, why)


def _classified(
    column: ColumnProfile,
    task: Task,
    counts: Counts,
    positive: str | int | None,
    why: str,
) -> LabelDecision:
    classes: Classes = tuple(counts)  # type: ignore[assignment]
    dtype: DType = "string" if isinstance(classes[0], str) else "int64"
    rows = tuple(counts.values())
    why += f"; the rarest is {min(rows) / sum(rows):.1%} of rows"
    return LabelDecision(column.name, task, dtype, classes, rows, positive, why)
