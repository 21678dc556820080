"""TensorProto to numpy and back, as TensorFlow's `Tensor::FromProto` and `AsProtoField` do it."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from model_server.status import Code, StatusError

# A shape is cheap to claim: a request of 20 bytes may ask for terabytes. Values that are really
# sent are not limited, only those that a short list is stretched to.
MAX_STRETCHED_BYTES = 256 << 20
MAX_DIMENSIONS = 64 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 32
MAX_ELEMENTS = 2**63 - 1

# Above this many values, the packed bytes are cheaper to copy than the numbers are to count.
FEW = 16

STRING = np.dtype(object)
TENSOR_CONTENT = "tensor_content"


class _Packed:
    """A field of floats or doubles, which lie in the message as in memory."""

    def __init__(self, field: str, dtype: Any, stored: Any) -> None:
        self.field = field
        self.dtype = np.dtype(dtype)
        self.stored = np.dtype(stored)
        descriptor = tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name[field]
        self.tag = bytes([descriptor.number << 3 | 2])

    def read(self, proto: Any) -> np.ndarray:
        values = getattr(proto, self.field)
        count = len(values)
        if count <= FEW:
            return np.fromiter(values, self.stored, count).view(self.dtype)
        size = count * self.stored.itemsize
        header = self.tag + _varint(size)
        data = proto.SerializeToString()
        if data[-size - len(header) : -size] != header:  # it is not the last field there
            alone = tensor_pb2.TensorProto()
            getattr(alone, self.field).MergeFrom(values)
            data = alone.SerializeToString()
        return np.frombuffer(data, self.stored, count, len(data) - size).view(self.dtype)

    def write(self, array: np.ndarray, proto: Any) -> None:
        if array.size <= FEW:
            flat = np.ascontiguousarray(array).reshape(-1).view(self.stored)
            getattr(proto, self.field).extend(flat.tolist())
        else:
            data = array.tobytes()
            proto.MergeFromString(self.tag + _varint(len(data)) + data)


class _Numbers:
    """A field of integers, perhaps wider than what it holds."""

    def __init__(self, field: str, dtype: Any, stored: Any, view: Any = None) -> None:
        self.field = field
        self.dtype = np.dtype(dtype)
        self.stored = np.dtype(stored)
        self.view = None if view is None else np.dtype(view)

    def read(self, proto: Any) -> np.ndarray:
        values = getattr(proto, self.field)
        array = np.fromiter(values, self.stored, len(values))
        if self.view is None:
            return array.astype(self.dtype, copy=False)
        return array.astype(self.view).view(self.dtype)

    def write(self, array: np.ndarray, proto: Any) -> None:
        if self.view is not None:
            array = np.ascontiguousarray(array).reshape(-1).view(self.view)
        getattr(proto, self.field).extend(array.reshape(-1).tolist())


class _Strings:
    field = "string_val"
    dtype = STRING

    def read(self, proto: Any) -> np.ndarray:
        values = proto.string_val
        array = np.empty(len(values), object)
        array[:] = values
        return array

    def write(self, array: np.ndarray, proto: Any) -> None:
        proto.string_val.extend(array.reshape(-1).tolist())


Field = _Packed | _Numbers | _Strings


def _fields() -> dict[int, Field]:
    numpy = {
        name: tf.as_dtype(getattr(types_pb2, name)).as_numpy_dtype
        for name in ("DT_BFLOAT16", "DT_QINT8", "DT_QUINT8", "DT_QINT16", "DT_QUINT16", "DT_QINT32")
    }
    return {
        types_pb2.DT_FLOAT: _Packed("float_val", np.float32, "<f4"),
        types_pb2.DT_DOUBLE: _Packed("double_val", np.float64, "<f8"),
        types_pb2.DT_COMPLEX64: _Packed("scomplex_val", np.complex64, "<f4"),
        types_pb2.DT_COMPLEX128: _Packed("dcomplex_val", np.complex128, "<f8"),
        types_pb2.DT_INT8: _Numbers("int_val", np.int8, np.int32),
        types_pb2.DT_INT16: _Numbers("int_val", np.int16, np.int32),
        types_pb2.DT_INT32: _Numbers("int_val", np.int32, np.int32),
        types_pb2.DT_UINT8: _Numbers("int_val", np.uint8, np.int32),
        types_pb2.DT_UINT16: _Numbers("int_val", np.uint16, np.int32),
        types_pb2.DT_UINT32: _Numbers("uint32_val", np.uint32, np.uint32),
        types_pb2.DT_INT64: _Numbers("int64_val", np.int64, np.int64),
        types_pb2.DT_UINT64: _Numbers("uint64_val", np.uint64, np.uint64),
        types_pb2.DT_BOOL: _Numbers("bool_val", np.bool_, np.bool_),
        types_pb2.DT_HALF: _Numbers("half_val", np.float16, np.int32, np.uint16),
        types_pb2.DT_BFLOAT16: _Numbers("half_val", numpy["DT_BFLOAT16"], np.int32, np.uint16),
        types_pb2.DT_QINT8: _Numbers("int_val", numpy["DT_QINT8"], np.int32, np.int8),
        types_pb2.DT_QUINT8: _Numbers("int_val", numpy["DT_QUINT8"], np.int32, np.uint8),
        types_pb2.DT_QINT16: _Numbers("int_val", numpy["DT_QINT16"], np.int32, np.int16),
        types_pb2.DT_QUINT16: _Numbers("int_val", numpy["DT_QUINT16"], np.int32, np.uint16),
        types_pb2.DT_QINT32: _Numbers("int_val", numpy["DT_QINT32"], np.int32, np.int32),
        types_pb2.DT_STRING: _Strings(),
    }


FIELDS = _fields()
TYPES = {field.dtype: dtype for dtype, field in FIELDS.items()}


def type_name(array: np.ndarray) -> str:
    """Returns the name of an array's type in TensorFlow: "DT_FLOAT"."""
    return types_pb2.DataType.Name(TYPES[array.dtype])


