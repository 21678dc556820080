"""A connection that logs what is asked and answered, as a server would."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.remote.model_metadata import ModelMetadata, Signature, VersionStatus
from serving.remote.request_protos import METHODS, put_examples, put_spec
from serving.remote.tensor_protos import fill
from serving.remote.tf_examples import Features
from serving.remote.transport import (
    Answer,
    Classification,
    Inference,
    ModelSpec,
    Task,
    Transport,
)
from serving.request_log import RequestLog


class LoggedTransport:
    """A connection whose answers go into a request log; what fails is not logged.

    Requests and answers are written from the same arrays whatever the connection speaks. The
    version that answered is in the response where it was told: over gRPC.

    Args:
        transport: The connection.
        log: Where a share of the requests is written.

    Raises:
        ServingError: If tensorflow-serving-api is not installed.
    """

    def __init__(self, transport: Transport, log: RequestLog) -> None:
        self._transport = transport
        self._log = log
        self._new_record = _message()

    def predict(
        self,
        spec: ModelSpec,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout: float,
    ) -> Answer:
        """Runs a signature on tensors and returns the outputs named, or all if none is."""
        answer = self._transport.predict(spec, signature, inputs, outputs, timeout)

        def make() -> Any:
            record, request, response = self._begun("predict_log", spec, signature.name)
            request.output_filter.extend(outputs)
            for name, array in inputs.items():
                fill(request.inputs[name], array)
            for name, array in answer.outputs.items():
                fill(response.outputs[name], array)
            if answer.version is not None:
                response.model_spec.version.value = answer.version
            return record

        self._log.maybe(make)
        return answer

    def classify(
        self, spec: ModelSpec, signature: str, examples: Sequence[Features], timeout: float
    ) -> list[Classification]:
        """Returns the classes of each example with their scores."""
        answer = self._transport.classify(spec, signature, examples, timeout)
        self._log_result(
            "classify_log", spec, signature, examples, partial(_put_classes, rows=answer)
        )
        return answer

    def regress(
        self, spec: ModelSpec, signature: str, examples: Sequence[Features], timeout: float
    ) -> np.ndarray:
        """Returns one float32 an example."""
        answer = self._transport.regress(spec, signature, examples, timeout)
        self._log_result(
            "regress_log", spec, signature, examples, partial(_put_numbers, rows=answer)
        )
        return answer

    def multi_inference(
        self, spec: ModelSpec, tasks: Sequence[Task], examples: Sequence[Features], timeout: float
    ) -> list[Inference]:
        """Returns what each task answers, in their order."""
        answers = self._transport.multi_inference(spec, tasks, examples, timeout)

        def make() -> Any:
            record = self._new_record()
            logged = record.multi_inference_log
            put_examples(logged.request.input, examples)
            for task, answer in zip(tasks, answers, strict=True):
                asked = logged.request.tasks.add(method_name=METHODS + task.method)
                put_spec(asked.model_spec, spec, task.signature)
                result = logged.response.results.add()
                put_spec(result.model_spec, ModelSpec(spec.name), task.signature)
                if isinstance(answer, np.ndarray):
                    _put_numbers(result.regression_result, answer)
                else:
                    _put_classes(result.classification_result, answer)
            return record

        self._log.maybe(make)
        return answers

    def metadata(self, spec: ModelSpec, timeout: float) -> ModelMetadata:
        """Returns the signatures of the version that serves."""
        return self._transport.metadata(spec, timeout)

    def status(self, spec: ModelSpec, timeout: float) -> list[VersionStatus]:
        """Returns the state of each version, in the server's order."""
        return self._transport.status(spec, timeout)

    def close(self) -> None:
        """Ends the connection; the log stays open, for it may be another client's too."""
        self._transport.close()

    def _log_result(
        self,
        kind: str,
        spec: ModelSpec,
        signature: str,
        examples: Sequence[Features],
        put: Callable[[Any], None],
    ) -> None:
        def make() -> Any:
            record, request, response = self._begun(kind, spec, signature)
            put_examples(request.input, examples)
            put(response.result)
            return record

        self._log.maybe(make)

    def _begun(self, kind: str, spec: ModelSpec, signature: str) -> tuple[Any, Any, Any]:
        """Returns a record of a kind, and in it the request and the response."""
        record = self._new_record()
        logged = getattr(record, kind)
        put_spec(logged.request.model_spec, spec, signature)
        put_spec(logged.response.model_spec, ModelSpec(spec.name), signature)
        return record, logged.request, logged.response


def _put_classes(result: Any, rows: Sequence[Classification]) -> None:
    for row in rows:
        classes = result.classifications.add().classes
        for label, score in row:
            classes.add(label=label, score=score)


def _put_numbers(result: Any, rows: np.ndarray) -> None:
    for number in rows.tolist():
        result.regressions.add(value=number)


def _message() -> Callable[[], Any]:
    try:
        from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
    except ImportError as error:
        raise ServingError(
            f"a request log needs a package that is not installed ({error})",
            expected="tensorflow-serving-api, which needs TensorFlow",
            fix="pip install tensorflow-serving-api, or give no request_log",
        ) from error
    new: Callable[[], Any] = PredictionLog
    return new
