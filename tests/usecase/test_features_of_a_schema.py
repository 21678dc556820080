"""Roles joined with the columns of a schema: what fits becomes a feature, the rest is told."""

import pytest

CHANGE_TYPE = "change its role in the config, or its type in the schema"
CHANGE_DOMAIN = "change its role in the config, or its domain in the schema"
FUNCTION = "models.taxi.big_tip"


def crossed(*features):
    return {"role": "crossed", "features": list(features)}


def made(role, *columns, **options):
    return {"role": role, "function": FUNCTION, "columns": list(columns), **options}


@pytest.mark.parametrize(
    ("changes", "what", "fix"),
    [
        (
            {"features.amuont": "numeric"},
            'features: column "amuont" is not in the schema',
            'did you mean "amount"?',
        ),
        (
            {"features.city": "numeric"},
            'feature "city" is numeric, but string in the schema',
            CHANGE_TYPE,
        ),
        (
            {"features.city": "bucketized"},
            'feature "city" is bucketized, but string in the schema',
            CHANGE_TYPE,
        ),
        (
            {"features.amount": "categorical_integer"},
            'feature "amount" is categorical_integer, but float32 in the schema',
            CHANGE_TYPE,
        ),
        (
            {"features.amount": "categorical_string"},
            'feature "amount" is categorical_string, but float32 in the schema',
            CHANGE_TYPE,
        ),
        (
            {"features.hour": "categorical_string"},
            'feature "hour" is categorical_string, but int64 in the schema',
            CHANGE_TYPE,
        ),
        (
            {"features.amount": "datetime"},
            'feature "amount" is datetime, but float32 in the schema',
            CHANGE_TYPE,
        ),
        (
            {"features.city": "datetime"},
            'feature "city" is datetime, but string in the schema',
            "set its `format` in the config and type: INT in the schema; text becomes seconds when "
            "it is read",
        ),
        (
            {"features.untyped": "numeric"},
            'column "untyped" has no type in the schema',
            "add the type",
        ),
    ],
)
def test_a_role_that_does_not_fit_the_type(fault, changes, what, fix):
    error = fault(changes)
    assert (error.what, error.fix) == (what, fix)


@pytest.mark.parametrize(
    ("role", "types"),
    [
        ("numeric", "float32 or int64"),
        ("bucketized", "float32 or int64"),
        ("categorical_integer", "int64"),
        ("datetime", "int64"),
    ],
)
def test_a_role_that_does_not_fit_says_which_types_would(fault, role, types):
    assert fault({"features.city": role}).expected == f"{role} of type {types}"


@pytest.mark.parametrize(
    ("column", "roles"),
    [
        ("type: FLOAT", ["numeric", "bucketized", "boolean"]),
        ("type: INT", ["numeric", "bucketized", "categorical_integer", "boolean", "datetime"]),
        ("type: BYTES", ["categorical_string", "boolean"]),
        ("type: INT int_domain { is_categorical: true }", ["categorical_integer", "boolean"]),
        ("type: INT int_domain { is_categorical: false }", ["numeric", "bucketized", "datetime"]),
        ("type: INT int_domain { min: 0 max: 1 }", ["boolean", "numeric", "categorical_integer"]),
        ("type: INT int_domain { min: 1 max: 1 }", ["boolean"]),
        ("type: INT int_domain { min: 0 }", ["boolean"]),
        (
            'type: BYTES bool_domain { true_value: "x" false_value: "y" }',
            ["boolean", "categorical_string"],
        ),
        (
            'type: INT bool_domain { true_value: "1" false_value: "0" }',
            ["boolean", "categorical_integer"],
        ),
        ('type: BYTES string_domain { value: "yes" value: "F" value: "" }', ["boolean"]),
        ('type: BYTES string_domain { value: "maybe" }', ["categorical_string"]),
    ],
)
def test_roles_that_fit_the_type_and_the_domain(put_column, declared, column, roles):
    put_column(f'name: "x" {column}')
    for role in roles:
        assert declared({"features.x": role})["x"].declared.role == role


@pytest.mark.parametrize(
    ("column", "role", "but"),
    [
        (
            "type: INT int_domain { is_categorical: true }",
            ["numeric", "bucketized", "datetime"],
            "a category (int_domain.is_categorical)",
        ),
        (
            "type: INT int_domain { is_categorical: false }",
            ["categorical_integer"],
            "no category (int_domain.is_categorical)",
        ),
        (
            'type: INT bool_domain { true_value: "1" false_value: "0" }',
            ["numeric", "bucketized", "datetime"],
            "true or false (bool_domain)",
        ),
        ("type: INT int_domain { min: 0 max: 2 }", ["boolean"], "a number from 0 to 2"),
        ("type: INT int_domain { min: -1 max: 1 }", ["boolean"], "a number from -1 to 1"),
        ("type: INT int_domain { min: 2 max: 2 }", ["boolean"], "a number from 2 to 2"),
        (
            "type: INT int_domain { min: -9223372036854775808 max: 9223372036854775807 }",
            ["boolean"],
            "a number from -9223372036854775808 to 9223372036854775807",
        ),
        (
            'type: BYTES string_domain { value: "yes" value: "maybe" value: "perhaps" }',
            ["boolean"],
            '"maybe" is one of its values',
        ),
    ],
)
def test_a_role_that_does_not_fit_the_domain(put_column, fault, column, role, but):
    put_column(f'name: "x" {column}')
    for name in role:
        error = fault({"features.x": name})
        assert error.what == f'feature "x" is {name}, but {but} in the schema'
        assert error.fix == CHANGE_DOMAIN


def test_several_values_a_row_are_refused(put_column, fault):
    put_column('name: "age" type: INT value_count { min: 0 max: 3 }')
    assert fault().what == 'column "age" has several values a row in the schema'


def test_two_columns_cannot_share_a_dense_input(fault, put_column):
    for name in ("trip miles", "trip-miles"):
        put_column(f'name: "{name}" type: FLOAT')
    error = fault({"features.trip miles": "numeric", "features.trip-miles": "numeric"})
    assert error.what == '"trip miles" and "trip-miles" would both be the input "trip_miles"'
    assert error.fix == "rename one of them"


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        # The columns of a function, a function's own name, a cross, and a label.
        ({"features.x": made("numeric", "trip miles", "trip-miles")}, "trip miles, trip-miles"),
        (
            {"features.trip miles": "numeric", "features.trip-miles": made("numeric", "age")},
            "trip miles, trip-miles",
        ),
        (
            {"features.trip miles": "numeric", "features.trip:miles": crossed("city", "hour")},
            "trip miles, trip:miles",
        ),
        (
            {"features.trip miles": "numeric", "label.name": "trip-miles"},
            "trip miles, trip-miles",
        ),
    ],
)
def test_whatever_is_named_is_named_apart(fault, put_column, changes, names):
    for name in ("trip miles", "trip-miles"):
        put_column(f'name: "{name}" type: FLOAT')
    one, other = names.split(", ")
    error = fault(changes)
    assert error.what == f'"{one}" and "{other}" would both be the input "trip_miles"'
