"""How far answers are apart: in which unit, and what counts as infinitely far."""

import numpy as np
import pytest

from components.tflite_differences import differences, largest
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


def answered(test, hurtful=(0.5,), one=None, none=()):
    test, hurtful = np.array(test), np.array(hurtful)
    one = np.concatenate([hurtful[:ONE_BY_ONE], test[:ONE_BY_ONE]]) if one is None else one
    return {"test": test, "hurtful": hurtful, "one": np.array(one), "none": np.array(none)}


RIGHT = [0.1, 0.2, 0.3]
EXPECTED = Expected({"test": np.array(RIGHT), "hurtful": np.array([0.5])}, np.zeros(3))


def test_equal_answers_do_not_differ():
    on_test, everywhere = largest("binary", answered(RIGHT), EXPECTED)
    assert (on_test.value, everywhere.value) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("answers", "on_test", "everywhere", "where"),
    [
        (answered([0.1, 0.4, 0.3]), 0.2, 0.2, "row 1 of the test split: 0.4, the served model"),
        (answered(RIGHT, [0.75]), 0.0, 0.25, "row 0 of those made to hurt: 0.75, the served"),
        (answered(RIGHT, [NAN]), 0.0, INF, "row 0 of those made to hurt: nan"),
        (answered(RIGHT, one=[0.5, 0.1, 0.7, 0.3]), 0.0, 0.5, "row 2 asked one by one: 0.7"),
        (answered(RIGHT, none=[0.5]), 0.0, INF, "asked about 0 rows, it answers in shape (1,)"),
        (answered([0.1, 0.2], one=[0.5, *RIGHT]), INF, INF, "asked about 3 rows, it answers in"),
    ],
)
def test_the_largest_difference_and_where_it_is(answers, on_test, everywhere, where):
    found = largest("binary", answers, EXPECTED)
    assert [f.value for f in found] == pytest.approx([on_test, everywhere])
    assert found[1].where.startswith(where)
