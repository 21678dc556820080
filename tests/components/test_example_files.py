"""Examples in files, split by a hash of each."""

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tfx.components.example_gen import base_example_gen_executor as tfx_executor
from tfx.proto import example_gen_pb2

from components.example_files import split_of, write_splits

BUCKETS = {"train": 3, "eval": 1, "test": 2}


def read(folder):
    files = sorted(folder.glob("*"))
    return [list(tf.data.TFRecordDataset(str(f), "GZIP").as_numpy_iterator()) for f in files]


@pytest.fixture
def folders(tmp_path):
    return {name: tmp_path / f"Split-{name}" for name in BUCKETS}


def written(folders, examples, **more):
    write_splits(examples, {name: str(path) for name, path in folders.items()}, BUCKETS, **more)
    return {name: read(path) for name, path in folders.items()}


def test_each_goes_where_tfx_sends_it(folders):
    examples = [b"row %d" % number for number in range(500)]
    found = written(folders, examples)
    buckets = [3, 4, 6]
    config = example_gen_pb2.SplitConfig()
    for place, (name, files) in enumerate(found.items()):
        assert files == [
            [e for e in examples if tfx_executor._PartitionFn(e, 3, buckets, config) == place]
        ], name


def test_files_hold_a_bounded_number_of_rows(folders):
    examples = [b"row %d" % number for number in range(60)]
    found = written(folders, examples, rows_per_shard=7)
    assert sorted(e for files in found.values() for file in files for e in file) == sorted(examples)
    for name, files in found.items():
        assert {len(file) for file in files[:-1]} <= {7}
        assert 1 <= len(files[-1]) <= 7
        assert [path.name for path in sorted(folders[name].glob("*"))] == [
            f"data_tfrecord-{place:05d}-of-{len(files):05d}.gz" for place in range(len(files))
        ]


def test_a_split_without_rows_has_an_empty_file(folders):
    assert written(folders, []) == {"train": [[]], "eval": [[]], "test": [[]]}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_buckets_are_dealt_out_in_order(sizes):
    buckets = {str(place): size for place, size in enumerate(sizes)}
    dealt = [split_of(bucket, buckets) for bucket in range(sum(sizes))]
    assert dealt == [place for place, size in enumerate(sizes) for _ in range(size)]
