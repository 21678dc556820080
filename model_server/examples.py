"""tf.Examples of a request, as the vector of serialized strings that a graph parses."""

from typing import Any

import numpy as np

from model_server.status import Code, StatusError


def to_array(input_: Any) -> np.ndarray:
    """Returns the Examples of an Input, serialized.

    A context is put before each Example: when they are parsed as one message, the Example's own
    feature of the same name wins.

    Args:
        input_: The Input of a ClassificationRequest, RegressionRequest or MultiInferenceRequest.

    Returns:
        A vector of bytes.

    Raises:
        StatusError: There are no Examples.
    """
    kind = input_.WhichOneof("kind")
    if kind == "example_list_with_context":
        within = input_.example_list_with_context
        context = within.context.SerializeToString()
        serialized = [context + example.SerializeToString() for example in within.examples]
    else:
        serialized = [example.SerializeToString() for example in input_.example_list.examples]
    if not serialized:
        raise StatusError(Code.INVALID_ARGUMENT, "Input is empty.")
    array = np.empty(len(serialized), object)
    array[:] = serialized
    return array
