"""How far answers of a copy of a model are from the model's own."""

import numpy as np

from usecase.metrics import Task

TINY = float(np.finfo(np.float32).tiny)


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
