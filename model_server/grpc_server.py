"""The gRPC server: PredictionService, ModelService and, if asked for, the health service.

Requests arrive as bytes and leave as bytes. So what is no message of its kind is an error of the
client's like any other, and no interceptor or second serialization stands in the way of a request.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health as health_service
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from model_server import model_status, reload
from model_server.classify import classify
from model_server.metadata import get_model_metadata
from model_server.multi_inference import multi_inference
from model_server.predict import predict
from model_server.regress import regress
from model_server.status import Code, StatusError

log = logging.getLogger(__name__)

PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
MODEL_SERVICE = "tensorflow.serving.ModelService"

MAX_DETAILS = 1024
TRUNCATED = "...TRUNCATED"
THREADS = 32  # a thread waits while its request waits for a batch, so they are more than the cores

STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}

Handler = Callable[[bytes, Any], bytes]


def build(
    core: Any, options: Any, metrics: Any, credentials: Any = None, health: bool = True
) -> grpc.Server:
    """Makes the server; it listens from here on and answers once it is started.

    Args:
        core: Where the models are.
        options: The flags.
        metrics: Where requests are counted.
        credentials: TLS, or None for plain text. The socket is never encrypted.
        health: Whether the health service may be served; the flag must ask for it, too.

    Returns:
        The server.

    Raises:
        OSError: An address is taken or cannot be bound.
        ValueError: `grpc_channel_arguments` cannot be read.
    """
    server = grpc.server(
        ThreadPoolExecutor(options.grpc_max_threads or THREADS, thread_name_prefix="grpc"),
        options=channel_arguments(options.grpc_channel_arguments),
    )
    server.add_generic_rpc_handlers(
        (_prediction_service(core, metrics), _model_service(core, metrics))
    )
    if health and options.enable_grpc_healthcheck_service:
        health_pb2_grpc.add_HealthServicer_to_server(_health(), server)
    if options.port:
        _bind(server, f"{options.host}:{options.port}", credentials)
    if options.grpc_socket_path:
        _bind(server, f"unix:{options.grpc_socket_path}", None)
    return server


def channel_arguments(text: str) -> list[tuple[str, Any]]:
    """Reads `--grpc_channel_arguments`.

    Args:
        text: "key=value,key=value".

    Returns:
        The arguments, with those that every server has: messages of any size, and no sharing of
        the port with another process.

    Raises:
        ValueError: A part has no "=".
    """
    arguments: dict[str, Any] = {
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
        "grpc.so_reuseport": 0,
    }
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"grpc_channel_arguments: expected key=value, found {part!r}")
        is_number = value.removeprefix("-").isdecimal()
        arguments[key.strip()] = int(value) if is_number else value
    return list(arguments.items())


def _bind(server: grpc.Server, address: str, credentials: Any) -> None:
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError:
        port = 0
    if not port:
        raise OSError(f"gRPC cannot listen at {address}: the address is taken or not allowed")


def _health() -> Any:
    servicer = health_service.HealthServicer(
        experimental_non_blocking=True, experimental_thread_pool=ThreadPoolExecutor(1)
    )
    for name in ("ModelService", "PredictionService"):
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    return servicer


def _prediction_service(core: Any, metrics: Any) -> Any:
    def counted(method: Any, kind: Any, api: str) -> Handler:
        def answer(request: Any, timeout: float | None) -> Any:
            return method(core, request, timeout, metrics)

        return _handler(kind, answer, _Counter(metrics, api))

    def infer(request: Any, timeout: float | None) -> Any:
        return multi_inference(core, request, timeout, metrics)

    return _service(
        PREDICTION_SERVICE,
        {
            "Predict": counted(predict, predict_pb2.PredictRequest, "Predict"),
            "Classify": counted(classify, classification_pb2.ClassificationRequest, "Classify"),
            "Regress": counted(regress, regression_pb2.RegressionRequest, "Regress"),
            "MultiInference": _handler(inference_pb2.MultiInferenceRequest, infer),
            "GetModelMetadata": _handler(
                get_model_metadata_pb2.GetModelMetadataRequest,
                lambda request, _: get_model_metadata(core, request),
            ),
        },
    )


def _model_service(core: Any, metrics: Any) -> Any:
    return _service(
        MODEL_SERVICE,
        {
            "GetModelStatus": _handler(
                get_model_status_pb2.GetModelStatusRequest,
                lambda request, _: model_status.get_model_status(core, request),
            ),
            "HandleReloadConfigRequest": _handler(
                model_management_pb2.ReloadConfigRequest,
                lambda request, timeout: reload.handle_reload_config_request(
                    core, request, _finite(timeout), metrics.counts
                ),
            ),
        },
    )


def _finite(timeout: float | None) -> float | None:
    """Returns None for a client that sets no deadline: gRPC then says ages, which locks refuse."""
    return None if timeout is None or timeout > threading.TIMEOUT_MAX else timeout


def _service(name: str, handlers: dict[str, Handler]) -> Any:
    methods = {
        method: grpc.unary_unary_rpc_method_handler(handler) for method, handler in handlers.items()
    }
    return grpc.method_handlers_generic_handler(name, methods)


class _Counter:
    """Counts the requests of one method."""

    def __init__(self, metrics: Any, api: str) -> None:
        self._metrics = metrics
        self._api = api

    def note(self, request: Any, code: Code, start: float) -> None:
        model = request.model_spec.name
        if code == Code.OK:
            self._metrics.latency(model, self._api, "GRPC", perf_counter() - start)
        self._metrics.count(model, code)


def _handler(
    kind: Any, answer: Callable[[Any, float | None], Any], counter: _Counter | None = None
) -> Handler:
    """Returns what gRPC calls: bytes in, bytes out, or an abort with a code and a text."""

    def handle(data: bytes, context: Any) -> bytes:
        start = perf_counter()
        try:
            request = kind.FromString(data)
        except DecodeError:
            return _abort(context, Code.INVALID_ARGUMENT, f"This is no {kind.DESCRIPTOR.name}.")
        try:
            response: bytes = answer(request, context.time_remaining()).SerializeToString()
        except Exception as error:  # noqa: BLE001, no request may end a server
            code, details = _reason(error, kind)
        else:
            code = Code.OK
        if counter is not None:
            counter.note(request, code, start)
        return response if code == Code.OK else _abort(context, code, details)

    return handle


def _reason(error: Exception, kind: Any) -> tuple[Code, str]:
    if isinstance(error, StatusError):
        return error.code, error.message
    if isinstance(error, MemoryError):
        return Code.RESOURCE_EXHAUSTED, "Not enough memory for this request"
    log.error("%s failed", kind.DESCRIPTOR.name, exc_info=error)
    return Code.INTERNAL, f"Unexpected {type(error).__name__}; see the server's log"


def _abort(context: Any, code: Code, details: str) -> Any:
    if len(details) > MAX_DETAILS:
        details = details[:MAX_DETAILS] + TRUNCATED
    return context.abort(STATUS_CODES[int(code)], details)
