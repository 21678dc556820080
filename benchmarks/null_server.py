"""A gRPC server that runs no model: `python -m benchmarks.null_server ROWS`.

It reads a PredictRequest and writes a canned PredictResponse of one float a row, as every Python
gRPC server must. What a model server takes beyond that is its own cost.
"""

import sys
from concurrent import futures
from typing import Any

import grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from benchmarks.reference_network import NAME, OUTPUT

THREADS = 4


class Canned(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers every Predict alike.

    Args:
        rows: How many floats an answer has.
    """

    def __init__(self, rows: int) -> None:
        self._reply = predict_pb2.PredictResponse()
        self._reply.model_spec.name = NAME
        tensor = self._reply.outputs[OUTPUT]
        tensor.dtype = 1
        for size in (rows, 1):
            tensor.tensor_shape.dim.add().size = size
        tensor.float_val.extend([0.5] * rows)

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802, the service calls it so
        """Returns the canned reply."""
        return self._reply


def main() -> None:
    """Serves on a free port of the loopback, which it prints, until stdin ends."""
    server = grpc.server(futures.ThreadPoolExecutor(THREADS))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        Canned(int(sys.argv[1])), server
    )
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
