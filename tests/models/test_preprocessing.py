"""Every transformed value, held against NumPy."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow.core.protobuf import saved_model_pb2

INT64_MIN = -(2**63)
# What stands for a missing value in each column, beside nothing at all.
SENTINELS = {
    **dict.fromkeys(("age", "seconds", "hour", "paid"), -1),
    **dict.fromkeys(("debt", "code", "delta"), INT64_MIN),
    **dict.fromkeys(("color", "town", "member"), ""),
}
TRUE = {"true", "True", "T", "1"}
FALSE = {"No", "n", "0", "FALSE"}

# What TFLite converts with builtins, and what only saves and restores a graph.
SAFE_OPS = {
    *("Const", "Identity", "Placeholder", "Pack", "StridedSlice", "Shape", "Reshape", "ExpandDims"),
    *("Squeeze", "Fill", "ZerosLike", "OnesLike", "Cast", "SparseToDense", "Select", "SelectV2"),
    *("AddV2", "Sub", "Mul", "RealDiv", "Sqrt", "Sum", "Maximum", "Minimum", "IsNan"),
    *("Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"),
    *("LogicalNot", "LogicalOr", "LogicalAnd", "HashTableV2", "LookupTableFindV2"),
}
SAVING_OPS = {
    *("NoOp", "StatefulPartitionedCall", "PartitionedCall", "InitializeTableFromTextFileV2"),
    *("VarHandleOp", "VarIsInitializedOp", "ReadVariableOp", "AssignVariableOp", "SaveV2"),
    *("RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "StringJoin", "StaticRegexFullMatch"),
}


def is_missing(name, value):
    return value is None or value != value or (name in SENTINELS and value == SENTINELS[name])


def present(name, values):
    return [value for value in values if not is_missing(name, value)]


@pytest.fixture(params=["train", "served"])
def column(request, transformed):
    """Returns the raw and the transformed values of a column; of the train rows, then of others."""
    raw = getattr(transformed, request.param)
    encoded = getattr(transformed, request.param + "_xf").features
    return lambda name: (raw[name], encoded[f"{name}_xf"])


def missing_ids(name, values):
    return [is_missing(name, value) for value in values]


def test_each_output_has_its_name_type_and_shape(transformed):
    numbers = {"fare", "fixed", "weight", "age", "debt", "unseen"}
    indicators = {f"{name}_xf_missing" for name in ("weight", "age", "unseen")}
    ids = set(transformed.train) - numbers - {"tips"}
    spec = transformed.output.transformed_feature_spec()
    assert {name: feature.dtype for name, feature in spec.items()} == {
        **dict.fromkeys((f"{name}_xf" for name in numbers | {"big"}), tf.float32),
        **dict.fromkeys(indicators, tf.float32),
        **dict.fromkeys((f"{name}_xf" for name in ids), tf.int64),
    }
    assert {tuple(feature.shape) for feature in spec.values()} == {()}


@pytest.mark.parametrize("name", ["fare", "weight", "age", "debt"])
def test_numbers_become_z_scores_of_the_train_split(transformed, column, name):
    learned = np.float32(present(name, transformed.train[name])).astype(np.float64)
    mean, deviation = learned.mean(), np.sqrt(np.mean((learned - learned.mean()) ** 2))
    raw, encoded = column(name)
    expected = [0.0 if is_missing(name, v) else (v - mean) / deviation for v in raw]
    np.testing.assert_allclose(encoded, expected, rtol=2e-6, atol=2e-6)


def test_a_constant_is_only_centred(column):
    raw, encoded = column("fixed")
    assert encoded.tolist() == [0.0 if is_missing("fixed", v) else v - 2.5 for v in raw]


def test_a_number_never_seen_in_training_passes(column):
    raw, encoded = column("unseen")
    assert encoded.tolist() == [0.0 if is_missing("unseen", v) else v for v in raw]


@pytest.mark.parametrize("name", ["weight", "age", "unseen"])
def test_optional_numbers_say_that_they_are_missing(transformed, name):
    for raw, encoded in [
        (transformed.train, transformed.train_xf),
        (transformed.served, transformed.served_xf),
    ]:
        assert encoded.features[f"{name}_xf_missing"].tolist() == missing_ids(name, raw[name])
        assert any(missing_ids(name, raw[name]))


@pytest.mark.parametrize(("name", "buckets"), [("distance", 4), ("seconds", 3)])
def test_buckets_are_cut_at_quantiles(transformed, column, name, buckets):
    values, ids = np.array(transformed.train[name], float), transformed.train_xf.features
    ids = ids[f"{name}_xf"]
    # A boundary is the least value of its bucket, and the train values are one apart.
    boundaries = np.array([np.nanmin(values[ids == k]) for k in range(2, buckets + 1)])
    learned = present(name, transformed.train[name])
    quantiles = np.quantile(learned, np.arange(1, buckets) / buckets)
    np.testing.assert_allclose(boundaries, quantiles, atol=1)
    raw, encoded = column(name)
    assert encoded.tolist() == [
        0 if is_missing(name, v) else 1 + int(np.sum(boundaries <= v)) for v in raw
    ]


@pytest.mark.parametrize(
    ("name", "vocabulary"),
    [
        ("color", ["red", "green", "blue"]),  # teal is the fourth of three
        ("town", ["Aa", "B b", "Ç"]),  # rare occurs once
        ("code", [300, -7, 17001]),
    ],
)
def test_vocabularies_are_ordered_by_frequency(transformed, column, name, vocabulary):
    words = [str(v).encode() for v in vocabulary]
    assert transformed.output.vocabulary_by_name(name) == words
    raw, encoded = column(name)
    expected = {v: k for k, v in enumerate(vocabulary, 2)}
    assert encoded.tolist() == [0 if is_missing(name, v) else expected.get(v, 1) for v in raw]


@pytest.mark.parametrize(("name", "lowest", "highest"), [("hour", 0, 5), ("delta", -2, 2)])
def test_small_domains_need_no_vocabulary(column, name, lowest, highest):
    raw, encoded = column(name)
    inside = [v if is_missing(name, v) or lowest <= v <= highest else "outside" for v in raw]
    assert encoded.tolist() == [
        0 if is_missing(name, v) else 1 if v == "outside" else v - lowest + 2 for v in inside
    ]


def test_booleans_of_words(column):
    raw, encoded = column("member")
    assert encoded.tolist() == [2 if v in TRUE else 1 if v in FALSE else 0 for v in raw]
    assert set(encoded) == {0, 1, 2}


@pytest.mark.parametrize("name", ["paid", "active"])
def test_booleans_of_numbers(column, name):
    raw, encoded = column(name)
    assert encoded.tolist() == [0 if is_missing(name, v) else 1 + (v != 0) for v in raw]
    assert set(encoded) == {0, 1, 2}


def test_the_label(transformed):
    for raw, encoded in [
        (transformed.train, transformed.train_xf),
        (transformed.served, transformed.served_xf),
    ]:
        expected = [
            np.nan if tips is None else float(tips > 0.2 * fare)
            for tips, fare in zip(raw["tips"], raw["fare"], strict=True)
        ]
        np.testing.assert_array_equal(encoded.label, expected)
        assert {0.0, 1.0} < set(expected)


def ops_of(graph):
    """Returns the ops of a graph and its functions; with its type where it is made dense."""
    nodes = [*graph.node, *(n for function in graph.library.function for n in function.node_def)]
    return {
        f"{n.op} of strings" if n.op == "SparseToDense" and n.attr["T"].type == tf.string else n.op
        for n in nodes
    }


def test_only_what_tflite_converts_is_in_the_graph(transformed):
    saved = saved_model_pb2.SavedModel()
    path = f"{transformed.output.transform_savedmodel_dir}/saved_model.pb"
    saved.ParseFromString(tf.io.gfile.GFile(path, "rb").read())
    ops = ops_of(saved.meta_graphs[0].graph_def)
    assert {"IsNan", "LookupTableFindV2", "SparseToDense"} <= ops
    assert ops - SAFE_OPS - SAVING_OPS == set()


@pytest.mark.parametrize(
    ("function", "dtype", "op"),
    [
        (lambda x: tft.apply_buckets(x, tf.constant([[1.0, 2.0]])), tf.float32, None),
        (lambda x: tf.strings.to_hash_bucket_fast(x, 9), tf.string, "StringToHashBucketFast"),
        (tf.strings.as_string, tf.int64, "AsString"),
        (
            lambda x: tf.sparse.to_dense(tf.SparseTensor([[0]], x, [1]), ""),
            tf.string,
            "SparseToDense of strings",
        ),
    ],
    ids=["buckets", "hashes", "words", "strings"],
)
def test_what_tflite_lacks_would_be_seen(function, dtype, op):
    traced = tf.function(function).get_concrete_function(tf.TensorSpec([None], dtype))
    unsafe = ops_of(traced.graph.as_graph_def()) - SAFE_OPS - SAVING_OPS
    assert op in unsafe if op else unsafe & {"UpperBound", "Bucketize", "BoostedTreesBucketize"}
