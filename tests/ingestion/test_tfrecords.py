"""The first record of a TFRecord file, held against TensorFlow's own writer."""

import gzip
import struct
import subprocess
import sys

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from ingestion.tfrecords import (
    begins_like_tfrecord,
    check_tfrecord,
    feature_names,
    masked_crc,
)
from usecase.errors import DataError
from usecase.paths import PROJECT_ROOT

FEATURES = st.one_of(
    st.just(tf.train.Feature()),
    st.lists(st.binary(max_size=300)).map(
        lambda v: tf.train.Feature(bytes_list=tf.train.BytesList(value=v))
    ),
    st.lists(st.floats(width=32)).map(
        lambda v: tf.train.Feature(float_list=tf.train.FloatList(value=v))
    ),
    st.lists(st.integers(-(2**63), 2**63 - 1)).map(
        lambda v: tf.train.Feature(int64_list=tf.train.Int64List(value=v))
    ),
)


def example(**values):
    features = {
        name: tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        for name, value in values.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


ROW = example(age=1, city=2).SerializeToString()


def write(path, *records, compression=None):
    with tf.io.TFRecordWriter(str(path), compression or "") as writer:
        for record in records:
            writer.write(record)
    return path


def fault(path):
    with pytest.raises(DataError) as caught:
        check_tfrecord(path)
    assert str(path) in caught.value.what
    assert caught.value.expected
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize(
    ("name", "compression"),
    [("a.tfrecord", None), ("a.tfrecord.gz", "GZIP"), ("part-0", None), ("A.TFRECORD.GZ", "GZIP")],
)
def test_what_tensorflow_writes_is_let_through(tmp_path, name, compression):
    path = write(tmp_path / name, ROW, b"only the first one counts", compression=compression)
    check_tfrecord(path)
    assert begins_like_tfrecord(path)


def test_an_empty_file(tmp_path):
    (tmp_path / "a.tfrecord").touch()
    assert fault(tmp_path / "a.tfrecord").what.startswith("data file is empty")
    write(tmp_path / "a.tfrecord.gz", compression="GZIP")
    assert fault(tmp_path / "a.tfrecord.gz").what.startswith("data file is empty")


@pytest.mark.parametrize("content", [b"a,b\n1,2\n3,4\n", b"x", b"\0" * 40])
def test_a_file_of_another_kind(tmp_path, content):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(content)
    assert fault(path).what.startswith("data file is no TFRecord file")
    assert not begins_like_tfrecord(path)


def test_compressed_by_another_name(tmp_path):
    error = fault(write(tmp_path / "a.tfrecord", ROW, compression="GZIP"))
    assert error.what.startswith("data file is no TFRecord file")
    assert "this one is compressed, so its name must end in .gz" in error.expected


def test_not_compressed_by_its_name(tmp_path):
    error = fault(write(tmp_path / "a.tfrecord.gz", ROW))
    assert error.what.startswith("data not readable")
    assert "compressed if its name ends in .gz, else not" in error.expected


@pytest.mark.parametrize("keep", [12, 13, 12 + len(ROW), 12 + len(ROW) + 3])
def test_a_first_record_that_is_cut_off(tmp_path, keep):
    path = write(tmp_path / "a.tfrecord", ROW)
    path.write_bytes(path.read_bytes()[:keep])
    assert fault(path).what.startswith("data file ends within its first record")


def test_a_compressed_file_that_is_cut_off(tmp_path):
    path = tmp_path / "a.tfrecord.gz"
    path.write_bytes(gzip.compress(write(tmp_path / "a", ROW).read_bytes())[:-20])
    assert fault(path).what.startswith("data not readable")


@pytest.mark.parametrize("place", [12, 12 + len(ROW)])
def test_a_first_record_that_is_damaged(tmp_path, place):
    path = write(tmp_path / "a.tfrecord", ROW)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert "a first record whose checksum is wrong" in fault(path).what


SEQUENCE = tf.train.SequenceExample(context=example(age=1).features)
SEQUENCE.feature_lists.feature_list["steps"].feature.add()


@pytest.mark.parametrize(
    "record",
    [b"", b"text", b"\x0a\xff\xff", SEQUENCE.SerializeToString(), example().SerializeToString()],
    ids=["nothing", "text", "cut", "sequence", "no feature"],
)
def test_a_first_record_of_another_kind(tmp_path, record):
    error = fault(write(tmp_path / "a.tfrecord", record))
    assert error.what.startswith("the first record is no tf.Example")


def test_what_is_no_file(tmp_path):
    assert fault(tmp_path / "none.tfrecord").what.startswith("data not readable")
    assert fault(tmp_path).what.startswith("data not readable")


@given(st.dictionaries(st.text(), FEATURES))
def test_the_names_of_any_example(features):
    made = tf.train.Example(features=tf.train.Features(feature=features))
    assert sorted(feature_names(made.SerializeToString())) == sorted(features)


@given(st.binary(max_size=60), st.integers(0, len(ROW) - 1))
def test_any_bytes_have_names_or_are_refused(data, place):
    for damaged in (data, ROW[:place] + data[:1] + ROW[place + 1 :], ROW[:place]):
        try:
            names = feature_names(damaged)
        except ValueError:
            continue
        assert all(isinstance(name, str) for name in names)


@given(st.binary(max_size=100))
def test_the_checksum_is_tensorflow_s(tmp_path_factory, data):
    path = write(tmp_path_factory.mktemp("crc") / "a", data)
    content = path.read_bytes()
    assert struct.unpack("<I", content[8:12]) == (masked_crc(content[:8]),)
    assert struct.unpack("<I", content[-4:]) == (masked_crc(data),)


def test_nothing_is_imported_for_it(tmp_path):
    write(tmp_path / "a.tfrecord", ROW)
    code = (
        "import sys, pathlib; from ingestion.tfrecords import check_tfrecord;"
        f"check_tfrecord(pathlib.Path({str(tmp_path / 'a.tfrecord')!r}));"
        "print({'tensorflow', 'google.protobuf', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
    )
    assert done.stdout == "set()\n"
