"""Rows to the tensors of a signature: which signature, which names, which types, which shapes."""

import math

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.names import input_name
from serving.remote.model_inputs import MISSING, prepare
from serving.remote.model_metadata import ModelMetadata, Signature, TensorInfo, parse_signatures
from serving.remote.signature_choice import (
    column_types,
    examples_input,
    for_classify,
    for_predict,
    for_regress,
    method_of,
)
from usecase.missing import missing_value
from usecase.schema import identifier

INT64_MIN = -(2**63)


def signature(name, inputs, outputs=("y",), method="predict"):
    """Makes a signature; inputs are {name: (dtype, *shape)}, of unknown rank without a shape."""
    found = {
        key: TensorInfo(key, kind[0], tuple(kind[1:]) if kind[1:] != ("any",) else None)
        for key, kind in inputs.items()
    }
    given_outputs = {key: TensorInfo(key, "float32", (None,)) for key in outputs}
    return Signature(name, method, found, given_outputs)


def model(*signatures):
    return ModelMetadata("taxi", 7, {s.name: s for s in signatures})


RAW = signature(
    "serving_raw",
    {
        "fare": ("float32", None),
        "hour_of_day": ("int64", None),
        "Gru00F6u00DFe": ("string", None),
    },
)
DEFAULT = signature("serving_default", {"examples": ("string", None)})
TRANSFORM = signature("transform_features", {"examples": ("string", None)}, ("fare_xf", "label"))
OURS = model(RAW, DEFAULT, TRANSFORM)


def example(serialized):
    found = tf.train.Example.FromString(serialized).features.feature
    return {
        name: (feature.WhichOneof("kind"), list(getattr(feature, feature.WhichOneof("kind")).value))
        for name, feature in found.items()
    }


@settings(deadline=None)
@given(st.text(max_size=12) | st.from_regex(r"[a-z_ $]{1,6}", fullmatch=True))
def test_names_are_those_of_the_pipeline(name):
    assert input_name(name) == identifier(name)


@pytest.mark.parametrize("name", ["class", "self", "1st ($)", "_id", "Größe", "日本", "a.b/c", ""])
def test_odd_names_are_those_of_the_pipeline(name):
    assert input_name(name) == identifier(name)


def test_missing_values_are_those_of_the_pipeline():
    assert set(MISSING) == {"float32", "int64", "string"}
    assert math.isnan(MISSING["float32"])
    assert math.isnan(missing_value("float32"))
    for dtype in ("int64", "string"):
        assert MISSING[dtype] == missing_value(dtype)


@pytest.mark.parametrize(
    "rows",
    [
        [{"fare": 1.5, "hour of day": 3, "Größe": "ß"}, {}, {"hour_of_day": 4}],
        {
            "fare": [1.5, None, math.nan],
            "hour of day": [3, None, 4],
            "Gru00F6u00DFe": ["ß", "", None],
        },
        pd.DataFrame(
            {"fare": [1.5, None, None], "hour of day": [3, None, 4], "Größe": ["ß", None, None]}
        ),
    ],
)
def test_raw_columns_have_sentinels(rows):
    chosen = for_predict(OURS, None)
    assert chosen is RAW
    inputs, length, splits = prepare(OURS, chosen, rows)
    assert (length, splits) == (3, True)
    np.testing.assert_array_equal(inputs["fare"], np.float32([1.5, np.nan, np.nan]))
    np.testing.assert_array_equal(inputs["hour_of_day"], [3, INT64_MIN, 4])
    assert inputs["Gru00F6u00DFe"].tolist() == ["ß".encode(), b"", b""]
    assert {name: array.dtype for name, array in inputs.items()} == {
        "fare": np.float32,
        "hour_of_day": np.int64,
        "Gru00F6u00DFe": object,
    }


def test_examples_have_the_types_of_the_raw_columns():
    rows = [{"fare": 6, "hour of day": 3.0, "Größe": "ß"}, {"fare": None}]
    inputs, length, splits = prepare(OURS, for_predict(OURS, "serving_default"), rows)
    assert (length, splits) == (2, True)
    assert [example(one) for one in inputs["examples"]] == [
        {
            "fare": ("float_list", [6.0]),
            "hour of day": ("int64_list", [3]),
            "Größe": ("bytes_list", ["ß".encode()]),
        },
        {},
    ]


def test_a_column_that_no_signature_reads_is_refused():
    for name in ("serving_raw", "serving_default"):
        with pytest.raises(ServingError, match="the model has no input 'fair'") as caught:
            prepare(OURS, for_predict(OURS, name), [{"fair": 1.0}])
        assert caught.value.fix == 'did you mean "fare"?'
    # The label's columns are read by this one, and nothing tells what they are.
    found = prepare(OURS, TRANSFORM, [{"tips": 1.0}]).inputs["examples"]
    assert example(found[0]) == {"tips": ("float_list", [1.0])}


