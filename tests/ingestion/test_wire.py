"""Columns to serialized tf.Examples: the bytes are TensorFlow's own."""

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingestion.wire import Column, serialize, varint

TYPES = {"int64": pa.int64(), "float32": pa.float32(), "bytes": pa.large_binary()}
VALUES = {
    None: st.none(),
    "int64": st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-200, 200),
    "float32": st.none() | st.floats(width=32),
    "bytes": st.none() | st.binary(max_size=300),
}
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def by_tensorflow(columns, row):
    example = tf.train.Example()
    for name, kind, values in columns:
        feature = example.features.feature[name]
        field = {"int64": "int64_list", "float32": "float_list", "bytes": "bytes_list"}.get(kind)
        if field is None:
            continue
        getattr(feature, field).SetInParent()
        value = values[row].as_py()
        if value is not None:
            getattr(feature, field).value.append(value)
    return example.SerializeToString(deterministic=True)


@st.composite
def blocks(draw):
    rows = draw(st.integers(1, 5))
    columns = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=6, unique=True)):
        kind = draw(st.sampled_from(list(VALUES)))
        values = draw(st.lists(VALUES[kind], min_size=rows, max_size=rows))
        array = pa.nulls(rows) if kind is None else pa.array(values, TYPES[kind])
        columns.append(Column(name, kind, array))
    return columns, rows


NOTHING = pa.nulls(1)


@settings(max_examples=300, deadline=None)
@given(blocks())
@example(([Column(name, None, NOTHING) for name in ("fare", "", "fares", "far", "é")], 1))
def test_the_bytes_are_tensorflow_s_in_their_own_order(block):
    columns, rows = block
    assert serialize(columns, rows) == [by_tensorflow(columns, row) for row in range(rows)]


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16383, 16384, 2**21])
def test_lengths_on_both_sides_of_a_byte_more(length):
    column = Column("n" * 120, "bytes", pa.array([b"x" * length], pa.large_binary()))
    assert serialize([column], 1) == [by_tensorflow([column], 0)]


def test_a_slice_of_an_array_is_that_slice():
    whole = pa.array([b"a", None, b"ccc", b"dd"], pa.large_binary())
    column = Column("x", "bytes", whole.slice(1, 2))
    assert serialize([column], 2) == [by_tensorflow([column], row) for row in range(2)]


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_read_back(number):
    value = 0
    for place, octet in enumerate(varint(number)):
        value |= (octet & 127) << 7 * place
    assert value == number
    assert all(octet >= 128 for octet in varint(number)[:-1])
    assert varint(number)[-1] < 128


def test_a_block_without_rows():
    assert serialize([Column("x", "float32", pa.array(np.zeros(0, np.float32)))], 0) == []
