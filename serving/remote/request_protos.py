"""What requests over gRPC and records of requests have in common."""

from collections.abc import Sequence
from typing import Any

from serving.remote.tf_examples import Features, encode
from serving.remote.transport import ModelSpec

METHODS = "tensorflow/serving/"  # what the name of a task's method begins with


def put_spec(message: Any, spec: ModelSpec, signature: str = "") -> None:
    """Writes which model and which signature is asked into an empty ModelSpec."""
    message.name = spec.name
    message.signature_name = signature
    if spec.version is not None:
        message.version.value = spec.version
    elif spec.label is not None:
        message.version_label = spec.label


def put_examples(message: Any, examples: Sequence[Features]) -> None:
    """Writes examples into an empty Input."""
    for features in examples:
        message.example_list.examples.add().ParseFromString(encode(features))
