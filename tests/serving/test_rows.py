"""Rows, columns and data frames to one array an input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.contract import Input
from serving.errors import ServingError
from serving.rows import tensors
from tests.serving.edge_world import INT64_MAX, INT64_MIN

INPUTS = (
    Input("fare", "fare", "float32", float("nan")),
    Input("picked_up", "picked up", "int64", INT64_MIN),
    Input("company", "company", "string", ""),
)
VALUES = {
    "fare": st.floats(width=32),
    "picked up": st.integers(INT64_MIN, INT64_MAX),
    "company": st.text(st.characters(exclude_categories=["Cs"])),
}
ROWS = st.lists(st.fixed_dictionaries({}, optional={n: st.none() | s for n, s in VALUES.items()}))


def lists(arrays):
    """Returns arrays as lists in which a missing float is None."""
    return {
        name: [None if value != value else value for value in values.tolist()]
        for name, values in arrays.items()
    }


def expected(rows):
    return {
        "fare": [None if r.get("fare") != r.get("fare") else r.get("fare") for r in rows],
        "picked_up": [INT64_MIN if (v := r.get("picked up")) is None else v for r in rows],
        "company": [(r.get("company") or "").encode() for r in rows],
    }


@settings(deadline=None)
@given(ROWS)
def test_rows_are_kept_in_their_order(rows):
    assert lists(tensors(INPUTS, rows)) == expected(rows)
    by_name = [{("picked_up" if k == "picked up" else k): v for k, v in r.items()} for r in rows]
    assert lists(tensors(INPUTS, by_name)) == expected(rows)


@settings(deadline=None)
@given(ROWS)
def test_columns_and_frames_are_what_rows_are(rows):
    columns = {name: [row.get(name) for row in rows] for name in VALUES}
    assert lists(tensors(INPUTS, columns)) == expected(rows)
    frame = pd.DataFrame({name: pd.Series(v, dtype=object) for name, v in columns.items()})
    assert lists(tensors(INPUTS, frame)) == expected(rows)


def test_a_frame_with_types_of_its_own():
    frame = pd.DataFrame(
        {
            "fare": pd.array([1, None, 3], "Int64"),
            "picked up": [1.0, None, 2.0**53],
            "company": pd.Categorical(["a", None, "b"]),
        },
        index=[7, 7, 9],
    )
    assert lists(tensors(INPUTS, frame)) == {
        "fare": [1.0, None, 3.0],
        "picked_up": [1, INT64_MIN, 2**53],
        "company": [b"a", b"", b"b"],
    }


def test_what_is_left_out_is_missing_in_every_row():
    found = lists(tensors(INPUTS, {"fare": np.array([1.5, 2.5])}))
    assert found == {"fare": [1.5, 2.5], "picked_up": [INT64_MIN] * 2, "company": [b""] * 2}
    assert lists(tensors(INPUTS, pd.DataFrame(index=range(2))))["fare"] == [None, None]
    assert lists(tensors(INPUTS, [{}]))["fare"] == [None]


@pytest.mark.parametrize("rows", [[], {}, {"fare": []}, (), pd.DataFrame({"fare": []})])
def test_no_rows(rows):
    found = tensors(INPUTS, rows)
    assert {name: (len(v), v.dtype) for name, v in found.items()} == {
        "fare": (0, np.float32),
        "picked_up": (0, np.int64),
        "company": (0, object),
    }


def test_rows_may_come_from_a_generator():
    assert lists(tensors(INPUTS, ({"fare": k} for k in range(3))))["fare"] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("rows", "what", "more"),
    [
        ([{}, {"fair": 1}], "row 1: the model has no input 'fair'", 'did you mean "fare"?'),
        ({"tip": [1]}, "the model has no input 'tip'", "known: company, fare, picked up"),
        (pd.DataFrame({3: [1]}), "the model has no input 3", "known: "),
        ([{"picked up": 1, "picked_up": 1}], 'row 0: "picked up" is given twice', "leave one"),
        (pd.DataFrame([[1, 2]], columns=["fare"] * 2), '"fare" is given twice', "leave one"),
        ({"fare": [1, 2], "company": ["a"]}, '"fare" 2, "company" 1', "None where a value"),
        ({"fare": 6.5}, 'column "fare": float is no column', "[{...}]"),
        ({"company": "abc"}, 'column "company": str is no column', "[{...}]"),
        ({"fare": np.ones((2, 1))}, 'column "fare": ndarray is no column', "one dimension"),
        ({"fare": np.array(1.0)}, 'column "fare": ndarray is no column', "one dimension"),
        ([[1, 2]], "row 0: list is no row of values", "a list of dicts"),
        ([{"fare": 1}, None], "row 1: NoneType is no row", "a list of dicts"),
        ("fare", "str is no row", "a list of dicts"),
        (7, "int is no row", "a list of dicts"),
        ([{}, {"fare": "x"}], "row 1, column \"fare\": 'x' is not a number", "float32"),
        ({"picked_up": [1, 2.5]}, 'row 1, column "picked up": 2.5', "int64"),
    ],
)
def test_what_cannot_be_taken_is_told(rows, what, more):
    with pytest.raises(ServingError) as caught:
        tensors(INPUTS, rows)
    assert what in caught.value.what
    assert more in f"{caught.value.expected} {caught.value.fix}"
