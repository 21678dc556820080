"""Regress: Examples in, one number for each out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow_serving.apis import regression_pb2

from model_server.inference import Method, infer
from model_server.signature import REGRESS, Signature
from model_server.status import invalid
from model_server.tensors import shape_text, type_name

INPUTS = "inputs"
OUTPUTS = "outputs"


def regress(core: Any, request: Any, timeout: float | None = None, metrics: Any = None) -> Any:
    """Answers a RegressionRequest.

    Args:
        core: Where the models are: anything with `use(model_spec)`.
        request: The RegressionRequest.
        timeout: Seconds after which the run is cancelled.
        metrics: Where the time of the run and the number of Examples are noted.

    Returns:
        The RegressionResponse.

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
        The name of the tensor of Examples, and that of the outputs.

    Raises:
        StatusError: One cannot regress with it.
    """
    inputs, outputs, definition = signature.inputs, signature.outputs, signature.definition
    if check_method_names and definition.method_name != REGRESS:
        raise invalid(
            f"Expected regression signature method_name to be {REGRESS}. "
            f"Was: {definition.method_name}"
        )
    if len(inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if INPUTS not in inputs:
        raise invalid(f"No regression inputs found in SignatureDef: {definition}")
    if OUTPUTS not in outputs:
        raise invalid(f"No regression outputs found in SignatureDef: {definition}")
    return inputs[INPUTS], [outputs[OUTPUTS]]


def fill(signature: Signature, count: int, values: Mapping[str, np.ndarray], result: Any) -> None:
    """Writes what the graph answered into a RegressionResult.

    Args:
        signature: The signature.
        count: The number of Examples.
        values: What was fetched, by the names of tensors.
        result: The RegressionResult to fill.

    Raises:
        StatusError: The graph's answer is no regression.
    """
    value = values[signature.outputs[OUTPUTS]]
    if not (value.ndim == 1 or (value.ndim == 2 and value.shape[1] == 1)):
        raise invalid(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"{shape_text(value)}"
        )
    if len(value) != count:
        raise invalid(f"Input batch size did not match output batch size: {count} vs. {len(value)}")
    if type_name(value) != "DT_FLOAT":
        raise invalid(f"Expected output Tensor of DT_FLOAT.  Got: {type_name(value)}")
    for number in value.reshape(-1).tolist():
        result.regressions.add().value = number


METHOD = Method("Regress", regression_pb2.RegressionResponse, tensors, fill, "regress_log")
