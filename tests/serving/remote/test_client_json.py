"""Arrays in TensorFlow Serving's JSON: they come back the same, bit by bit."""

import json

import numpy as np
import pytest
import rapidjson
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serving.remote.model_metadata import TensorInfo
from serving.remote.tensor_json import array_json, features_json, read_array, read_json

NUMBERS = ("float16", "float32", "float64", "int8", "int64", "uint8", "uint64", "bool", "int32")
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


def info(dtype):
    return TensorInfo("x", dtype, None)


def same(found, expected):
    """Whether arrays have the same type, shape and bits; one NaN is as good as another."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if found.dtype.kind == "f":
        numbers = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found[numbers]), np.signbit(expected[numbers]))
    np.testing.assert_array_equal(found, expected)


@settings(deadline=None)
@example(np.array([0, 2**63, 2**64 - 1], np.uint64))
@given(st.sampled_from(NUMBERS).flatmap(lambda dtype: hnp.arrays(dtype, SHAPES)))
def test_numbers_come_back(array):
    text = array_json(array)
    found = read_array(info(array.dtype.name), read_json(text.encode()))
    # A dimension of size 0 ends what lists can tell of a shape.
    same(found if array.size else found.reshape(array.shape), array)
    # What the server parses with reads the same, and takes floats for floats.
    leaves = np.array(rapidjson.loads(text, number_mode=rapidjson.NM_NAN), object).ravel()
    kind = {"f": float, "i": int, "u": int, "b": bool}[array.dtype.kind]
    assert all(type(leaf) is kind for leaf in leaves.tolist())


@pytest.mark.parametrize("values", [[-1, 2**63], [0.5, 2**63], [2**64, 0], [0.0, 2.0]])
def test_what_is_no_large_integer_is_refused(values):
    with pytest.raises(ValueError, match="uint64"):
        read_array(info("uint64"), values)


@settings(deadline=None)
@given(hnp.arrays(object, SHAPES, elements=st.binary(max_size=9), fill=st.nothing()))
def test_strings_come_back(array):
    found = read_array(info("string"), read_json(array_json(array).encode()))
    same(found if array.size else found.reshape(array.shape), array)


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.float32([0.1, 1, 1e10, -0.0]), "[0.100000001,1.0,1.0e+10,-0.0]"),
        (np.float64([0.1, 1, 1e22, 5e-324]), "[0.1,1.0,1.0e+22,5.0e-324]"),
        (np.float32([np.nan, np.inf, -np.inf]), "[NaN,Infinity,-Infinity]"),
        (np.float16([0.1]), "[0.0999755859]"),
        (np.array([2**53 + 1, -(2**63)]), "[9007199254740993,-9223372036854775808]"),
        (np.array([[True], [False]]), "[[true],[false]]"),
        (
            np.array([b"Gr\xc3\xb6\xc3\x9fe", b'"\n', b"\xff"], object),
            '["Größe","\\"\\n",{"b64":"/w=="}]',
        ),
        (np.float32(2.5), "2.5"),
        (np.empty((2, 0, 3), np.int64), "[[],[]]"),
        (np.empty((0, 3), np.int64), "[]"),
    ],
)
def test_how_arrays_are_written(array, text):
    assert array_json(array) == text


def test_features_of_examples():
    row = {"größe": [b"a", b"\xff"], "x": [2.0, float("nan")], "n": [2]}
    text = features_json(row)
    assert text == '{"gr\\u00f6\\u00dfe":["a",{"b64":"/w=="}],"x":[2.0,NaN],"n":[2]}'
    assert json.loads(text).keys() == row.keys()


def test_replies_with_strings_that_are_no_utf_8():
    reply = read_json(b'{"outputs": ["\xff\xc3\xb6", "\\ud800"]}')
    found = read_array(info("string"), reply["outputs"])
    assert found.tolist() == [b"\xff\xc3\xb6", b"\xed\xa0\x80"]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float32", [[1], [2, 3]]),
        ("float32", ["a"]),
        ("int64", [{"b64": "YQ=="}]),
        ("string", [1]),
        ("string", [["a"], ["b", "c"]]),
        ("string", [{"b64": "?"}]),
        ("string", [{"b64": "YQ==", "c": 1}]),
        ("DT_COMPLEX64", [1]),
        ("uint8", [256]),
        ("int32", [2**31]),
        ("int64", [1.5]),
        ("bool", [1]),
        ("int32", [None]),
    ],
)
def test_what_is_no_array(dtype, value):
    with pytest.raises((ValueError, TypeError)):
        read_array(info(dtype), value)


@pytest.mark.parametrize("body", [b"", b"{", b"nope", b'{"a": 1} x'])
def test_what_is_no_document(body):
    with pytest.raises(ValueError, match=r"Expecting|Extra data"):
        read_json(body)
