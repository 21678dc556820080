"""The training input: its order depends on the rows alone, its batches on a seed."""

import struct

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.inputs import PARSE_BATCH, Split, read_split, row_hashes

SPEC = {
    "x_xf": tf.io.FixedLenFeature([], tf.float32),
    "c_xf": tf.io.FixedLenFeature([], tf.int64),
    "y_xf": tf.io.FixedLenFeature([], tf.float32),
}


@st.composite
def tables(draw, least=1):
    """Two columns of numbers and one of integers, all of one length."""
    rows = draw(st.integers(least, 6))
    floats = st.floats(width=32, allow_nan=False)  # a hash may depend on the kind of NaN
    return {
        "x": draw(arrays.arrays(np.float32, rows, elements=floats)),
        "z": draw(arrays.arrays(np.float32, rows, elements=floats)),
        "c": draw(arrays.arrays(np.int64, rows, elements=st.integers(-(2**63), 2**63 - 1))),
    }


def taken(columns, rows):
    return {name: values[rows] for name, values in columns.items()}


@given(tables(), st.randoms(use_true_random=False))
def test_a_hash_moves_with_its_row(columns, random):
    order = list(range(len(columns["x"])))
    random.shuffle(order)
    moved = dict(reversed(taken(columns, order).items()))
    np.testing.assert_array_equal(row_hashes(moved), row_hashes(columns)[order])


@given(tables(), st.data())
def test_a_hash_depends_on_every_value_of_its_row_alone(columns, data):
    name = data.draw(st.sampled_from(sorted(columns)))
    row = data.draw(st.integers(0, len(columns["x"]) - 1))
    other = data.draw(tables(least=6))[name][0]
    assume(other != columns[name][row])
    changed = {**columns, name: columns[name].copy()}
    changed[name][row] = other
    differs = row_hashes(changed) != row_hashes(columns)
    assert np.flatnonzero(differs).tolist() == [row]


def test_a_hash_depends_on_which_column_a_value_is_in():
    a, b = np.array([1, 2, 3]), np.array([4, 5, 6])
    assert not np.any(row_hashes({"a": a, "b": b}) == row_hashes({"a": b, "b": a}))


@given(tables())
def test_a_hash_is_the_same_on_every_machine_and_day(columns):
    """Held against whole numbers without end; Python's own hash of strings differs by process."""
    expected = []
    for row in range(len(columns["x"])):
        value = 0
        for name in "cxz":
            kind = "<q" if name == "c" else "<d"
            (word,) = struct.unpack("<Q", struct.pack(kind, columns[name][row]))
            value = (value ^ word) * 0x9E3779B97F4A7C15 % 2**64
            value ^= value >> 29
        expected.append(value)
    assert row_hashes(columns).tolist() == expected


def make_columns(rows=40, seed=0):
    """The label can be told from the features: it says whether x is over c."""
    random = np.random.default_rng(seed)
    x, c = random.normal(size=rows).astype(np.float32), random.integers(-1, 2, rows)
    return {"x_xf": x, "c_xf": c, "y_xf": (x > c).astype(np.float32)}


def make_split(rows=40, seed=0):
    return Split(make_columns(rows, seed), "y_xf")


def same(split, other):
    np.testing.assert_equal(split.features, other.features)
    np.testing.assert_equal(split.label, other.label)


def test_the_order_of_the_rows_does_not_matter():
    columns = make_columns()
    split = Split(columns, "y_xf")
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(40)
        same(Split(taken(columns, order), "y_xf"), split)
    assert not np.array_equal(split.features["x_xf"], columns["x_xf"])


def test_rows_stay_whole():
    split = make_split()
    assert set(split.features) == {"x_xf", "c_xf"}
    np.testing.assert_array_equal(split.label, split.features["x_xf"] > split.features["c_xf"])
    np.testing.assert_array_equal(np.sort(split.features["x_xf"]), np.sort(make_columns()["x_xf"]))
    assert (len(split), split.label.dtype) == (40, np.float32)


def test_a_fingerprint_is_of_the_rows_not_of_their_order():
    columns = make_columns()
    backwards = Split(taken(columns, slice(None, None, -1)), "y_xf")
    assert backwards.fingerprint() == make_split().fingerprint()


@pytest.mark.parametrize("name", ["x_xf", "c_xf", "y_xf"])
def test_a_fingerprint_depends_on_every_value(name):
    columns = make_columns()
    columns[name][17] = 9
    assert Split(columns, "y_xf").fingerprint() != make_split().fingerprint()


