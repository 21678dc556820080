"""A model server over REST: urllib3, and no TensorFlow."""

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException, IncompleteRead
from typing import Any, TypeVar
from urllib.parse import quote

import numpy as np
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from serving.errors import ServingError
from serving.remote.model_metadata import (
    ModelMetadata,
    Signature,
    VersionStatus,
    parse_signatures,
    parse_status,
    unreadable,
)
from serving.remote.tensor_json import array_json, features_json, object_json, read_array, read_json
from serving.remote.tf_examples import Features
from serving.remote.tls import TLS
from serving.remote.transport import (
    STALE,
    Answer,
    Classification,
    Fault,
    Inference,
    ModelSpec,
    Task,
)

Result = TypeVar("Result")

CONNECTIONS = 32  # kept open for threads that ask at the same time
PIECE = 1 << 16  # of an answer, read at a time
# What an HTTP status stands for; TensorFlow Serving's, and those of what may stand before it.
CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
LONGEST_WAIT = 30.0  # that a server's Retry-After can ask for
SOCKET_OPTIONS = [
    *HTTPConnection.default_socket_options,  # among them: no waiting to fill a packet
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
]


class RestTransport:
    """A pool of connections to a model server.

    Args:
        address: "http://host:port" or "https://host:port", a path may follow.
        tls: Certificates; None for those of the system.
        headers: Of every request.

    Raises:
        ServingError: If the address is none.
    """

    def __init__(self, address: str, tls: TLS | None, headers: Mapping[str, str]) -> None:
        try:
            url = urllib3.util.parse_url(address)
        except LocationValueError:
            url = None
        if url is None or not url.host:
            raise ServingError(
                f"no address of a server: {address}",
                expected='"http://host:8501"',
                fix="correct it",
            )
        self._path = f"{(url.path or '').rstrip('/')}/v1/models/"
        self._headers = {"Content-Type": "application/json", **headers}
        self._pool = urllib3.connection_from_url(
            f"{url.scheme}://{url.netloc}",
            maxsize=CONNECTIONS,
            retries=False,
            socket_options=SOCKET_OPTIONS,
            **_certificates(tls),
        )

    def predict(
        self,
        spec: ModelSpec,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout: float,
    ) -> Answer:
        """Runs a signature on tensors and returns the outputs named, or all if none is."""
        tensors = object_json({name: array_json(array) for name, array in inputs.items()})
        body = object_json({"signature_name": json.dumps(signature.name), "inputs": tensors})
        found = self._ask(spec, ":predict", body, timeout).get("outputs")
        if len(signature.outputs) == 1:  # stands there without its name
            found = {next(iter(signature.outputs)): found}
        if not isinstance(found, dict) or set(found) != set(signature.outputs):
            raise Fault(STALE, "it has other outputs than the metadata say")
        wanted = [*(outputs or found)]
        try:
            arrays = {name: read_array(signature.outputs[name], found[name]) for name in wanted}
        except (ValueError, TypeError) as error:
            raise Fault(STALE, str(error)) from None
        return Answer(arrays, None)

    def classify(
        self, spec: ModelSpec, signature: str, examples: Sequence[Features], timeout: float
    ) -> list[Classification]:
        """Returns the classes of each example with their scores."""
        found = self._infer(spec, "classify", signature, examples, timeout)
        return _read(
            "answer",
            lambda: [
                [(str(label), float(np.float32(score))) for label, score in row] for row in found
            ],
        )

    def regress(
        self, spec: ModelSpec, signature: str, examples: Sequence[Features], timeout: float
    ) -> np.ndarray:
        """Returns one float32 an example."""
        found = self._infer(spec, "regress", signature, examples, timeout)
        return _read("answer", lambda: np.array(found, np.float32))

    def multi_inference(
        self, spec: ModelSpec, tasks: Sequence[Task], examples: Sequence[Features], timeout: float
    ) -> list[Inference]:
        """Raises a ServingError: TensorFlow Serving has no such route."""
        raise ServingError(
            "REST has no multi-inference",
            expected='a client over gRPC: ServingClient("host:8500", ...)',
            fix="take it, or call classify and regress one after the other",
        )

    def metadata(self, spec: ModelSpec, timeout: float) -> ModelMetadata:
        """Returns the signatures of the version that serves."""
        reply = self._ask(spec, "/metadata", None, timeout)
        return _read(
            "metadata",
            lambda: parse_signatures(
                spec.name,
                reply["model_spec"]["version"],
                reply["metadata"]["signature_def"]["signature_def"],
            ),
        )

    def status(self, spec: ModelSpec, timeout: float) -> list[VersionStatus]:
        """Returns the state of each version, in the server's order."""
        reply = self._ask(spec, "", None, timeout)
        return _read("status", lambda: parse_status(reply["model_version_status"]))

    def close(self) -> None:
        """Ends the connections."""
        self._pool.close()

    def _infer(
        self,
        spec: ModelSpec,
        method: str,
        signature: str,
        examples: Sequence[Features],
        timeout: float,
    ) -> Any:
        listed = f"[{','.join(features_json(features) for features in examples)}]"
        body = object_json({"signature_name": json.dumps(signature), "examples": listed})
        return self._ask(spec, f":{method}", body, timeout).get("results")

    def _ask(self, spec: ModelSpec, route: str, body: str | None, timeout: float) -> dict[str, Any]:
        """Sends a request to a model's route and returns the object that it is answered with."""
        end = time.monotonic() + max(timeout, 0.001)
        try:
            status, headers, content = self._exchange(self._url(spec) + route, body, end)
        except NewConnectionError as error:  # which urllib3 counts among connections out of time
            raise Fault("UNAVAILABLE", str(error), connected=False) from error
        except (ConnectTimeoutError, ReadTimeoutError, TimeoutError) as error:
            raise Fault("DEADLINE_EXCEEDED", "no answer in time", connected=False) from error
        except SSLError as error:
            raise Fault("UNAUTHENTICATED", f"TLS: {error}", connected=False) from error
        except (HTTPError, HTTPException, OSError) as error:
            raise Fault("UNAVAILABLE", str(error), connected=False) from error
        try:
            reply = read_json(content)
        except (ValueError, RecursionError):
            reply = None
        if status == 200 and isinstance(reply, dict):
            return reply
        raise _refused(status, headers, reply)

    def _exchange(self, url: str, body: str | None, end: float) -> tuple[int, Any, bytes]:
        left = max(end - time.monotonic(), 0.001)
        response = self._pool.urlopen(
            "GET" if body is None else "POST",
            url,
            body=None if body is None else body.encode(),
            headers=self._headers,
            timeout=urllib3.Timeout(total=left),
            redirect=False,
            preload_content=False,
        )
        try:
            pieces = []
            while piece := _read_some(response):
                pieces.append(piece)
                # The socket's own limit is for each piece; a server may send them one by one.
                if time.monotonic() > end:
                    raise Fault("DEADLINE_EXCEEDED", "no whole answer in time")
        except BaseException:
            response.close()  # what is left of the answer must not be read as the next one
            raise
        response.release_conn()
        return response.status, response.headers, b"".join(pieces)

    def _url(self, spec: ModelSpec) -> str:
        url = self._path + quote(spec.name, safe="")
        if spec.version is not None:
            return f"{url}/versions/{spec.version}"
        if spec.label is not None:
            return f"{url}/labels/{quote(spec.label, safe='')}"
        return url


