"""Records as TensorFlow's own reader finds them."""

import struct

import pytest
import tensorflow as tf

from serving.tfrecords import framed


def read(path):
    return [*tf.compat.v1.io.tf_record_iterator(str(path))]


def test_tensorflow_reads_them(tmp_path):
    records = [b"", b"x", "Größe".encode() * 1000, bytes(range(256)) * 400]
    (tmp_path / "file").write_bytes(b"".join(map(framed, records)))
    assert read(tmp_path / "file") == records


def test_they_are_what_tensorflow_writes(tmp_path):
    records = [b"", b"123456789", bytes(100_001)]
    with tf.io.TFRecordWriter(str(tmp_path / "file")) as writer:
        for record in records:
            writer.write(record)
    assert (tmp_path / "file").read_bytes() == b"".join(map(framed, records))


def test_a_changed_byte_is_found(tmp_path):
    spoiled = bytearray(framed(b"abc"))
    spoiled[struct.calcsize("<QI")] ^= 1
    (tmp_path / "file").write_bytes(bytes(spoiled))
    with pytest.raises(tf.errors.DataLossError):
        read(tmp_path / "file")
