"""A schema's text is changed where it must be, and says exactly the new schema then."""

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from orchestration.local.schema_commands.patching import PatchError, patch

TEXT = """# The contract of the shop.
feature {
  name: "age"
  type: INT  # in years
  value_count { min: 1 max: 1 }
  presence { min_fraction: 1.0 }
  int_domain { min: 0 max: 120 }
}

# What it costs.
feature {
  name: "price"
  type: FLOAT
  # Discounts end at nothing.
  float_domain { min: 0 }
}
string_domain {
  name: "city"
  value: "Köln"  # the first
  value: "Paris"
}
"""


def parsed(text):
    return text_format.Parse(text, schema_pb2.Schema())


def patched(change, text=TEXT):
    schema = parsed(text)
    change(schema)
    return patch(text, schema)


def test_nothing_to_change_changes_nothing():
    assert patched(lambda schema: None) == TEXT


def test_a_number_changes_and_its_comment_stays():
    def change(schema):
        schema.feature[0].type = schema_pb2.FLOAT
        schema.feature[0].presence.min_fraction = 0.5

    assert patched(change) == TEXT.replace("type: INT  #", "type: FLOAT  #").replace(
        "min_fraction: 1.0", "min_fraction: 0.5"
    )


def test_a_value_goes_behind_the_others():
    result = patched(lambda schema: schema.string_domain[0].value.append('"Rom"'))
    assert result == TEXT.replace('  value: "Paris"\n', '  value: "Paris"\n  value: "\\"Rom\\""\n')


def test_a_comment_stays_with_the_value_before_it():
    text = TEXT.replace('  value: "Paris"\n', "")
    result = patched(lambda schema: schema.string_domain[0].value.append("Rom"), text)
    assert result == text.replace("# the first\n", '# the first\n  value: "Rom"\n')


def test_a_bound_is_added_on_its_line():
    result = patched(lambda schema: setattr(schema.feature[1].float_domain, "max", 9.5))
    assert result == TEXT.replace("float_domain { min: 0 }", "float_domain { min: 0 max: 9.5 }")


def test_one_domain_takes_the_place_of_another():
    def change(schema):
        schema.feature[1].int_domain.max = 3

    assert patched(change) == TEXT.replace("  float_domain { min: 0 }\n", "").replace(
        "  type: FLOAT\n", "  type: FLOAT\n  int_domain { max: 3 }\n"
    )


def test_a_column_goes_with_the_comment_above_it():
    start = TEXT.index("# What it costs.")
    assert patched(lambda schema: schema.feature.pop(1)) == (
        TEXT[:start] + TEXT[TEXT.index("string_domain") :]
    )


def test_what_the_file_begins_with_is_about_more_than_one_column():
    result = patched(lambda schema: schema.feature.pop(0))
    assert result == "# The contract of the shop.\n" + TEXT[TEXT.index("\n# What") :]


def test_a_new_column_comes_behind_the_others_one_field_a_line():
    def change(schema):
        feature = schema.feature.add(name="süß", type=schema_pb2.BYTES)
        feature.value_count.max = 1
        feature.presence.min_fraction = 0.25

    block = (
        'feature {\n  name: "süß"\n  type: BYTES\n  value_count { max: 1 }\n'
        "  presence { min_fraction: 0.25 }\n}\n"
    )
    assert patched(change) == TEXT.replace("string_domain {", block + "string_domain {")


def test_line_ends_stay_what_they_are():
    text = TEXT.replace("\n", "\r\n")

    def change(schema):
        schema.string_domain[0].value.append("Rom")
        schema.feature.add(name="new")
        schema.feature.pop(0)

    result = patched(change, text)
    assert result.count("\n") == result.count("\r\n")
    assert 'value: "Paris"\r\n  value: "Rom"\r\n' in result


@pytest.mark.parametrize(
    "text",
    [
        'feature [{name: "a" type: INT}, {name: "b" type: INT}]',
        'feature {name: "a" type: INT} feature {name: "a" type: INT}',
    ],
)
def test_what_cannot_be_changed_in_place_is_refused(text):
    with pytest.raises(PatchError, match="cannot be changed in place"):
        patched(lambda schema: setattr(schema.feature[0], "type", schema_pb2.FLOAT), text)


def test_another_order_is_refused():
    def change(schema):
        schema.feature.sort(key=lambda feature: feature.name, reverse=True)

    with pytest.raises(PatchError, match="would say something else"):
        patched(change)


NAMES = st.text(min_size=1, max_size=6)
SHARES = st.floats(0, 1, width=32)
COUNTS = st.integers(-(2**62), 2**62)


@st.composite
def features(draw, name):
    feature = schema_pb2.Feature(name=name)
    feature.type = draw(st.sampled_from([1, 2, 3]))
    if draw(st.booleans()):
        feature.presence.min_fraction = draw(SHARES)
    if draw(st.booleans()):
        feature.value_count.min = draw(COUNTS)
    kind = draw(st.sampled_from(["int", "float", "string", "shared", "none"]))
    if kind == "int":
        feature.int_domain.min = draw(COUNTS)
        feature.int_domain.is_categorical = draw(st.booleans())
    elif kind == "float":
        feature.float_domain.max = draw(SHARES)
    elif kind == "string":
        feature.string_domain.value.extend(draw(st.lists(NAMES, max_size=3)))
    elif kind == "shared":
        feature.domain = draw(NAMES)
    return feature


@st.composite
def cases(draw):
    """A schema's text, the text of each column, the columns that stay, and the new schema."""
    names = draw(st.lists(NAMES, unique=True, max_size=5))
    old = [draw(features(name)) for name in names]
    comments = st.sampled_from(["", "# a } note {\n", "\n", '# "quoted\n'])
    blocks = [draw(rendered(feature)) for feature in old]
    text = "".join(draw(comments) + block + draw(st.sampled_from(["\n", " "])) for block in blocks)
    new, same = schema_pb2.Schema(), []
    for feature, block in zip(old, blocks, strict=True):
        fate = draw(st.sampled_from(["stays", "goes", "changes"]))
        if fate == "stays":
            new.feature.add().CopyFrom(feature)
            same.append(block)
        elif fate == "changes":
            new.feature.add().CopyFrom(draw(features(feature.name)))
    for name in draw(st.lists(NAMES.filter(lambda name: name not in names), unique=True)):
        new.feature.add().CopyFrom(draw(features(name)))
    return text, same, new


@st.composite
def rendered(draw, feature):
    """The text of a column in one of the ways to write it."""
    lines = text_format.MessageToString(feature, as_utf8=draw(st.booleans())).split("\n")[:-1]
    braces = draw(st.sampled_from([("{", "}"), ("<", ">"), (": {", "}")]))
    if draw(st.booleans()):
        notes = st.sampled_from(["", "", " # why } not", " #"])
        inner = "".join(f"  {line}{draw(notes)}\n" for line in lines)
        return f"feature {braces[0]}\n{inner}{braces[1]}"
    return f"feature {braces[0]} {' '.join(line.strip() for line in lines)} {braces[1]}"


@given(cases())
def test_the_result_says_the_new_schema_and_columns_that_stay_keep_their_text(case):
    text, same, new = case
    result = patch(text, new)
    assert parsed(result) == new
    place = 0
    for block in same:
        place = result.index(block, place) + len(block)
    assert patch(result, new) == result  # there is nothing left to do
