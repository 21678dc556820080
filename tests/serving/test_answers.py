"""What batch prediction adds to each row: its columns and their cells."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.answers import cells, header
from serving.contract import Label
from usecase.labels import LabelSpec

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
FLOAT32 = st.floats(allow_nan=False, allow_infinity=False, width=32)


def label(task, classes=(), name="tip"):
    return LabelSpec(name=name, task=task, function=None, columns=(), classes=classes)


@pytest.mark.parametrize(
    ("task", "classes", "columns"),
    [
        (REGRESSION, (), ["tip_prediction"]),
        (BINARY, (), ["tip_probability"]),
        (BINARY, ("no", "yes"), ["tip_probability", "tip_class"]),
        (BINARY, (2, 1), ["tip_probability", "tip_class"]),
        (
            MULTICLASS,
            ("small", "very large", "Größe"),
            [
                "tip_class",
                "tip_probability_small",
                "tip_probability_very large",
                "tip_probability_Größe",
            ],
        ),
        (MULTICLASS, (-1, 0, 7), ["tip_class", *(f"tip_probability_{k}" for k in (-1, 0, 7))]),
    ],
)
def test_the_columns_of_an_answer(task, classes, columns):
    assert header(label(task, classes)) == columns


def test_a_column_is_called_after_the_label():
    assert header(label(REGRESSION, name="Trip Miles")) == ["Trip Miles_prediction"]


@pytest.mark.parametrize(
    ("task", "classes", "answer", "expected"),
    [
        (REGRESSION, (), {"prediction": -12.5}, ["-12.5"]),
        (REGRESSION, (), {"prediction": 3}, ["3"]),
        (BINARY, (), {"probability": 0.25}, ["0.25"]),
        (BINARY, ("no", "yes"), {"probability": 0.75, "class": b"yes"}, ["0.75", "yes"]),
        (BINARY, (2, 1), {"probability": 0.75, "class": 1}, ["0.75", "1"]),
        (
            MULTICLASS,
            ("small", "large", "Größe"),
            {"probabilities": [0.25, 0.125, 0.625], "class": "Größe".encode()},
            ["Größe", "0.25", "0.125", "0.625"],
        ),
        (
            MULTICLASS,
            (-1, 0, 7),
            {"probabilities": [0.5, 0.25, 0.25], "class": -1},
            ["-1", "0.5", "0.25", "0.25"],
        ),
    ],
)
def test_the_cells_of_an_answer(task, classes, answer, expected):
    assert cells(label(task, classes), answer) == expected


def test_the_order_of_the_outputs_does_not_matter():
    of_size = label(MULTICLASS, ("a", "b"))
    answer = {"class": b"b", "probabilities": [0.25, 0.75]}
    assert cells(of_size, answer) == cells(of_size, dict(reversed(answer.items())))


def test_outputs_that_the_task_does_not_name_are_left_out():
    # A binary label that is 0 or 1 has no class.
    assert cells(label(BINARY), {"probability": 0.5, "class": b"yes"}) == ["0.5"]


@pytest.mark.parametrize(
    ("task", "classes", "answer"),
    [
        (REGRESSION, (), {"probability": 0.5}),
        (BINARY, (), {"prediction": 0.5}),
        (BINARY, ("no", "yes"), {"probability": 0.5}),
        (MULTICLASS, ("a", "b"), {"probabilities": [0.5, 0.5]}),
    ],
)
def test_an_output_that_is_missing_is_no_empty_cell(task, classes, answer):
    with pytest.raises(KeyError):
        cells(label(task, classes), answer)


@given(
    st.one_of(
        st.tuples(st.just(REGRESSION), st.just(())),
        st.tuples(st.just(BINARY), st.sampled_from([(), ("n", "y"), (0, 1)])),
        st.tuples(st.just(MULTICLASS), st.lists(st.integers(), min_size=2, max_size=6).map(tuple)),
    )
)
def test_there_is_a_cell_for_each_column(made):
    task, classes = made
    spec = label(task, classes)
    answer = {
        "prediction": 0.5,
        "probability": 0.5,
        "probabilities": [0.5] * len(classes),
        "class": classes[-1] if classes else 0,
    }
    assert len(cells(spec, answer)) == len(header(spec))


def test_a_label_of_the_metadata_is_answered_alike():
    of_metadata = Label(MULTICLASS, "tip", ("a", "b"))
    of_pipeline = label(MULTICLASS, ("a", "b"))
    assert header(of_metadata) == header(of_pipeline)
    from_bulk = {"probabilities": [0.25, 0.75], "class": b"b"}
    from_edge = {"probabilities": [0.25, 0.75], "class": "b"}
    assert cells(of_metadata, from_edge) == cells(of_pipeline, from_bulk) == ["b", "0.25", "0.75"]


@given(FLOAT32)
def test_a_number_is_written_as_precisely_as_the_model_computes(value):
    (cell,) = cells(label(REGRESSION), {"prediction": value})
    assert struct.pack("f", float(cell)) == struct.pack("f", value)
    assert len(cell) <= 16


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_can_be_told_from_one(value):
    (cell,) = cells(label(REGRESSION), {"prediction": value})
    assert not math.isfinite(float(cell))
