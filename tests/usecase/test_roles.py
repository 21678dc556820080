"""The roles of features: each with options of its own, and none of another's."""

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from usecase.errors import ConfigError
from usecase.features import ROLE_DTYPES
from usecase.roles import (
    Boolean,
    Bucketized,
    CategoricalInteger,
    CategoricalString,
    Crossed,
    DateTime,
    FeatureRole,
    Numeric,
)

ROLES = TypeAdapter(FeatureRole)
OF_COLUMN = {"function": None, "columns": (), "mobile": True}
DEFAULTS = {
    "numeric": (Numeric, {**OF_COLUMN, "scaling": "z_score"}),
    "bucketized": (Bucketized, {**OF_COLUMN, "buckets": 10}),
    "categorical_string": (
        CategoricalString,
        {**OF_COLUMN, "max_vocabulary": 1000, "min_count": 1},
    ),
    "categorical_integer": (
        CategoricalInteger,
        {**OF_COLUMN, "max_vocabulary": 1000, "min_count": 1},
    ),
    "boolean": (Boolean, OF_COLUMN),
    "datetime": (
        DateTime,
        {"parts": ("hour", "day_of_week", "month"), "utc_offset_hours": 0.0, "format": None},
    ),
}
PARTS = ["hour", "day_of_week", "day_of_month", "day_of_year", "month", "year"]
MADE = {"function": "a.b", "columns": ["age"]}
TOGETHER = "`function` and `columns` belong together: set both or neither"
ADD_ROLE = (
    "add its role, one of numeric, bucketized, categorical_string, categorical_integer, boolean, "
    "datetime, crossed"
)

_makes = st.fixed_dictionaries(
    {"function": st.just("a.b"), "columns": st.lists(st.text(), min_size=1).map(tuple)},
    optional={"mobile": st.booleans()},
)
_counts = st.integers(1, 2**63)


def _built(role, **options):
    chosen = st.fixed_dictionaries({}, optional=options)
    return st.builds(lambda made, own: role(**made, **own), st.just({}) | _makes, chosen)


_vocabulary = {"max_vocabulary": _counts, "min_count": _counts}
EVERY_ROLE = st.one_of(
    _built(Numeric, scaling=st.sampled_from(["z_score", "min_max", "log"])),
    _built(Bucketized, buckets=st.integers(2, 1000)),
    _built(CategoricalString, **_vocabulary),
    _built(CategoricalInteger, **_vocabulary),
    _built(Boolean),
    st.builds(
        DateTime,
        parts=st.lists(st.sampled_from(PARTS), min_size=1, unique=True).map(tuple),
        utc_offset_hours=st.floats(-14, 14),
        format=st.sampled_from([None, "iso8601", "%Y-%m-%d", "%d.%m.%y %H:%M:%S%z"]),
    ),
    st.builds(Crossed, features=st.tuples(st.text(), st.text())),
)


@pytest.fixture
def refused(changed):
    """Parses features that must be refused; returns what is said, and the fix."""

    def refused(name, feature):
        with pytest.raises(ConfigError) as caught:
            changed({f"features.{name}": feature})
        return caught.value.what.removeprefix("config: "), caught.value.fix

    return refused


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_role_has_options_with_defaults(changed, name):
    kind, options = DEFAULTS[name]
    role = changed({"features.x": name}).features["x"]
    assert type(role) is kind
    assert role.model_dump() == {"role": name, **options}
    assert changed({"features.x": {"role": name}}).features["x"] == role


def test_every_role_that_encodes_a_column_says_of_which_types():
    assert set(ROLE_DTYPES) == set(DEFAULTS)


