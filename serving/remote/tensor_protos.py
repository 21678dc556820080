"""numpy's arrays to TensorProtos, and back."""

from typing import Any

import numpy as np

from serving.remote.tensor_types import BY_NUMBER, TYPES, TensorType
from serving.remote.transport import Fault


def fill(proto: Any, array: np.ndarray) -> None:
    """Writes an array into an empty TensorProto.

    Args:
        proto: The message.
        array: Of a type of `serving.remote.tensor_types`; strings are objects that are bytes.
    """
    kind = next(k for k in TYPES if k.array == array.dtype)
    proto.dtype = kind.number
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if kind.name == "string":
        proto.string_val.extend(array.ravel().tolist())
    else:
        proto.tensor_content = np.ascontiguousarray(array).tobytes()


def read(name: str, proto: Any) -> np.ndarray:
    """Returns the array of a TensorProto.

    Args:
        name: Of the tensor, for an error.
        proto: The message; values may stand in it packed or in the field of their type.

    Raises:
        Fault: If it is of a type that numpy has not got, or holds too few values.
    """
    kind = BY_NUMBER.get(proto.dtype)
    if kind is None:
        raise Fault("UNIMPLEMENTED", f'output "{name}" is of a type that this client cannot read')
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    count = int(np.prod(shape, dtype=np.int64))
    if proto.tensor_content and kind.name != "string":
        values = np.frombuffer(proto.tensor_content, kind.array).copy()
    else:
        values = _typed(kind, getattr(proto, kind.field))
    if len(values) < count:  # the last value stands for those that follow, and 0 for all if none
        last = values[-1:] if len(values) else np.zeros(1, kind.array)
        values = np.concatenate([values, np.repeat(last, count - len(values))])
    return values[:count].reshape(shape)


def _typed(kind: TensorType, field: Any) -> np.ndarray:
    if kind.name == "string":
        values = np.empty(len(field), object)
        values[:] = list(field)
        return values
    if kind.name == "float16":  # its bits, each in an integer
        return np.fromiter(field, np.uint16, len(field)).view(np.float16)
    return np.fromiter(field, kind.array, len(field))
