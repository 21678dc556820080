"""`instances` and `inputs` as arrays, and every way in which they are refused."""

import base64
import json
import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from model_server.json_arrays import MAX_RANK, to_array
from model_server.json_reader import parse
from model_server.json_tensors import predict_inputs
from model_server.status import Code, StatusError

FLOAT, DOUBLE, INT32, UINT8, INT16, INT8, STRING = range(1, 8)
INT64, BOOL, HALF, UINT32, UINT64 = 9, 10, 19, 22, 23
NUMPY = {
    FLOAT: np.float32,
    DOUBLE: np.float64,
    INT32: np.int32,
    UINT8: np.uint8,
    INT16: np.int16,
    INT8: np.int8,
    INT64: np.int64,
    BOOL: np.bool_,
    UINT32: np.uint32,
    UINT64: np.uint64,
}


def read(document, **dtypes):
    return predict_inputs(parse(document.encode()), dtypes)


def refused(document, code=Code.INVALID_ARGUMENT, **dtypes):
    with pytest.raises(StatusError) as caught:
        read(document, **dtypes)
    assert caught.value.code is code
    return caught.value.message


def in_row(text, dtype):
    return refused(f'{{"instances": [{text}]}}', x=dtype)


# --- the two formats ---


def test_rows_of_values():
    arrays, by_row = read('{"instances": [1, 2.5, NaN]}', x=FLOAT)
    assert by_row
    assert arrays["x"].dtype == np.float32
    assert np.array_equal(arrays["x"], [1, 2.5, math.nan], equal_nan=True)


def test_rows_of_objects():
    arrays, by_row = read(
        '{"instances": [{"a": [1], "b": "x"}, {"b": "y", "a": [2]}]}', a=INT64, b=STRING
    )
    assert by_row
    assert arrays["a"].tolist() == [[1], [2]]
    assert arrays["b"].tolist() == [b"x", b"y"]


def test_an_object_may_name_the_only_input():
    arrays, _ = read('{"instances": [{"x": 1}, {"x": 2}]}', x=INT32)
    assert arrays["x"].tolist() == [1, 2]


def test_columns_may_have_any_shapes():
    arrays, by_row = read('{"inputs": {"a": [[1, 2]], "b": 3, "other": null}}', a=FLOAT, b=INT32)
    assert not by_row
    assert arrays["a"].tolist() == [[1, 2]]
    assert arrays["b"].shape == ()
    assert arrays["b"] == 3


def test_a_column_of_the_only_input_needs_no_name():
    assert read('{"inputs": [[1], [2]]}', x=FLOAT)[0]["x"].shape == (2, 1)
    assert read('{"inputs": 1}', x=FLOAT)[0]["x"].shape == ()
    assert read('{"inputs": {"b64": "aGk="}}', x=STRING)[0]["x"].tolist() == b"hi"


def test_unknown_keys_are_ignored():
    assert read('{"more": [1, {}], "instances": [1]}', x=FLOAT)[0]["x"].tolist() == [1]


# --- bodies of no such form ---


def test_what_holds_neither_or_both_is_refused():
    assert refused("{}", x=FLOAT) == "Missing 'inputs' or 'instances' key"
    assert refused('{"instances": [1], "inputs": 2}', x=FLOAT) == (
        'JSON Value: {\n    "instances": [\n        1\n    ],\n    "inputs": 2\n} Not formatted '
        "correctly expecting only one of 'inputs' or 'instances' keys to exist "
    )


def test_instances_are_a_list_with_elements():
    assert refused('{"instances": 1}', x=FLOAT) == (
        "JSON Value: {\n    \"instances\": 1\n} Excepting 'instances' to be an list/array"
    )
    assert refused('{"instances": []}', x=FLOAT) == (
        "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"
    )


def test_several_inputs_need_names():
    assert refused('{"instances": [1]}', a=FLOAT, b=FLOAT) == (
        "instances is a plain list, but expecting list of objects as multiple "
        "input tensors required as per tensorinfo_map"
    )
    assert refused('{"inputs": [1]}', a=FLOAT, b=FLOAT) == (
        "inputs is a plain value/list, but expecting an object as multiple "
        "input tensors required as per tensorinfo_map"
    )


def test_a_signature_without_inputs_takes_none():
    with pytest.raises(StatusError, match="Failed to get input map for signature: DEFAULT"):
        predict_inputs({"inputs": {}}, {})
    with pytest.raises(StatusError, match="Failed to get input map for signature: count"):
        predict_inputs({"inputs": {}}, {}, "count")


def test_columns_need_every_input():
    text = "Missing named input: b in 'inputs' object."
    assert refused('{"inputs": {"a": [1]}}', a=FLOAT, b=FLOAT) == text