@pytest.mark.parametrize(
    ("feature", "role"),
    [
        ({"role": "numeric", "scaling": "log"}, Numeric(scaling="log")),
        ({"role": "numeric", "scaling": "min_max"}, Numeric(scaling="min_max")),
        ({"role": "bucketized", "buckets": 2}, Bucketized(buckets=2)),
        ({"role": "bucketized", "buckets": 1000}, Bucketized(buckets=1000)),
        (
            {"role": "categorical_string", "max_vocabulary": 1, "min_count": 5},
            CategoricalString(max_vocabulary=1, min_count=5),
        ),
        ({"role": "categorical_integer", "min_count": 2}, CategoricalInteger(min_count=2)),
        ({"role": "boolean", **MADE}, Boolean(function="a.b", columns=("age",))),
        (
            {"role": "categorical_string", **MADE, "mobile": False},
            CategoricalString(function="a.b", columns=("age",), mobile=False),
        ),
        (
            {"role": "datetime", "parts": ["year", "hour"], "utc_offset_hours": 5.75},
            DateTime(parts=("year", "hour"), utc_offset_hours=5.75),
        ),
        ({"role": "datetime", "utc_offset_hours": -14}, DateTime(utc_offset_hours=-14.0)),
        ({"role": "datetime", "utc_offset_hours": 14}, DateTime(utc_offset_hours=14.0)),
        ({"role": "datetime", "format": "iso8601"}, DateTime(format="iso8601")),
        ({"role": "datetime", "format": "%d.%m.%Y"}, DateTime(format="%d.%m.%Y")),
        ({"role": "datetime", "parts": PARTS}, DateTime(parts=tuple(PARTS))),
        ({"role": "crossed", "features": ["city", "hour"]}, Crossed(features=("city", "hour"))),
    ],
)
def test_options_are_kept(changed, feature, role):
    assert changed({"features.x": feature}).features["x"] == role


@pytest.mark.parametrize(
    ("feature", "where", "what"),
    [
        ({"role": "numeric", "scaling": 3}, ".scaling", "Input should be 'z_score', 'min_max' or"),
        ({"role": "bucketized", "buckets": 1}, ".buckets", "Input should be greater than or equal"),
        ({"role": "bucketized", "buckets": 1001}, ".buckets", "Input should be less than or equal"),
        ({"role": "bucketized", "buckets": 4.5}, ".buckets", "Input should be a valid integer"),
        ({"role": "bucketized", "buckets": "4"}, ".buckets", "Input should be a valid integer"),
        ({"role": "categorical_string", "max_vocabulary": 0}, ".max_vocabulary", "Input should be"),
        ({"role": "categorical_integer", "min_count": 0}, ".min_count", "Input should be greater"),
        ({"role": "boolean", "function": "a.b"}, "", TOGETHER),
        ({"role": "numeric", "columns": ["age"]}, "", TOGETHER),
        ({"role": "numeric", "function": "a.b", "columns": []}, "", TOGETHER),
        ({"role": "numeric", "columns": "age", "function": "a.b"}, ".columns", "Input should be"),
        ({"role": "numeric", **MADE, "mobile": "no"}, ".mobile", "Input should be a valid boolean"),
        (
            {"role": "bucketized", "mobile": False},
            "",
            "`mobile: false` is for features with a `function`",
        ),
        ({"role": "datetime", "parts": []}, ".parts", "Tuple should have at least 1 item"),
        ({"role": "datetime", "parts": "hour"}, ".parts", "Input should be a valid array"),
        ({"role": "datetime", "parts": ["hour", "hour"]}, "", "`parts` names a part twice"),
        ({"role": "datetime", "utc_offset_hours": 14.5}, ".utc_offset_hours", "Input should be"),
        ({"role": "datetime", "utc_offset_hours": -15}, ".utc_offset_hours", "Input should be"),
        ({"role": "datetime", "utc_offset_hours": "2"}, ".utc_offset_hours", "Input should be"),
        ({"role": "datetime", "format": ""}, ".format", "String should have at least 1 character"),
        ({"role": "datetime", "format": "%H:%M"}, ".format", "the year is missing"),
        ({"role": "crossed", "features": "ab"}, ".features", "Input should be a valid array"),
        ({"role": "crossed", "features": ["a", "b", "c"]}, ".features", "Tuple should have at"),
        ({"role": "crossed", "features": ["a", 3]}, ".features.1", "expected text"),
        (3, "", "Input should be an object (got 3)"),
        ([], "", "Input should be an object"),
        (None, "", "Input should be an object"),
    ],
)
def test_options_that_are_refused(refused, feature, where, what):
    text, _ = refused("x", feature)
    assert text.startswith(f"features.x{where}: {what}")


