"""The declaration: roles of the configuration joined with types and domains of the schema."""

import math

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.checks import check_evaluation, slice_columns
from usecase.errors import ConfigError
from usecase.features import MAX_DIRECT_RANGE, Declaration, Feature, LabelColumn, declare

INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture
def declared(changed, schema):
    def declared(changes):
        return {f.name: f for f in declare(changed(changes), schema).features}

    return declared


@pytest.fixture
def fault(changed, schema):
    """Compiles a changed use case, as preflight does, and returns the error."""

    def fault(changes):
        use_case = changed(changes)
        with pytest.raises(ConfigError) as caught:
            (check_evaluation(use_case, schema), declare(use_case, schema))
        return caught.value

    return fault


def test_the_whole_declaration(changed, schema):
    rare = {"max_vocabulary": 9, "min_count": 2}
    common = {"buckets": 10, "max_vocabulary": 1000, "min_count": 1}
    assert declare(changed(), schema).model_dump() == {
        "features": tuple(
            {**common, "name": name, "role": role, "dtype": dtype, "optional": optional}
            | {"lowest": lowest, "highest": highest, **own}
            for name, role, dtype, optional, lowest, highest, own in [
                ("amount", "bucketized", "float32", False, None, None, {"buckets": 4}),
                ("age", "numeric", "int64", True, 0, 120, {}),
                ("city", "categorical_string", "string", False, None, None, rare),
                ("code", "categorical_integer", "int64", False, None, None, {}),
                ("hour", "categorical_integer", "int64", False, 0, 23, {}),
                ("member", "boolean", "string", True, None, None, {}),
            ]
        ),
        "label_name": "clicked",
        "label_function": None,
        "label_columns": ({"name": "clicked", "dtype": "int64"},),
    }


def test_a_declaration_survives_json(changed, schema):
    declaration = declare(changed(), schema)
    assert Declaration.model_validate_json(declaration.model_dump_json()) == declaration


def test_a_label_made_by_a_function(changed, schema):
    label = {"name": "big", "function": "models.taxi.big_tip", "columns": ["tips", "amount"]}
    declaration = declare(changed({"label": label}), schema)
    assert declaration.label_function == "models.taxi.big_tip"
    assert declaration.label_columns == (
        LabelColumn(name="tips", dtype="float32"),
        LabelColumn(name="amount", dtype="float32"),
    )
    assert declaration.label_key == "big_xf"


@pytest.mark.parametrize(
    ("role", "optional", "indicator"),
    [
        ("numeric", True, "age_xf_missing"),
        ("numeric", False, None),
        ("bucketized", True, None),
        ("categorical_integer", True, None),
    ],
)
def test_only_optional_numbers_have_an_indicator(role, optional, indicator):
    feature = Feature(name="age", role=role, dtype="int64", optional=optional)
    assert feature.indicator_name == indicator
    assert feature.transformed_name == "age_xf"


@pytest.mark.parametrize(
    ("role", "lowest", "highest", "expected"),
    [
        ("categorical_integer", 0, 23, (0, 23)),
        ("categorical_integer", -3, 3, (-3, 3)),
        ("categorical_integer", 5, 5, (5, 5)),
        ("categorical_integer", 1, MAX_DIRECT_RANGE, (1, MAX_DIRECT_RANGE)),
        ("categorical_integer", 0, MAX_DIRECT_RANGE, None),
        ("categorical_integer", 0, None, None),
        ("categorical_integer", None, 23, None),
        ("numeric", 0, 23, None),
        ("boolean", 0, 1, None),
    ],
)
def test_ids_come_by_arithmetic_only_for_small_domains(role, lowest, highest, expected):
    feature = Feature(name="x", role=role, dtype="int64", lowest=lowest, highest=highest)
    assert feature.direct_range == expected


@given(INT64.filter(lambda n: n > -(2**63)), st.integers(0, 2**40))
def test_the_sentinel_is_no_value_of_the_domain(lowest, width):
    feature = Feature(
        name="x", role="categorical_integer", dtype="int64", lowest=lowest, highest=lowest + width
    )
    assert not lowest <= feature.missing <= lowest + width


def test_the_sentinels_by_type(declared):
    features = declared({})
    assert math.isnan(features["amount"].missing)
    assert features["age"].missing == -1
    assert features["city"].missing == ""
    assert features["code"].missing == -(2**63)


