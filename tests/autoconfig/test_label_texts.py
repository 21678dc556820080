import pytest

from autoconfig.label import decide_label
from autoconfig.label_texts import doubts_of_label, words_among
from tests.autoconfig.tables import texts
from usecase.errors import ConfigError, DataError


def refused(values, task=None):
    with pytest.raises((ConfigError, DataError)) as caught:
        decide_label(texts(values, name="price"), "csv", task, None)
    return caught.value


@pytest.mark.parametrize(
    ("values", "shown", "mend"),
    [
        ([f"{1000 + k:,}" for k in range(60)], "1,000", "write 1,000 as 1000"),
        ([f"{k},50" for k in range(60)], "0,50", "write 0,50 as 0.50"),
        ([f"${k}.99" for k in range(60)], "$0.99", "write $0.99 as 0.99"),
        ([f"{k}%" for k in range(60)], "0%", "write 0% as 0"),
        ([f"{k} km" for k in range(60)], "0 km", "write 0 km as 0"),
    ],
)
@pytest.mark.parametrize("task", [None, "regression"])
def test_numbers_with_marks_are_shown_with_what_they_should_be(values, shown, mend, task):
    error = refused(values, task)
    assert 'label "price" holds numbers with ' in error.what
    assert f"such as {shown}, which are read as text" in error.what
    assert "number" in error.expected
    assert error.fix == f"{mend}, with no mark but a point"


def test_many_numbers_with_marks_are_no_classes_unless_asked_for():
    values = [f"{k}%" for k in range(30)] * 6
    assert refused(values).fix.endswith("; where they are classes: --task multiclass")
    assert len(decide_label(texts(values), "csv", "multiclass", None).classes) == 30


def test_few_numbers_with_marks_are_classes_and_doubted():
    column = texts(["10%", "20%", "30%"] * 30)
    assert decide_label(column, "csv", None, None).classes == ("10%", "20%", "30%")
    (doubt,) = doubts_of_label(column)
    assert doubt.endswith(
        "if they are numbers to predict, write 10% as 10, with no mark but a point"
    )


@pytest.mark.parametrize("task", [None, "regression"])
def test_a_few_words_among_numbers_are_named(task):
    error = refused([f"{k}.5" for k in range(57)] + ["?"] * 3, task)
    assert "?" in error.what
    assert "in 3 rows" in error.what
    assert error.expected.startswith("a number in every row")
    assert error.fix == "correct or remove these 3 rows"


def test_a_word_among_few_numbers_is_a_class_and_doubted():
    column = texts(["1", "2"] * 30 + ["n. a."] * 12)
    assert decide_label(column, "csv", None, None).classes == ("1", "2", "n. a.")
    (doubt,) = doubts_of_label(column)
    assert "a number in 60 rows, and n. a. or the like in 12" in doubt


def test_words_are_among_numbers_where_they_are_few():
    assert words_among(texts(["1", "2", "3", "4", "x"])) == (1, "x")
    assert words_among(texts(["1", "2", "3", "x"])) is None
    assert words_among(texts(["1", "2"])) is None
    assert words_among(texts(["x", "y"])) is None


def test_dates_are_named():
    error = refused([f"2024-01-{k % 28 + 1:02d}" for k in range(60)])
    assert 'label "price" holds dates such as 2024-01-01: 28 different values' in error.what
    assert "days from one date to the other" in error.fix


@pytest.mark.parametrize(
    ("values", "pair"),
    [
        (["Yes", "yes", "No"], '"Yes" and "yes"'),
        (["a", " a", "b"], '" a" and "a"'),
        (["a b", "a  b"], '"a  b" and "a b"'),
    ],
)
def test_classes_that_differ_in_capitals_or_spaces_are_doubted(values, pair):
    (doubt,) = doubts_of_label(texts(values * 20))
    assert doubt.startswith(f"{pair} are two classes of the label")


@pytest.mark.parametrize("values", [["a", "b"], ["yes", "no"], [1, 2], ["01", "1", "x", "y"]])
def test_classes_that_are_none_of_this_are_not_doubted(values):
    assert list(doubts_of_label(texts(values * 20))) == []
