"""How far served answers are from the model's own, in numbers and words."""

import numpy as np
import pytest

from components.serving_answers import Difference, largest_difference, other_classes

CLASSES = np.array([b"gr\xc3\xbcn", b"rot"], object)


def binary(*probabilities, classes=None):
    answers = {"probability": np.array(probabilities, np.float32)}
    return answers if classes is None else {**answers, "class": np.array(classes, object)}


def test_equal_answers_are_no_difference():
    assert largest_difference("binary", binary(0.2, 0.9), binary(0.2, 0.9)) == (
        0.0,
        "row 0 is off by 0: 0.2, the model itself says 0.2",
    )


def test_the_worst_row_is_named():
    value, where = largest_difference("binary", binary(0.2, 0.9, 0.5), binary(0.2, 0.4, 0.51))
    assert value == pytest.approx(0.5)
    assert where == "row 1 is off by 0.5: 0.4, the model itself says 0.9"


def test_numbers_are_held_to_the_answer_or_the_spread_whichever_is_larger():
    right = {"prediction": np.array([-1000.0, 0.0, 1000.0], np.float32)}
    found = {"prediction": np.array([-1000.0, 8.0, 1000.0], np.float32)}
    spread = right["prediction"].std()
    assert largest_difference("regression", right, found).value == pytest.approx(8 / spread)
    found["prediction"][1:] = 0.0, 1010.0
    assert largest_difference("regression", right, found).value == pytest.approx(0.01)


def test_of_classes_the_largest_difference_counts():
    right = {"probabilities": np.array([[0.1, 0.9], [0.5, 0.5]], np.float32)}
    found = {"probabilities": np.array([[0.2, 0.8], [0.5, 0.53]], np.float32)}
    assert largest_difference("multiclass", right, found).value == pytest.approx(0.1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_number_where_there_is_one_is_infinitely_far(bad):
    assert largest_difference("binary", binary(0.2), binary(bad)).value == np.inf
    assert largest_difference("binary", binary(bad), binary(0.2)).value == 0.0


def test_missing_rows_and_other_outputs_are_infinitely_far():
    assert largest_difference("binary", binary(0.2, 0.3), binary(0.2)) == (
        *(np.inf, "asked about 2 rows, it answers in shape (1,)"),
    )
    other = {"score": np.array([0.2])}
    assert largest_difference("binary", binary(0.2), other) == (
        *(np.inf, "outputs score in place of probability"),
    )
    more = {**binary(0.2), "class": CLASSES[:1]}
    assert largest_difference("binary", binary(0.2), more).value == np.inf


def test_classes_are_compared_as_text():
    right = binary(0.2, 0.9, classes=[b"gr\xc3\xbcn", b"rot"])
    found = binary(0.2, 0.9, classes=["grün", "rot"])
    assert other_classes("binary", right, found, 1e-5) == (0.0, "")
    numbers = {**binary(0.2, 0.9), "class": np.array([-1, 7])}
    assert other_classes("binary", numbers, numbers, 1e-5).value == 0.0


def test_other_classes_are_counted_and_the_first_is_named():
    right = binary(0.2, 0.9, 0.1, classes=[b"a", b"b", b"a"])
    found = binary(0.2, 0.9, 0.1, classes=[b"a", b"a", b"b"])
    assert other_classes("binary", right, found, 1e-5) == (
        *(2.0, 'row 1 is "a", the model itself says "b"'),
    )
    less = {**found, "class": found["class"][:2]}
    assert other_classes("binary", right, less, 1e-5) == (
        *(np.inf, "asked about 3 rows, it gives 2 classes"),
    )
    assert other_classes("binary", right, binary(0.2, 0.9, 0.1), 1e-5).value == np.inf


@pytest.mark.parametrize(
    ("task", "output", "edge", "clear"),
    [
        ("binary", "probability", 0.500015, 0.50003),
        ("multiclass", "probabilities", [0.499995, 0.500005], [0.49998, 0.50002]),
    ],
)
def test_only_a_row_on_the_edge_may_fall_to_either_side(task, output, edge, clear):
    def answers(value, name):
        return {output: np.array([value], np.float32), "class": np.array([name], object)}

    for value, wrong in ((edge, 0.0), (clear, 1.0)):
        right, found = answers(value, b"b"), answers(value, b"a")
        assert other_classes(task, right, found, 1e-5).value == wrong


def test_where_there_is_no_probability_classes_must_be_equal():
    right = binary(np.nan, classes=[b"a"])
    assert other_classes("binary", right, binary(np.nan, classes=[b"b"]), 1e-5).value == 1.0


def test_a_place_is_named_before_what_was_found_there():
    assert Difference(1.0, "row 7").at("over REST: ") == (1.0, "over REST: row 7")
    assert Difference(0.0, "").at("over REST: ") == (0.0, "")
