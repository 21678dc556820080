"""The declaration: roles of the configuration joined with types and domains of the schema."""

import json

import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from usecase.config import UseCase
from usecase.declaration import Declaration, declare
from usecase.schema import Column

OF_COLUMN = {"function": None, "columns": (), "mobile": True}
COMMON = {**OF_COLUMN, "max_vocabulary": 1000, "min_count": 1}
FUNCTION = "models.taxi.big_tip"
BIG = {"name": "big", "function": FUNCTION, "columns": ["tips", "amount"]}


def column(name, dtype, *, optional=False, lowest=None, highest=None):
    return {
        "name": name,
        "dtype": dtype,
        "lowest": lowest,
        "highest": highest,
        "values": (),
        "truth": None,
        "categorical": None,
        "optional": optional,
    }


def test_the_whole_declaration(compiled):
    expected = [
        (column("amount", "float32"), {"role": "bucketized", **OF_COLUMN, "buckets": 4}),
        (
            column("age", "int64", optional=True, lowest=0, highest=120),
            {"role": "numeric", **OF_COLUMN, "scaling": "z_score"},
        ),
        (
            column("city", "string"),
            {"role": "categorical_string", **COMMON, "max_vocabulary": 9, "min_count": 2},
        ),
        (column("code", "int64"), {"role": "categorical_integer", **COMMON}),
        (
            column("hour", "int64", lowest=0, highest=23),
            {"role": "categorical_integer", **COMMON},
        ),
        (column("member", "string", optional=True), {"role": "boolean", **OF_COLUMN}),
    ]
    assert compiled().model_dump() == {
        "features": tuple(
            {"name": made["name"], "declared": role, "columns": (made,), "value": made}
            for made, role in expected
        ),
        "label": {
            "name": "clicked",
            "task": "binary",
            "function": None,
            "columns": (column("clicked", "int64"),),
            "classes": (),
        },
    }


def test_a_declaration_survives_json(compiled):
    declaration = compiled()
    assert Declaration.model_validate_json(declaration.model_dump_json()) == declaration


def test_a_label_made_by_a_function(compiled):
    declaration = compiled({"label": BIG})
    assert declaration.label.function == FUNCTION
    assert declaration.label.columns == (
        Column(name="tips", dtype="float32"),
        Column(name="amount", dtype="float32"),
    )
    assert declaration.label.key == "big_xf"


def test_each_column_is_an_input_once_and_the_label_s_own_is_none(compiled):
    declaration = compiled(
        {
            "label": BIG,
            "features.rich": {"role": "numeric", "function": FUNCTION, "columns": ["age", "hour"]},
            "features.both": {"role": "crossed", "features": ["city", "hour"]},
        }
    )
    names = [made.name for made in declaration.inputs]
    assert names == ["amount", "age", "city", "code", "hour", "member"]


@pytest.mark.parametrize(
    ("changes", "functions"),
    [
        ({}, ()),
        ({"label": BIG}, (FUNCTION,)),
        (
            {"features.x": {"role": "numeric", "function": FUNCTION, "columns": ["age"]}},
            (FUNCTION,),
        ),
        # Each once, features first.
        (
            {
                "label": BIG,
                "features.x": {
                    "role": "numeric",
                    "function": "models.labels.label_of",
                    "columns": ["age"],
                },
                "features.y": {"role": "boolean", "function": FUNCTION, "columns": ["hour"]},
            },
            ("models.labels.label_of", FUNCTION),
        ),
    ],
)
def test_the_functions_of_the_user_s_own(compiled, changes, functions):
    assert compiled(changes).functions == functions


@pytest.mark.parametrize(
    "feature",
    [
        {"role": "numeric", "function": FUNCTION, "columns": ["clicked"]},
        {"role": "boolean", "function": FUNCTION, "columns": ["age", "clicked"]},
    ],
)
def test_no_feature_reads_the_label(fault, feature):
    error = fault({"features.peek": feature})
    assert error.what == 'feature "peek" reads the label "clicked"'
    assert error.fix == "leave that column out: it is not known when the model is asked"


