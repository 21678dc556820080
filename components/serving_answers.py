"""How far served answers are from the model's own."""

from typing import NamedTuple

import numpy as np

from components.differences import differences
from usecase.metrics import Task
from usecase.outputs import CLASS, MEASURED

DECISION_THRESHOLD = 0.5  # of `models.outputs`

Answers = dict[str, np.ndarray]


class Difference(NamedTuple):
    """The worst among rows, and in words where it is; "" where there is nothing to say."""

    value: float
    where: str

    def at(self, place: str) -> "Difference":
        """Returns it with the place before its words."""
        return self._replace(where=self.where and place + self.where)


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
    if wanted.shape != answers.shape:
        return Difference(
            np.inf, f"asked about {len(wanted)} rows, it answers in shape {answers.shape}"
        )
    by_row = differences(task, wanted, answers, _spread(wanted))
    row = int(by_row.argmax())
    value = float(by_row[row])
    said = f"{_shown(answers[row])}, the model itself says {_shown(wanted[row])}"
    return Difference(value, f"row {row} is off by {value:.2g}: {said}")


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


def _shown(answer: np.ndarray) -> str:
    return np.array2string(np.asarray(answer), precision=6, threshold=6)
