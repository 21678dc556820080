"""What each REST call does: JSON in, the handlers that gRPC has, JSON out."""

import inspect
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from google.protobuf import json_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    prediction_log_pb2,
    regression_pb2,
)

from model_server import json_writer
from model_server.classify import classify
from model_server.json_examples import fill_input
from model_server.json_reader import parse_object, signature_name
from model_server.json_tensors import predict_inputs
from model_server.metadata import get_model_metadata
from model_server.metrics import Metrics
from model_server.model_status import get_model_status
from model_server.predict import predict_arrays
from model_server.regress import regress
from model_server.request_log import log_of
from model_server.rest_routes import Route
from model_server.signature import DEFAULT_NAME
from model_server.status import Code, StatusError
from model_server.tensors import to_proto

SIGNATURE_DEF = "signature_def"

# protobuf 5 renamed the option; for these messages it means the same.
_OLD_NAME, _NEW_NAME = "including_default_value_fields", "always_print_fields_with_no_presence"
_WITH_DEFAULTS = {
    name: True
    for name in inspect.signature(json_format.MessageToDict).parameters
    if name in (_OLD_NAME, _NEW_NAME)
}


class RestHandlers:
    """Answers REST calls.

    Args:
        core: The models.
        metrics: Where the runtime's time and the number of examples are noted.
    """

    def __init__(self, core: Any, metrics: Metrics) -> None:
        self._core = core
        self._metrics = metrics
        self._by_method: dict[str, Callable[[Route, bytes, float], bytes]] = {
            "predict": self._predict,
            "classify": self._classify,
            "regress": self._regress,
            "status": self._status,
            "metadata": self._metadata,
        }

    def answer(self, route: Route, body: bytes, timeout: float) -> bytes:
        """Answers a call.

        Args:
            route: Which call.
            body: The request's body.
            timeout: How many seconds the model may take.

        Returns:
            The answer's JSON.

        Raises:
            StatusError: Where it cannot be answered.
        """
        return self._by_method[route.method](route, body, timeout)

    def _predict(self, route: Route, body: bytes, timeout: float) -> bytes:
        document = parse_object(body)
        signature = signature_name(document)
        with self._core.use(_spec(route)) as servable:
            name = signature or DEFAULT_NAME
            definition = servable.signatures.get(name)
            if definition is None:
                text = f'Serving signature name: "{name}" not found in signature def'
                raise StatusError(Code.INVALID_ARGUMENT, text)
            dtypes = {alias: info.dtype for alias, info in definition.inputs.items()}
            arrays, by_row = predict_inputs(document, dtypes, signature)
            started = time.perf_counter()
            outputs = predict_arrays(servable, signature, arrays, timeout=timeout)
            seconds = time.perf_counter() - started
            version = servable.version
        self._metrics.runtime(route.model, "Predict", "TF1", seconds)
        log = log_of(self._core, route.model)
        if log is not None:
            log.maybe(lambda: _record(_spec(route), name, version, arrays, outputs))
        write = json_writer.predictions if by_row else json_writer.outputs_object
        return write(outputs)

    def _classify(self, route: Route, body: bytes, timeout: float) -> bytes:
        request = classification_pb2.ClassificationRequest()
        _fill(request, route, body)
        result = classify(self._core, request, timeout, self._metrics).result
        return json_writer.classifications(
            [[(c.label, c.score) for c in each.classes] for each in result.classifications]
        )

    def _regress(self, route: Route, body: bytes, timeout: float) -> bytes:
        request = regression_pb2.RegressionRequest()
        _fill(request, route, body)
        result = regress(self._core, request, timeout, self._metrics).result
        return json_writer.regressions([each.value for each in result.regressions])

    def _status(self, route: Route, body: bytes, timeout: float) -> bytes:
        del body, timeout
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=_spec(route))
        return _json(_to_dict(get_model_status(self._core, request)))

    def _metadata(self, route: Route, body: bytes, timeout: float) -> bytes:
        del body, timeout
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=_spec(route), metadata_field=[SIGNATURE_DEF]
        )
        response = get_model_metadata(self._core, request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[SIGNATURE_DEF].Unpack(signatures)
        return _json(
            {
                "model_spec": _to_dict(response.model_spec),
                "metadata": {SIGNATURE_DEF: _to_dict(signatures)},
            }
        )


def _spec(route: Route) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=route.model)
    if route.version is not None:
        spec.version.value = route.version
    if route.label is not None:
        spec.version_label = route.label
    return spec


def _fill(request: Any, route: Route, body: bytes) -> None:
    document = parse_object(body)
    request.model_spec.CopyFrom(_spec(route))
    request.model_spec.signature_name = signature_name(document)
    fill_input(document, request.input)


def _record(
    spec: model_pb2.ModelSpec,
    signature: str,
    version: int,
    inputs: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
) -> prediction_log_pb2.PredictionLog:
    """The request and its answer as they would have been over gRPC."""
    record = prediction_log_pb2.PredictionLog()
    request, response = record.predict_log.request, record.predict_log.response
    request.model_spec.CopyFrom(spec)
    request.model_spec.signature_name = signature
    response.model_spec.name = spec.name
    response.model_spec.signature_name = signature
    response.model_spec.version.value = version
    for alias, array in inputs.items():
        to_proto(array, request.inputs[alias])
    for alias, array in outputs.items():
        to_proto(array, response.outputs[alias])
    return record


def _to_dict(message: Any) -> dict[str, Any]:
    return json_format.MessageToDict(message, preserving_proto_field_name=True, **_WITH_DEFAULTS)


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