@pytest.mark.parametrize(
    ("changes", "what", "fix"),
    [
        (
            {"features.amuont": "numeric"},
            'features: column "amuont" is not in the schema',
            'did you mean "amount"?',
        ),
        (
            {"label.name": "clicks"},
            'label "clicks": column "clicks" is not in the schema',
            'did you mean "clicked"?',
        ),
        (
            {"label": {"name": "big", "function": "models.taxi.big_tip", "columns": ["tip"]}},
            'label "big": column "tip" is not in the schema',
            'did you mean "tips"?',
        ),
        (
            {"features.city": ..., "features.hour": ..., "label.name": "city"},
            'label "city" is a string in the schema',
            "make numbers of it with label.function",
        ),
        (
            {"features.city": "numeric"},
            'feature "city" is numeric, but string in the schema',
            "change its role in the config, or its type in the schema",
        ),
        (
            {"features.amount": "categorical_integer"},
            'feature "amount" is categorical_integer, but float32 in the schema',
            "change its role in the config, or its type in the schema",
        ),
        (
            {"features.hour": "categorical_string"},
            'feature "hour" is categorical_string, but int64 in the schema',
            "change its role in the config, or its type in the schema",
        ),
        (
            {"features.untyped": "numeric"},
            'column "untyped" has no type in the schema',
            "add the type",
        ),
        (
            {"evaluation.metrics": ["auc", "acuracy"]},
            'unknown metric "acuracy"',
            'did you mean "accuracy"?',
        ),
        (
            {"evaluation.thresholds.0.metric": "f1"},
            'unknown metric "f1"',
            "known: accuracy, auc, calibration, example_count, loss, mean_label, mean_prediction, "
            "pr_auc, precision, recall",
        ),
        (
            {"evaluation.metrics": ["auc"], "evaluation.thresholds.0.metric": "loss"},
            'threshold on "loss", which is not measured',
            'add "loss" to evaluation.metrics',
        ),
        (
            {"evaluation.thresholds.0.metric": "calibration"},
            '"max_drop" on "calibration", which has no better direction',
            "use `min` and `max`",
        ),
        (
            {"evaluation.slices.2": "cty"},
            'evaluation.slices: column "cty" is not in the schema',
            'did you mean "city"?',
        ),
        (
            {"evaluation.thresholds.1.slice": {"huor": 7}},
            'evaluation.thresholds: column "huor" is not in the schema',
            'did you mean "hour"?',
        ),
        (
            {"evaluation.thresholds.1.slice": "member"},
            'threshold on slices of "member", by which nothing is sliced',
            'add "member" to evaluation.slices',
        ),
    ],
)
def test_faults(fault, changes, what, fix):
    error = fault(changes)
    assert (error.what, error.fix) == (what, fix)


def test_a_role_that_does_not_fit_says_which_types_would(fault):
    assert fault({"features.city": "numeric"}).expected == "numeric of type float32 or int64"


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluation.thresholds.0.metric": "loss"},  # lower is better is a direction, too
        {"evaluation.thresholds.1": {"metric": "calibration", "min": 0.9, "max": 1.1}},
        {"evaluation.thresholds.1.slice": "hour"},
        {"evaluation.slices.2": "tips"},  # a column that is no feature
    ],
)
def test_evaluations_without_a_fault(changed, schema, changes):
    check_evaluation(changed(changes), schema)


def test_no_feature_takes_the_name_of_an_indicator(changed, schema):
    schema.feature.add().CopyFrom(schema.feature[0])
    schema.feature[-1].name = "age_missing"
    declaration = declare(changed({"features.age_missing": "numeric"}), schema)
    names = [f.transformed_name for f in declaration.features]
    names += [f.indicator_name for f in declaration.features if f.indicator_name]
    assert len(set(names)) == len(names) == 8


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("trip_miles", "trip_miles"),
        ("Trip Miles ($)", "Trip_Miles____"),
        ("1st", "x1st"),
        ("_id", "x_id"),
        ("self", "xself"),
        ("class", "xclass"),
        ("Größe", "Gr__e"),
    ],
)
def test_names_of_dense_inputs(name, expected):
    assert Feature(name=name, role="numeric", dtype="float32").input_name == expected


@given(st.text(max_size=20))
def test_a_dense_input_is_named_by_an_ascii_identifier(name):
    named = Feature(name=name, role="numeric", dtype="float32").input_name
    assert named.isidentifier()
    assert named.isascii()
    assert named[0].isalpha()


def test_two_columns_cannot_share_a_dense_input(fault, schema):
    for name in ("trip miles", "trip-miles"):
        schema.feature.add().CopyFrom(schema.feature[0])
        schema.feature[-1].name = name
    error = fault({"features.trip miles": "numeric", "features.trip-miles": "numeric"})
    assert error.what == (
        'features "trip miles" and "trip-miles" would both be the input "trip_miles"'
    )
    assert error.fix == "rename one of the columns"


@pytest.mark.parametrize(
    ("key", "columns"),
    [(None, ()), ("hour", ("hour",)), ({"hour": 7, "city": "a"}, ("hour", "city"))],
)
def test_columns_of_a_slice(key, columns):
    assert slice_columns(key) == columns


def test_a_feature_is_frozen():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Feature(name="x", role="numeric", dtype="float32").name = "y"
