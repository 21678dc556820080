"""A model server over gRPC, through the stubs of tensorflow-serving-api."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from serving.errors import ServingError
from serving.remote.model_metadata import (
    ModelMetadata,
    Signature,
    VersionStatus,
    parse_signatures,
    parse_status,
    unreadable,
)
from serving.remote.request_protos import METHODS, put_examples, put_spec
from serving.remote.tensor_protos import fill, read
from serving.remote.tf_examples import Features
from serving.remote.tls import TLS, read_pem
from serving.remote.transport import Answer, Classification, Fault, Inference, ModelSpec, Task

OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # Pings find a dead connection while an answer is awaited. A server takes offence at more than
    # one in five minutes on a connection without calls, so an idle one is left alone.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 0),
    # Each client has its own connection, and tries anew as soon as a request is sent again.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
# How gRPC words that there is no connection; a server's own UNAVAILABLE reads otherwise.
NO_CONNECTION = re.compile(
    "connect|socket|dns|resol|handshake|ssl|http1|recvmsg|endpoint|goaway|broken pipe|reset",
    re.IGNORECASE,
)


class GrpcTransport:
    """A channel to a model server.

    Args:
        address: "host:port", or "unix:PATH".
        tls: Certificates; None for a connection that is not encrypted.
        headers: Metadata of every request.

    Raises:
        ServingError: If grpcio or tensorflow-serving-api is not installed.
    """

    def __init__(self, address: str, tls: TLS | None, headers: Mapping[str, str]) -> None:
        self._grpc, self._apis = _libraries()
        options: list[tuple[str, int | str]] = [*OPTIONS]
        if tls is None:
            self._channel = self._grpc.insecure_channel(address, options)
        else:
            if tls.server_name:
                options.append(("grpc.ssl_target_name_override", tls.server_name))
            credentials = self._grpc.ssl_channel_credentials(
                read_pem(tls.root_certificates),
                read_pem(tls.private_key),
                read_pem(tls.certificate_chain),
            )
            self._channel = self._grpc.secure_channel(address, credentials, options)
        self._headers = [(name.lower(), value) for name, value in headers.items()]
        self._predictions = self._apis.prediction_stub(self._channel)
        self._models = self._apis.model_stub(self._channel)

    def predict(
        self,
        spec: ModelSpec,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout: float,
    ) -> Answer:
        """Runs a signature on tensors and returns the outputs named, or all if none is."""
        request = self._apis.predict.PredictRequest(output_filter=outputs)
        put_spec(request.model_spec, spec, signature.name)
        for name, array in inputs.items():
            fill(request.inputs[name], array)
        reply = self._call(self._predictions.Predict, request, timeout)
        found = {name: read(name, reply.outputs[name]) for name in sorted(reply.outputs)}
        return Answer(found, reply.model_spec.version.value or None)

    def classify(
        self, spec: ModelSpec, signature: str, examples: Sequence[Features], timeout: float
    ) -> list[Classification]:
        """Returns the classes of each example with their scores."""
        request = self._apis.classification.ClassificationRequest()
        put_spec(request.model_spec, spec, signature)
        put_examples(request.input, examples)
        return _classes(self._call(self._predictions.Classify, request, timeout).result)

    def regress(
        self, spec: ModelSpec, signature: str, examples: Sequence[Features], timeout: float
    ) -> np.ndarray:
        """Returns one float32 an example."""
        request = self._apis.regression.RegressionRequest()
        put_spec(request.model_spec, spec, signature)
        put_examples(request.input, examples)
        return _numbers(self._call(self._predictions.Regress, request, timeout).result)

    def multi_inference(
        self, spec: ModelSpec, tasks: Sequence[Task], examples: Sequence[Features], timeout: float
    ) -> list[Inference]:
        """Returns what each task answers, in their order."""
        request = self._apis.inference.MultiInferenceRequest()
        for signature, method in tasks:
            task = request.tasks.add(method_name=METHODS + method)
            put_spec(task.model_spec, spec, signature)
        put_examples(request.input, examples)
        reply = self._call(self._predictions.MultiInference, request, timeout)
        return [
            _classes(result.classification_result)
            if result.WhichOneof("result") == "classification_result"
            else _numbers(result.regression_result)
            for result in reply.results
        ]

    def metadata(self, spec: ModelSpec, timeout: float) -> ModelMetadata:
        """Returns the signatures of the version that serves."""
        apis = self._apis.metadata
        request = apis.GetModelMetadataRequest(metadata_field=["signature_def"])
        put_spec(request.model_spec, spec)
        reply = self._call(self._predictions.GetModelMetadata, request, timeout)
        signatures = apis.SignatureDefMap()
        if not reply.metadata["signature_def"].Unpack(signatures):
            raise unreadable("metadata")
        found = self._apis.as_dict(signatures).get("signature_def", {})
        return parse_signatures(spec.name, reply.model_spec.version.value, found)

    def status(self, spec: ModelSpec, timeout: float) -> list[VersionStatus]:
        """Returns the state of each version, in the server's order."""
        request = self._apis.status.GetModelStatusRequest()
        put_spec(request.model_spec, spec)
        reply = self._call(self._models.GetModelStatus, request, timeout)
        return parse_status(self._apis.as_dict(reply).get("model_version_status", []))

    def close(self) -> None:
        """Ends the connection."""
        self._channel.close()

    def _call(self, method: Callable[..., Any], request: Any, timeout: float) -> Any:
        try:
            return method(request, timeout=max(timeout, 0.001), metadata=self._headers)
        except self._grpc.RpcError as error:
            code, details = error.code().name, error.details() or ""
            lost = code == "UNAVAILABLE" and NO_CONNECTION.search(details) is not None
            raise Fault(code, details, connected=not lost) from error


def _classes(result: Any) -> list[Classification]:
    return [
        [(one.label, float(one.score)) for one in row.classes] for row in result.classifications
    ]


def _numbers(result: Any) -> np.ndarray:
    return np.array([one.value for one in result.regressions], np.float32)


class Apis(NamedTuple):
    """The modules of tensorflow-serving-api that are spoken here."""

    predict: Any
    classification: Any
    regression: Any
    inference: Any
    metadata: Any
    status: Any
    prediction_stub: Any
    model_stub: Any
    as_dict: Callable[[Any], dict[str, Any]]


def _libraries() -> tuple[Any, Apis]:
    try:
        import grpc
        from google.protobuf import json_format
        from tensorflow_serving.apis import (
            classification_pb2,
            get_model_metadata_pb2,
            get_model_status_pb2,
            inference_pb2,
            model_service_pb2_grpc,
            predict_pb2,
            prediction_service_pb2_grpc,
            regression_pb2,
        )
    except ImportError as error:
        raise ServingError(
            f"gRPC needs a package that is not installed ({error})",
            expected="grpcio and tensorflow-serving-api, which needs TensorFlow",
            fix='pip install tensorflow-serving-api, or use REST: "http://host:8501"',
        ) from error
    return grpc, Apis(
        predict=predict_pb2,
        classification=classification_pb2,
        regression=regression_pb2,
        inference=inference_pb2,
        metadata=get_model_metadata_pb2,
        status=get_model_status_pb2,
        prediction_stub=prediction_service_pb2_grpc.PredictionServiceStub,
        model_stub=model_service_pb2_grpc.ModelServiceStub,
        as_dict=lambda message: json_format.MessageToDict(
            message, preserving_proto_field_name=True
        ),
    )
