"""Transform with our executor writes what TFX's own executor writes, and reads in blocks."""

import itertools
import shutil
from pathlib import Path
from typing import NamedTuple

import apache_beam as beam
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import yaml
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components.transform import executor as standard
from tfx.proto import transform_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import json_utils, proto_utils
from tfx_bsl.public.tfxio import TFExampleRecord

from components import transform
from components.example_blocks import ReadBlocks
from orchestration.plan import make_plan
from tests.components import ingestion_world
from usecase.paths import PROJECT_ROOT, resolve

ROWS = 2000
FEATURES = ("fare", "trip_start_hour", "dropoff_census_tract", "payment_type", "company")


class Transformed(NamedTuple):
    """What an executor wrote."""

    graph: tft.TFTransformOutput
    splits: str
    folder: Path

    def rows(self, split):
        files = [str(path) for path in (self.folder / "examples" / f"Split-{split}").iterdir()]
        records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
        return sorted(
            tf.train.Example.FromString(r).SerializeToString(deterministic=True) for r in records
        )

    def assets(self):
        folder = self.folder / "graph" / "transform_fn" / "assets"
        return {path.name: path.read_bytes() for path in folder.iterdir()}


class World:
    """Some taxi rows, and what each executor makes of them."""

    def __init__(self, root):
        self.root = root
        taxi = yaml.safe_load((PROJECT_ROOT / "configs" / "taxi.yaml").read_text())
        features = {name: taxi["features"][name] for name in FEATURES}
        features["trip_miles"] = "numeric"
        config = root / "config.yaml"
        schema = str(PROJECT_ROOT / taxi["schema"])
        config.write_text(yaml.safe_dump({**taxi, "features": features, "schema": schema}))
        self.plan = make_plan(str(config))
        (root / "rows").mkdir()
        with resolve(self.plan.use_case.data.path, "data").open() as lines:
            text = "".join(itertools.islice(lines, ROWS + 1))
        (root / "rows" / "rows.csv").write_text(text)
        self.examples = ingestion_world.run(root / "rows")
        self.made = {}

    def transformed(self, executor, *analyzed):
        if (executor, analyzed) not in self.made:
            self.made[executor, analyzed] = self._run(executor, analyzed)
        return self.made[executor, analyzed]

    def _run(self, executor, analyzed):
        folder = self.root / f"{executor.__module__}-{'-'.join(analyzed)}"
        (folder / "schema").mkdir(parents=True)
        shutil.copy(self.plan.schema, folder / "schema" / "schema.pbtxt")
        made = {
            "schema": standard_artifacts.Schema(),
            "graph": standard_artifacts.TransformGraph(),
            "examples": standard_artifacts.Examples(),
        }
        for name, artifact in made.items():
            artifact.uri = str(folder / name)
        splits = transform_pb2.SplitsConfig(analyze=analyzed, transform=["train", "eval"])
        config = {"declaration": self.plan.declaration.model_dump_json()}
        properties = {
            "preprocessing_fn": "models.preprocessing.preprocessing_fn",
            "custom_config": json_utils.dumps(config),
            "splits_config": proto_utils.proto_to_json(splits),
            "disable_statistics": 1,
        }
        context = executor.Context(
            beam_pipeline_args=[], tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        executor(context).Do(
            {"examples": [self.examples], "schema": [made["schema"]]},
            {"transform_graph": [made["graph"]], "transformed_examples": [made["examples"]]},
            properties,
        )
        graph = tft.TFTransformOutput(made["graph"].uri)
        return Transformed(graph, made["examples"].split_names, folder)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("transform"))


@pytest.mark.parametrize(
    "analyzed", [("train",), pytest.param(("train", "test"), marks=pytest.mark.slow)], ids=" ".join
)
def test_it_writes_what_tfx_writes(world, analyzed):
    ours = world.transformed(transform.Executor, *analyzed)
    theirs = world.transformed(standard.Executor, *analyzed)
    assert ours.splits == theirs.splits
    assert artifact_utils.decode_split_names(ours.splits) == ["train", "eval"]
    for split in ("train", "eval"):
        assert len(ours.rows(split)) == len(ingestion_world.records(world.examples, split))
        assert ours.rows(split) == theirs.rows(split)
    assert ours.graph.raw_metadata.schema == theirs.graph.raw_metadata.schema
    assert ours.graph.transformed_metadata.schema == theirs.graph.transformed_metadata.schema
    assert ours.assets() == theirs.assets()
    assert set(ours.assets()) == {"company", "dropoff_census_tract", "payment_type"}
    for made in (ours, theirs):
        assert {path.name for path in (made.folder / "graph").iterdir()} == {
            *("metadata", "transform_fn", "transformed_metadata")
        }


