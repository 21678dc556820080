"""The curated schema: its file, and what its columns are."""

import keyword
import math
import re

import pydantic
import pytest
from google.protobuf import text_format
from hypothesis import example, given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from usecase.errors import ConfigError
from usecase.schema import Column, compile_column, identifier, read_schema, transformed_name

INT64 = st.integers(-(2**63), 2**63 - 1)
LOWEST = -(2**63)


def column(text, shared=""):
    """Compiles the column of a schema; `shared` stands beside it."""
    schema = text_format.Parse(f'feature {{ name: "x" {text} }} {shared}', schema_pb2.Schema())
    return compile_column(schema.feature[0], schema)


def fault(text, shared=""):
    with pytest.raises(ConfigError) as caught:
        column(text, shared)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type: INT", {"dtype": "int64"}),
        ("type: FLOAT", {"dtype": "float32"}),
        ("type: BYTES", {"dtype": "string"}),
        ("type: INT int_domain { min: 0 max: 9 }", {"dtype": "int64", "lowest": 0, "highest": 9}),
        ("type: INT int_domain { min: -7 }", {"dtype": "int64", "lowest": -7}),
        ("type: INT int_domain { max: 0 }", {"dtype": "int64", "highest": 0}),
        ("type: INT int_domain {}", {"dtype": "int64"}),
        ("type: FLOAT float_domain { min: 0 max: 9 }", {"dtype": "float32"}),
        ("type: INT int_domain { is_categorical: true }", {"dtype": "int64", "categorical": True}),
        (
            "type: INT int_domain { is_categorical: false }",
            {"dtype": "int64", "categorical": False},
        ),
        (
            'type: BYTES string_domain { value: "b" value: "a" }',
            {"dtype": "string", "values": ("b", "a")},
        ),
        (
            'type: BYTES bool_domain { true_value: "yes" false_value: "no" }',
            {"dtype": "string", "truth": ("no", "yes")},
        ),
        ('type: BYTES bool_domain { true_value: "x" }', {"dtype": "string", "truth": ("", "x")}),
        ("type: INT bool_domain {}", {"dtype": "int64"}),
    ],
)
def test_a_column_has_the_type_and_the_domain_of_the_schema(text, expected):
    assert column(text) == Column(name="x", optional=True, **expected)


@pytest.mark.parametrize(
    ("presence", "optional"),
    [
        ("", True),
        ("presence { min_count: 1 }", True),
        ("presence { min_fraction: 0.999 }", True),
        ("presence { min_fraction: 1.0 }", False),
    ],
)
def test_a_column_may_be_missing_unless_every_row_must_have_it(presence, optional):
    assert column(f"type: INT {presence}").optional is optional


@pytest.mark.parametrize(
    "count", ["", "value_count { min: 1 max: 1 }", "value_count { max: 1 }", "value_count {}"]
)
def test_one_value_a_row(count):
    assert column(f"type: FLOAT {count}").dtype == "float32"


@pytest.mark.parametrize("count", ["min: 1 max: 2", "max: 3", "min: 2", "min: 2 max: 2"])
def test_several_values_a_row_are_refused(count):
    error = fault(f"type: FLOAT value_count {{ {count} }}")
    assert error.what == 'column "x" has several values a row in the schema'
    assert error.expected == "value_count { min: 1 max: 1 }, or none"
    assert error.fix == "give each value a column of its own"


@pytest.mark.parametrize("text", ["", "type: STRUCT", "type: TYPE_UNKNOWN"])
def test_a_column_without_a_type_is_refused(text):
    error = fault(text)
    assert error.what == 'column "x" has no type in the schema'
    assert error.expected == "type: INT, FLOAT or BYTES"
    assert error.fix == "add the type"


def test_a_domain_may_stand_beside_the_columns():
    shared = """
    string_domain { name: "cities" value: "Rome" value: "Oslo" }
    string_domain { name: "colours" value: "red" }
    """
    assert column('type: BYTES domain: "cities"', shared).values == ("Rome", "Oslo")
    assert column('type: BYTES domain: "colours"', shared).values == ("red",)
    assert column("type: BYTES", shared).values == ()


def test_a_domain_that_does_not_stand_there():
    error = fault('type: BYTES domain: "city"', 'string_domain { name: "cities" value: "Rome" }')
    assert error.what == 'column "x": the schema has no string_domain "city"'
    assert error.fix == "add it, or correct the name"