def test_a_fingerprint_depends_on_the_number_of_rows():
    assert make_split(39).fingerprint() != make_split(40).fingerprint()
    assert make_split(0).fingerprint() == "0-0000000000000000"


def test_rows_that_occur_twice_count_in_a_fingerprint():
    twice = [np.array([v, v], np.float32) for v in (1.0, 2.0)]
    one, other = (Split({"x_xf": x, "y_xf": np.zeros(2)}, "y_xf").fingerprint() for x in twice)
    assert one != other


def seen(dataset):
    """Returns the rows of an epoch as [(x, c, label, weight)], in order."""
    batches = [(f["x_xf"], f["c_xf"], y, w) for f, y, w in dataset.as_numpy_iterator()]
    return [tuple(row) for batch in batches for row in zip(*batch, strict=True)]


def test_batches_without_a_seed_keep_the_order():
    split = make_split(10)
    batches = list(split.batches(4).as_numpy_iterator())
    assert [len(label) for _, label, _ in batches] == [4, 4, 2]
    rows = [row[:3] for row in seen(split.batches(4))]
    assert rows == list(zip(*split.features.values(), split.label, strict=True))


def test_batches_of_one_seed_are_the_same_and_each_epoch_anew():
    split = make_split()
    first, again, other = (split.batches(7, shuffle_seed=s) for s in (1, 1, 2))
    epochs = [seen(first), seen(first)]
    assert epochs == [seen(again), seen(again)]
    assert epochs[0] != epochs[1]
    assert epochs[0] != seen(other)
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(seen(split.batches(7)))
    assert all(label == (x > c) for x, c, label, _ in epochs[0])


def test_rows_keep_their_weight():
    split = make_split()
    weights = np.where(split.label == 1, np.float32(4), np.float32(0.25))
    rows = seen(split.batches(7, weights, shuffle_seed=3))
    assert {(label, weight) for _, _, label, weight in rows} == {(0.0, 0.25), (1.0, 4.0)}
    each = np.arange(40, dtype=np.float32)
    expected = list(zip(*split.features.values(), split.label, each, strict=True))
    assert seen(split.batches(7, each)) == expected
    assert sorted(seen(split.batches(7, each, shuffle_seed=3))) == sorted(expected)
    assert {row[3] for row in seen(split.batches(7))} == {1.0}


def test_batches_of_no_rows():
    assert list(make_split(0).batches(4, shuffle_seed=1)) == []


def write(path, columns, rows):
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for row in rows:
            example = tf.train.Example()
            features = example.features.feature
            features["x_xf"].float_list.value.append(columns["x_xf"][row])
            features["c_xf"].int64_list.value.append(columns["c_xf"][row])
            features["y_xf"].float_list.value.append(columns["y_xf"][row])
            writer.write(example.SerializeToString())


def test_records_come_back_whatever_files_they_are_in(tmp_path):
    columns = make_columns()
    columns["y_xf"][3] = np.nan
    write(tmp_path / "all-0.gz", columns, range(40))
    write(tmp_path / "part-1.gz", columns, range(25, 40))
    write(tmp_path / "part-0.gz", columns, reversed(range(25)))
    expected = Split(columns, "y_xf")
    same(read_split([f"{tmp_path}/all-*"], SPEC, "y_xf"), expected)
    same(read_split([f"{tmp_path}/part-*"], SPEC, "y_xf"), expected)
    same(read_split([f"{tmp_path}/part-1*", f"{tmp_path}/part-0.gz"], SPEC, "y_xf"), expected)


def test_records_are_read_beyond_one_parsing_batch(tmp_path, monkeypatch):
    monkeypatch.setattr("models.inputs.PARSE_BATCH", 16)
    write(tmp_path / "all.gz", make_columns(), range(40))
    same(read_split([f"{tmp_path}/all.gz"], SPEC, "y_xf"), make_split())
    assert PARSE_BATCH > 16


def test_no_record_is_an_error(tmp_path):
    write(tmp_path / "empty.gz", make_columns(), [])
    for pattern in ("empty.gz", "nothing*"):
        with pytest.raises(ValueError, match="no transformed example in .*" + pattern[:5]):
            read_split([f"{tmp_path}/{pattern}"], SPEC, "y_xf")
