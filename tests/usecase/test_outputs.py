"""The names of what a model answers with."""

from typing import get_args

from usecase.metrics import METRICS, Task
from usecase.outputs import CLASS, MEASURED


def test_each_task_is_measured_by_one_output_of_its_own():
    assert set(MEASURED) == set(METRICS) == set(get_args(Task))
    assert len(set(MEASURED.values())) == len(MEASURED)
    assert CLASS not in MEASURED.values()
