"""What Classify and Regress share: Examples in, one run of one signature, one result out."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from tensorflow_serving.apis import prediction_log_pb2

from model_server import examples
from model_server.request_log import log_of
from model_server.servable import Servable
from model_server.signature import DEFAULT_NAME, Signature
from model_server.status import Code, StatusError


class Method(NamedTuple):
    """What one of them does differently.

    Attributes:
        api: Its name in metrics.
        response: Makes an empty response.
        tensors: Of a signature, and whether it must name this method: what to feed and to fetch.
        fill: Writes what was fetched, by the names of tensors, into the response's result.
        log: The field of a PredictionLog that holds its request and response.
    """

    api: str
    response: Callable[[], Any]
    tensors: Callable[[Signature, bool], tuple[str, list[str]]]
    fill: Callable[[Signature, int, Mapping[str, np.ndarray], Any], None]
    log: str


def infer(method: Method, core: Any, request: Any, timeout: float | None, metrics: Any) -> Any:
    """Answers a ClassificationRequest or a RegressionRequest.

    Args:
        method: Which.
        core: Where the models are: anything with `use(model_spec)`.
        request: The request.
        timeout: Seconds after which the run is cancelled.
        metrics: Where the time of the run and the number of Examples are noted, or None.

    Returns:
        The response.

    Raises:
        StatusError: It cannot be answered.
    """
    if not request.HasField("model_spec"):
        raise StatusError(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    spec = request.model_spec
    response = method.response()
    with core.use(spec) as servable:
        name = spec.signature_name or DEFAULT_NAME
        signature = _find(servable, name)
        tensor, fetches = method.tensors(signature, servable.check_method_names)
        serialized = examples.to_array(request.input)
        start = perf_counter()
        values = servable.run({tensor: serialized}, fetches, timeout)
        if metrics is not None:
            metrics.runtime(spec.name, method.api, "TF1", perf_counter() - start)
            metrics.examples(spec.name, len(serialized))
        version = servable.version
    by_tensor = dict(zip(fetches, values, strict=True))
    method.fill(signature, len(serialized), by_tensor, response.result)
    response.model_spec.name = spec.name
    response.model_spec.signature_name = name
    response.model_spec.version.value = version
    log = log_of(core, spec.name)
    if log is not None:
        log.maybe(lambda: _record(method, request, response))
    return response


def _find(servable: Servable, name: str) -> Signature:
    signature = servable.by_name.get(name)
    if signature is None:
        text = f"No signature was found with the name: {name}"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    return signature


def _record(method: Method, request: Any, response: Any) -> Any:
    record = prediction_log_pb2.PredictionLog()
    logged = getattr(record, method.log)
    logged.request.CopyFrom(request)
    logged.response.CopyFrom(response)
    return record
