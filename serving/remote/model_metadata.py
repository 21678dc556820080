"""What a model server tells of a model: its signatures, and the state of its versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.errors import ServingError
from serving.remote.tensor_types import BY_PROTO

AVAILABLE = "AVAILABLE"
INIT_SIGNATURE = "__saved_model_init_op"  # which TensorFlow 2 puts into every SavedModel

Shape = tuple[int | None, ...] | None


@dataclass(frozen=True)
class TensorInfo:
    """An input or an output.

    Attributes:
        name: By which the signature knows it.
        dtype: As numpy has it, or "string"; of other types, their name in protos.
        shape: None where a size is not fixed; None as a whole where not even the rank is.
    """

    name: str
    dtype: str
    shape: Shape

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.name}: {self.dtype} of any shape"
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {self.dtype} [{sizes}]"


@dataclass(frozen=True)
class Signature:
    """A signature: what it takes and gives.

    Attributes:
        name: Its name.
        method: "predict", "classify", "regress", or whatever else the model says.
        inputs: By name.
        outputs: By name.
        optional: Names of inputs that the model has defaults for.
    """

    name: str
    method: str
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ModelMetadata:
    """The signatures of one version, by name."""

    model: str
    version: int
    signatures: Mapping[str, Signature]


@dataclass(frozen=True)
class VersionStatus:
    """The state of one version.

    Attributes:
        version: Its number.
        state: "START", "LOADING", "AVAILABLE", "UNLOADING" or "END".
        error_code: "OK", or why it could not be loaded.
        error_message: The server's words for it.
    """

    version: int
    state: str
    error_code: str = "OK"
    error_message: str = ""


def parse_signatures(model: str, version: Any, signature_defs: Any) -> ModelMetadata:
    """Reads signatures.

    Args:
        model: The model's name.
        version: Its version.
        signature_defs: SignatureDefs by name, as JSON has protos; fields may be left out.

    Raises:
        ServingError: If that is not what is there.
    """
    try:
        signatures = {
            name: Signature(
                name=name,
                method=entry.get("method_name", "").rpartition("/")[2],
                inputs=_tensors(entry.get("inputs", {})),
                outputs=_tensors(entry.get("outputs", {})),
                optional=frozenset(entry.get("defaults", {})),
            )
            for name, entry in sorted(signature_defs.items())
            if name != INIT_SIGNATURE
        }
        return ModelMetadata(model, int(version), signatures)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise unreadable("metadata") from error


def parse_status(entries: Any) -> list[VersionStatus]:
    """Reads the state of versions.

    Args:
        entries: ModelVersionStatus each, as JSON has protos; fields may be left out.

    Raises:
        ServingError: If that is not what is there.
    """
    try:
        return [
            VersionStatus(
                version=int(entry.get("version", 0)),
                state=str(entry.get("state", "UNKNOWN")),
                error_code=str(entry.get("status", {}).get("error_code", "OK")),
                error_message=str(entry.get("status", {}).get("error_message", "")),
            )
            for entry in entries
        ]
    except (AttributeError, TypeError, ValueError) as error:
        raise unreadable("status") from error


def unreadable(what: str) -> ServingError:
    """Returns the error that an answer is not TensorFlow Serving's."""
    return ServingError(
        f"the server's {what} cannot be read",
        expected="an answer of TensorFlow Serving's API",
        fix="check the address: is it that of a model server?",
    )


def _tensors(entries: Mapping[str, Any]) -> dict[str, TensorInfo]:
    return {name: _tensor(name, entry) for name, entry in sorted(entries.items())}


def _tensor(name: str, entry: Mapping[str, Any]) -> TensorInfo:
    # What a variable of TensorFlow 1 holds is sent as any tensor is.
    proto = str(entry.get("dtype", "DT_INVALID")).removesuffix("_REF")
    dtype = BY_PROTO[proto].name if proto in BY_PROTO else proto
    shape = entry.get("tensor_shape", {})
    if shape.get("unknown_rank", False):
        return TensorInfo(name, dtype, None)
    sizes = [int(dim.get("size", 0)) for dim in shape.get("dim", [])]
    return TensorInfo(name, dtype, tuple(None if size < 0 else size for size in sizes))
