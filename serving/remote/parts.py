"""Answers to rows that were sent in several requests, or in none."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.errors import ServingError, did_you_mean
from serving.remote.model_metadata import Signature
from serving.remote.tensor_types import BY_NAME


def check_outputs(signature: Signature, outputs: Sequence[str]) -> None:
    """Checks that a signature has outputs.

    Raises:
        ServingError: If it has not.
    """
    for name in outputs:
        if name not in signature.outputs:
            raise ServingError(
                f'signature "{signature.name}" has no output "{name}"',
                expected=f"one of: {', '.join(signature.outputs)}",
                fix=did_you_mean(name, signature.outputs),
            )


def joined(method: str, parts: Sequence[Any]) -> Any:
    """Returns the answers to one part of the rows after the other as one.

    Args:
        method: "regress", whose answers are arrays, or "classify", whose answers are lists.
        parts: The answers.
    """
    if method == "regress":
        return np.concatenate([np.empty(0, np.float32), *parts])
    return [row for part in parts for row in part]


def nothing(signature: Signature, outputs: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns the answer to no rows, which no server need be asked for."""
    found = {}
    for name in outputs or signature.outputs:
        info = signature.outputs[name]
        dtype = BY_NAME[info.dtype].array if info.dtype in BY_NAME else np.dtype(object)
        found[name] = np.empty((0, *(size or 0 for size in (info.shape or ())[1:])), dtype)
    return found


def together(signature: Signature, parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Returns the outputs for one part of the rows after the other as one.

    Raises:
        ServingError: If an output is a single value for all rows.
    """
    if len(parts) == 1:
        return parts[0]
    if any(not array.ndim for part in parts for array in part.values()):
        raise ServingError(
            f'signature "{signature.name}" answers to many rows with a single value',
            expected="one answer a row, to send rows in several requests",
            fix="give max_rows as many as there are rows, or send fewer",
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
