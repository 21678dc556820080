"""One example from JSON to raw values."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.local.history.row_values import parse_object, raw_values
from usecase.declaration import Declaration
from usecase.errors import DataError
from usecase.features import Feature
from usecase.labels import LabelSpec
from usecase.roles import CategoricalString, DateTime, Numeric
from usecase.schema import Column

AGE = Column(name="age", dtype="int64", lowest=0)
FARE = Column(name="fare", dtype="float32")
CITY = Column(name="Stadt (Name)", dtype="string")
DAY = Column(name="day", dtype="int64")
BIG = Column(name="big", dtype="int64")


def feature(column, role):
    return Feature(name=column.name, declared=role, columns=(column,), value=column)


DECLARATION = Declaration(
    features=(
        feature(AGE, Numeric()),
        feature(FARE, Numeric()),
        feature(CITY, CategoricalString()),
        feature(DAY, DateTime(format="iso8601", utc_offset_hours=2)),
    ),
    label=LabelSpec(name="big", task="binary", function=None, columns=(BIG,)),
)


def read(**given):
    return {raw.column.name: raw for raw in raw_values(given, DECLARATION)}


@pytest.mark.parametrize(
    ("name", "told", "value"),
    [
        ("age", 3, 3),
        ("age", 3.0, 3),
        ("age", "3", 3),
        ("age", True, 1),
        ("age", 2**53 + 1, 2**53 + 1),
        ("fare", 3, 3.0),
        ("fare", "1e3", 1000.0),
        ("Stadt (Name)", "Köln", "Köln".encode()),
        ("day", "1970-01-01T03:00:00", 3600),
        ("day", "1970-01-01T03:00:00Z", 10800),
        ("day", 17, 17),
    ],
)
def test_values(name, told, value):
    found = read(**{name: told})[name].value
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("told", "note"),
    [(None, "null"), ("", "empty text"), (math.nan, "NaN"), (" ", '" "')],
)
def test_missing_values(told, note):
    raw = read(age=told)["age"]
    assert (raw.value, raw.note) == (None, f"given as {note}")


def test_what_is_not_given_is_missing_and_told():
    found = read(age=1)
    assert {name: raw.note for name, raw in found.items() if raw.value is None} == dict.fromkeys(
        ("fare", "Stadt (Name)", "day", "big"), "not given"
    )
    assert [name for name, raw in found.items() if raw.is_label] == ["big"]


def test_a_sentinel_is_told():
    raw = read(age=-1)["age"]
    assert raw.is_sentinel
    assert raw.note == "-1 stands for a missing value"
    assert not read(age=0)["age"].is_sentinel


@pytest.mark.parametrize(
    ("given", "what", "fix"),
    [
        ({"agr": 1}, 'no feature is made of a column "agr"', 'did you mean "age"?'),
        ({"age": 1.5}, "1.5 is not a whole number", "correct it"),
        ({"age": "x"}, '"x" is not a whole number', "correct it"),
        ({"age": 2**63}, "is not a whole number", "correct it"),
        ({"age": [1]}, "list of several values", "correct it"),
        ({"fare": {"a": 1}}, "dict of several values", "correct it"),
        ({"Stadt (Name)": 7}, "7 is not text", "put it in quotes"),
        ({"Stadt (Name)": True}, "True is not text", "put it in quotes"),
        ({"day": "yesterday"}, '"yesterday" is no date', "correct it"),
    ],
)
def test_what_is_refused(given, what, fix):
    with pytest.raises(DataError) as error:
        raw_values(given, DECLARATION)
    assert what in error.value.what
    assert fix in error.value.fix


@pytest.mark.parametrize("text", ["", "{", "[1]", "7", "null", '"age"', '{"age": 1, "age": 2}'])
def test_what_is_no_object(text):
    with pytest.raises(DataError, match="--row"):
        parse_object(text)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))  # half a surrogate pair is no text


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "age": st.none() | st.integers(-(2**63), 2**63 - 1),
            "fare": st.none() | st.floats(width=32),
            "Stadt (Name)": st.none() | TEXT,
        },
    )
)
def test_any_row_of_the_right_types_comes_through_json(row):
    found = raw_values(parse_object(json.dumps(row)), DECLARATION)
    values = {raw.column.name: raw.value for raw in found}
    for name, told in row.items():
        if told is None or told == "" or told != told:
            assert values[name] is None
        else:
            assert values[name] == (told.encode() if isinstance(told, str) else told)


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(DataError, match="UTF-8"):
        raw_values(parse_object('{"Stadt (Name)": "\\ud800"}'), DECLARATION)
