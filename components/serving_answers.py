"""How far served answers are from the model's own."""

import numpy as np

from components.differences import Difference, largest
from models.outputs import DECISION_THRESHOLD
from usecase.metrics import Task
from usecase.outputs import CLASS, MEASURED

Answers = dict[str, np.ndarray]


def largest_difference(task: Task, right: Answers, found: Answers) -> Difference:
    """Returns the largest difference of the output that metrics are computed on.

    Args:
        task: Decides the unit: see `components.differences`.
        right: The model's outputs.
        found: The server's.
    """
    wanted, answers = right[MEASURED[task]], found.get(MEASURED[task])
    if answers is None or right.keys() != found.keys():
        return Difference(
            np.inf, f"outputs {', '.join(sorted(found))} in place of {', '.join(sorted(right))}"
        )
    return largest(task, wanted, answers, _spread(wanted), rows="", model="the model itself")


def other_classes(task: Task, right: Answers, found: Answers, tolerance: float) -> Difference:
    """Returns the number of rows to which the server gives another class.

    A row on the very edge between two classes may fall to either side.

    Args:
        task: The task.
        right: The model's outputs, `class` among them.
        found: The server's.
        tolerance: How far its probabilities may be off.
    """
    wanted, classes = _texts(right[CLASS]), _texts(found.get(CLASS, np.array([])))
    if len(wanted) != len(classes):
        return Difference(
            np.inf, f"asked about {len(wanted)} rows, it gives {len(classes)} classes"
        )
    on_edge = _margins(task, right[MEASURED[task]]) <= 2 * tolerance
    wrong = np.flatnonzero((wanted != classes) & ~on_edge)
    if not len(wrong):
        return Difference(0.0, "")
    row = int(wrong[0])
    where = f'row {row} is "{classes[row]}", the model itself says "{wanted[row]}"'
    return Difference(float(len(wrong)), where)


def _spread(answers: np.ndarray) -> float:
    numbers = answers[np.isfinite(answers)]
    return float(numbers.std(dtype=np.float64)) if numbers.size else 0.0


def _margins(task: Task, probabilities: np.ndarray) -> np.ndarray:
    """Returns how far each row is from another class; NaN where there is no probability."""
    if task == "binary":
        return np.abs(probabilities.astype(np.float64) - DECISION_THRESHOLD)
    best = np.sort(probabilities.astype(np.float64), axis=1)[:, -2:]
    return best[:, 1] - best[:, 0]


def _texts(classes: np.ndarray) -> np.ndarray:
    listed = np.ravel(classes).tolist()
    return np.array([c.decode() if isinstance(c, bytes) else str(c) for c in listed], object)
