"""Predict: named tensors in, named tensors out."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from model_server.request_log import log_of
from model_server.servable import Servable
from model_server.signature import CLASSIFY, DEFAULT_NAME, PREDICT, REGRESS, Signature, joined
from model_server.status import Code, StatusError
from model_server.tensors import to_array, to_proto

Value = TypeVar("Value")


def predict(core: Any, request: Any, timeout: float | None = None, metrics: Any = None) -> Any:
    """Answers a PredictRequest.

    Args:
        core: Where the models are: anything with `use(model_spec)`.
        request: The PredictRequest.
        timeout: Seconds after which the run is cancelled.
        metrics: Where the time of the run is noted.

    Returns:
        The PredictResponse.

    Raises:
        StatusError: It cannot be answered.
    """
    if not request.HasField("model_spec"):
        raise StatusError(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    spec = request.model_spec
    with core.use(spec) as servable:
        name = spec.signature_name or DEFAULT_NAME
        signature = find(servable, name)
        inputs = request.inputs
        feeds = _feeds(signature, inputs, lambda alias: to_array(inputs[alias], alias))
        aliases, fetches = _fetches(signature, request.output_filter)
        start = perf_counter()
        values = servable.run(feeds, fetches, timeout)
        if metrics is not None:
            metrics.runtime(spec.name, "Predict", "TF1", perf_counter() - start)
        version = servable.version
    response = predict_pb2.PredictResponse()
    response.model_spec.name = spec.name
    response.model_spec.signature_name = name
    response.model_spec.version.value = version
    outputs = response.outputs
    for alias, value in zip(aliases, values, strict=True):
        to_proto(value, outputs[alias])
    log = log_of(core, spec.name)
    if log is not None:
        log.maybe(lambda: _record(request, response))
    return response


def predict_arrays(
    servable: Servable,
    signature_name: str,
    inputs: Mapping[str, np.ndarray],
    output_filter: Sequence[str] = (),
    timeout: float | None = None,
) -> dict[str, np.ndarray]:
    """Predicts from arrays, whatever brought them.

    Args:
        servable: The model.
        signature_name: The signature; "" is serving_default.
        inputs: Arrays by alias.
        output_filter: Aliases of the outputs to compute; empty is all.
        timeout: Seconds after which the run is cancelled.

    Returns:
        The outputs by alias.

    Raises:
        StatusError: It cannot be answered.
    """
    name = signature_name or DEFAULT_NAME
    signature = find(servable, name)
    feeds = _feeds(signature, inputs, inputs.__getitem__)
    aliases, fetches = _fetches(signature, output_filter)
    return dict(zip(aliases, servable.run(feeds, fetches, timeout), strict=True))


def find(servable: Servable, name: str) -> Signature:
    """Returns the signature to predict with.

    Args:
        servable: The model.
        name: The signature's name.

    Raises:
        StatusError: There is none, or it is for another method and that is checked.
    """
    signature = servable.by_name.get(name)
    if signature is None:
        raise StatusError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    if servable.check_method_names:
        method = signature.definition.method_name
        if method not in (PREDICT, CLASSIFY, REGRESS):
            raise StatusError(
                Code.INTERNAL,
                "Expected prediction signature method_name to be one of "
                f"{{{PREDICT}, {CLASSIFY}, {REGRESS}}}. Was: {method}",
            )
    return signature


def _feeds(
    signature: Signature, given: Mapping[str, Any], array: Callable[[str], np.ndarray]
) -> dict[str, np.ndarray]:
    wanted = signature.inputs
    if len(given) != len(wanted) and (len(given) > len(wanted) or not signature.has_defaults):
        raise _wrong_size(wanted, given)
    feeds = {}
    used = 0
    for alias, tensor in wanted.items():
        # A protobuf map makes an entry when an absent key is read, so it is asked first.
        if alias in given:
            feeds[tensor] = array(alias)
            used += 1
        elif alias in signature.defaults:
            feeds[tensor] = signature.defaults[alias]
        else:
            raise StatusError(
                Code.INVALID_ARGUMENT,
                f"Signature input alias: {alias}(feed name: {tensor}) not found in request and no "
                f"default value provided. Inputs expected to be in the request {{{joined(given)}}},"
                f" or default input alias set: {joined(signature.defaults)}",
            )
    if used != len(given):
        names = joined(alias for alias in given if alias in wanted)
        raise StatusError(
            Code.INVALID_ARGUMENT,
            f"Inputs contains invalid name. Used request inputs: {names}, request input: "
            f"{joined(given)}",
        )
    return feeds


def _wrong_size(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> StatusError:
    extra = joined(set(given) - set(wanted))
    missing = joined(set(wanted) - set(given))
    return StatusError(
        Code.INVALID_ARGUMENT,
        f"input size does not match signature: {len(given)}!={len(wanted)} len({{{joined(given)}}})"
        f" != len({{{joined(wanted)}}}). Sent extra: {{{extra}}}. Missing but required: "
        f"{{{missing}}}.",
    )


def _fetches(
    signature: Signature, output_filter: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    if not output_filter:
        return tuple(signature.outputs), signature.fetches
    seen: dict[str, str] = {}
    for alias in output_filter:
        if alias not in signature.outputs:
            raise StatusError(
                Code.INVALID_ARGUMENT,
                f"output tensor alias not found in signature: {alias} Outputs expected to be in "
                f"the set {{{joined(signature.outputs)}}}.",
            )
        if alias in seen:
            raise StatusError(Code.INVALID_ARGUMENT, f"duplicate output tensor alias: {alias}")
        seen[alias] = signature.outputs[alias]
    return tuple(seen), tuple(seen.values())


def _record(request: Any, response: Any) -> Any:
    record = prediction_log_pb2.PredictionLog()
    record.predict_log.request.CopyFrom(request)
    record.predict_log.response.CopyFrom(response)
    return record