@pytest.mark.parametrize(
    "rows",
    [
        [{"fare": 1.5, "fair": 1}, {"hour of day": 3}],
        {"fare": [1.5, None], "hour of day": [None, 3], "fair": ["x", "y"]},
        pd.DataFrame({"fare": [1.5, None], "fair": [1, 2], "hour of day": [None, 3]}),
    ],
)
def test_columns_that_another_version_reads(rows):
    inputs, length, _ = prepare(OURS, RAW, rows, takes_more=True)
    assert length == 2
    assert set(inputs) == {"fare", "hour_of_day", "Gru00F6u00DFe"}
    np.testing.assert_array_equal(inputs["fare"], np.float32([1.5, np.nan]))
    np.testing.assert_array_equal(inputs["hour_of_day"], [INT64_MIN, 3])
    serialized = prepare(OURS, DEFAULT, rows, takes_more=True).inputs["examples"]
    first = example(serialized[0])
    assert first.pop("fair")  # the model's own parser passes it over
    assert first == {"fare": ("float_list", [1.5])}


def test_examples_that_are_serialized_already():
    serialized = tf.train.Example().SerializeToString()
    for rows in ({"examples": [serialized]}, [{"examples": serialized}]):
        assert prepare(OURS, DEFAULT, rows).inputs["examples"].tolist() == [serialized]


NAMED = signature("named", {"a": ("float32", None), "b": ("int32", None, 2)})
X = signature("serving_default", {"x": ("float32", None, 1)})
REGRESS = signature("r", {"inputs": ("string", "any")}, ("outputs",), "regress")
CLASSIFY = signature("c", {"inputs": ("string", "any")}, ("scores",), "classify")


@pytest.mark.parametrize(
    ("signatures", "expected"),
    [
        ([RAW, DEFAULT, NAMED], "serving_raw"),
        ([DEFAULT, NAMED], "named"),
        ([X, NAMED], "named"),
        ([X, REGRESS, CLASSIFY], "serving_default"),
        ([DEFAULT, REGRESS], "serving_default"),
        ([REGRESS], "r"),
        (
            [signature("serving_default", {"a": ("float32", 1), "b": ("int32", 1)}), NAMED],
            "serving_default",
        ),
    ],
)
def test_which_signature_predicts(signatures, expected):
    assert for_predict(model(*signatures), None).name == expected


def test_signatures_that_cannot_be_picked():
    known = model(REGRESS, CLASSIFY)
    with pytest.raises(ServingError, match=r"no signature of model .taxi. can be picked") as caught:
        for_predict(known, None)
    assert "r (inputs: string of any shape); c (inputs" in caught.value.fix
    with pytest.raises(ServingError, match='no signature "serving_rew"') as caught:
        for_predict(OURS, "serving_rew")
    assert caught.value.fix == 'did you mean "serving_raw"?'
    assert "hour_of_day: int64 [?]" in caught.value.expected


def test_which_signature_classifies_and_regresses():
    known = model(X, REGRESS, CLASSIFY)
    assert (for_classify(known, None).name, for_regress(known, None).name) == ("c", "r")
    assert for_regress(known, "r").name == "r"
    by_alias = signature("serving_default", {"inputs": ("string", None)}, ("classes", "scores"))
    assert for_classify(model(by_alias, RAW), None) is by_alias
    with pytest.raises(ServingError, match=r"no signature of model .taxi. can regress") as caught:
        for_regress(model(by_alias, RAW), None)
    assert "one of: none; there are: serving_default (inputs: string [?])" in caught.value.expected
    with pytest.raises(ServingError, match=r'signature "r" of model .taxi. cannot classify'):
        for_classify(known, "r")
    with pytest.raises(ServingError, match="several signatures that regress") as caught:
        for_regress(
            model(REGRESS, signature("q", {"inputs": ("string", "any")}, ("outputs",), "regress")),
            None,
        )
    assert caught.value.fix == "choose: r, q"
    assert (method_of(known, "r"), method_of(known, "c")) == ("regress", "classify")
    for name, why in (("serving_default", 'has the method "predict"'), ("nope", "is not there")):
        with pytest.raises(ServingError, match=why):
            method_of(known, name)


@pytest.mark.parametrize(
    ("name", "kind", "is_one"),
    [
        ("examples", ("string", None), True),
        ("input_example_tensor", ("string", None), True),
        ("inputs", ("string", "any"), True),
        ("tf_example", ("string", None), True),
        ("text", ("string", None), False),
        ("examples", ("float32", None), False),
        ("examples", ("string", None, None), False),
    ],
)
def test_which_input_takes_examples(name, kind, is_one):
    assert examples_input(signature("s", {name: kind})) == (name if is_one else None)


def test_types_that_signatures_do_not_agree_on_are_not_known():
    other = signature("other", {"fare": ("int64", None), "z": ("bool", None)})
    assert column_types(model(RAW, other)) == {
        "hour_of_day": "int64",
        "Gru00F6u00DFe": "string",
        "z": "bool",
    }


def tensor(kind, values, as_rows):
    given = signature("s", {"x": kind})
    rows = [{"x": value} for value in values] if as_rows else {"x": values}
    return prepare(model(given), given, rows).inputs["x"]


