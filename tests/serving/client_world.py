"""What a client is tested with: models to serve, and servers with faults that real ones hide."""

import contextlib
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import grpc
import numpy as np
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.model_server import toy_models as toys
from tests.model_server.world import model_config, model_configs

TWO_VERSIONS = (
    "model_version_policy { all {} } "
    'version_labels { key: "stable" value: 123 } version_labels { key: "canary" value: 124 }'
)
TOYS = ("two_inputs", "strings", "types", "variable_length", "scalar", "slow", "defaults")
# Rows for the model of ours, with every kind of missing value.
PHONE_ROWS = [
    {"fare": 12.25, "hour of day": 3, "code": -(10**6), "color": "grün"},
    {"fare": None, "hour of day": None, "code": None, "color": None},
    {},
    {"fare": float("nan"), "hour_of_day": 23, "color": "東京"},
    {"fare": 1e30, "hour of day": 0, "code": 2**40, "color": "unheard of \N{TAXI}"},
    {"color": "", "code": 0, "fare": -0.0},
]


def write_models(folder, phone):
    """Writes what is served below a folder; returns the configuration file's text."""
    for version in (123, 124):
        toys.write_half_plus_two(folder / "half_plus_two", version, version - 121.0)
    toys.write_half_plus_two(folder / "swapped", 1)
    for name in TOYS:
        toys.save(folder / name / "1", getattr(toys, name))
    toys.write_tf2(folder / "tf2")
    toys.save(folder / "examples_only" / "1", examples_only)
    (folder / "trips").mkdir()
    (folder / "trips" / "7").symlink_to(phone.trained_model / "Format-Serving")
    names = sorted(path.name for path in folder.iterdir())
    return model_configs(
        *(
            model_config(name, folder / name, TWO_VERSIONS if name == "half_plus_two" else "")
            for name in names
        )
    )


def examples_only():
    """A model of nothing but tf.Examples: y = 2 x + n + the length of a word; 0 where missing."""
    import tensorflow as tf

    serialized = tf.compat.v1.placeholder(tf.string, [None], name="examples")
    spec = {
        "x in $": tf.io.FixedLenFeature([], tf.float32, 0.0),
        "n": tf.io.FixedLenFeature([], tf.int64, 0),
        "word": tf.io.FixedLenFeature([], tf.string, ""),
    }
    parsed = tf.io.parse_example(serialized, spec)
    length = tf.strings.length(parsed["word"], "UTF8_CHAR")
    whole = tf.cast(parsed["n"], tf.float32) + tf.cast(length, tf.float32)
    outputs = {"y": 2 * parsed["x in $"] + whole}
    return {"serving_default": toys.signature({"examples": serialized}, outputs)}


def in_process(phone, rows):
    """Returns what the SavedModel answers to rows as tf.Examples, without any of the client."""
    import tensorflow as tf

    def feature(value):
        if isinstance(value, str):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
        if isinstance(value, int):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))

    serialized = []
    for row in rows:
        features = {
            ("hour of day" if name == "hour_of_day" else name): feature(value)
            for name, value in row.items()
            if value is not None
        }
        example = tf.train.Example(features=tf.train.Features(feature=features))
        serialized.append(example.SerializeToString())
    loaded = tf.saved_model.load(str(phone.trained_model / "Format-Serving"))
    answer = loaded.signatures["serving_default"](tf.constant(serialized))
    return {name: values.numpy() for name, values in answer.items()}


def assert_same(found, expected):
    """Numbers within 1e-6, classes exactly, types and shapes as well."""
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape)
        if values.dtype.kind == "f":
            np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-6)
        else:
            assert found[name].tolist() == values.tolist()


def phone_classes():
    from tests.components.phone_world import CLASSES  # which imports TFX

    return {name.encode() for name in CLASSES}


METADATA = {
    "model_spec": {"name": "m", "signature_name": "", "version": "1"},
    "metadata": {
        "signature_def": {
            "signature_def": {
                "serving_default": {
                    "method_name": "tensorflow/serving/predict",
                    "inputs": {
                        "x": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}]}}
                    },
                    "outputs": {
                        "y": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}]}}
                    },
                }
            }
        }
    },
}


def answers(status, body, **headers):
    """Returns what answers a request in JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def do(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return do


def drops(handler):
    """Closes the connection without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def drops_midway(handler):
    """Closes the connection within an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"outputs": [9.0, ')
    drops(handler)


def chunked(*pieces):
    """Returns what answers in pieces, without telling how long all of it is."""

    def do(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in (*pieces, b""):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    return do


def dripping(seconds):
    """Returns what answers one byte at a time."""

    def do(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                if handler.server.over.wait(seconds / 100):
                    return
        handler.close_connection = True

    return do


def waiting(seconds):
    """Returns what answers late."""

    def do(handler):
        handler.server.over.wait(seconds)
        with contextlib.suppress(OSError):
            answers(200, {"outputs": [1.0]})(handler)

    return do


@contextlib.contextmanager
def http_server(script, context=None):
    """Runs an HTTP server that answers predictions one after another as a script says.

    Metadata are always there. Yields its address, and what it was asked.
    """
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            answers(200, METADATA)(self)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(SimpleNamespace(path=self.path, body=body, headers=dict(self.headers)))
            script[min(len(asked), len(script)) - 1](self)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_):
            """Says nothing: clients that hang up are what is tested."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.over = threading.Event()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        scheme = "http" if context is None else "https"
        yield SimpleNamespace(address=f"{scheme}://127.0.0.1:{server.server_port}", asked=asked)
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Scripted(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    """Answers predictions over gRPC one after another as a script says: a code, or None."""

    def __init__(self, script):
        self.script = script
        self.asked = []

    def Predict(self, request, context):  # noqa: N802 - gRPC's name
        self.asked.append(SimpleNamespace(request=request, metadata=context.invocation_metadata()))
        code = self.script[min(len(self.asked), len(self.script)) - 1]
        if code is not None:
            context.abort(code, "the server says so")
        reply = predict_pb2.PredictResponse()
        reply.model_spec.version.value = 1
        reply.outputs["y"].dtype = 1
        reply.outputs["y"].tensor_shape.dim.add().size = 2
        reply.outputs["y"].float_val.append(1.5)  # stands for both
        return reply

    def GetModelMetadata(self, request, context):  # noqa: N802 - gRPC's name
        reply = get_model_metadata_pb2.GetModelMetadataResponse()
        reply.model_spec.version.value = 1
        signatures = get_model_metadata_pb2.SignatureDefMap()
        made = signatures.signature_def["serving_default"]
        made.method_name = "tensorflow/serving/predict"
        for info in (made.inputs["x"], made.outputs["y"]):
            info.dtype = 1
            info.tensor_shape.dim.add().size = -1
        reply.metadata["signature_def"].Pack(signatures)
        return reply

    def GetModelStatus(self, request, context):  # noqa: N802 - gRPC's name
        reply = get_model_status_pb2.GetModelStatusResponse()
        reply.model_version_status.add(version=1, state=30)
        return reply


@contextlib.contextmanager
def grpc_server(script, credentials=None, port=0):
    """Runs a gRPC server of such a script. Yields its address, and what it was asked."""
    servicer = Scripted(script)
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(servicer, server)
    if credentials is None:
        port = server.add_insecure_port(f"127.0.0.1:{port}")
    else:
        port = server.add_secure_port(f"127.0.0.1:{port}", credentials)
    server.start()
    try:
        yield SimpleNamespace(address=f"127.0.0.1:{port}", asked=servicer.asked)
    finally:
        server.stop(0).wait()
