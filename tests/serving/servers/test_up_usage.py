"""Examples made from a signature: what is in them, and what they look like."""

import json
import shlex

import numpy as np
import pytest

from serving.errors import ServingError
from serving.remote.model_metadata import parse_signatures
from serving.servers import usage

HARD = 'it\'s "größe" $HOME'


def tensor(dtype, *sizes, unknown=False):
    dims = [{"size": str(size), "name": ""} for size in sizes]
    return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": unknown}, "name": "t:0"}


def metadata(inputs, outputs=None, name="serving_default", model="m"):
    outputs = outputs or {"y": tensor("DT_FLOAT", -1)}
    entry = {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}
    return parse_signatures(model, "7", {name: entry})


def body(written):
    """What the shell gives to curl as the request's body."""
    arguments = shlex.split(written.curl)
    assert arguments[0] == "curl"
    assert arguments[2] == "-d"
    return json.loads(arguments[3])


def write(inputs, outputs=None, rows=None, **options):
    return usage.write(metadata(inputs, outputs, **options), "g:1", "http://r:2", rows)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("DT_FLOAT", 1.0),
        ("DT_DOUBLE", 1.0),
        ("DT_INT64", 1),
        ("DT_UINT8", 1),
        ("DT_BOOL", True),
        ("DT_STRING", "text"),
    ],
)
def test_a_value_of_each_type(dtype, value):
    (instance,) = body(write({"a": tensor(dtype, -1)}))["instances"]
    assert (instance, type(instance)) == (value, type(value))


def test_types_that_json_cannot_carry():
    written = write({"x": tensor("DT_HALF", -1)})
    assert written.curl == ""
    assert "client.predict" in written.python
    assert write({"x": tensor("DT_FLOAT", -1)}, {"y": tensor("DT_COMPLEX64", -1)}).curl == ""


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        ({"x": tensor("DT_INT32", -1, 2, 3)}, None, {"instances": [[[1] * 3] * 2]}),
        ({"x": tensor("DT_INT32", -1, -1)}, None, {"instances": [[1]]}),
        ({"x": tensor("DT_INT32", 4)}, None, {"instances": [1, 1, 1, 1]}),
        ({"x": tensor("DT_INT32")}, None, {"inputs": 1}),
        ({"x": tensor("DT_INT32", unknown=True)}, None, {"inputs": [1]}),
        ({"x": tensor("DT_INT32", -1)}, {"y": tensor("DT_FLOAT")}, {"inputs": [1]}),
        (
            {"a": tensor("DT_INT32", -1), "b": tensor("DT_BOOL")},
            None,
            {"inputs": {"a": [1], "b": True}},
        ),
        (
            {"a": tensor("DT_INT32", -1), "b": tensor("DT_BOOL", -1, 1)},
            None,
            {"instances": [{"a": 1, "b": [True]}]},
        ),
    ],
)
def test_shapes(inputs, outputs, expected):
    assert body(write(inputs, outputs)) == expected


def test_a_signature_that_is_not_the_default_is_named():
    written = write({"x": tensor("DT_FLOAT", -1)}, name="serving_raw")
    assert body(written) == {"signature_name": "serving_raw", "instances": [1.0]}


def test_real_rows_where_there_are_some():
    inputs = {
        "f": tensor("DT_FLOAT", -1),
        "i": tensor("DT_INT64", -1),
        HARD: tensor("DT_STRING", -1),
    }
    rows = {
        "f": np.array([np.nan, 12.45], np.float32),
        "i": np.array([4, 5]),
        HARD: np.array([b"x", "O'Brien \\ ö\n".encode()], object),
    }
    written = write(inputs, rows=rows)
    assert body(written)["instances"] == [{"f": 12.45, "i": 5, HARD: "O'Brien \\ ö\n"}]
    assert '"f": 12.45' in written.python
    some = {"f": rows["f"]}
    assert body(write(inputs, rows=some))["instances"][0]["i"] == 1  # they are not its inputs
    assert body(write(inputs, rows={**rows, "i": np.arange(3)}))["instances"][0]["i"] == 1


def test_the_version_of_a_label():
    known = metadata({"x": tensor("DT_FLOAT", -1)})
    written = usage.write(known, "g:1", "http://r:2", label="the best")
    assert written.curl.startswith("curl http://r:2/v1/models/m/labels/the%20best:predict -d ")
    assert 'with ServingClient("g:1", "m", label="the best") as client:' in written.python


def test_missing_numbers_are_what_the_server_parses():
    inputs = {"f": tensor("DT_FLOAT", -1), "i": tensor("DT_INT64", -1)}
    rows = {"f": np.array([np.nan], np.float32), "i": np.array([-1])}
    written = write(inputs, rows=rows)
    assert '"f": NaN' in written.curl
    assert 'float("nan")' in written.python


def test_bytes_that_are_no_text():
    rows = {"x": np.array([b"\xff\x00"], object)}
    written = write({"x": tensor("DT_STRING", -1)}, rows=rows)
    assert body(written) == {"instances": [{"b64": "/wA="}]}
    assert r"b'\xff\x00'" in written.python


def test_serialized_examples_are_bytes_even_where_they_are_text():
    inputs = {"examples": tensor("DT_STRING", -1)}
    assert body(write(inputs)) == {"instances": [{"b64": ""}]}
    rows = {"examples": np.array([b"\n\x00"], object)}
    written = write(inputs, rows=rows)
    assert body(written) == {"instances": [{"b64": "CgA="}]}
    assert '"examples": b' in written.python


def test_letters_that_a_terminal_cannot_show():
    inputs = {"größe \N{TAXI}": tensor("DT_FLOAT", -1), "b": tensor("DT_FLOAT", -1)}
    known = metadata(inputs, model="straße/ü")
    plain = usage.write(known, "g:1", "http://r:2", ascii_only=True)
    assert (plain.curl + plain.python).isascii()
    shown = usage.write(known, "g:1", "http://r:2")
    assert "\N{TAXI}" in shown.curl
    assert "\N{TAXI}" in shown.python
    assert body(plain) == body(shown)
    assert shlex.split(shown.curl)[1] == "http://r:2/v1/models/stra%C3%9Fe%2F%C3%BC:predict"


def test_long_rows_are_broken_into_lines():
    inputs = {f"a_rather_long_name_{k:02}": tensor("DT_INT64", -1) for k in range(20)}
    written = write(inputs, name="serving_raw")
    lines = (written.curl + "\n" + written.python).splitlines()
    assert max(map(len, lines)) <= 90
    assert len(lines) > 10
    assert body(written)["instances"] == [dict.fromkeys(inputs, 1)]
    compile(written.python, "example", "exec")


def test_a_model_without_a_signature_to_predict_with():
    both = {
        name: {"inputs": {"x": tensor("DT_FLOAT", -1)}, "outputs": {}, "method_name": "a/predict"}
        for name in ("one", "two")
    }
    with pytest.raises(ServingError, match="no signature"):
        usage.write(parse_signatures("m", "1", both), "g:1", "http://r:2")


@pytest.mark.parametrize("number", [0.1, 12.45, 1e-30, 3.4028234663852886e38, -0.0, 16777216.0])
def test_float32_is_written_shortly_and_exactly(number):
    value = np.float32(number)
    shown = usage.plain(value)
    assert np.float32(shown) == value
    assert len(repr(shown)) <= len(repr(float(value)))
