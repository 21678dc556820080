"""Runs ExampleGen executors on small files, and reads back what they wrote."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components.arrow_examples import Executor
from components.reading_config import reading_config
from ingestion.columns import Reading
from ingestion.dialect import Dialect

SPLITS = {"train": 3, "eval": 1, "test": 2}
CSV = Reading("csv", Dialect(), {}, {})
PARQUET = CSV._replace(source="parquet")


class Cell(NamedTuple):
    """What an Example holds in one feature."""

    kind: str | None
    values: list


def properties(folder, reading, pattern="*"):
    split = example_gen_pb2.SplitConfig.Split
    splits = [split(name=name, hash_buckets=buckets) for name, buckets in SPLITS.items()]
    rows = example_gen_pb2.Input.Split(name="rows", pattern=pattern)
    config = {
        "input_config": example_gen_pb2.Input(splits=[rows]),
        "output_config": example_gen_pb2.Output(
            split_config=example_gen_pb2.SplitConfig(splits=splits)
        ),
        "custom_config": reading_config(reading),
    }
    as_json = {name: proto_utils.proto_to_json(value) for name, value in config.items()}
    formats = {"output_data_format": example_gen_pb2.FORMAT_TF_EXAMPLE}
    formats["output_file_format"] = example_gen_pb2.FORMAT_TFRECORDS_GZIP
    return {**as_json, **formats, "input_base": str(folder)}


def run(folder, reading=CSV, pattern="*", executor=Executor, arguments=()):
    """Runs an executor on the files of a folder; returns the artifact, beside that folder."""
    examples = standard_artifacts.Examples()
    place = Path(folder)
    out = place.with_name(f"{place.name}-{len(list(place.parent.iterdir()))}")
    examples.uri = str(out)
    context = executor.Context(
        beam_pipeline_args=list(arguments), tmp_dir=str(out / "tmp"), unique_id="1"
    )
    executor(context).Do({}, {"examples": [examples]}, properties(folder, reading, pattern))
    return examples


def files_of(examples, split):
    return sorted(tf.io.gfile.glob(f"{examples.uri}/Split-{split}/*"))


def records(examples, split):
    return list(tf.data.TFRecordDataset(files_of(examples, split), "GZIP").as_numpy_iterator())


def by_split(examples):
    """Returns the examples of each split, as a multiset; TFX writes a map in any order."""
    return {
        split: Counter(
            tf.train.Example.FromString(record).SerializeToString(deterministic=True)
            for record in records(examples, split)
        )
        for split in SPLITS
    }


def total(splits):
    return sum(sum(examples.values()) for examples in splits.values())


def ingested(folder, content, reading=CSV):
    """Runs the executor on text or on columns; returns the features of the rows by their `id`."""
    folder.mkdir()
    if isinstance(content, str):
        (folder / "rows").write_bytes(content.encode())
    else:
        pq.write_table(pa.table(content), folder / "rows", version="2.6")  # with nanoseconds
    examples = run(folder, reading)
    found = [record for split in SPLITS for record in records(examples, split)]
    rows = [tf.train.Example.FromString(record).features.feature for record in found]
    return {row["id"].int64_list.value[0]: row for row in rows}


def cell(rows, row, name):
    feature = rows[row][name]
    kind = feature.WhichOneof("kind")
    return Cell(kind, list(getattr(feature, kind).value) if kind else [])


def column(rows, name):
    return [cell(rows, row, name) for row in sorted(rows)]
