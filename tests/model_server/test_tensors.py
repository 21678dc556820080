"""TensorProtos are read as TensorFlow's C++ reads them: `tf.io.parse_tensor` is the judge."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2, types_pb2

from model_server import tensors
from model_server.status import Code, StatusError
from tests.model_server.toy_models import TYPES

FIELDS = {
    "float_val": st.floats(width=32),
    "double_val": st.floats(),
    "int_val": st.integers(-(2**31), 2**31 - 1),
    "int64_val": st.integers(-(2**63), 2**63 - 1),
    "uint32_val": st.integers(0, 2**32 - 1),
    "uint64_val": st.integers(0, 2**64 - 1),
    "bool_val": st.booleans(),
    "string_val": st.binary(max_size=5),
    "half_val": st.integers(0, 65535),
    "scomplex_val": st.floats(width=32),
    "dcomplex_val": st.floats(),
}


def values(kind, count):
    """Some values of a type, the extreme ones among them where there are any."""
    if kind == tf.string:
        return np.array([b"", b"\xff\x00", "ü".encode()] * count, object)[:count]
    if kind == tf.bool:
        return np.arange(count) % 2 == 0
    if kind.is_complex:
        return (np.arange(count) * (1 + 0.5j)).astype(kind.as_numpy_dtype)
    if kind.is_integer:
        info = np.iinfo(kind.as_numpy_dtype)
        return np.resize(np.array([info.min, 0, 1, info.max], kind.as_numpy_dtype), count)
    odd = [0.0, -0.0, np.nan, np.inf, 0.1, -1e30]
    with np.errstate(over="ignore"):
        return np.resize(np.array(odd), count).astype(kind.as_numpy_dtype)


def same(found, expected):
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if found.dtype == object:
        assert found.tolist() == expected.tolist()
    else:
        assert found.tobytes() == expected.tobytes()


def oracle(proto):
    """What TensorFlow makes of it; None if it refuses."""
    try:
        parsed = tf.io.parse_tensor(proto.SerializeToString(), tf.as_dtype(proto.dtype)).numpy()
    except tf.errors.InvalidArgumentError:
        return None
    if isinstance(parsed, bytes):
        return np.array(parsed, object)
    return np.asarray(parsed)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (40,), (5, 8), (2, 0, 3)])
@pytest.mark.parametrize("name", TYPES)
def test_what_is_written_is_read_by_tensorflow_and_by_us(name, shape):
    array = values(TYPES[name], int(np.prod(shape))).reshape(shape)
    proto = tensor_pb2.TensorProto()
    tensors.to_proto(array, proto)
    assert proto.tensor_content == b""  # typed fields, as the real server answers
    assert proto.dtype == TYPES[name].as_datatype_enum
    same(tensors.to_array(proto, "x"), array)
    same(oracle(proto), array)


@pytest.mark.parametrize("name", TYPES)
def test_tensor_content_is_read(name):
    array = values(TYPES[name], 24).reshape(2, 12)
    proto = tf.make_tensor_proto(array, TYPES[name])
    same(tensors.to_array(proto, "x"), array)


def test_content_of_strings_is_read():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING)
    proto.tensor_shape.dim.add().size = 3
    long = b"y" * 300
    proto.tensor_content = b"\x01\x00\xac\x02" + b"x" + long
    assert tensors.to_array(proto, "x").tolist() == [b"x", b"", long]
    same(oracle(proto), np.array([b"x", b"", long], object))


def test_last_value_repeats_and_surplus_is_ignored():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0, 2.0])
    for size, expected in ((4, [1, 2, 2, 2]), (1, [1]), (2, [1, 2])):
        del proto.tensor_shape.dim[:]
        proto.tensor_shape.dim.add().size = size
        assert tensors.to_array(proto, "x").tolist() == expected
    del proto.float_val[:]
    assert tensors.to_array(proto, "x").tolist() == [0, 0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda proto: setattr(proto, "dtype", types_pb2.DT_INVALID),
        lambda proto: setattr(proto, "dtype", types_pb2.DT_RESOURCE),
        lambda proto: setattr(proto.tensor_shape, "unknown_rank", True),
        lambda proto: setattr(proto.tensor_shape.dim[0], "size", -1),
        lambda proto: setattr(proto.tensor_shape.dim[0], "size", 2**62),
        lambda proto: setattr(proto, "tensor_content", b"12345"),
    ],
    ids=["no type", "resource", "unknown rank", "negative", "huge", "content too short"],
)
def test_what_is_no_tensor_is_refused(spoil):
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0])
    proto.tensor_shape.dim.add().size = 2
    assert tensors.to_array(proto, "x").tolist() == [1, 1]
    spoil(proto)
    with pytest.raises(StatusError) as caught:
        tensors.to_array(proto, "the input")
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert caught.value.message == "tensor parsing error: the input"


def test_zeros_at_the_end_of_a_text_that_is_repeated_stay():
    proto = tensor_pb2.TensorProto(dtype=7, string_val=[b"a\x00"])
    proto.tensor_shape.dim.add().size = 3
    assert tensors.to_array(proto, "x").tolist() == [b"a\x00"] * 3


@given(data=st.data())
@settings(max_examples=1500, deadline=None)
def test_any_tensor_is_read_as_tensorflow_reads_it(data):
    dtype = data.draw(st.sampled_from([kind.as_datatype_enum for kind in TYPES.values()]))
    proto = tensor_pb2.TensorProto(dtype=dtype)
    for size in data.draw(st.lists(st.integers(-1, 6), max_size=3)):
        proto.tensor_shape.dim.add().size = size
    field = tensors.FIELDS[dtype].field
    several = data.draw(st.lists(FIELDS[field], max_size=40))
    if field.endswith("complex_val"):
        several = several[: len(several) // 2 * 2]
    getattr(proto, field).extend(several)
    if data.draw(st.integers(0, 3)) == 0:
        proto.tensor_content = data.draw(st.binary(max_size=40))
    if field != "double_val" and data.draw(st.booleans()):
        proto.double_val.append(1.5)  # a field of another type says nothing
    expected = oracle(proto)
    try:
        found = tensors.to_array(proto, "x")
    except StatusError:
        assert expected is None
    else:
        assert expected is not None
        same(found, expected)