def test_rows_need_exactly_the_inputs():
    assert refused('{"instances": [{"a": 1, "b": 1}, {"a": 1}]}', a=FLOAT, b=FLOAT) == (
        "Failed to process element: 1 of 'instances' list. JSON object: "
        '{\n    "a": 1\n} keys must be equal to: a,b'
    )
    assert refused('{"instances": [{"c": 1}]}', a=FLOAT) == (
        "Failed to process element: 0 key: c of 'instances' list. Error: "
        "INVALID_ARGUMENT: JSON object: does not have named input: c"
    )


def test_rows_are_all_objects_or_none_is():
    assert refused('{"instances": [{"x": 1}, [1]]}', x=FLOAT) == (
        "Expecting object but got list at item 1 of input list"
    )
    assert refused('{"instances": [1, {"x": 1}]}', x=FLOAT) == (
        "Expecting value/list but got object at item 1 of input list"
    )


def test_rows_have_one_shape():
    prefix = "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
    assert refused('{"instances": [[1, 2], [1]]}', x=FLOAT) == (
        f"{prefix}Expecting tensor size: 2 but got: 1"
    )
    assert refused('{"instances": [[1, 2], [[1, 2]]]}', x=FLOAT) == (
        f"{prefix}Expecting shape [2] but got: [1,2]"
    )
    assert refused('{"instances": [{"x": 1}, {"x": [1]}]}', x=FLOAT) == (
        "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: "
        "Expecting shape [] but got: [1]"
    )


def test_lists_are_regular():
    assert refused('{"inputs": [[1, 2], [3]]}', x=FLOAT) == (
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2"
    )
    assert refused('{"inputs": [1, [2]]}', x=FLOAT) == (
        "Encountered list at unexpected level: 1 expected < 1"
    )
    assert refused('{"inputs": [[1], 2]}', x=FLOAT) == (
        "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"
    )


def test_no_tensor_is_nested_without_end():
    depth = MAX_RANK + 1
    text = f"Tensor has more than {MAX_RANK} dimensions"
    assert refused('{"inputs": ' + "[" * depth + "1" + "]" * depth + "}", x=FLOAT) == text
    assert refused('{"instances": ' + "[" * 900 + "1" + "]" * 900 + "}", x=FLOAT) == text
    depth -= 1
    array = read('{"inputs": ' + "[" * depth + "1" + "]" * depth + "}", x=FLOAT)[0]["x"]
    assert array.shape == (1,) * MAX_RANK


# --- types ---

NAMES = {
    FLOAT: "float",
    DOUBLE: "double",
    INT32: "int32",
    UINT8: "uint8",
    INT16: "int16",
    INT8: "int8",
    INT64: "int64",
    BOOL: "bool",
    UINT32: "uint32",
    UINT64: "uint64",
    STRING: "string",
}

WRONG = [
    *((value, kind, dtype) for dtype in NAMES for value, kind in [("null", "Null")]),
    *(("true", "True", dtype) for dtype in NAMES if dtype != BOOL),
    *(('"1"', "String", dtype) for dtype in NAMES if dtype != STRING),
    *(("1", "Number", dtype) for dtype in (BOOL, STRING)),
    *(("1.0", "Number", dtype) for dtype in NAMES if dtype not in (FLOAT, DOUBLE)),
    *(("2147483648", "Number", dtype) for dtype in (INT32, UINT8, INT16, INT8)),
    *(("-2147483649", "Number", dtype) for dtype in (INT32, UINT8, INT16, INT8)),
    ("9223372036854775808", "Number", INT64),
    ("-1", "Number", UINT32),
    ("4294967296", "Number", UINT32),
    ("-1", "Number", UINT64),
]


@pytest.mark.parametrize(("value", "kind", "dtype"), WRONG)
def test_a_value_of_another_type_is_refused(value, kind, dtype):
    text = f"JSON Value: {value} Type: {kind} is not of expected type: {NAMES[dtype]}"
    assert refused(f'{{"inputs": [{value}]}}', x=dtype) == text
    assert in_row(value, dtype) == (
        f"Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: {text}"
    )


def test_an_object_is_no_number():
    text = 'JSON Value: {\n    "b64": "AA=="\n} Type: Object is not of expected type: int32'
    assert refused('{"inputs": [{"b64": "AA=="}]}', x=INT32) == text


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (INT32, -(2**31), 2**31 - 1),
        (INT64, -(2**63), 2**63 - 1),
        (UINT32, 0, 2**32 - 1),
        (UINT64, 0, 2**64 - 1),
    ],
)
def test_integers_reach_the_ends_of_their_type(dtype, low, high):
    array = read(f'{{"inputs": [{low}, {high}]}}', x=dtype)[0]["x"]
    assert array.dtype == NUMPY[dtype]
    assert array.tolist() == [low, high]


def test_small_integers_wrap_as_the_real_server_has_them():
    assert read('{"inputs": [300, -1, 7]}', x=UINT8)[0]["x"].tolist() == [44, 255, 7]
    assert read('{"inputs": [200]}', x=INT8)[0]["x"].tolist() == [-56]


