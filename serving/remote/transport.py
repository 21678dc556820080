"""What the two ways to a model server, gRPC and REST, have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from serving.remote.model_metadata import ModelMetadata, Signature, VersionStatus
from serving.remote.tf_examples import Features

STALE = "STALE"  # the code of an answer that is not as the metadata say

Classification = list[tuple[str, float]]  # of one row: each class with its score
Inference: TypeAlias = list[Classification] | np.ndarray


@dataclass(frozen=True)
class ModelSpec:
    """Which model is asked: a name, and a version or a label where it is not the newest one."""

    name: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f'version {self.version} of model "{self.name}"'
        if self.label is not None:
            return f'label "{self.label}" of model "{self.name}"'
        return f'model "{self.name}"'


class Task(NamedTuple):
    """One part of a multi-inference: a signature, and "classify" or "regress"."""

    signature: str
    method: str


class Answer(NamedTuple):
    """Outputs by name, and the version that answered where the transport tells it."""

    outputs: dict[str, np.ndarray]
    version: int | None


class Fault(Exception):  # noqa: N818 - the caller is told a ServingError, which this becomes
    """A request that got no answer, or one that says no.

    Args:
        code: gRPC's canonical code, by name; of an HTTP status, the one that it stands for; or
            `STALE`.
        message: The server's words, or the connection's.
        connected: Whether a server said so; False if the connection failed.
        wait: Seconds that the server asks to wait before the next request.
    """

    def __init__(
        self, code: str, message: str, *, connected: bool = True, wait: float = 0.0
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.connected = connected
        self.wait = wait


class Transport(Protocol):
    """A connection to one server; threads may share it. Every request may raise a `Fault`."""

    def predict(
        self,
        spec: ModelSpec,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout: float,
    ) -> Answer:
        """Runs a signature on tensors and returns the outputs named, or all if none is."""

    def classify(
        self, spec: ModelSpec, signature: str, examples: Sequence[Features], timeout: float
    ) -> list[Classification]:
        """Returns the classes of each example with their scores."""

    def regress(
        self, spec: ModelSpec, signature: str, examples: Sequence[Features], timeout: float
    ) -> np.ndarray:
        """Returns one float32 an example."""

    def multi_inference(
        self, spec: ModelSpec, tasks: Sequence[Task], examples: Sequence[Features], timeout: float
    ) -> list[Inference]:
        """Returns what each task answers, in their order."""

    def metadata(self, spec: ModelSpec, timeout: float) -> ModelMetadata:
        """Returns the signatures of the version that serves."""

    def status(self, spec: ModelSpec, timeout: float) -> list[VersionStatus]:
        """Returns the state of each version, in the server's order."""

    def close(self) -> None:
        """Ends the connection."""
