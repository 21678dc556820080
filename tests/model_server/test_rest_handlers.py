"""REST calls on a loaded model, without a port: what is measured and what is logged."""

import contextlib
import json

import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from model_server import servable
from model_server.metrics import Metrics
from model_server.predict import predict
from model_server.request_log import RequestLog
from model_server.rest_handlers import RestHandlers
from model_server.rest_routes import Route
from model_server.servable import LoadOptions
from model_server.status import Code, StatusError


class OneModel:
    """Stands for the core: one loaded version, with a request log or without."""

    def __init__(self, loaded, log=None):
        self._loaded = loaded
        self._log = log

    @contextlib.contextmanager
    def use(self, spec):
        yield self._loaded

    def request_log(self, name):
        return self._log


@pytest.fixture(scope="module")
def two_inputs(toy_models):
    loaded = servable.load("two_inputs", 1, f"{toy_models['two_inputs']}/1", LoadOptions())
    yield loaded
    loaded.close()


BODY = json.dumps({"instances": [{"a": 1.5, "b": 2.0}, {"a": 3.0, "b": 4.0}]}).encode()


def test_a_rest_request_is_logged_as_the_same_request_over_grpc_is(two_inputs, tmp_path):
    over_rest = OneModel(two_inputs, RequestLog(str(tmp_path / "rest"), 1.0))
    over_grpc = OneModel(two_inputs, RequestLog(str(tmp_path / "grpc"), 1.0))
    RestHandlers(over_rest, Metrics()).answer(Route("predict", "two_inputs"), BODY, 10.0)
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "two_inputs"
    request.model_spec.signature_name = "serving_default"
    request.inputs["a"].CopyFrom(tf.make_tensor_proto([1.5, 3.0]))
    request.inputs["b"].CopyFrom(tf.make_tensor_proto([2.0, 4.0]))
    predict(over_grpc, request)
    records = []
    for core, prefix in [(over_rest, "rest"), (over_grpc, "grpc")]:
        core.request_log("two_inputs").close()
        (file,) = tmp_path.glob(f"{prefix}*")
        (data,) = tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
        records.append(prediction_log_pb2.PredictionLog.FromString(data).predict_log)
    rest, grpc = records
    assert rest.response == grpc.response
    assert rest.request.model_spec == grpc.request.model_spec
    for alias, tensor in grpc.request.inputs.items():
        assert tf.make_ndarray(rest.request.inputs[alias]).tolist() == (
            tf.make_ndarray(tensor).tolist()
        )


def test_the_time_of_the_run_is_measured(two_inputs):
    metrics = Metrics()
    RestHandlers(OneModel(two_inputs), metrics).answer(Route("predict", "m"), BODY, 10.0)
    line = 'runtime_latency_count{model_name="m",API="Predict",runtime="TF1"} 1'
    assert line in metrics.render().decode()


def test_a_signature_that_is_not_there_is_an_invalid_argument(two_inputs):
    handlers = RestHandlers(OneModel(two_inputs), Metrics())
    body = b'{"signature_name": "s", "instances": [1]}'
    with pytest.raises(StatusError) as caught:
        handlers.answer(Route("predict", "m"), body, 10.0)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message == 'Serving signature name: "s" not found in signature def'
