"""A feature: what Transform makes of it, by its role and the domain of its column."""

import math

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.features import MAX_DIRECT_RANGE, Feature
from usecase.roles import (
    Boolean,
    Bucketized,
    CategoricalInteger,
    CategoricalString,
    Crossed,
    DateTime,
    Numeric,
)
from usecase.schema import Column, identifier

INT64 = st.integers(-(2**63), 2**63 - 1)
SMALLEST, LARGEST = -(2**63), 2**63 - 1
PARTS = ("hour", "day_of_week", "day_of_month", "day_of_year", "month", "year")


def feature(declared, name="x", dtype="int64", **domain):
    column = Column(name=name, dtype=dtype, **domain)
    return Feature(name=name, declared=declared, columns=(column,), value=column)


def cross(name="x"):
    return Feature(name=name, declared=Crossed(features=("a", "b")), columns=(), value=None)


EVERY_KIND = (
    feature(Numeric()),
    feature(Numeric(), optional=True),
    feature(Bucketized()),
    feature(CategoricalString(), dtype="string"),
    feature(CategoricalInteger()),
    feature(Boolean()),
    feature(DateTime()),
    cross(),
)


@pytest.mark.parametrize(
    ("declared", "optional", "indicator"),
    [
        (Numeric(), True, "age_xf_missing"),
        (Numeric(), False, None),
        (Bucketized(), True, None),
        (CategoricalInteger(), True, None),
        (DateTime(), True, None),
    ],
)
def test_only_optional_numbers_have_an_indicator(declared, optional, indicator):
    made = feature(declared, name="age", optional=optional)
    assert made.indicator_name == indicator
    assert made.transformed_name == "age_xf"


def test_a_cross_has_no_indicator():
    assert cross().indicator_name is None


@pytest.mark.parametrize(
    ("declared", "lowest", "highest", "expected"),
    [
        (CategoricalInteger(), 0, 23, (0, 23)),
        (CategoricalInteger(), -3, 3, (-3, 3)),
        (CategoricalInteger(), 5, 5, (5, 5)),
        (CategoricalInteger(), 1, MAX_DIRECT_RANGE, (1, MAX_DIRECT_RANGE)),
        (CategoricalInteger(), 0, MAX_DIRECT_RANGE, None),
        (CategoricalInteger(), 0, None, None),
        (CategoricalInteger(), None, 23, None),
        (CategoricalInteger(), 5, 4, None),
        (CategoricalInteger(), 5, 3, None),
        (CategoricalInteger(), SMALLEST, LARGEST, None),
        (Numeric(), 0, 23, None),
        (Boolean(), 0, 1, None),
        (DateTime(), 0, 23, None),
    ],
)
def test_ids_come_by_arithmetic_only_for_small_domains(declared, lowest, highest, expected):
    assert feature(declared, lowest=lowest, highest=highest).direct_range == expected


def test_a_cross_learns_no_range():
    assert cross().direct_range is None


@given(INT64, INT64)
def test_a_direct_range_is_the_domain_if_there_is_one(lowest, highest):
    few = 1 <= highest - lowest + 1 <= MAX_DIRECT_RANGE
    made = feature(CategoricalInteger(), lowest=lowest, highest=highest)
    assert made.direct_range == ((lowest, highest) if few else None)
    assert made.most_ids == (highest - lowest + 3 if few else 1002)


@pytest.mark.parametrize(
    ("made", "most"),
    [
        # Beside its values: one id for what is missing, one for what is unknown.
        (feature(Bucketized(buckets=10)), 11),
        (feature(Boolean()), 3),
        (feature(CategoricalString(max_vocabulary=5), dtype="string"), 7),
        (feature(CategoricalInteger(max_vocabulary=5)), 7),
        (feature(CategoricalInteger(max_vocabulary=5), lowest=-2, highest=7), 12),
        (feature(CategoricalInteger(max_vocabulary=5), lowest=3, highest=3), 3),
        (feature(Numeric()), 0),
        (feature(DateTime()), 0),
        (cross(), 0),
    ],
)
def test_the_most_ids_that_a_feature_can_have(made, most):
    assert made.most_ids == most


