"""Which files an ExampleGen takes for those that it has read: by what is in them."""

import os

import ml_metadata
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.components.example_gen import driver as tfx_driver

from components.content_driver import Driver
from components.examples import batches
from orchestration.local.execute import Executor
from orchestration.local.metadata_store import sqlite_config
from pipeline.sources import example_gen
from usecase.config import SPLITS, Data, Split

OLD, NEW = (11, 22, 33), (11, 22, 44)  # files of the same size


def write_csv(path, numbers):
    path.write_text("a\n" + "".join(f"{number}\n" for number in numbers))


def write_parquet(path, numbers):
    pq.write_table(pa.table({"a": numbers}), path, compression="NONE", use_dictionary=False)


def write_tfrecord(path, numbers):
    with tf.io.TFRecordWriter(str(path)) as file:
        for number in numbers:
            values = tf.train.Feature(int64_list=tf.train.Int64List(value=[number]))
            example = tf.train.Example(features=tf.train.Features(feature={"a": values}))
            file.write(example.SerializeToString())


WRITERS = {"csv": write_csv, "parquet": write_parquet, "tfrecord": write_tfrecord}


@pytest.fixture
def source():
    return "csv"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows").mkdir()
    return tmp_path


@pytest.fixture
def write(folder, source):
    """Returns a function that writes a file with a time of one's choice."""

    def write(numbers, seconds, name="a"):
        path = folder / "rows" / f"{name}.{source}"
        WRITERS[source](path, numbers)
        os.utime(path, (seconds, seconds))
        return path.stat().st_size

    return write


@pytest.fixture
def run(folder, source):
    """Returns a function that runs the ExampleGen, and tells what became of it and its rows."""

    def run(driver=Driver):
        path = str(folder / "rows" / f"*.{source}")
        node = example_gen(Data(path=path), Split(), {}, path)
        node.driver_class = driver
        store = sqlite_config(folder / "metadata.db")
        executor = Executor("content", [node], folder / "out", store, f"{run.count}")
        run.count += 1
        (compiled,) = executor.nodes()
        execution = executor.run(compiled)
        return execution.state, rows(execution)

    run.count = 0
    return run


def rows(execution):
    (uri,) = execution.outputs["examples"]
    records = [row for batch in batches(uri, *SPLITS).as_numpy_iterator() for row in batch]
    examples = map(tf.train.Example.FromString, records)
    return tuple(sorted(one.features.feature["a"].int64_list.value[0] for one in examples))


@pytest.mark.parametrize("source", WRITERS)
def test_other_contents_of_the_same_size_and_time_are_read(write, run):
    size = write(OLD, 1_000_000)
    assert run() == ("ran", OLD)
    assert run() == ("cached", OLD)
    assert write(NEW, 1_000_000) == size
    assert run() == ("ran", NEW)
    write(OLD, 1_000_000)
    assert run() == ("cached", OLD)


def test_tfx_would_not_read_them(write, run):
    write(OLD, 1_000_000)
    assert run(tfx_driver.FileBasedDriver) == ("ran", OLD)
    write(NEW, 1_000_000)
    assert run(tfx_driver.FileBasedDriver) == ("cached", OLD)


def test_a_file_that_was_only_touched_is_not_read_again(write, run):
    write(OLD, 1_000_000)
    assert run() == ("ran", OLD)
    write(OLD, 2_000_000)
    assert run() == ("cached", OLD)
    assert run(tfx_driver.FileBasedDriver) == ("ran", OLD)  # its key holds sizes and times
    write(OLD, 3_000_000)
    assert run(tfx_driver.FileBasedDriver) == ("ran", OLD)


def test_files_are_known_by_their_names_too(write, run, folder):
    write(OLD, 1_000_000)
    write(NEW, 1_000_000, "b")
    assert run() == ("ran", tuple(sorted(OLD + NEW)))
    # The same contents change places.
    write(NEW, 1_000_000)
    write(OLD, 1_000_000, "b")
    assert run()[0] == "ran"
    (folder / "rows" / "b.csv").unlink()
    assert run() == ("ran", NEW)


def test_the_examples_tell_their_fingerprint(write, run, folder):
    write(OLD, 1_000_000)
    write(NEW, 1_000_000, "b")
    run()
    store = ml_metadata.MetadataStore(sqlite_config(folder / "metadata.db"))
    (examples,) = store.get_artifacts_by_type("Examples")
    told = examples.custom_properties["input_fingerprint"].string_value
    assert told.startswith("num_files:2,sha256:")


def test_of_files_elsewhere_tfx_looks_at_sizes_and_times(monkeypatch):
    told = {"input_base": "gs://bucket/rows", "input_fingerprint": "theirs"}
    monkeypatch.setattr(
        tfx_driver.FileBasedDriver, "resolve_exec_properties", lambda *_: dict(told)
    )
    assert Driver(None).resolve_exec_properties({}, None, None) == told
