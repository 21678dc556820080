"""tf.Examples that are written without TensorFlow, and what of rows goes into them."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.remote.example_rows import features_of
from serving.remote.tf_examples import encode

INT64 = st.integers(-(2**63), 2**63 - 1)
FEATURES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.lists(st.binary(max_size=300)) | st.lists(st.floats(width=32)) | st.lists(INT64),
    max_size=4,
)


def as_bits(example):
    """Returns {name: (kind, values)}, floats as their bits: NaN differs from itself."""
    found = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        values = list(getattr(feature, kind).value) if kind else []
        found[name] = kind, np.float32(values).tobytes() if kind == "float_list" else values
    return found


@settings(deadline=None)
@given(FEATURES)
def test_an_example_reads_as_tensorflow_writes_it(features):
    expected = tf.train.Example()
    for name, values in features.items():
        feature = expected.features.feature[name]
        if not values:
            continue
        kind = {bytes: feature.bytes_list, float: feature.float_list, int: feature.int64_list}
        kind[type(values[0])].value.extend(values)
    found = encode(features)
    assert as_bits(tf.train.Example.FromString(found)) == as_bits(expected)
    assert len(found) == expected.ByteSize()


def test_a_number_beyond_float32_is_infinite():
    example = tf.train.Example.FromString(encode({"x": [1e300, -1e300, 0.1]}))
    assert list(example.features.feature["x"].float_list.value) == [
        float("inf"),
        float("-inf"),
        np.float32(0.1),
    ]


def test_parse_example_reads_it():
    serialized = [encode({"x": [1.5], "größe": [b"\xff"], "n": [-1, 7]}), encode({})]
    spec = {
        "x": tf.io.VarLenFeature(tf.float32),
        "größe": tf.io.VarLenFeature(tf.string),
        "n": tf.io.VarLenFeature(tf.int64),
    }
    parsed = tf.io.parse_example(serialized, spec)
    assert {name: values.values.numpy().tolist() for name, values in parsed.items()} == {
        "x": [1.5],
        "größe": [b"\xff"],
        "n": [-1, 7],
    }
    assert parsed["n"].indices.numpy().tolist() == [[0, 0], [0, 1]]


def types(features):
    return [{name: {type(v) for v in values} for name, values in row.items()} for row in features]


def test_a_column_has_one_type_and_missing_values_are_left_out():
    rows = [
        {"a": 1, "b": 1, "c": "x", "d": True, "e": float("nan")},
        {"a": 2.5, "b": None, "c": b"y", "d": False, "e": np.float32(2)},
        {"a": Decimal(3), "b": np.int64(-7), "c": pd.NA, "e": None},
    ]
    found = features_of(rows, {})
    assert found == [
        {"a": [1.0], "b": [1], "c": [b"x"], "d": [1]},
        {"a": [2.5], "c": [b"y"], "d": [0], "e": [2.0]},
        {"a": [3.0], "b": [-7]},
    ]
    assert types(found)[0] == {"a": {float}, "b": {int}, "c": {bytes}, "d": {int}}


def test_a_type_that_the_model_tells_is_taken():
    rows = [{"fare in $": 6, "hour": 3.0, "code": 17}]
    found = features_of(rows, {"fare_in__": "float32", "hour": "int64"})
    assert found == [{"fare in $": [6.0], "hour": [3], "code": [17]}]
    assert types(found) == [{"fare in $": {float}, "hour": {int}, "code": {int}}]


@pytest.mark.parametrize(
    "rows",
    [
        {"x": [[1, 2], [3, None], []], "y": ["a", None, "c"]},
        pd.DataFrame({"x": [[1, 2], [3, None], []], "y": ["a", None, "c"]}, index=[5, 5, 5]),
        ({"x": x, "y": y} for x, y in [((1, 2), "a"), (np.array([3]), None), ([], "c")]),
    ],
)
def test_a_value_may_be_several(rows):
    assert features_of(rows, {}) == [{"x": [1, 2], "y": [b"a"]}, {"x": [3]}, {"y": [b"c"]}]


@pytest.mark.parametrize(
    ("rows", "dtypes", "what"),
    [
        ([{"x": 1}, {"x": "a"}], {"x": "float32"}, "row 1, column \"x\": 'a' is not a number"),
        ([{"x": 1}, {"x": "a"}], {}, 'row 0, column "x": 1 is not text'),
        ([{"x": [[1, 2]]}], {}, 'row 0, column "x": list of several values'),
        ([{"x": 1.5}], {"x": "int64"}, 'row 0, column "x": 1.5 is not a whole number'),
        ({"x": [1], "y": [1, 2]}, {}, 'columns of different lengths: "x" 1, "y" 2'),
        ([{1: 2}], {}, "row 0: the model has no input 1"),
        ("x", {}, "str is no row of values"),
    ],
)
def test_what_cannot_be_taken_is_told(rows, dtypes, what):
    with pytest.raises(ServingError) as caught:
        features_of(rows, dtypes)
    assert what in caught.value.what
    assert caught.value.fix
