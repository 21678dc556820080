"""What batch prediction adds to a row: the model's answer as cells of a CSV file."""

from collections.abc import Mapping
from typing import Any, Protocol

from serving.contract import CLASS, PREDICTION, PROBABILITIES, PROBABILITY, Classes


class Answered(Protocol):
    """A label: here `serving.contract.Label`, in the pipeline `usecase.labels.LabelSpec`."""

    @property
    def task(self) -> str:
        """Returns "binary", "multiclass" or "regression"."""

    @property
    def name(self) -> str:
        """Returns its name."""

    @property
    def classes(self) -> Classes:
        """Returns its classes in the order of the probabilities; () where they have no names."""


def header(label: Answered) -> list[str]:
    """Returns the names of the columns that are added.

    * binary: `<label>_probability`, and `<label>_class` where the label has classes;
    * multiclass: `<label>_class`, and `<label>_probability_<class>` of each class;
    * regression: `<label>_prediction`.
    """
    if label.task == "regression":
        return [f"{label.name}_{PREDICTION}"]
    if label.task == "multiclass":
        each = [f"{label.name}_{PROBABILITY}_{value}" for value in label.classes]
        return [f"{label.name}_{CLASS}", *each]
    named = [f"{label.name}_{CLASS}"] if label.classes else []
    return [f"{label.name}_{PROBABILITY}", *named]


def cells(label: Answered, answer: Mapping[str, Any]) -> list[str]:
    """Returns the cells of one row, in the order of `header`.

    Args:
        label: Task and classes.
        answer: The model's outputs for the row, by name: numbers, strings, or a list of
            probabilities.
    """
    if label.task == "regression":
        return [_number(answer[PREDICTION])]
    if label.task == "multiclass":
        return [_text(answer[CLASS]), *map(_number, answer[PROBABILITIES])]
    named = [_text(answer[CLASS])] if label.classes else []
    return [_number(answer[PROBABILITY]), *named]


def _number(value: float) -> str:
    return f"{value:.9g}"


def _text(value: bytes | str | int) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
