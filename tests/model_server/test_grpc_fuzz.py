"""Whatever bytes come over gRPC, the server answers with a client's error and goes on."""

import collections

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from tests.model_server.test_grpc_examples import (
    CLASSIFY,
    REGRESS,
    classification,
    inference,
    metadata_of,
    regression,
    status_of,
)
from tests.model_server.test_grpc_predict import request
from tests.model_server.toy_models import TYPES
from tests.model_server.world import IS_REAL

PREDICTION = "/tensorflow.serving.PredictionService/"
MODEL = "/tensorflow.serving.ModelService/"
AT_ONCE = 64
ALLOWED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.OUT_OF_RANGE,
}


def seeds():
    """A good request of each method, and Predicts of many kinds."""
    two = [[1.0], [2.0]]
    predicts = [
        request("half_plus_two", x=two),
        request("half_plus_two", "version", version=123),
        request("half_plus_two", label="stable", only=["y"], x=two),
        request("variable_length", x=[[1.0, 2.0]]),
        request("defaults", x=[1.0], scale=2.0),
        request("strings", text=tf.make_tensor_proto(["a", "ü"])),
        request("mlp", x=np.ones((1, 10), np.float32)),
        request("tf2", x=[1.0]),
        *(
            request("types", name, x=tf.make_tensor_proto(np.ones(40), kind))
            for name, kind in TYPES.items()
            if kind != tf.string and kind != tf.bool
        ),
    ]
    return [
        *((PREDICTION + "Predict", each) for each in predicts),
        (PREDICTION + "Classify", classification("half_plus_two", "classify_x_to_y")),
        (PREDICTION + "Classify", classification("tf2", "classify")),
        (PREDICTION + "Regress", regression("half_plus_two", "regress_x_to_y")),
        (
            PREDICTION + "MultiInference",
            inference(
                ("half_plus_two", "regress_x_to_y", REGRESS),
                ("half_plus_two", "classify_x_to_y", CLASSIFY),
            ),
        ),
        (PREDICTION + "GetModelMetadata", metadata_of("half_plus_two")),
        (MODEL + "GetModelStatus", status_of("half_plus_two")),
    ]


def mutated(data, random):
    """Some bytes changed, cut out, doubled or put in."""
    data = bytearray(data)
    for _ in range(random.integers(1, 4)):
        at = int(random.integers(0, len(data))) if data else 0
        end = at + int(random.integers(1, 9))
        match random.integers(0, 5):
            case 0 if data:
                data[at] = random.integers(0, 256)
            case 1 if data:
                data[at] ^= 1 << random.integers(0, 8)
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = data[at:end]
            case _:
                data[at:at] = random.bytes(end - at)
    return bytes(data)


def ask_all(server, cases):
    """Sends raw bytes, many at once; returns how often each code came, and details of odd ones."""
    channel = server.channel()
    counts = collections.Counter()
    odd = []
    for start in range(0, len(cases), AT_ONCE):
        calls = [
            (method, data, channel.unary_unary(method).future(data, timeout=60))
            for method, data in cases[start : start + AT_ONCE]
        ]
        for method, data, call in calls:
            counts[call.code()] += 1
            if call.code() not in ALLOWED:
                odd.append((method, call.code(), call.details(), data))
    return counts, odd


@pytest.mark.skipif(IS_REAL, reason="the real server says INTERNAL for bytes that are no message")
def test_mutated_requests(served):
    random = np.random.default_rng(5)
    known = [(method, message.SerializeToString()) for method, message in seeds()]
    counts, odd = ask_all(served, known)
    assert counts == {grpc.StatusCode.OK: len(known)}, odd
    cases = [
        (method, mutated(data, random))
        for method, data in (known[random.integers(0, len(known))] for _ in range(3000))
    ]
    cases += [(method, random.bytes(random.integers(0, 60))) for method, _ in known * 10]
    counts, odd = ask_all(served, cases)
    assert not odd, odd[:3]
    assert counts[grpc.StatusCode.INVALID_ARGUMENT] > 500  # they were bad, and were told so
    assert counts[grpc.StatusCode.OK] > 100
    counts, odd = ask_all(served, known)
    assert counts == {grpc.StatusCode.OK: len(known)}, odd


def test_bytes_that_are_no_message(served):
    call = served.channel().unary_unary(PREDICTION + "Predict")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\xff\xff\xff", timeout=30)
    if not IS_REAL:
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert caught.value.details() == "This is no PredictRequest."


def test_a_tensor_that_claims_terabytes_is_refused_at_once(predictions):
    message = predict_pb2.PredictRequest()
    message.CopyFrom(request("types", "float", x=[1.0]))
    message.inputs["x"].tensor_shape.dim[0].size = 2**42
    with pytest.raises(grpc.RpcError) as caught:
        predictions.Predict(message, timeout=30)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "tensor parsing error: x"