def shape_text(array: np.ndarray) -> str:
    """Returns the shape as TensorFlow prints it: "[2,3]"."""
    return f"[{','.join(map(str, array.shape))}]"


def to_array(proto: Any, alias: str) -> np.ndarray:
    """Reads a TensorProto.

    Typed fields may hold fewer values than the shape has elements (the last one repeats, none
    means zeros) or more (the rest is ignored); `tensor_content` must fit exactly.

    Args:
        proto: The tensor.
        alias: The input's name, for the error.

    Returns:
        The array, which may be read-only; strings are bytes in an array of objects.

    Raises:
        StatusError: It is no tensor.
    """
    field = FIELDS.get(proto.dtype)
    shape = _shape(proto.tensor_shape)
    if field is None or shape is None:
        raise _unreadable(alias)
    count = 1
    for size in shape:
        count *= size
    if count > MAX_ELEMENTS:
        raise _unreadable(alias)
    if count == 0:
        return np.empty(shape, field.dtype)
    if proto.tensor_content:
        flat = _content(proto.tensor_content, field, count)
    else:
        flat = _stretched(field.read(proto), field, count)
    if flat is None:
        raise _unreadable(alias)
    return flat.reshape(shape)


def _unreadable(alias: str) -> StatusError:
    return StatusError(Code.INVALID_ARGUMENT, f"tensor parsing error: {alias}")


def _shape(proto: Any) -> list[int] | None:
    if proto.unknown_rank:
        return None
    shape = [dim.size for dim in proto.dim]
    if len(shape) > MAX_DIMENSIONS or any(size < 0 for size in shape):
        return None
    return shape


def _content(content: bytes, field: Field, count: int) -> np.ndarray | None:
    if isinstance(field, _Strings):
        return _string_content(content, count)
    if len(content) != count * field.dtype.itemsize:
        return None
    array = np.frombuffer(content, np.uint8 if field.dtype == bool else field.dtype, count)
    if field.dtype == bool:  # a byte that is neither 0 nor 1 is no truth value
        return None if array.max() > 1 else array.view(np.bool_)
    return array


def _string_content(content: bytes, count: int) -> np.ndarray | None:
    """Reads `count` lengths as varints, then the strings end to end."""
    lengths: list[int] = []
    at = length = shift = 0
    while len(lengths) < count:
        if at == len(content) or shift > 63:
            return None
        length |= (content[at] & 127) << shift
        shift += 7
        if content[at] < 128:
            lengths.append(length)
            length = shift = 0
        at += 1
    if at + sum(lengths) != len(content):
        return None
    array = np.empty(count, object)
    for index, length in enumerate(lengths):
        array[index] = content[at : at + length]
        at += length
    return array


def _stretched(values: np.ndarray, field: Field, count: int) -> np.ndarray | None:
    if len(values) >= count:
        return values if len(values) == count else values[:count]
    if count * field.dtype.itemsize > MAX_STRETCHED_BYTES:
        return None
    zero: Any = b"" if field.dtype == STRING else np.zeros((), field.dtype)
    array = np.empty(count, field.dtype)
    array.fill(values[-1] if len(values) else zero)  # np.full drops zeros at the end of bytes
    array[: len(values)] = values
    return array


def to_proto(array: np.ndarray, proto: Any) -> None:
    """Writes an array into an empty TensorProto, in typed fields, as the real server answers.

    Args:
        array: What the session gave.
        proto: The TensorProto to fill.
    """
    dtype = TYPES[array.dtype]
    proto.dtype = dtype
    dims = proto.tensor_shape.dim
    for size in array.shape:
        dims.add().size = size
    if not array.shape:
        proto.tensor_shape.SetInParent()
    if array.size:
        FIELDS[dtype].write(array, proto)


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    data.append(value)
    return bytes(data)
