import pytest
import tensorflow as tf

from autoconfig.examples import read_examples
from usecase.errors import DataError


def example(**columns):
    made = tf.train.Example()
    for name, values in columns.items():
        feature = made.features.feature[name]
        for value in values:
            kind = {int: feature.int64_list, float: feature.float_list, bytes: feature.bytes_list}
            kind[type(value)].value.append(value)
    return made.SerializeToString()


def written(path, *records, compression=""):
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    return path


def test_features_become_columns_of_their_types(tmp_path):
    path = written(
        tmp_path / "rows.tfrecord",
        example(n=[1], x=[0.5], t=["é".encode()], empty=[]),
        example(n=[2], x=[], t=[b"b"]),
    )
    (batch,) = read_examples([path])
    found = {n: c.to_pylist() for n, c in zip(batch.schema.names, batch.columns, strict=True)}
    assert found == {"empty": [None, None], "n": [1, 2], "t": ["é", "b"], "x": [0.5, None]}


def test_what_is_no_column_of_one_value_is_a_list(tmp_path):
    path = written(
        tmp_path / "rows.tfrecord",
        example(many=[1, 2], raw=[b"\xff"], mixed=[1]),
        example(many=[3], raw=[b"a"], mixed=[1.5]),
    )
    (batch,) = read_examples([path])
    assert all(isinstance(column[0].as_py(), list) for column in batch.columns)


def test_compression_is_told_by_the_name(tmp_path):
    records = [example(n=[k]) for k in range(3)]
    path = written(tmp_path / "rows.tfrecord.gz", *records, compression="GZIP")
    (batch,) = read_examples([path])
    assert batch.column(0).to_pylist() == [0, 1, 2]


def test_damage_is_told(tmp_path):
    path = written(tmp_path / "rows.tfrecord", example(n=[1]))
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(DataError, match="not readable"):
        list(read_examples([path]))
    no_example = written(tmp_path / "other.tfrecord", b"\xff\xff")
    with pytest.raises(DataError, match="not readable"):
        list(read_examples([no_example]))
