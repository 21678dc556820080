"""Crosses: which features can be, and how many combinations they may have."""

import pytest

from usecase.features import MAX_CROSSED_IDS
from usecase.roles import Crossed

FUNCTION = "models.taxi.big_tip"


def crossed(*features):
    return {"role": "crossed", "features": list(features)}


def made(role, *columns, **options):
    return {"role": role, "function": FUNCTION, "columns": list(columns), **options}


def test_a_cross_reads_no_column_of_its_own(compiled):
    declaration = compiled({"features.when": crossed("city", "hour")})
    feature = declaration.features[-1]
    assert (feature.name, feature.columns, feature.value) == ("when", (), None)
    assert feature.declared == Crossed(features=("city", "hour"))
    assert [c.name for c in declaration.inputs] == [c.name for c in compiled().inputs]


@pytest.mark.parametrize("pair", [("city", "hour"), ("amount", "member"), ("rich", "code")])
def test_what_has_ids_can_be_crossed(declared, pair):
    changes = {"features.both": crossed(*pair), "features.rich": made("boolean", "age")}
    assert declared(changes)["both"].declared.features == pair


@pytest.mark.parametrize(
    ("changes", "what", "fix"),
    [
        ({"features.x": crossed("city", "city")}, '"city" with itself', "name two features"),
        (
            {"features.x": crossed("city", "huor")},
            'there is no feature "huor"',
            'did you mean "hour"?',
        ),
        # A column alone has no id.
        (
            {"features.x": crossed("tips", "city")},
            'there is no feature "tips"',
            "known: age, amount, city, code, hour, member, x",
        ),
        (
            {"features.x": crossed("city", "age")},
            'feature "age" is numeric',
            "give it such a role, or cross another one",
        ),
        (
            {"features.code": "datetime", "features.x": crossed("code", "city")},
            'feature "code" is datetime',
            "give it such a role, or cross another one",
        ),
        (
            {"features.y": crossed("hour", "city"), "features.x": crossed("city", "y")},
            'feature "y" is crossed',
            "give it such a role, or cross another one",
        ),
    ],
)
def test_crosses_that_are_not_possible(fault, changes, what, fix):
    error = fault(changes)
    assert (error.what, error.fix) == (f'cross "x": {what}', fix)


def test_a_cross_names_what_could_be_crossed(fault):
    assert fault({"features.x": crossed("city", "age")}).expected == (
        "bucketized, categorical or boolean features, which have ids"
    )


@pytest.mark.parametrize(("vocabulary", "fits"), [(998, True), (999, False)])
def test_a_cross_has_only_so_many_combinations(fault, declared, vocabulary, fits):
    changes = {
        "features.city": {"role": "categorical_string", "max_vocabulary": 998},
        "features.code": {"role": "categorical_integer", "max_vocabulary": vocabulary},
        "features.x": crossed("city", "code"),
    }
    if fits:
        features = declared(changes)
        assert features["city"].most_ids * features["code"].most_ids == MAX_CROSSED_IDS
        return
    error = fault(changes)
    assert error.what == 'cross "x": city x code could have 1,001,000 combinations'
    assert error.expected == "1,000,000 at most"
    assert error.fix == "lower max_vocabulary or buckets of one of the two"
