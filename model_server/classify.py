"""Classify: Examples in; classes, scores or both out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow_serving.apis import classification_pb2

from model_server.inference import Method, infer
from model_server.signature import CLASSIFY, Signature
from model_server.status import invalid
from model_server.tensors import shape_text, type_name

INPUTS = "inputs"
CLASSES = "classes"
SCORES = "scores"


def classify(core: Any, request: Any, timeout: float | None = None, metrics: Any = None) -> Any:
    """Answers a ClassificationRequest.

    Args:
        core: Where the models are: anything with `use(model_spec)`.
        request: The ClassificationRequest.
        timeout: Seconds after which the run is cancelled.
        metrics: Where the time of the run and the number of Examples are noted.

    Returns:
        The ClassificationResponse.

    Raises:
        StatusError: It cannot be answered.
    """
    return infer(METHOD, core, request, timeout, metrics)


def tensors(signature: Signature, check_method_names: bool) -> tuple[str, list[str]]:
    """Returns what to feed and to fetch.

    Args:
        signature: The signature.
        check_method_names: Whether it must name this method.

    Returns:
        The name of the tensor of Examples, and those of classes and scores.

    Raises:
        StatusError: One cannot classify with it.
    """
    inputs, outputs, definition = signature.inputs, signature.outputs, signature.definition
    if check_method_names and definition.method_name != CLASSIFY:
        raise invalid(
            f"Expected classification signature method_name to be {CLASSIFY}. "
            f"Was: {definition.method_name}"
        )
    if len(inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(outputs)}")
    if INPUTS not in inputs:
        raise invalid(f"No classification inputs found in SignatureDef: {definition}")
    fetches = [outputs[alias] for alias in (CLASSES, SCORES) if alias in outputs]
    if not fetches:
        raise invalid(
            "Expected classification signature outputs to contain at least one of "
            f'"{CLASSES}" or "{SCORES}". Signature was: {definition}'
        )
    return inputs[INPUTS], fetches


def fill(signature: Signature, count: int, values: Mapping[str, np.ndarray], result: Any) -> None:
    """Writes what the graph answered into a ClassificationResult.

    Args:
        signature: The signature.
        count: The number of Examples.
        values: What was fetched, by the names of tensors.
        result: The ClassificationResult to fill.

    Raises:
        StatusError: The graph's answer is no classification.
    """
    found = {
        alias: values[tensor] for alias, tensor in signature.outputs.items() if tensor in values
    }
    classes, scores = found.get(CLASSES), found.get(SCORES)
    if classes is not None:
        _check(classes, count, CLASSES, "DT_STRING")
    if scores is not None:
        _check(scores, count, SCORES, "DT_FLOAT")
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise invalid(
            "Tensors class and score should match in dim_size(1). Got "
            f"{classes.shape[1]} vs. {scores.shape[1]}"
        )
    for row in range(count):
        each = result.classifications.add().classes
        labels = None if classes is None else classes[row].tolist()
        _add(each, labels, None if scores is None else scores[row].tolist())


def _add(classes: Any, labels: list[bytes] | None, scores: list[float] | None) -> None:
    for index in range(len(labels or scores or ())):
        one = classes.add()
        if labels is not None:
            one.label = labels[index].decode("utf-8", "replace")
        if scores is not None:
            one.score = scores[index]


def _check(value: np.ndarray, count: int, alias: str, dtype: str) -> None:
    if value.ndim != 2:
        raise invalid(
            f"Expected Tensor shape: [batch_size num_classes] but got {shape_text(value)}"
        )
    if type_name(value) != dtype:
        raise invalid(f"Expected {alias} Tensor of {dtype}. Got: {type_name(value)}")
    if len(value) != count:
        raise invalid(f"Expected {alias} output batch size of {count}. Got: {len(value)}")


METHOD = Method(
    "Classify", classification_pb2.ClassificationResponse, tensors, fill, "classify_log"
)
