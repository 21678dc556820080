"""What a gate's conditions and its verdict file say."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.verdict import VERDICT_FILE, GateResult, Verdict, judge

BOUNDS = ("min", "max", "min_change")
NUMBERS = st.floats(allow_nan=False)
RESULTS = st.builds(
    judge,
    st.text(),
    st.text(),
    st.none() | NUMBERS,
    st.sampled_from(BOUNDS),
    NUMBERS,
    slice_name=st.text(),
    detail=st.text(),
    binding=st.booleans(),
)


@pytest.mark.parametrize(
    ("bound", "value", "threshold", "passed"),
    [
        ("min", 0.93, 0.93, True),
        ("min", 0.9299999, 0.93, False),
        ("min", math.inf, 0.93, True),
        ("max", 0.3, 0.3, True),
        ("max", 0.3000001, 0.3, False),
        ("max", -math.inf, 0.3, True),
        ("min_change", -0.01, -0.01, True),
        ("min_change", -0.0101, -0.01, False),
        ("min_change", 0.5, -0.01, True),
    ],
)
def test_a_value_is_held_against_its_bound(bound, value, threshold, passed):
    assert judge("quality", "auc", value, bound, threshold).passed is passed


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("value", [None, math.nan, np.float32("nan")])
@pytest.mark.parametrize("threshold", [-math.inf, 0.0, math.inf, math.nan])
def test_what_could_not_be_measured_never_passes(bound, value, threshold):
    assert judge("quality", "auc", value, bound, threshold).passed is False


@pytest.mark.parametrize("bound", BOUNDS)
def test_no_value_passes_a_threshold_that_is_nan(bound):
    assert judge("quality", "auc", 0.5, bound, math.nan).passed is False


def test_a_result_says_what_was_judged():
    result = judge("data", "rows", 7.0, "min", 8.0, slice_name="split=eval", detail="few")
    assert result == GateResult("data", "rows", "split=eval", 7.0, 8.0, "min", False, "few")


@given(NUMBERS, NUMBERS)
def test_min_and_max_mirror_each_other(value, threshold):
    lowest = judge("", "", value, "min", threshold).passed
    assert lowest is judge("", "", -value, "max", -threshold).passed
    assert lowest is (value >= threshold)


def test_one_failed_condition_fails_the_gate():
    good, bad = judge("data", "a", 1, "min", 1), judge("data", "b", 0, "min", 1)
    assert Verdict("data", (good, good)).passed
    assert not Verdict("data", (good, bad, good)).passed


@pytest.mark.parametrize(
    ("binding", "value", "refuses", "warns"),
    [
        (True, 1, False, False),
        (True, 0, True, False),
        (False, 1, False, False),
        (False, 0, False, True),
    ],
)
def test_a_condition_that_is_not_binding_only_warns(binding, value, refuses, warns):
    result = judge("tflite", "float32 latency", value, "min", 1, binding=binding)
    assert result.passed is (value == 1)
    assert (result.refuses, result.warns) == (refuses, warns)
    assert Verdict("tflite", (result,)).passed is not refuses


def test_a_warning_does_not_make_up_for_a_refusal():
    warning = judge("tflite", "a", 0, "min", 1, binding=False)
    bad = judge("tflite", "b", 0, "min", 1)
    assert Verdict("tflite", (warning, warning)).passed
    assert not Verdict("tflite", (warning, bad)).passed
    assert warning.passed is False


def test_conditions_are_binding_where_nothing_else_is_said(tmp_path):
    assert judge("data", "rows", 7.0, "min", 8.0).binding
    Verdict("data", (judge("data", "rows", 7.0, "min", 8.0),)).write(tmp_path)
    path = tmp_path / VERDICT_FILE
    raw = json.loads(path.read_text())
    del raw["results"][0]["binding"]  # as files were before there were warnings
    path.write_text(json.dumps(raw))
    verdict = Verdict.read(tmp_path)
    assert verdict.results[0].binding
    assert not verdict.passed


@settings(deadline=None, max_examples=50)
@given(st.text(), st.lists(RESULTS, max_size=4), st.dictionaries(st.text(), NUMBERS))
def test_a_verdict_is_read_as_it_was_written(tmp_path_factory, gate, results, metrics):
    folder = tmp_path_factory.mktemp("verdict") / "new" / "folder"
    verdict = Verdict(gate, tuple(results), metrics)
    verdict.write(folder)
    assert Verdict.read(folder) == verdict


def test_nan_survives_the_file(tmp_path):
    Verdict("quality", (judge("quality", "auc", math.nan, "min", 0.5),)).write(tmp_path)
    (result,) = Verdict.read(tmp_path).results
    assert math.isnan(result.value)
    assert result.passed is False


def test_numbers_of_numpy_can_be_written(tmp_path):
    # A threshold of NumPy's makes the comparison NumPy's too, and JSON knows no numpy.bool_.
    threshold = max(0.0, np.finfo(float).tiny)
    Verdict("data", (judge("data", "label_share", 0.25, "min", threshold),)).write(tmp_path)
    assert Verdict.read(tmp_path).passed is True


def test_the_file_is_for_other_programs_too(tmp_path):
    result = judge("data", "rows", 7.0, "min", 8.0)
    Verdict("data", (result,), {"auc": 0.5}).write(tmp_path)
    raw = json.loads((tmp_path / VERDICT_FILE).read_text())
    assert raw == {
        "gate": "data",
        "results": [dataclasses.asdict(result)],
        "metrics": {"auc": 0.5},
        "passed": False,
    }


def test_the_results_decide_whatever_the_file_sums_up(tmp_path):
    Verdict("data", (judge("data", "rows", 7.0, "min", 8.0),)).write(tmp_path)
    path = tmp_path / VERDICT_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "passed": True}))
    assert Verdict.read(tmp_path).passed is False


def test_no_file_is_no_verdict(tmp_path):
    with pytest.raises(FileNotFoundError):
        Verdict.read(tmp_path)
