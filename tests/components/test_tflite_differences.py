"""How far answers are apart: in which unit, and what counts as infinitely far."""

import numpy as np
import pytest

from components.differences import differences
from components.tflite_differences import largest
from components.tflite_probe import ONE_BY_ONE
from components.tflite_trials import Expected

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("task", "right", "answers", "expected"),
    [
        ("binary", [0.5, 0.25], [0.5, 0.75], [0.0, 0.5]),
        ("multiclass", [[0.2, 0.8], [0.5, 0.5]], [[0.3, 0.7], [0.5, 0.5]], [0.1, 0.0]),
        # Of numbers: by the right answer, or by the spread (100) where that is larger.
        ("regression", [1000.0, 10.0, -500.0], [1001.0, 11.0, -505.0], [1e-3, 1e-2, 1e-2]),
        ("binary", [0.5, 0.5, 0.5], [NAN, INF, -INF], [INF, INF, INF]),
        ("regression", [NAN, INF, 1.0], [5.0, 5.0, 1.0], [0.0, 0.0, 0.0]),
        ("multiclass", [[NAN, 0.5]], [[0.1, 0.75]], [0.25]),
    ],
)
def test_the_unit_of_each_task(task, right, answers, expected):
    found = differences(task, np.array(right), np.array(answers), spread=100.0)
    assert found.tolist() == pytest.approx(expected)


def test_numbers_that_never_vary_are_compared_by_their_size():
    assert differences("regression", np.zeros(2), np.array([0.0, 1.0]), 0.0)[1] > 1e30
    assert differences("regression", np.full(1, 4.0), np.array([5.0]), 0.0) == [0.25]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_unit_of_a_label_does_not_matter(unit):
    right, answers = np.array([1.0, -2.0, 0.0]), np.array([1.5, -2.25, 0.125])
    found = differences("regression", right * unit, answers * unit, right.std() * unit)
    np.testing.assert_allclose(found, differences("regression", right, answers, right.std()))


RIGHT = {"test": [0.1, 0.2, 0.3], "hurtful": [0.5], "extreme": [0.9]}
EXPECTED = Expected({name: np.array(values) for name, values in RIGHT.items()}, np.zeros(3))


def answered(**changes):
    """Returns right answers but for some."""
    one = {f"{name}:one": values for name, values in RIGHT.items()}
    answers = {**RIGHT, **one, "none": [], **changes}
    return {name: np.array(values) for name, values in answers.items()}


def test_equal_answers_do_not_differ():
    assert {found.value for found in largest("binary", answered(), EXPECTED)} == {0.0}


def test_only_the_first_rows_are_asked_one_by_one():
    many = np.linspace(0.1, 0.9, 3 * ONE_BY_ONE)
    expected = Expected({**EXPECTED.answers, "test": many}, np.zeros(len(many)))
    answers = answered(**{"test": many, "test:one": many[:ONE_BY_ONE]})
    assert largest("binary", answers, expected).test.value == 0.0


@pytest.mark.parametrize(
    ("changes", "values", "where"),
    [
        (
            {"test": [0.1, 0.4, 0.3]},
            (0.2, 0.2, 0),
            "row 1 of the test split is off by 0.2: 0.4, the served",
        ),
        (
            {"hurtful": [0.75]},
            (0, 0.25, 0),
            "row 0 of those made to hurt is off by 0.25: 0.75, the",
        ),
        ({"hurtful": [NAN]}, (0, INF, 0), "row 0 of those made to hurt is off by inf: nan, the"),
        (
            {"extreme": [0.8]},
            (0, 0, 0.1),
            "row 0 of extremes is off by 0.1: 0.8, the served model says 0.9",
        ),
        (
            {"test:one": [0.1, 0.2, 0.7]},
            (0.4, 0.4, 0),
            "row 2 of the test split is off by 0.4: 0.7, the",
        ),
        ({"extreme:one": [INF]}, (0, 0, INF), "row 0 of extremes is off by inf: inf"),
        ({"none": [0.5]}, (INF, INF, 0), "asked about 0 rows, it answers in shape (1,)"),
        ({"test": [0.1, 0.2]}, (INF, INF, 0), "asked about 3 rows, it answers in shape (2,)"),
    ],
)
def test_the_largest_difference_and_where_it_is(changes, values, where):
    found = largest("binary", answered(**changes), EXPECTED)
    assert [f.value for f in found] == pytest.approx(list(values))
    assert max(found, key=lambda f: f.value).where.startswith(where)
