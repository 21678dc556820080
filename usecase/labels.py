"""The label: where it comes from, and the classes that it can take."""

from typing import TYPE_CHECKING

from usecase.checks import require_column, require_function
from usecase.config import Label, UseCase
from usecase.errors import ConfigError, did_you_mean
from usecase.metrics import Task
from usecase.schema import Column, compile_column, transformed_name
from usecase.section import Section

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

MAX_CLASSES = 1000
Classes = tuple[str, ...] | tuple[int, ...]


class LabelSpec(Section):
    """The label, as Transform, Trainer, gates and the signatures need it.

    Attributes:
        name: Its name.
        task: What is predicted of it.
        function: Dotted path to its function, None where it is a column.
        columns: The raw columns that it is made of.
        classes: Its values, by class id; of a binary label, the positive class last. Empty for
            regression, and for a binary label that is 0 or 1 already.
    """

    name: str
    task: Task
    function: str | None
    columns: tuple[Column, ...]
    classes: Classes = ()

    @property
    def key(self) -> str:
        """The label's name after Transform."""
        return transformed_name(self.name)


def compile_label(use_case: UseCase, schema: "schema_pb2.Schema") -> LabelSpec:
    """Joins the label's declaration with its columns.

    Raises:
        ConfigError: If a column is not in the schema, the function cannot be found, or the classes
            are not known or do not fit the task.
    """
    label = use_case.label
    by_name = {feature.name: feature for feature in schema.feature}
    for name in label.source_columns:
        require_column(name, by_name, f'label "{label.name}"')
    if label.function:
        require_function(label.function)
    columns = tuple(compile_column(by_name[name], schema) for name in label.source_columns)
    classes = _classes(use_case.task, label, columns)
    return LabelSpec(
        name=label.name,
        task=use_case.task,
        function=label.function,
        columns=columns,
        classes=classes,
    )


def _classes(task: Task, label: Label, columns: tuple[Column, ...]) -> Classes:
    known = _known_classes(label, columns)
    if task == "regression":
        return _none_for_regression(label, columns)
    if task == "multiclass":
        return _several(label, known)
    if label.positive_class is None:
        return _negative_and_positive(label, columns, known)
    if label.positive_class not in known or len(known) != 2:
        raise ConfigError(
            f'label "{label.name}": positive_class {label.positive_class!r} is not one of two '
            f"classes ({_shown(known) or 'none is known'})",
            expected="two classes, in the schema's domain of the label (or in label.classes)",
            fix=did_you_mean(str(label.positive_class), [str(value) for value in known])
            if len(known) == 2
            else "name two classes there, or set task: multiclass",
        )
    return (*(c for c in known if c != label.positive_class), label.positive_class)  # type: ignore[return-value]


def _known_classes(label: Label, columns: tuple[Column, ...]) -> Classes:
    if label.function:
        return label.classes or ()
    (column,) = columns
    if column.truth:
        of_schema: Classes = column.truth if column.dtype == "string" else (0, 1)
    elif column.integers and column.integers.stop <= column.integers.start + MAX_CLASSES:
        of_schema = tuple(column.integers)
    else:
        of_schema = column.values
    if label.classes and set(label.classes) != set(of_schema):
        raise ConfigError(
            f'label "{label.name}" has other classes in the config ({_shown(label.classes)}) than '
            f"in the schema ({_shown(of_schema) or 'no domain'})",
            fix="leave label.classes out: the schema's domain says what they are",
        )
    return of_schema


def _none_for_regression(label: Label, columns: tuple[Column, ...]) -> Classes:
    column = columns[0]
    of_schema = not label.function and (column.dtype == "string" or column.categorical)
    if label.classes or label.positive_class is not None or of_schema:
        raise ConfigError(
            f'task is regression, but label "{label.name}" has classes',
            expected="a number",
            fix="task: multiclass (or binary)",
        )
    return ()


def _several(label: Label, known: Classes) -> Classes:
    if label.positive_class is not None:
        raise ConfigError("label.positive_class is for task: binary", fix="remove it")
    if len(known) < 2:
        where = "label.classes" if label.function else "the schema's domain of the label"
        raise ConfigError(
            f'label "{label.name}": its classes are not known',
            expected=f"2 to {MAX_CLASSES:,} classes in {where}",
            fix="label: {classes: [...]}"
            if label.function
            else "string_domain { value: ... } or int_domain { min: ... max: ... } in the schema",
        )
    return known


def _negative_and_positive(label: Label, columns: tuple[Column, ...], known: Classes) -> Classes:
    if not label.function and known == columns[0].truth:
        return known
    is_text = not label.function and columns[0].dtype == "string"
    if is_text or not set(known) <= {0, 1}:
        raise ConfigError(
            f'label "{label.name}" is not 0 or 1, and nothing says which class is positive',
            expected=f"label.positive_class, one of {_shown(known) or 'its classes'}",
            fix="label: {positive_class: ...}, and a domain of two classes in the schema"
            if len(known) != 2
            else f"label: {{positive_class: {known[-1]}}}",
        )
    return ()


def _shown(classes: Classes) -> str:
    return ", ".join(str(value) for value in classes[:5]) + (", ..." if len(classes) > 5 else "")
