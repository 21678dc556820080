"""Runtime parameters from the command line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.api.arguments import parse_arguments, typed
from usecase.errors import UserError

INPUTS = {
    "data": {"parameterType": "STRING", "defaultValue": "x"},
    "max_epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 7},
    "min_auc": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.9},
    "quick": {"parameterType": "BOOLEAN", "defaultValue": False},
    "names": {"parameterType": "LIST", "isOptional": True},
}


def test_nothing_given_leaves_the_defaults_to_the_pipeline():
    assert parse_arguments([], INPUTS) == {}


def test_a_value_may_hold_what_separates():
    assert parse_arguments(["data=a=b, c"], INPUTS) == {"data": "a=b, c"}
    assert parse_arguments(["data="], INPUTS) == {"data": ""}


def test_booleans_and_json():
    given = ["quick=True", 'names=["a", 1]']
    assert parse_arguments(given, INPUTS) == {"quick": True, "names": ["a", 1]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_epochs", "3.0"),
        ("max_epochs", "1_000"),
        ("max_epochs", " 3"),
        ("max_epochs", ""),
        ("min_auc", "nan"),
        ("min_auc", "inf"),
        ("min_auc", "high"),
        ("quick", "1"),
        ("names", "a,b"),
        ("names", "{}"),
    ],
)
def test_a_value_of_another_type(name, text):
    with pytest.raises(UserError, match=f'parameter "{name}" cannot be'):
        parse_arguments([f"{name}={text}"], INPUTS)


def test_an_unknown_name_has_a_nearest():
    with pytest.raises(UserError) as caught:
        parse_arguments(["min_acu=0.5"], INPUTS)
    assert caught.value.fix == 'did you mean "min_auc"?'
    with pytest.raises(UserError, match="this pipeline has none"):
        parse_arguments(["x=1"], {})


def test_a_name_twice():
    with pytest.raises(UserError, match="given twice"):
        parse_arguments(["data=a", "data=b"], INPUTS)


def test_one_without_a_default_must_be_given():
    inputs = {"data": {"parameterType": "STRING"}}
    with pytest.raises(UserError, match='"data" has no value') as caught:
        parse_arguments([], inputs)
    assert caught.value.fix == "--param data=VALUE"
    assert parse_arguments(["data=x"], inputs) == {"data": "x"}


@given(st.integers())
def test_every_integer_is_read(number):
    assert typed("n", str(number), "NUMBER_INTEGER") == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_and_survives_json(number):
    value = typed("n", repr(number), "NUMBER_DOUBLE")
    assert json.loads(json.dumps(value)) == number


@given(st.text())
def test_text_is_itself(text):
    assert typed("n", text, "STRING") == text


@given(st.text(), st.sampled_from(["NUMBER_INTEGER", "NUMBER_DOUBLE", "LIST", "STRUCT"]))
def test_any_text_is_json_or_refused(text, kind):
    try:
        value = typed("n", text, kind)
    except UserError:
        return
    assert json.loads(json.dumps(value, allow_nan=True)) is not None
