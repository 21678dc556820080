"""Predict and GetModelMetadata over gRPC: every row of the reference, with code and text."""

import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from tests.model_server.in_process import serving
from tests.model_server.toy_models import TYPES

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def request(model, signature="", version=None, label=None, only=(), **inputs):
    made = predict_pb2.PredictRequest(output_filter=only)
    made.model_spec.name = model
    made.model_spec.signature_name = signature
    if version is not None:
        made.model_spec.version.value = version
    if label is not None:
        made.model_spec.version_label = label
    for alias, value in inputs.items():
        proto = value if isinstance(value, TensorProto) else tensor(value)
        made.inputs[alias].CopyFrom(proto)
    return made


def tensor(value, kind=tf.float32):
    return tf.make_tensor_proto(value, kind)


def ones(name, count):
    """A tensor of a type of the model `types`."""
    kind = TYPES[name]
    return tensor(["z"] * count if kind == tf.string else [kind == tf.bool or 1] * count, kind)


def refused(call, message, **how):
    with pytest.raises(grpc.RpcError) as caught:
        call(message, **how)
    return caught.value.code(), caught.value.details()


def test_answer_is_typed_and_says_who_answered(predictions):
    answer = predictions.Predict(request("half_plus_two", x=[[1.0], [2.0]]))
    y = answer.outputs["y"]
    assert list(y.float_val) == [2.5, 3.0]  # as clients of the real server read it
    assert y.tensor_content == b""
    assert [dim.size for dim in y.tensor_shape.dim] == [2, 1]
    spec = answer.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == (
        "half_plus_two",
        "serving_default",
        124,
    )
    assert spec.WhichOneof("version_choice") == "version"


def test_versions_and_labels(predictions):
    for how, version in (
        ({"version": 123}, 123),
        ({"version": 124}, 124),
        ({"label": "stable"}, 123),
        ({"label": "canary"}, 124),
        ({}, 124),
    ):
        answer = predictions.Predict(request("half_plus_two", "version", **how))
        assert answer.outputs["version"].int64_val[0] == version
        assert answer.model_spec.version.value == version
        assert answer.model_spec.signature_name == "version"


def test_an_old_model_that_tf2_cannot_load(predictions, toy_models):
    with pytest.raises(ValueError, match="Shape must be rank 1 but is rank 0"):
        tf.saved_model.load(toy_models["half_plus_three"] + "/00000123")
    answer = predictions.Predict(request("half_plus_three", x=[[2.0]]))
    assert list(answer.outputs["y"].float_val) == [4.0]


def test_a_model_with_state(predictions):
    def ask(signature, **inputs):
        answer = predictions.Predict(request("counter", signature, **inputs))
        return answer.outputs["output"].float_val[0]

    assert ask("reset_counter") == 0
    assert ask("incr_counter") == 1
    assert ask("incr_counter_by", delta=4.0) == 5
    assert ask("get_counter") == 5


def test_tf2_model(predictions):
    answer = predictions.Predict(request("tf2", x=[1.0, 2.0]))
    assert list(answer.outputs["y"].float_val) == [3.0, 6.0]


@pytest.mark.parametrize("name", TYPES)
def test_every_type_comes_back(predictions, name):
    sent = ones(name, 2)
    for shaped in (sent, tf.make_tensor_proto(tf.make_ndarray(sent)[0], TYPES[name])):
        answer = predictions.Predict(request("types", name, x=shaped)).outputs["y"]
        assert answer.dtype == sent.dtype
        assert answer.tensor_content == b""
        np.testing.assert_array_equal(tf.make_ndarray(answer), tf.make_ndarray(shaped))


def test_all_types_at_once(predictions):
    sent = {name: ones(name, 1) for name in TYPES}
    answer = predictions.Predict(request("types", **sent))
    assert set(answer.outputs) == set(TYPES)
    for name, value in answer.outputs.items():
        assert tf.make_ndarray(value).tolist() == tf.make_ndarray(sent[name]).tolist()


def test_output_filter_runs_in_its_order_and_gives_no_more(predictions):
    one = predictions.Predict(request("two_inputs", only=["difference"], a=[3.0], b=[1.0]))
    assert {name: list(value.float_val) for name, value in one.outputs.items()} == {
        "difference": [2.0]
    }


def test_defaults_fill_what_is_absent(predictions):
    answer = predictions.Predict(request("defaults", x=[2.0]))
    assert list(answer.outputs["y"].float_val) == [4.0]
    answer = predictions.Predict(request("defaults", x=[2.0], scale=5.0))
    assert list(answer.outputs["y"].float_val) == [10.0]


