"""The gRPC server itself: what it does with errors, deadlines, metrics, addresses and health."""

import contextlib
import dataclasses
import logging

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import get_model_status_pb2, predict_pb2
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from model_server import grpc_server
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.status import Code, StatusError
from tests.model_server.world import free_port


class Failing:
    """A core whose every model raises the same."""

    def __init__(self, error):
        self.error = error

    def use(self, spec):
        raise self.error


@contextlib.contextmanager
def server(core, **flags):
    metrics = Metrics()
    options = dataclasses.replace(Options(), port=free_port(), **flags)
    made = grpc_server.build(core, options, metrics)
    made.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{options.port}") as channel:
            yield PredictionServiceStub(channel), metrics, channel, options
    finally:
        made.stop(None).wait(10)


def ask(stub):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(request, timeout=30)
    return caught.value.code(), caught.value.details()


def test_what_nobody_expected_is_internal_and_short_and_logged(caplog):
    with caplog.at_level(logging.ERROR), server(Failing(ZeroDivisionError("secret"))) as (stub, *_):
        code, details = ask(stub)
    assert code == grpc.StatusCode.INTERNAL
    assert details == "Unexpected ZeroDivisionError; see the server's log"
    assert "PredictRequest failed" in caplog.text
    assert "secret" in caplog.text


def test_no_memory_is_no_crash():
    with server(Failing(MemoryError())) as (stub, *_):
        assert ask(stub)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("code", [code for code in Code if code])
def test_every_code_arrives_and_is_counted(code):
    with server(Failing(StatusError(code, "why"))) as (stub, metrics, *_):
        assert ask(stub) == (grpc.StatusCode[code.name], "why")
        page = metrics.render().decode()
    assert f'request_count{{model_name="m",status="{code.name}"}} 1' in page
    assert 'API="Predict"' not in page  # the time of failures is not counted


def test_details_are_cut():
    for length, cut in ((1024, ""), (1025, "...TRUNCATED")):
        with server(Failing(StatusError(Code.ABORTED, "é" * length))) as (stub, *_):
            assert ask(stub)[1] == "é" * 1024 + cut


def test_a_good_request_is_timed(predictions, served):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "half_plus_two"
    request.model_spec.signature_name = "version"
    predictions.Predict(request)
    _, _, body = served.http("GET", "/monitoring/prometheus/metrics")
    page = body.decode()
    assert 'request_count{model_name="half_plus_two",status="OK"}' in page
    assert 'model_name="half_plus_two",API="Predict",entrypoint="GRPC"' in page
    assert 'model_name="half_plus_two",API="Predict",runtime="TF1"' in page


def test_a_taken_port_is_a_clear_error():
    core = Failing(ValueError())
    with server(core) as (*_, options), pytest.raises(OSError, match="cannot listen at") as caught:
        grpc_server.build(core, options, Metrics())
    assert f"127.0.0.1:{options.port}: the address is taken" in str(caught.value)


def test_channel_arguments():
    found = dict(grpc_server.channel_arguments("a=1,b=x=y,grpc.so_reuseport=1,c=-2"))
    assert (found["a"], found["b"], found["c"]) == (1, "x=y", -2)
    assert found["grpc.so_reuseport"] == 1
    assert found["grpc.max_receive_message_length"] == -1
    with pytest.raises(ValueError, match="expected key=value, found 'a'"):
        grpc_server.channel_arguments("a")


def test_health_only_if_asked():
    for name in ("ModelService", "PredictionService"):
        request = health_pb2.HealthCheckRequest(service=name)
        with server(Failing(ValueError()), enable_grpc_healthcheck_service=True) as (_, _, to, _):
            answer = health_pb2_grpc.HealthStub(to).Check(request, timeout=30)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with server(Failing(ValueError())) as (_, _, channel, _):
        with pytest.raises(grpc.RpcError) as caught:
            health_pb2_grpc.HealthStub(channel).Check(request, timeout=30)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_model_status_over_grpc(models_api):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half_plus_two"
    found = [each.version for each in models_api.GetModelStatus(request).model_version_status]
    assert found == [124, 123]
    request.model_spec.name = "no"
    with pytest.raises(grpc.RpcError) as caught:
        models_api.GetModelStatus(request)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert caught.value.details() == "Could not find any versions of model no"
