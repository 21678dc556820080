"""A SignatureDef made ready for requests: names sorted, defaults read, once and not each time."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from model_server.tensors import to_array

DEFAULT_NAME = "serving_default"
PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def joined(names: Iterable[str]) -> str:
    """Returns names as the real server lists them: sorted, with commas."""
    return ",".join(sorted(names))


class Signature:
    """One signature of a loaded model.

    Attributes:
        definition: The SignatureDef.
        inputs: The tensors' names by alias, in the order of aliases.
        outputs: The same of the outputs.
        fetches: The values of `outputs`.
    """

    def __init__(self, definition: Any) -> None:
        self.definition = definition
        self.inputs = {alias: info.name for alias, info in sorted(definition.inputs.items())}
        self.outputs = {alias: info.name for alias, info in sorted(definition.outputs.items())}
        self.fetches = tuple(self.outputs.values())
        self.has_defaults = bool(definition.defaults)

    @cached_property
    def defaults(self) -> dict[str, np.ndarray]:
        """The values of inputs that a request may leave out."""
        return {alias: to_array(proto, alias) for alias, proto in self.definition.defaults.items()}