@pytest.mark.parametrize(
    ("message", "code", "details"),
    [
        (predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (request("", x=[[1.0]]), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (request("no"), "NOT_FOUND", "Servable not found for request: Latest(no)"),
        (
            request("half_plus_two", version=7),
            "NOT_FOUND",
            "Servable not found for request: Specific(half_plus_two, 7)",
        ),
        (
            request("half_plus_two", label="l"),
            "INVALID_ARGUMENT",
            "Unrecognized servable version label: l",
        ),
        (
            request("half_plus_two", "s", x=[[1.0]]),
            "FAILED_PRECONDITION",
            'Serving signature key "s" not found.',
        ),
        (
            request("half_plus_two"),
            "INVALID_ARGUMENT",
            "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. "
            "Missing but required: {x}.",
        ),
        (
            request("two_inputs", a=[1.0], c=[1.0], d=[1.0]),
            "INVALID_ARGUMENT",
            "input size does not match signature: 3!=2 len({a,c,d}) != len({a,b}). Sent extra: "
            "{c,d}. Missing but required: {b}.",
        ),
        (
            request("half_plus_two", foo=[[1.0]]),
            "INVALID_ARGUMENT",
            "Signature input alias: x(feed name: x:0) not found in request and no default value "
            "provided. Inputs expected to be in the request {foo}, or default input alias set: ",
        ),
        (
            request("defaults", scale=1.0),
            "INVALID_ARGUMENT",
            "Signature input alias: x(feed name: x:0) not found in request and no default value "
            "provided. Inputs expected to be in the request {scale}, or default input alias set: "
            "scale",
        ),
        (
            request("defaults", x=[1.0], foo=1.0),
            "INVALID_ARGUMENT",
            "Inputs contains invalid name. Used request inputs: x, request input: foo,x",
        ),
        (
            request("half_plus_two", only=["o"], x=[[1.0]]),
            "INVALID_ARGUMENT",
            "output tensor alias not found in signature: o Outputs expected to be in the set {y}.",
        ),
        (
            request("half_plus_two", only=["y", "y"], x=[[1.0]]),
            "INVALID_ARGUMENT",
            "duplicate output tensor alias: y",
        ),
        (
            request("half_plus_two", x=tensor([[True]], tf.bool)),
            "INVALID_ARGUMENT",
            "Expects arg[0] to be float but bool is provided",
        ),
        (
            request("two_inputs", a=[1.0], b=tensor([1], tf.int64)),
            "INVALID_ARGUMENT",
            "Expects arg[1] to be float but int64 is provided",
        ),
    ],
)
def test_refusals(predictions, message, code, details):
    assert refused(predictions.Predict, message) == (grpc.StatusCode[code], details)


def test_bad_tensor_bytes(predictions):
    message = request("half_plus_two", x=[[1.0]])
    message.inputs["x"].ClearField("float_val")
    message.inputs["x"].tensor_content = b"123"
    assert refused(predictions.Predict, message) == (INVALID, "tensor parsing error: x")


def test_shape_is_refused_in_the_words_of_the_runtime(predictions):
    code, details = refused(predictions.Predict, request("mlp", x=[[1.0, 2.0]]))
    assert code == INVALID
    assert details.startswith("Matrix size-incompatible: In[0]: [1,2], In[1]: [10,64]")


def test_long_details_are_cut(predictions):
    name = "n" * 2000
    code, details = refused(predictions.Predict, request(name))
    full = f"Servable not found for request: Latest({name})"
    assert (code, details) == (grpc.StatusCode.NOT_FOUND, full[:1024] + "...TRUNCATED")


def test_a_large_tensor_passes(predictions):
    x = np.arange(3_000_000, dtype=np.float32)  # 12 MB, thrice what gRPC allows by itself
    answer = predictions.Predict(request("types", "float", x=x))
    np.testing.assert_array_equal(tf.make_ndarray(answer.outputs["y"]), x)


def test_deadline_ends_the_run(predictions):
    start = time.monotonic()
    message = request("slow", "forever", x=[1.0])
    code, _ = refused(predictions.Predict, message, timeout=0.3)
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - start < 5
    # More such requests than the server has threads: each thread must have come back.
    calls = [predictions.Predict.future(message, timeout=0.2) for _ in range(80)]
    assert {call.code() for call in calls} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    assert predictions.Predict(request("half_plus_two", x=[[0.0]]), timeout=10)


def test_a_run_within_its_deadline_is_not_cut(predictions):
    answer = predictions.Predict(request("slow", seconds=[0.2]), timeout=20)
    np.testing.assert_allclose(answer.outputs["waited"].float_val, [0.2], rtol=1e-6)


def metadata(name="half_plus_two", fields=("signature_def",)):
    message = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    message.model_spec.name = name
    return message


def test_metadata_has_the_signatures_as_they_were_saved(predictions):
    answer = predictions.GetModelMetadata(metadata())
    spec = answer.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == ("half_plus_two", "", 124)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(signatures)
    found = signatures.signature_def
    assert {"serving_default", "regress_x_to_y", "classify_x_to_y", "version"} <= set(found)
    assert found["serving_default"].inputs["x"].name == "x:0"
    assert found["serving_default"].method_name == "tensorflow/serving/predict"


def test_metadata_of_tf2_keeps_the_init_op(predictions):
    signatures = get_model_metadata_pb2.SignatureDefMap()
    predictions.GetModelMetadata(metadata("tf2")).metadata["signature_def"].Unpack(signatures)
    assert "__saved_model_init_op" in signatures.signature_def


@pytest.mark.parametrize(
    ("message", "code", "details"),
    [
        (
            get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]),
            "INVALID_ARGUMENT",
            "Missing ModelSpec",
        ),
        (
            metadata(fields=()),
            "INVALID_ARGUMENT",
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        (metadata(fields=["f"]), "INVALID_ARGUMENT", "Metadata field f is not supported"),
        (metadata("no"), "NOT_FOUND", "Servable not found for request: Latest(no)"),
        (metadata(""), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    ],
)
def test_metadata_refusals(predictions, message, code, details):
    found = refused(predictions.GetModelMetadata, message)
    assert found == (grpc.StatusCode[code], details)


def test_socket_channel_arguments_and_threads(toy_models, tmp_path):
    socket = tmp_path / "serving.sock"
    with (
        serving(
            f"--model_base_path={toy_models['mlp']}",
            "--rest_api_port=0",
            f"--grpc_socket_path={socket}",
            "--grpc_channel_arguments=grpc.max_concurrent_streams=7,grpc.lb_policy_name=x",
            "--grpc_max_threads=1",
        ) as server,
        grpc.insecure_channel(f"unix:{socket}") as channel,
    ):
        message = request("default", x=np.zeros((1, 10), np.float32))
        through_socket = PredictionServiceStub(channel).Predict(message, timeout=30)
        through_port = server.predictions().Predict(message, timeout=30)
        assert through_socket == through_port
