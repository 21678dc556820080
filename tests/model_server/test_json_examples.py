"""The bodies of classify and regress as tf.Examples."""

import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import input_pb2

from model_server.json_examples import fill_input
from model_server.json_reader import parse
from model_server.status import Code, StatusError


def filled(body):
    target = input_pb2.Input()
    fill_input(parse(body.encode()), target)
    return target


def refused(body):
    with pytest.raises(StatusError) as caught:
        filled(body)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value.message


def test_values_become_features_by_their_json_type():
    body = """{"examples": [
        {"f": 2.0, "fs": [NaN, 1e39, 0.5], "i": [1, true], "s": ["é", {"b64": "/w=="}], "none": []},
        {}
    ]}"""
    expected = text_format.Parse(
        r"""example_list {
            examples { features {
                feature { key: "f" value { float_list { value: 2.0 } } }
                feature { key: "fs" value { float_list { value: [nan, inf, 0.5] } } }
                feature { key: "i" value { int64_list { value: [1, 1] } } }
                feature { key: "s" value { bytes_list { value: ["\303\251", "\377"] } } }
                feature { key: "none" value { } }
            } }
            examples { }
        }""",
        input_pb2.Input(),
    )
    assert str(filled(body)) == str(expected)


def test_a_context_stands_beside_the_examples():
    target = filled('{"context": {"a": "b"}, "examples": [{"x": 1.5}]}')
    both = target.example_list_with_context
    assert target.WhichOneof("kind") == "example_list_with_context"
    assert both.context.features.feature["a"].bytes_list.value == [b"b"]
    assert both.examples[0].features.feature["x"].float_list.value == [1.5]


def test_an_empty_context_is_one():
    target = filled('{"context": {}, "examples": [{"x": 1.5}]}')
    assert target.example_list_with_context.HasField("context")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "{}",
            "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
        ),
        (
            '{"examples": {}}',
            "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an list/array",
        ),
        (
            '{"examples": []}',
            "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array",
        ),
        ('{"examples": [[1]]}', "Example must be JSON object but got JSON Array"),
        ('{"examples": [{}, null]}', "Example must be JSON object but got JSON Null"),
        (
            '{"context": 1, "examples": [{}]}',
            "Example must be JSON object but got JSON Number",
        ),
        (
            '{"examples": [{"x": null}]}',
            "Feature: x has element with unexpected JSON type: Null",
        ),
        (
            '{"examples": [{"x": [[1]]}]}',
            "Feature: x has element with unexpected JSON type: Array",
        ),
        (
            '{"examples": [{"x": {"a": 1}}]}',
            "Feature: x has element with unexpected JSON type: Object",
        ),
        (
            '{"examples": [{"x": [1, 2.0]}]}',
            "Unexpected element type in feature: x expecting type: int64",
        ),
        (
            '{"examples": [{"x": [1.5, 2]}]}',
            "Unexpected element type in feature: x expecting type: float",
        ),
        (
            '{"examples": [{"x": ["a", 2]}]}',
            "Unexpected element type in feature: x expecting type: bytes",
        ),
        (
            '{"examples": [{"x": 9223372036854775808}]}',
            "Feature: x has uint64 element. Only int64 is supported.",
        ),
        ('{"examples": [{"x": {"b64": "A"}}]}', "Unable to base64 decode"),
    ],
)
def test_what_is_no_example_is_refused(body, text):
    assert refused(body) == text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional={"context": VALUES, "examples": VALUES}))
def test_any_body_is_taken_or_refused(document):
    target = input_pb2.Input()
    try:
        fill_input(document, target)
    except StatusError as refusal:
        error = refusal
    else:
        lists = (target.example_list, target.example_list_with_context)
        assert len(document["examples"]) == sum(len(each.examples) for each in lists)
        return
    assert error.code is Code.INVALID_ARGUMENT