@pytest.mark.parametrize(
    ("feature", "missing"), [("crossed", "features"), ({"role": "crossed", "features": ["a"]}, "1")]
)
def test_a_cross_needs_two(refused, feature, missing):
    text, fix = refused("x", feature)
    assert text.startswith('key "features.x.features')
    assert text.endswith('" is missing')
    assert fix == f'add "{missing}"'


@pytest.mark.parametrize(
    ("role", "key", "fix"),
    [
        ("numeric", "scalin", 'did you mean "scaling"?'),
        ("bucketized", "bucket", 'did you mean "buckets"?'),
        ("categorical_string", "max_vocab", 'did you mean "max_vocabulary"?'),
        ("boolean", "colums", 'did you mean "columns"?'),
        ("datetime", "part", 'did you mean "parts"?'),
        ("crossed", "feature", 'did you mean "features"?'),
        # What other roles have is no help.
        ("numeric", "buckets", "known: columns, function, mobile, role, scaling"),
        ("bucketized", "min_count", "known: buckets, columns, function, mobile, role"),
        ("boolean", "max_vocabulary", "known: columns, function, mobile, role"),
        ("datetime", "function", "known: format, parts, role, utc_offset_hours"),
        ("crossed", "parts", "known: features, role"),
    ],
)
# A feature may be called like a key, a role, or anything.
@pytest.mark.parametrize("name", ["x", "buckets", "columns", "features", "numeric", "datetime"])
def test_a_key_is_known_by_its_role_alone(refused, name, role, key, fix):
    feature = {"role": role, key: 3} | ({"features": ["a", "b"]} if role == "crossed" else {})
    assert refused(name, feature) == (f'unknown key "features.{name}.{key}"', fix)


@pytest.mark.parametrize("name", ["x", "numeric", "role"])
def test_a_fault_is_told_where_it_was_written(refused, name):
    text, fix = refused(name, {"role": "numeric", "scaling": "lg"})
    expected = "Input should be 'z_score', 'min_max' or 'log' (got 'lg')"
    assert text == f"features.{name}.scaling: {expected}"
    assert fix == 'did you mean "log"?'


def test_a_part_of_a_date_that_is_misspelt(refused):
    text, fix = refused("x", {"role": "datetime", "parts": ["hour", "weekday"]})
    assert text.startswith("features.x.parts.1: Input should be 'hour', 'day_of_week', ")
    assert fix.startswith(("did you mean", "known: "))
    assert refused("x", {"role": "datetime", "parts": ["mnth"]})[1] == 'did you mean "month"?'


@pytest.mark.parametrize(
    ("role", "shown", "fix"),
    [
        ("categorical_int", "categorical_int", 'did you mean "categorical_integer"?'),
        ("date_time", "date_time", 'did you mean "datetime"?'),
        ("cross", "cross", 'did you mean "crossed"?'),
        (
            7,
            "7",
            "known: boolean, bucketized, categorical_integer, categorical_string, crossed, "
            "datetime, numeric",
        ),
    ],
)
def test_a_role_that_is_unknown(refused, role, shown, fix):
    assert refused("age", {"role": role}) == (f'features.age: unknown role "{shown}"', fix)


@pytest.mark.parametrize("feature", [{}, {"buckets": 4}])
def test_a_role_that_is_missing(refused, feature):
    assert refused("age", feature) == ('key "features.age.role" is missing', ADD_ROLE)


@given(EVERY_ROLE)
@settings(max_examples=200)
def test_a_role_survives_json(role):
    read = ROLES.validate_json(role.model_dump_json())
    assert (type(read), read) == (type(role), role)


@given(EVERY_ROLE)
def test_a_role_is_frozen(role):
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        role.role = "numeric"
