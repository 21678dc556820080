"""How far answers of a copy of a model are from the model's own."""

from typing import NamedTuple

import numpy as np

from usecase.metrics import Task

TINY = float(np.finfo(np.float32).tiny)


class Difference(NamedTuple):
    """The largest difference among rows, and in words where it is; "" where there is none."""

    value: float
    where: str

    def at(self, place: str) -> "Difference":
        """Returns it with the place before its words."""
        return self._replace(where=self.where and place + self.where)


def largest(
    task: Task, right: np.ndarray, answers: np.ndarray, spread: float, *, rows: str, model: str
) -> Difference:
    """Returns the largest of the differences of rows.

    Args:
        task: Decides the unit: see `differences`.
        right: The model's own answers, [rows] or [rows, classes].
        answers: The copy's; infinitely far if of another shape.
        spread: Standard deviation of the right answers; for numbers.
        rows: Which rows they are, as in "row 3 of the test split"; may be empty.
        model: What the model is called, as in "the served model says".
    """
    if right.shape != answers.shape:
        return Difference(
            np.inf, f"asked about {len(right)} rows, it answers in shape {answers.shape}"
        )
    if not len(right):
        return Difference(0.0, "")
    by_row = differences(task, right, answers, spread)
    row = int(by_row.argmax())
    value = float(by_row[row])
    which = f"row {row} {rows}".rstrip()
    said = f"{_shown(answers[row])}, {model} says {_shown(right[row])}"
    return Difference(value, f"{which} is off by {value:.2g}: {said}")


def differences(task: Task, right: np.ndarray, answers: np.ndarray, spread: float) -> np.ndarray:
    """Returns the difference of each row, float64 [rows].

    Of probabilities it is the absolute difference (of classes, the largest one). Of numbers it is
    the difference divided by the right answer or by the spread of right answers, whichever is
    larger, so that a label's unit does not matter. It is infinite where only the right answer is a
    finite number, and 0 where the right answer is none.

    Args:
        task: The task.
        right: The model's own answers, [rows] or [rows, classes].
        answers: The copy's, of the same shape.
        spread: Standard deviation of the right answers; for numbers.
    """
    is_number = np.isfinite(right)
    wanted = np.where(is_number, right, 0).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(wanted - answers)
    distance = np.where(np.isfinite(answers), distance, np.inf)
    if task == "regression":
        distance = distance / np.maximum(np.maximum(np.abs(wanted), spread), TINY)
    distance = np.where(is_number, distance, 0.0)
    return distance.max(axis=1, initial=0.0) if distance.ndim > 1 else distance


def _shown(answer: np.ndarray) -> str:
    return np.array2string(np.asarray(answer), precision=6, threshold=6)
