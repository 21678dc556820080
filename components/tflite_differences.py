"""How far a file's answers are from the served model's."""

from typing import NamedTuple

import numpy as np

from components import differences
from components.differences import Difference
from components.tflite_probe import ONE_BY_ONE
from components.tflite_trials import EXTREME, HURTFUL, TEST, Expected
from usecase.metrics import Task


class Largest(NamedTuple):
    """The largest differences, over all batch sizes.

    Attributes:
        test: Among test rows.
        near: Among test rows and those made to hurt.
        extreme: Among rows of extreme numbers.
    """

    test: Difference
    near: Difference
    extreme: Difference


def largest(task: Task, answers: dict[str, np.ndarray], expected: Expected) -> Largest:
    """Returns the largest differences.

    Args:
        task: Decides the unit: see `components.differences`.
        answers: What `components.tflite_probe` returns.
        expected: The served model's answers.
    """
    spread = float(expected.answers[TEST].std(dtype=np.float64))

    def of(name: str) -> Difference:
        right = expected.answers[name]
        whole = _largest(task, name, right, answers[name], spread)
        one = _largest(task, name, right[:ONE_BY_ONE], answers[f"{name}:one"], spread)
        return _worse(whole, one)

    none = _largest(task, TEST, expected.answers[TEST][:0], answers["none"], spread)
    test = _worse(of(TEST), none)
    return Largest(test, _worse(test, of(HURTFUL)), of(EXTREME))


def _worse(one: Difference, other: Difference) -> Difference:
    return other if other.value > one.value else one


def _largest(
    task: Task, name: str, right: np.ndarray, answers: np.ndarray, spread: float
) -> Difference:
    kind = {TEST: "of the test split", HURTFUL: "of those made to hurt"}.get(name, "of extremes")
    return differences.largest(task, right, answers, spread, rows=kind, model="the served model")
