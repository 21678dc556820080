"""What Transform makes of all columns: names, types, the label, and in which operations."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow.core.protobuf import saved_model_pb2

from models.columns import sparse
from models.preprocessing import preprocessing_fn
from tests.models import own_functions
from tests.models.conftest import AGE, WEIGHT
from tests.models.declarations import label_column, made
from usecase.declaration import Declaration
from usecase.roles import Numeric

# What TFLite converts with builtins, and what only saves and restores a graph.
SAFE_OPS = {
    *("Const", "Identity", "Placeholder", "Pack", "Unpack", "StridedSlice", "Shape", "Reshape"),
    *(
        "ExpandDims",
        "Squeeze",
        "Fill",
        "ZerosLike",
        "OnesLike",
        "Cast",
        "SparseToDense",
        "Select",
        "SelectV2",
    ),
    *("AddV2", "Sub", "Mul", "RealDiv", "Sqrt", "Sum", "Maximum", "Minimum", "IsNan"),
    *("Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"),
    *("LogicalNot", "LogicalOr", "LogicalAnd", "HashTableV2", "LookupTableFindV2"),
    *("Sign", "Abs", "Log1p", "Sin", "Cos", "Round", "FloorMod", "FloorDiv", "Range"),
}
SAVING_OPS = {
    *("NoOp", "StatefulPartitionedCall", "PartitionedCall", "InitializeTableFromTextFileV2"),
    *("VarHandleOp", "VarIsInitializedOp", "ReadVariableOp", "AssignVariableOp", "SaveV2"),
    *("RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "StringJoin", "StaticRegexFullMatch"),
}


def test_each_output_has_its_name_type_and_shape(transformed):
    numbers = {"fare", "fixed", "tenth", "weight", "age", "debt", "unseen", "load"}
    numbers |= {"celsius", "floor", "level", "unseen_range"}
    numbers |= {"balance", "votes", "flat", "unseen_log"}
    optional = {"weight", "age", "unseen", "celsius", "unseen_range", "balance", "unseen_log"}
    indicators = {f"{name}_xf_missing" for name in optional | {"load"}}
    circles = {
        *(f"picked_up_xf_{part}" for part in ("hour", "day_of_week", "day_of_month", "month")),
        *("picked_up_xf_day_of_year", "landed_xf_hour", "landed_xf_day_of_week"),
    }
    dates = {f"{circle}_{end}" for circle in circles for end in ("sin", "cos")}
    dates |= {"picked_up_xf_year", "landed_xf_year"}
    made = {"sevens", "last_digit", "initial", "heavy"}
    ids = set(transformed.train) - numbers - {"tips", "picked_up", "landed"} | made
    spec = transformed.output.transformed_feature_spec()
    assert {name: feature.dtype for name, feature in spec.items()} == {
        **dict.fromkeys((f"{name}_xf" for name in numbers | {"big"}), tf.float32),
        **dict.fromkeys(indicators | dates, tf.float32),
        **dict.fromkeys((f"{name}_xf" for name in ids), tf.int64),
    }
    assert {tuple(feature.shape) for feature in spec.values()} == {()}


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
    """Returns the ops of a graph and its functions; with the type where TFLite lacks it."""
    nodes = [*graph.node, *(n for function in graph.library.function for n in function.node_def)]
    lacking = {("SparseToDense", tf.string): " of strings", ("FloorDiv", tf.int64): " of int64"}
    return {n.op + lacking.get((n.op, n.attr["T"].type), "") for n in nodes}


def test_only_what_tflite_converts_is_in_the_graph(transformed):
    saved = saved_model_pb2.SavedModel()
    path = f"{transformed.output.transform_savedmodel_dir}/saved_model.pb"
    saved.ParseFromString(tf.io.gfile.GFile(path, "rb").read())
    ops = ops_of(saved.meta_graphs[0].graph_def)
    assert {"IsNan", "LookupTableFindV2", "SparseToDense", "FloorDiv", "Log1p"} <= ops
    # The function that is declared with `mobile: false` takes letters out of words.
    assert ops - SAFE_OPS - SAVING_OPS == {"Substr", "SparseToDense of strings"}


@pytest.mark.parametrize(
    ("function", "dtype", "op"),
    [
        (lambda x: tft.apply_buckets(x, tf.constant([[1.0, 2.0]])), tf.float32, None),
        (lambda x: tf.strings.to_hash_bucket_fast(x, 9), tf.string, "StringToHashBucketFast"),
        (tf.strings.as_string, tf.int64, "AsString"),
        (lambda x: x // 7, tf.int64, "FloorDiv of int64"),
        (
            lambda x: tf.sparse.to_dense(tf.SparseTensor([[0]], x, [1]), ""),
            tf.string,
            "SparseToDense of strings",
        ),
    ],
    ids=["buckets", "hashes", "words", "division", "strings"],
)
def test_what_tflite_lacks_would_be_seen(function, dtype, op):
    traced = tf.function(function).get_concrete_function(tf.TensorSpec([None], dtype))
    unsafe = ops_of(traced.graph.as_graph_def()) - SAFE_OPS - SAVING_OPS
    assert op in unsafe if op else unsafe & {"UpperBound", "Bucketize", "BoostedTreesBucketize"}


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (own_functions.as_integers, "returned int64 of shape (None,)"),
        (own_functions.in_rows, "returned float32 of shape (None, 1)"),
        (own_functions.on_average, "returned float32 of shape ()"),
    ],
)
def test_a_function_that_returns_something_else_is_named(function, what):
    feature = made("odd", Numeric, function, AGE, WEIGHT)
    declaration = Declaration(features=(feature,), label=label_column("float32"))
    config = {"declaration": declaration.model_dump_json()}

    @tf.function(autograph=False)
    def transform(**columns):
        return preprocessing_fn({k: sparse(v) for k, v in columns.items()}, config)

    with pytest.raises(TypeError) as caught:
        transform.get_concrete_function(
            age=tf.TensorSpec([None], tf.int64),
            weight=tf.TensorSpec([None], tf.float32),
            label=tf.TensorSpec([None], tf.float32),
        )
    assert str(caught.value) == (
        f'tests.models.own_functions.{function.__name__} {what} for feature "odd"; its role '
        "numeric needs float32 of shape [batch]"
    )