def test_a_number_is_one_number_and_perhaps_an_indicator():
    assert feature(Numeric(), name="a b").numbers == ("a_b_xf",)
    assert feature(Numeric(), optional=True).numbers == ("x_xf", "x_xf_missing")


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("hour", ("when_xf_hour_sin", "when_xf_hour_cos")),
        ("day_of_year", ("when_xf_day_of_year_sin", "when_xf_day_of_year_cos")),
        ("year", ("when_xf_year",)),
    ],
)
def test_a_part_of_a_date_is_a_point_on_a_circle_but_for_the_year(part, names):
    assert feature(DateTime(parts=(part,)), name="when").date_names(part) == names


def test_a_date_is_the_numbers_of_its_parts_in_their_order():
    made = feature(DateTime(parts=("month", "year", "hour")), optional=True)
    assert made.numbers == (
        "x_xf_month_sin",
        "x_xf_month_cos",
        "x_xf_year",
        "x_xf_hour_sin",
        "x_xf_hour_cos",
    )
    assert len(feature(DateTime(parts=PARTS)).numbers) == 11


@pytest.mark.parametrize("made", EVERY_KIND)
def test_a_feature_is_numbers_or_an_id_or_a_cross(made):
    is_cross = isinstance(made.declared, Crossed)
    assert [bool(made.numbers), made.has_id, is_cross].count(True) == 1
    assert made.has_id is (made.most_ids > 0)


@given(st.lists(st.text(max_size=4), unique_by=identifier, max_size=6), st.data())
def test_no_two_outputs_of_transform_share_a_name(names, data):
    kinds = st.sampled_from(
        [Numeric(), Bucketized(), CategoricalInteger(), Boolean(), DateTime(parts=PARTS)]
    )
    made = [feature(data.draw(kinds), name=name, optional=True) for name in names]
    outputs = [n for f in made for n in (f.numbers or (f.transformed_name,))]
    assert len(set(outputs)) == len(outputs)


def test_no_feature_takes_the_name_of_an_indicator(put_column, declared):
    put_column('name: "age_missing" type: FLOAT presence { min_fraction: 1.0 }')
    features = declared({"features.age_missing": "numeric"}).values()
    names = [f.transformed_name for f in features]
    names += [f.indicator_name for f in features if f.indicator_name]
    assert len(set(names)) == len(names) == 8


def test_the_sentinels_by_type(declared):
    features = declared()
    assert math.isnan(features["amount"].value.missing)
    assert features["age"].value.missing == -1
    assert features["city"].value.missing == ""
    assert features["code"].value.missing == SMALLEST


def test_a_vocabulary_is_named_like_an_input():
    assert feature(CategoricalString(), name="trip miles", dtype="string").vocabulary_name == (
        "trip_miles"
    )


@pytest.mark.parametrize("made", EVERY_KIND)
def test_the_phone_computes_whatever_is_not_kept_off(made):
    assert made.on_phone is True


@pytest.mark.parametrize("mobile", [True, False])
def test_a_function_may_be_kept_off_the_phone(mobile):
    made = Numeric(function="a.b", columns=("x",), mobile=mobile)
    assert feature(made).on_phone is mobile


def test_a_function_is_that_of_the_role():
    made = Numeric(function="a.b", columns=("x",))
    assert feature(made).function == "a.b"
    assert [f.function for f in EVERY_KIND] == [None] * len(EVERY_KIND)


@pytest.mark.parametrize("made", EVERY_KIND)
def test_a_feature_survives_json(made):
    read = Feature.model_validate_json(made.model_dump_json())
    assert (read, type(read.declared)) == (made, type(made.declared))


def test_a_feature_is_frozen():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        feature(Numeric()).name = "y"