@pytest.mark.slow
def test_more_rows_to_learn_from_make_another_graph(world):
    some = world.transformed(transform.Executor, "train")
    more = world.transformed(transform.Executor, "train", "test")
    assert some.assets() != more.assets()


def test_the_graph_transforms_raw_rows_as_the_files_say(world):
    made = world.transformed(transform.Executor, "train")
    raw = ingestion_world.records(world.examples, "eval")
    parsed = tf.io.parse_example(raw, made.graph.raw_feature_spec())
    found = made.graph.transform_features_layer()(parsed)
    rows = tf.io.parse_example(made.rows("eval"), made.graph.transformed_feature_spec())
    assert found.keys() == rows.keys()
    for name, values in found.items():
        assert sorted(values.numpy().tolist()) == sorted(rows[name].numpy().tolist()), name


def example(number, **more):
    features = {"number": tf.train.Feature(int64_list=tf.train.Int64List(value=[number]))}
    for name, text in more.items():
        value = tf.train.BytesList(value=[text.encode()])
        features[name] = tf.train.Feature(bytes_list=value)
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


@pytest.fixture
def files(tmp_path):
    """Three files, the last of them without a record; and the pattern of all."""
    rows = [[example(k, word=f"w{k}") for k in range(25)], [example(k) for k in range(25, 30)], []]
    for number, records in enumerate(rows):
        with tf.io.TFRecordWriter(str(tmp_path / f"rows-{number}.gz"), "GZIP") as writer:
            for record in records:
                writer.write(record)
    return str(tmp_path / "rows-*")


COLLECTED = []


def collect(batch):
    COLLECTED.append(batch)


def collected(source):
    """The record batches of a Beam source."""
    COLLECTED.clear()
    with beam.Pipeline() as pipeline:
        _ = pipeline | source | beam.Map(collect)
    return list(COLLECTED)


def rows_of(batches):
    rows = [row for batch in batches for row in batch.to_pylist()]
    return sorted(rows, key=lambda row: row["number"])


SCHEMA = schema_pb2.Schema(
    feature=[
        schema_pb2.Feature(name="number", type=schema_pb2.INT),
        schema_pb2.Feature(name="word", type=schema_pb2.BYTES),
        schema_pb2.Feature(name="absent", type=schema_pb2.FLOAT),
    ]
)


def test_blocks_hold_what_single_records_hold(files):
    theirs = collected(TFExampleRecord(files, schema=SCHEMA).BeamSource())
    ours = collected(ReadBlocks([files], SCHEMA))
    assert rows_of(ours) == rows_of(theirs)
    assert [row["number"] for row in rows_of(ours)] == [[number] for number in range(30)]
    assert {batch.schema for batch in ours} == {batch.schema for batch in theirs}
    assert ours[0].schema.names == ["number", "word", "absent"]


def test_the_rows_of_a_block_come_from_one_file(files):
    assert sorted(len(batch) for batch in collected(ReadBlocks([files], SCHEMA, rows=10))) == [
        *(5, 5, 10, 10)
    ]


def test_only_the_columns_of_the_schema_are_read(files):
    (narrow,) = {
        tuple(batch.schema.names)
        for batch in collected(ReadBlocks([files], schema_pb2.Schema(feature=SCHEMA.feature[:1])))
    }
    assert narrow == ("number",)


def test_without_a_schema_a_block_has_the_columns_that_are_in_it(files):
    names = sorted(batch.schema.names for batch in collected(ReadBlocks([files])))
    assert names == [["number"], ["number", "word"]]


def test_a_file_that_is_no_tfrecord_is_an_error(tmp_path):
    (tmp_path / "rows-0.gz").write_bytes(b"number\n1\n")
    with pytest.raises(Exception, match="inflate"):
        collected(ReadBlocks([str(tmp_path / "rows-*")]))
