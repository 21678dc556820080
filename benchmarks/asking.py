"""One request, built once, as a call that waits for the answer: over gRPC and over REST."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reference_network import INPUT, NAME
from benchmarks.rounds import Call
from serving.launch import RunningServer

WARM_UP = Path("assets.extra") / "tf_serving_warmup_requests"
TIMEOUT_SECONDS = 30


def reference_request(rows: np.ndarray) -> Any:
    """Returns a PredictRequest to the reference network.

    Args:
        rows: float32 [batch, 32].
    """
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = NAME
    request.inputs[INPUT].CopyFrom(tf.make_tensor_proto(rows))
    return request


def recorded_requests(version: Path) -> list[Any]:
    """Returns the PredictRequests among a pushed version's warm-up records."""
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    records = tf.data.TFRecordDataset(str(version / WARM_UP)).as_numpy_iterator()
    logs = map(prediction_log_pb2.PredictionLog.FromString, records)
    return [log.predict_log.request for log in logs]


def by_grpc(address: str, request: Any) -> Call:
    """Returns a call of Predict.

    Args:
        address: The server's host and port.
        request: The PredictRequest.
    """
    import grpc
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    channel = grpc.insecure_channel(address)
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    return lambda: stub.Predict(request, timeout=TIMEOUT_SECONDS, wait_for_ready=True)


def by_rest(url: str, rows: np.ndarray) -> Call:
    """Returns a call of predict, of the reference network, on a connection that stays open.

    Args:
        url: The server's, with scheme and port.
        rows: float32 [batch, 32].
    """
    import urllib3

    body = json.dumps({"instances": rows.tolist()}).encode()
    pool = urllib3.connection_from_url(url, maxsize=1)
    path = f"/v1/models/{NAME}:predict"

    def call() -> Any:
        answer = pool.urlopen("POST", path, body=body, retries=False)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {answer.data[:200]!r}")
        return answer.json()

    return call


def resident_megabytes(server: RunningServer) -> float:
    """Returns the resident memory of a server of this machine, in millions of bytes."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii")
    pid = next(iter(children.split()), str(server.pid))  # what starts it stays as its parent
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6