def _read_some(response: urllib3.HTTPResponse) -> bytes:
    """Reads what is there, at most `PIECE` bytes; none at the end of the answer."""
    if hasattr(response, "read1"):
        return bytes(response.read1(PIECE))
    # urllib3 1.26 waits for as many bytes as it is asked for; the answer below it does not.
    answer = response._original_response  # noqa: SLF001
    piece = bytes(answer.read1(PIECE))
    if not piece and answer.length:
        raise IncompleteRead(b"", answer.length)
    return piece


def _certificates(tls: TLS | None) -> dict[str, Any]:
    if tls is None:
        return {}
    found = {
        "ca_certs": tls.root_certificates,
        "cert_file": tls.certificate_chain,
        "key_file": tls.private_key,
    }
    options = {name: str(path) for name, path in found.items() if path is not None}
    if tls.server_name:
        options |= {"server_hostname": tls.server_name, "assert_hostname": tls.server_name}
    return options


def _refused(status: int, headers: Any, reply: Any) -> Fault:
    """Returns the fault of an answer that is none."""
    said = reply.get("error") if isinstance(reply, dict) else None
    if status == 200 or (said is None and status == 404):
        return Fault("UNKNOWN", f"HTTP {status}, and no answer of TensorFlow Serving's API")
    code = CODES.get(status, "UNKNOWN")
    text = str(said) if said is not None else f"HTTP {status}"
    return Fault(code, text, wait=_seconds(headers.get("Retry-After", "")))


def _seconds(text: str) -> float:
    return min(float(text), LONGEST_WAIT) if text.isdecimal() else 0.0


def _read(what: str, parse: Callable[[], Result]) -> Result:
    try:
        return parse()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(what) from error
