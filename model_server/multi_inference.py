"""MultiInference: several classifications and regressions of the same Examples, in one run."""

from typing import Any

from tensorflow_serving.apis import inference_pb2, model_pb2, prediction_log_pb2

from model_server import classify, examples, regress
from model_server.request_log import log_of
from model_server.servable import Servable
from model_server.signature import CLASSIFY, DEFAULT_NAME, REGRESS, Signature
from model_server.status import Code, StatusError, invalid

METHODS: dict[str, Any] = {CLASSIFY: classify, REGRESS: regress}


def multi_inference(
    core: Any, request: Any, timeout: float | None = None, metrics: Any = None
) -> Any:
    """Answers a MultiInferenceRequest.

    Args:
        core: Where the models are: anything with `use(model_spec)`.
        request: The MultiInferenceRequest.
        timeout: Seconds after which the run is cancelled.
        metrics: Where the number of Examples is noted.

    Returns:
        The MultiInferenceResponse, one result for each task.

    Raises:
        StatusError: It cannot be answered.
    """
    tasks = request.tasks
    first = tasks[0].model_spec if tasks else model_pb2.ModelSpec()
    with core.use(first) as servable:
        signatures = _signatures(servable, tasks)
        feeds, fetches = _tensors(servable, tasks, signatures)
        serialized = examples.to_array(request.input)
        found = servable.run(dict.fromkeys(feeds, serialized), fetches, timeout)
        version = servable.version
    if metrics is not None:
        metrics.examples(first.name, len(serialized))
    values = dict(zip(fetches, found, strict=True))
    response = inference_pb2.MultiInferenceResponse()
    for task, (name, signature) in zip(tasks, signatures, strict=True):
        result = response.results.add()
        if task.method_name == CLASSIFY:
            classify.fill(signature, len(serialized), values, result.classification_result)
        else:
            regress.fill(signature, len(serialized), values, result.regression_result)
        result.model_spec.name = task.model_spec.name
        result.model_spec.signature_name = name
        result.model_spec.version.value = version
    log = log_of(core, first.name)
    if log is not None:
        log.maybe(lambda: _record(request, response))
    return response


def _signatures(servable: Servable, tasks: Any) -> list[tuple[str, Signature]]:
    model = tasks[0].model_spec.name
    found: dict[str, Signature] = {}
    for task in tasks:
        spec = task.model_spec
        if not spec.name:
            raise invalid("Found ModelSpec with an empty model name.")
        if spec.name != model:
            raise invalid(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            )
        name = spec.signature_name or DEFAULT_NAME
        if name in found:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        if name not in servable.by_name:
            raise invalid(f"Requested signature not found in model graph: {name}")
        if task.method_name not in METHODS:
            raise StatusError(
                Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
        found[name] = servable.by_name[name]
        METHODS[task.method_name].tensors(found[name], servable.check_method_names)
    return list(found.items())


def _tensors(
    servable: Servable, tasks: Any, signatures: list[tuple[str, Signature]]
) -> tuple[list[str], list[str]]:
    feeds: dict[str, None] = {}
    fetches: dict[str, None] = {}
    for task, (_, signature) in zip(tasks, signatures, strict=True):
        method = METHODS[task.method_name]
        fed, fetched = method.tensors(signature, servable.check_method_names)
        feeds[fed] = None
        fetches.update(dict.fromkeys(fetched))
    return list(feeds), list(fetches)


def _record(request: Any, response: Any) -> Any:
    record = prediction_log_pb2.PredictionLog()
    record.multi_inference_log.request.CopyFrom(request)
    record.multi_inference_log.response.CopyFrom(response)
    return record