@pytest.mark.parametrize(
    ("lowest", "highest", "legal"),
    [
        (0, 2, [0, 1, 2]),
        (-1, 1, [-1, 0, 1]),
        (5, 5, [5]),
        (5, 3, []),
        (0, None, None),
        (None, 2, None),
        (None, None, None),
    ],
)
def test_the_legal_integers_are_known_by_both_ends(lowest, highest, legal):
    integers = Column(name="x", dtype="int64", lowest=lowest, highest=highest).integers
    assert (integers if integers is None else list(integers)) == legal


@pytest.mark.parametrize(
    ("dtype", "lowest", "sentinel"),
    [("int64", 0, -1), ("int64", -1, LOWEST), ("int64", None, LOWEST), ("string", None, "")],
)
def test_the_sentinel_of_a_column(dtype, lowest, sentinel):
    assert Column(name="x", dtype=dtype, lowest=lowest).missing == sentinel


def test_the_sentinel_of_a_float():
    assert math.isnan(Column(name="x", dtype="float32").missing)


@given(INT64.filter(lambda n: n > LOWEST), st.integers(0, 2**40))
def test_the_sentinel_is_no_value_of_the_domain(lowest, width):
    made = Column(name="x", dtype="int64", lowest=lowest, highest=lowest + width)
    assert made.missing not in made.integers


@given(
    st.builds(
        Column,
        name=st.text(),
        dtype=st.sampled_from(["float32", "int64", "string"]),
        lowest=st.none() | INT64,
        highest=st.none() | INT64,
        values=st.lists(st.text(), max_size=3).map(tuple),
        truth=st.none() | st.tuples(st.text(), st.text()),
        categorical=st.none() | st.booleans(),
        optional=st.booleans(),
    )
)
def test_a_column_survives_json(made):
    assert Column.model_validate_json(made.model_dump_json()) == made


def test_a_column_is_frozen():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Column(name="x", dtype="float32").name = "y"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("trip_miles", "trip_miles"),
        ("Trip Miles ($)", "Trip_Miles____"),
        ("1st", "x1st"),
        ("_id", "x_id"),
        ("self", "xself"),
        ("class", "xclass"),
        ("Größe", "Gru00F6u00DFe"),
        ("日本", "u65E5u672C"),
        ("\N{GRINNING FACE} at 1", "u1F600_at_1"),
        ("", "x"),
    ],
)
def test_names_of_dense_inputs(name, expected):
    assert Column(name=name, dtype="float32").input_name == expected


@given(st.text(max_size=20) | st.sampled_from(keyword.kwlist))
@example("\N{LATIN SMALL LETTER LONG S}")
def test_a_dense_input_is_named_by_an_ascii_identifier(name):
    named = identifier(name)
    assert named.isidentifier()
    assert named.isascii()
    assert named[0].isalpha()
    assert not keyword.iskeyword(named)
    assert identifier(named) == named


@given(st.lists(st.text(st.characters(min_codepoint=128), max_size=6), unique=True))
@example(["日本", "中国"])
def test_names_of_any_language_stay_apart(names):
    assert len({identifier(name) for name in names}) == len(names)


@given(st.text(st.characters(max_codepoint=127), max_size=20))
def test_names_in_ascii_have_one_character_for_each_of_theirs(name):
    plain = re.sub("[^A-Za-z0-9_]", "_", name)
    assert identifier(name) in (plain, f"x{plain}")


@given(st.text(max_size=20))
@example("trip miles")
def test_a_name_after_transform_is_an_identifier_too(name):
    assert transformed_name(name) == f"{identifier(name)}_xf"
    assert transformed_name(name).isidentifier()
    assert transformed_name(name) != name


def test_a_schema_is_read(tmp_path):
    (tmp_path / "schema.pbtxt").write_text('feature { name: "a" type: INT }')
    assert [f.name for f in read_schema(tmp_path / "schema.pbtxt").feature] == ["a"]


@pytest.mark.parametrize(
    ("content", "where"),
    [(b'feature { name: "a" typ: INT }', "1:21"), (b"feature {", "1:9"), (b"\xff\xfe", "utf-8")],
)
def test_a_schema_that_is_none(tmp_path, content, where):
    path = tmp_path / "schema.pbtxt"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_schema(path)
    assert caught.value.what.startswith(f"schema not readable: {path}: ")
    assert where in caught.value.what


def test_a_schema_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_schema(tmp_path / "nope.pbtxt")