def test_floats_take_any_number():
    body = '{"inputs": [1, 0.1, 1e39, -1e39, 1e-50, -1e-50, 18446744073709551615, -Infinity]}'
    array = read(body, x=FLOAT)[0]["x"]
    assert array.dtype == np.float32
    with np.errstate(over="ignore"):
        expected = np.array([1, 0.1, math.inf, -math.inf, 0, -0.0, 2.0**64, -math.inf], np.float32)
    assert array.tobytes() == expected.tobytes()


def test_a_type_without_json_is_not_implemented_in_columns_and_wrapped_in_rows():
    text = "Conversion of JSON Value: 1.5 to type: half"
    assert refused('{"inputs": [1.5]}', Code.UNIMPLEMENTED, x=HALF) == text
    assert in_row("1.5", HALF) == (
        f"Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: {text}"
    )
    text = "Conversion of JSON Value: [] to type: half"
    assert refused('{"inputs": []}', Code.UNIMPLEMENTED, x=HALF) == text
    assert "to type: bfloat16" in refused('{"inputs": 1}', Code.UNIMPLEMENTED, x=14)
    assert "to type: float_ref" in refused('{"inputs": 1}', Code.UNIMPLEMENTED, x=101)


# --- bytes ---


def test_strings_may_be_base64():
    body = '{"instances": ["text é", {"b64": "/wA="}, {"b64": "/wA"}, {"b64": " /w A=\\n"}]}'
    values = read(body, x=STRING)[0]["x"].tolist()
    assert values == ["text é".encode(), b"\xff\x00", b"\xff\x00", b"\xff\x00"]


@pytest.mark.parametrize("value", ["A", "A===", "*A==", "é", "AA=A"])
def test_what_is_not_base64_is_refused(value):
    assert in_row(f'"ok", {{"b64": "{value}"}}', STRING) == (
        "Failed to process element: 1 of 'instances' list. Error: "
        "INVALID_ARGUMENT: Unable to base64 decode"
    )


def test_a_base64_object_has_that_key_alone():
    assert refused('{"inputs": [{"b64": "AA==", "x": 1}]}', x=STRING) == (
        'JSON Value: {\n    "b64": "AA==",\n    "x": 1\n} not formatted correctly for base64 data'
    )
    assert "not formatted correctly" in refused('{"inputs": [{"b64": 1}]}', x=STRING)


# --- properties ---


@st.composite
def typed_arrays(draw):
    dtype = draw(st.sampled_from(list(NUMPY)))
    shape = draw(npst.array_shapes(min_dims=1, max_dims=4, max_side=4))
    elements = None if dtype != DOUBLE else {"allow_subnormal": False}
    return dtype, draw(npst.arrays(NUMPY[dtype], shape, elements=elements))


@settings(deadline=None)
@given(typed_arrays())
def test_arrays_come_through(typed):
    dtype, array = typed
    text = json.dumps(array.tolist())
    for body in (f'{{"inputs": {text}}}', f'{{"instances": {text}}}'):
        given_back = read(body, x=dtype)[0]["x"]
        assert given_back.dtype == array.dtype
        if dtype == DOUBLE:
            np.testing.assert_allclose(given_back, array, rtol=1e-15)
        else:
            assert np.array_equal(given_back, array, equal_nan=dtype == FLOAT)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30), min_size=1))
def test_bytes_come_through(values):
    body = json.dumps({"inputs": [{"b64": base64.b64encode(each).decode()} for each in values]})
    assert read(body, x=STRING)[0]["x"].tolist() == values


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**64 - 1),
    st.floats(width=32),
    st.text(max_size=3),
    st.fixed_dictionaries({"b64": st.sampled_from(["AA==", "A"])}),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(TREES, st.sampled_from([*NAMES, HALF]))
def test_any_value_becomes_an_array_of_the_type_or_is_refused(value, dtype):
    try:
        array = to_array(value, dtype)
    except StatusError as refusal:
        error = refusal
    else:
        assert array.dtype == NUMPY.get(dtype, np.dtype(object))
        return
    assert error.code in (Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED)
    assert error.message.startswith(
        ("JSON Value: ", "Encountered list", "Unable to base64", "Conversion of")
    )


@settings(deadline=None)
@given(
    st.fixed_dictionaries({}, optional={"instances": TREES, "inputs": TREES}),
    st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from([*NAMES, HALF]), max_size=2),
)
def test_any_body_is_taken_or_refused(document, dtypes):
    try:
        arrays, _ = predict_inputs(document, dtypes)
    except StatusError as refusal:
        error = refusal
    else:
        assert arrays.keys() <= dtypes.keys()
        assert arrays
        return
    assert error.code in (Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED)


def test_a_million_floats_are_read_in_a_moment():
    body = json.dumps({"instances": np.ones((1000, 1000)).tolist()}).encode()
    started = time.perf_counter()
    arrays, _ = predict_inputs(parse(body), {"x": FLOAT})
    assert time.perf_counter() - started < 2
    assert arrays["x"].shape == (1000, 1000)


def test_json_is_read_and_written_without_tensorflow():
    code = (
        "import sys, model_server.json_tensors, model_server.json_examples\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)
