"""How arrays are written: short floats, bytes, rows and columns."""

import ctypes
import ctypes.util
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from model_server import json_writer
from model_server.status import Code, StatusError

LIBC = ctypes.CDLL(ctypes.util.find_library("c"))
LIBC.strtof.restype = ctypes.c_float
LIBC.strtof.argtypes = [ctypes.c_char_p, ctypes.c_void_p]


def as_c_writes(value, *, single):
    """What printf and strtof make of it, as the C++ server asks them."""
    text = ctypes.create_string_buffer(64)
    LIBC.snprintf(text, 64, b"%g", ctypes.c_double(value))
    read = LIBC.strtof(text.value, None) if single else float(text.value)
    if read != value:
        LIBC.snprintf(text, 64, b"%.*g", 9 if single else 17, ctypes.c_double(value))
    written = text.value.decode()
    return written if "." in written or "e" in written else written + ".0"


def tokens(values, dtype):
    body = json_writer.predictions({"y": np.array(values, dtype)}).decode()
    return body[body.index("[") + 1 : body.rindex("]")].strip().split(", ")


def refused(call, *args):
    with pytest.raises(StatusError) as caught:
        call(*args)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value.message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2, "0.2"),
        (2.0, "2.0"),
        (9e6, "9e+06"),
        (999999.0, "999999.0"),
        (3e-5, "3e-05"),
        (1 / 3, "0.333333343"),
        (-0.0, "-0.0"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (1e-45, "1.4013e-45"),
        (3.4028235e38, "3.40282347e+38"),
        (16777216.0, "16777216.0"),
    ],
)
def test_floats_are_written_as_short_as_their_type_allows(value, text):
    assert tokens([value], np.float32) == [text]


def test_doubles_need_more_digits():
    assert tokens([0.1, 1 / 3, 1e300], np.float64) == ["0.1", "0.33333333333333331", "1e+300"]


@settings(deadline=None)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_are_what_c_writes(value):
    assert tokens([value], np.float32) == [as_c_writes(value, single=True)]


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_are_what_c_writes(value):
    assert tokens([value], np.float64) == [as_c_writes(value, single=False)]


@settings(deadline=None)
@given(npst.arrays(np.float32, npst.array_shapes(min_dims=1, max_dims=3, min_side=0)))
def test_rows_of_floats_come_back(array):
    read = json.loads(json_writer.predictions({"y": array}))["predictions"]
    assert np.array_equal(np.array(read, np.float32).reshape(array.shape), array, equal_nan=True)


@settings(deadline=None)
@given(
    st.sampled_from(
        ["int8", "int16", "int32", "int64", "uint8", "uint32", "uint64", "bool"]
    ).flatmap(lambda name: npst.arrays(name, npst.array_shapes(min_dims=0, max_dims=3, min_side=0)))
)
def test_columns_of_integers_and_booleans_come_back(array):
    read = json.loads(json_writer.outputs_object({"y": array}))["outputs"]
    assert read == array.tolist()


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
def test_bytes_come_back(values):
    array = np.array([*values, b"x"], object)
    read = json.loads(json_writer.predictions({"a_bytes": array}))["predictions"]
    assert [set(each) for each in read] == [{"b64"}] * len(array)
    raw = json_writer.predictions({"a": array})
    assert json.loads(raw.decode("utf-8", "surrogateescape"))["predictions"] == [
        each.decode("utf-8", "surrogateescape") for each in array
    ]


def test_layout_of_rows():
    one = json_writer.predictions({"y": np.array([2.5, 3, 4.5], np.float32)})
    assert one == b'{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'
    nested = json_writer.predictions({"y": np.array([[1, 2], [3, 4]], np.int32)})
    assert nested == b'{\n    "predictions": [[1, 2], [3, 4]\n    ]\n}'
    several = json_writer.predictions(
        {"b_bytes": np.array([b"\x00"], object), "a": np.array([[True]])}
    )
    assert several == (
        b'{\n    "predictions": [\n        {\n            "a": [true],\n'
        b'            "b_bytes": { "b64": "AA==" }\n        }\n    ]\n}'
    )
    assert json_writer.predictions({"y": np.zeros(0)}) == b'{\n    "predictions": []\n}'


def test_layout_of_columns():
    assert json_writer.outputs_object({"y": np.array(2.5)}) == b'{\n    "outputs": 2.5\n}'
    several = json_writer.outputs_object(
        {"y": np.array([[1], [2]]), "x": np.array([b"\xc3\xa9"], object)}
    )
    assert several.decode() == (
        '{\n    "outputs": {\n        "x": [\n            "é"\n        ],\n        "y": [\n'
        "            [\n                1\n            ],\n            [\n                2\n"
        "            ]\n        ]\n    }\n}"
    )


def test_rows_need_a_common_batch():
    assert refused(json_writer.predictions, {"y": np.array(1.0)}) == (
        "Tensor name: y has no shape information "
    )
    assert refused(json_writer.predictions, {"a": np.zeros(3), "b": np.zeros(2)}) == (
        "Tensor name: b has inconsistent batch size: 2 expecting: 3"
    )
    assert refused(json_writer.predictions, {}) == "Cannot convert empty tensor map to JSON"
    assert refused(json_writer.outputs_object, {}) == "Cannot convert empty tensor map to JSON"


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("complex64", "complex64"),
        ("complex128", "complex128"),
        ("float16", "half"),
        ("uint16",) * 2,
    ],
)
def test_types_that_json_has_not_are_refused(dtype, name):
    text = f"Failed to write JSON value for tensor type: {name}"
    assert refused(json_writer.predictions, {"y": np.ones(1, dtype)}) == text
    assert refused(json_writer.outputs_object, {"y": np.ones((), dtype)}) == text


def test_classifications_and_regressions():
    body = json_writer.classifications([[("a", 0.2), ('"b"', 1.0)], []])
    assert body == b'{\n    "results": [[["a", 0.2], ["\\"b\\"", 1.0]], []\n    ]\n}'
    assert json_writer.regressions([0.2, 3]) == b'{\n    "results": [0.2, 3.0]\n}'
    assert refused(json_writer.classifications, []) == (
        "Cannot convert empty ClassificationResults to JSON"
    )
    assert refused(json_writer.regressions, []) == "Cannot convert empty RegressionResults to JSON"


@settings(deadline=None)
@given(st.text())
def test_errors_are_json_whatever_they_say(text):
    assert json.loads(json_writer.error(text).decode("utf-8", "surrogateescape")) == {"error": text}


def test_a_value_is_shown_as_it_was_given():
    values = [0.1, 1.0, 1e300, 2**31, True, None, "é"]
    shown = ["0.1", "1.0", "1e+300", "2147483648", "true", "null", '"é"']
    assert [json_writer.json_value(value) for value in values] == shown
    assert json_writer.json_value({"a": [1, {}], "b": []}) == (
        '{\n    "a": [\n        1,\n        {}\n    ],\n    "b": []\n}'
    )
