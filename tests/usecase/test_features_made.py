"""Features that a function of the user's own makes of columns."""

import pytest

from usecase.roles import Boolean, CategoricalString, Numeric
from usecase.schema import Column

FUNCTION = "models.taxi.big_tip"


def made(role, *columns, **options):
    return {"role": role, "function": FUNCTION, "columns": list(columns), **options}


def test_a_function_takes_the_place_of_a_column(declared):
    features = declared({"features.rich": made("numeric", "age", "amount")})
    rich = features["rich"]
    assert rich.function == FUNCTION
    assert rich.columns == (features["age"].value, features["amount"].value)
    # Its result may be missing, and knows no domain.
    assert rich.value == Column(name="rich", dtype="float32", optional=True)
    assert rich.numbers == ("rich_xf", "rich_xf_missing")


@pytest.mark.parametrize(
    ("role", "dtype"),
    [
        ("numeric", "float32"),
        ("bucketized", "float32"),
        ("categorical_integer", "int64"),
        ("boolean", "int64"),
    ],
)
def test_the_role_says_what_a_function_returns(declared, role, dtype):
    rich = declared({"features.rich": made(role, "age")})["rich"]
    assert rich.value == Column(name="rich", dtype=dtype, optional=True)


def test_a_function_may_be_called_like_a_column(declared):
    age = declared({"features.age": made("categorical_integer", "age")})["age"]
    assert (age.columns[0].highest, age.value.highest) == (120, None)
    assert age.direct_range is None


def test_a_column_of_no_feature_of_its_own_may_be_read(compiled):
    declaration = compiled({"features.rich": made("numeric", "tips")})
    assert "tips" in [column.name for column in declaration.inputs]


@pytest.mark.parametrize(
    ("feature", "what", "fix"),
    [
        (
            made("numeric", "age", "amuont"),
            'feature "rich": column "amuont" is not in the schema',
            'did you mean "amount"?',
        ),
        (
            {"role": "numeric", "function": "models.taxi.big_tips", "columns": ["age"]},
            "",
            'did you mean "big_tip"?',
        ),
        (
            {"role": "numeric", "function": "models.txi.big_tip", "columns": ["age"]},
            'function "models.txi.big_tip": there is no module "models.txi"',
            "correct the path",
        ),
    ],
)
def test_a_function_or_a_column_that_is_not_there(fault, feature, what, fix):
    error = fault({"features.rich": feature})
    assert error.what.startswith(what)
    assert error.fix == fix


@pytest.mark.parametrize(
    ("feature", "does"),
    [
        (made("numeric", "age", "city"), 'reads the strings of "city"'),
        (made("boolean", "member", "city"), 'reads the strings of "member"'),
        (made("categorical_string", "age"), "makes strings"),
        (made("categorical_string", "city"), 'reads the strings of "city"'),
    ],
)
def test_a_phone_computes_with_numbers_alone(fault, declared, feature, does):
    error = fault({"features.rich": feature})
    assert error.what == (f'feature "rich": its function {does}, which TFLite cannot compute')
    assert error.expected == ("a function from numbers to numbers, or one that stays off the phone")
    assert error.fix == "set features.rich.mobile: false"
    kept_off = declared({"features.rich": {**feature, "mobile": False}})["rich"]
    assert kept_off.declared.mobile is False


def test_strings_without_a_function_are_for_the_phone_too(declared):
    features = declared()
    assert features["city"].declared == CategoricalString(max_vocabulary=9, min_count=2)
    assert features["member"].declared == Boolean()


def test_a_column_may_be_read_twice(compiled):
    declaration = compiled({"features.rich": made("numeric", "age", "amount")})
    assert [c.name for c in declaration.inputs] == [
        *("amount", "age", "city", "code", "hour", "member")
    ]
    assert declaration.features[-1].declared == Numeric(
        function=FUNCTION, columns=("age", "amount")
    )