@pytest.mark.parametrize("as_rows", [True, False])
@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (("float32", None), [1, 2.5], np.float32([1, 2.5])),
        (("float32", None, 1), [1, 2.5], np.float32([[1], [2.5]])),
        (("float32", None, 1), [[1], (2.5,)], np.float32([[1], [2.5]])),
        (("float64", None, 2), np.ones((3, 2), np.float32), np.ones((3, 2))),
        (("float32", "any"), [[[1]], [[2]]], np.float32([[[1]], [[2]]])),
        (("float32", "any"), [1, 2], np.float32([1, 2])),
        (("float32", None, None), [[], []], np.empty((2, 0), np.float32)),
        (("float32", None), [math.nan, 1e300], np.float32([math.nan, math.inf])),
        (("int32", None), np.array([1, -(2**31)]), np.int32([1, -(2**31)])),
        (("int32", None), np.array([1.0, 2.0]), np.int32([1, 2])),
        (("uint64", None), [2**64 - 1, 0], np.uint64([2**64 - 1, 0])),
        (("bool", None), [True, 0], np.array([True, False])),
        (("bool", None), np.array([True, False]), np.array([True, False])),
        (("string", None, 2), [["a", b"\xff"], ["ß", ""]], [[b"a", b"\xff"], ["ß".encode(), b""]]),
        (("int64",), [5, 5], np.int64(5)),
    ],
)
def test_tensors_of_every_type_and_shape(kind, values, expected, as_rows):
    found = tensor(kind, values, as_rows)
    expected = np.array(expected, object) if isinstance(expected, list) else np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("kind", "values", "what", "more"),
    [
        (("float32", None), [1.0, None], 'row 1, column "x": there is no value', "x: float32 [?]"),
        (
            ("float32", None),
            [1.0, "a"],
            "row 1, column \"x\": 'a' is not a number",
            "x: float32 [?]",
        ),
        (("int32", None), [2**31], "is not a whole number that int32 holds", "int32"),
        (("int32", None), np.array([2**31]), "is not a whole number that int32 holds", "int32"),
        (("uint8", None), np.array([-1]), "is not a whole number that uint8 holds", "uint8"),
        (("int64", None), np.array([0.5]), "0.5 is not a whole number", "int64"),
        (("bool", None), [2], "2 is not true or false", "bool"),
        (("string", None), [1], "1 is not text", "string"),
        (("float32", None, 3), [[1, 2]], "has the shape [1, 2], rows first", "float32 [?, 3]"),
        (("float32", None), [[1, 2]], "has the shape [1, 2], rows first", "float32 [?]"),
        (("float32", None, None), [[1], [2, 3]], "rows are of different shapes", "pad them"),
        (("string", None, None), [["a"], "b"], "rows are of different shapes", "pad them"),
        (("int64",), [5, 6], "has the shape [2], rows first", "int64 []"),
        (("DT_RESOURCE", None), [1], "of type DT_RESOURCE, which this client cannot send", "bool"),
    ],
)
def test_values_that_do_not_fit_are_told(kind, values, what, more):
    with pytest.raises(ServingError) as caught:
        tensor(kind, values, as_rows=False)
    assert what in caught.value.what
    assert more in f"{caught.value.expected} {caught.value.fix}"


def test_an_input_without_values():
    with pytest.raises(ServingError, match='no values for input "b"') as caught:
        prepare(model(NAMED), NAMED, {"a": [1]})
    assert "b: int32 [?, 2]" in caught.value.expected
    with pytest.raises(ServingError, match='column "b": there is no value'):
        prepare(model(NAMED), NAMED, [{"a": 1}])
    with pytest.raises(ServingError, match='column "a": float is no column of values'):
        prepare(model(NAMED), NAMED, {"a": 1.5})


@pytest.mark.parametrize("rows", [[], {}, {"a": []}, pd.DataFrame({"a": [], "b": []})])
def test_no_rows(rows):
    assert prepare(model(NAMED), NAMED, rows) == ({}, 0, True)


def test_a_signature_of_fixed_rows_is_not_split():
    fixed = signature("s", {"x": ("float32", 2)})
    assert not prepare(model(fixed), fixed, {"x": [1, 2]}).splits
    nothing = signature("s", {})
    assert prepare(model(nothing), nothing, [{}]) == ({}, 1, False)


def test_metadata_in_json():
    found = parse_signatures(
        "m",
        "12",
        {
            "s": {
                "method_name": "tensorflow/serving/predict",
                "inputs": {
                    "x": {"dtype": "DT_HALF", "tensor_shape": {"dim": [{"size": "-1"}, {}]}},
                    "z": {"dtype": "DT_COMPLEX64", "tensor_shape": {"unknown_rank": True}},
                },
            },
            "__saved_model_init_op": {},
        },
    )
    x, z = TensorInfo("x", "float16", (None, 0)), TensorInfo("z", "DT_COMPLEX64", None)
    assert found == ModelMetadata("m", 12, {"s": Signature("s", "predict", {"x": x, "z": z}, {})})
    for wrong in (None, {"s": 1}, {"s": {"inputs": {"x": {"tensor_shape": {"dim": 3}}}}}):
        with pytest.raises(ServingError, match="the server's metadata cannot be read"):
            parse_signatures("m", 1, wrong)
