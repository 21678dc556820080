"""Which JSON is read, and how what is none is refused."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.json_reader import parse, parse_object, signature_name
from model_server.status import Code, StatusError


def refused(call, *args):
    with pytest.raises(StatusError) as caught:
        call(*args)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value.message


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"  ", "JSON Parse error: The document is empty. at offset: 2"),
        (b'{"instances": }', "JSON Parse error: Invalid value. at offset: 14"),
        (
            b'{"a" 1}',
            "JSON Parse error: Missing a colon after a name of object member. at offset: 5",
        ),
        (
            b'{"a": 1',
            "JSON Parse error: Missing a comma or '}' after an object member. at offset: 7",
        ),
        (
            b"{} x",
            "JSON Parse error: The document root must not be followed by other values. "
            "at offset: 3",
        ),
        (b"[1e999]", "JSON Parse error: Number too big to be stored in double. at offset: 1"),
        (b'"\xff"', "JSON Parse error: Invalid encoding in string. at offset: 1"),
        (b'"\\ud800"', "JSON Parse error: The surrogate pair in string is invalid. at offset: 1"),
    ],
)
def test_what_is_no_json_is_refused_in_rapidjsons_words(body, text):
    assert refused(parse, body) == text


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_nested_too_deeply_is_refused(body):
    """How deep is Python's own affair, and whether it says where."""
    text = refused(parse, body)
    assert text.startswith("JSON Parse error: The document is nested too deeply. at offset: ")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"Infinity", math.inf),
        (b"-Infinity", -math.inf),
        (b"-1e-400", -0.0),
        (b"1.0", 1.0),
        (b"1", 1),
        (b"18446744073709551615", 2**64 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"18446744073709551616", float(2**64)),
        (b"\xef\xbb\xbf{}", {}),
        ('"\u00e9\\u00e9\\ud83d\\ude00"'.encode(), "éé😀"),
    ],
)
def test_numbers_keep_their_kind_and_text_its_characters(body, value):
    read = parse(body)
    assert read == value
    assert type(read) is type(value)


def test_nan_is_a_number():
    assert math.isnan(parse(b'{"x": [NaN]}')["x"][0])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"[1]", "JSON Value: [\n    1\n] Is not object"),
        (b"null", "JSON Value: null Is not object"),
        (b"0.1", "JSON Value: 0.1 Is not object"),
        (b"NaN", "JSON Value: NaN Is not object"),
        (b'"x"', 'JSON Value: "x" Is not object'),
    ],
)
def test_a_body_must_be_an_object(body, text):
    assert refused(parse_object, body) == text


def test_an_error_shows_no_more_than_the_beginning_of_a_long_value():
    text = refused(parse_object, json.dumps(list(range(1_000_000))).encode())
    assert text.startswith("JSON Value: [\n    0,\n    1,")
    assert text.endswith("... Is not object")
    assert len(text) < 2_100


def test_a_deep_value_can_be_shown():
    assert refused(parse_object, b"[" * 999 + b"]" * 999).endswith(" Is not object")


def test_the_signature_is_a_string():
    assert signature_name({"signature_name": "s"}) == "s"
    assert signature_name({}) == ""
    assert refused(signature_name, {"signature_name": 1}) == (
        'JSON Value: {\n    "signature_name": 1\n} not formatted correctly. '
        "'signature_name' key must be a string value."
    )


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet='[]{}":,0123eE+-.NnaIfi tru\\', max_size=80))
def test_any_bytes_are_read_or_refused(body):
    try:
        read = parse_object(body.encode() if isinstance(body, str) else body)
    except StatusError as refusal:
        error = refusal
    else:
        assert isinstance(read, dict)
        return
    assert error.code is Code.INVALID_ARGUMENT


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES)
def test_what_json_writes_is_read(value):
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_within_their_last_digits(value):
    read = parse(repr(value).encode())
    assert read == pytest.approx(value, rel=1e-15, abs=5e-324)