def test_features_may_read_what_a_label_is_computed_of(compiled):
    peek = {"role": "numeric", "function": FUNCTION, "columns": ["tips"]}
    declaration = compiled({"label": BIG, "features.peek": peek})
    assert {"amount", "tips"} <= {made.name for made in declaration.inputs}
    # The column that a label is called after is one of many, then.
    clicked = {"role": "numeric", "function": FUNCTION, "columns": ["clicked"]}
    named = {**BIG, "name": "clicked"}
    assert compiled({"label": named, "features.peek": clicked}).label.function == FUNCTION


ROLES = {
    "numeric": {"scaling": ["z_score", "min_max", "log"]},
    "bucketized": {"buckets": [2, 10, 1000]},
    "categorical_string": {"max_vocabulary": [1, 50], "min_count": [1, 5]},
    "categorical_integer": {"max_vocabulary": [1, 50], "min_count": [1, 5]},
    "boolean": {},
    "datetime": {"parts": [["hour"], ["year", "month"]], "utc_offset_hours": [0, -3.5, 14]},
}
FITTING = {
    "FLOAT": ["numeric", "bucketized", "boolean"],
    "INT": ["numeric", "bucketized", "categorical_integer", "boolean", "datetime"],
    "INT int_domain { min: 0 max: 1 }": ["numeric", "categorical_integer", "boolean"],
    "INT int_domain { min: -5 max: 9 is_categorical: true }": ["categorical_integer"],
    "BYTES": ["categorical_string", "boolean"],
    'BYTES string_domain { value: "Yes" value: "No" }': ["categorical_string", "boolean"],
}
LABELS = {
    "binary": ["INT", 'BYTES bool_domain { true_value: "y" false_value: "n" }'],
    "multiclass": [
        'BYTES string_domain { value: "a" value: "b" value: "c" }',
        "INT int_domain { min: 1 max: 4 }",
    ],
    "regression": ["FLOAT", "INT"],
}


@st.composite
def use_cases(draw):
    """Any use case whose roles fit its schema, with that schema."""
    columns, features = [], {}
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(sorted(FITTING)))
        role = draw(st.sampled_from(FITTING[kind]))
        chosen = {name: st.sampled_from(values) for name, values in ROLES[role].items()}
        presence = draw(st.sampled_from(["", "presence { min_fraction: 1.0 }"]))
        columns.append(f'feature {{ name: "c {number}" type: {kind} {presence} }}')
        features[f"c {number}"] = {"role": role, **draw(st.fixed_dictionaries({}, optional=chosen))}
    ids = [n for n, f in features.items() if f["role"] not in ("numeric", "datetime")]
    if len(ids) > 1 and all("max_vocabulary" in features[n] for n in ids[:2]):
        features["cross"] = {"role": "crossed", "features": ids[:2]}
    if draw(st.booleans()):
        numbers = [n for n, c in zip(list(features), columns, strict=False) if "BYTES" not in c]
        if numbers:
            features["made"] = {"role": "numeric", "function": FUNCTION, "columns": numbers}
    task = draw(st.sampled_from(sorted(LABELS)))
    columns.append(f'feature {{ name: "y" type: {draw(st.sampled_from(LABELS[task]))} }}')
    use_case = {
        "name": "any",
        "task": task,
        "data": {"path": "rows.csv"},
        "schema": "schema.pbtxt",
        "features": features,
        "label": {"name": "y"},
        "evaluation": {"thresholds": [{"metric": "example_count", "min": 1}]},
    }
    return use_case, text_format.Parse("\n".join(columns), schema_pb2.Schema())


@given(use_cases())
@settings(deadline=None)
def test_whatever_fits_is_declared_and_survives_json(made):
    raw, schema = made
    use_case = UseCase.model_validate_json(json.dumps(raw))
    assert UseCase.model_validate_json(use_case.model_dump_json(by_alias=True)) == use_case
    declaration = declare(use_case, schema)
    assert Declaration.model_validate_json(declaration.model_dump_json()) == declaration
    assert [f.name for f in declaration.features] == list(raw["features"])
    assert [f.declared.role for f in declaration.features] == [
        f["role"] for f in raw["features"].values()
    ]
    assert {c.name for c in declaration.inputs} == {
        name for name in raw["features"] if name.startswith("c ")
    }
    assert (len(declaration.label.classes) > 1) is (
        "domain" in str(schema.feature[-1]) and raw["task"] != "regression"
    )
