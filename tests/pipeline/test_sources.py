"""The node of each source, as TFX compiles it; gs:// and BigQuery are not run."""

import json
import os
import subprocess
import sys

import pytest
from tfx.components.example_gen import base_example_gen_executor
from tfx.dsl.compiler import compiler
from tfx.dsl.io import fileio
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2
from tfx.utils import dependency_utils, import_utils

from components.reading_config import read_reading_config
from ingestion.columns import Reading
from ingestion.dialect import Dialect
from orchestration.local.execute import Executor
from orchestration.local.metadata_store import sqlite_config
from orchestration.plan import make_plan
from pipeline import stages
from pipeline.places import Places
from pipeline.sources import declared_types, example_gen
from usecase.config import Data, Split
from usecase.data_files import find_data
from usecase.dates import DateText
from usecase.paths import PROJECT_ROOT

SPLIT = Split(train=7, eval=2, test=1)
QUERY = Data(query="SELECT * FROM `p.d.t`", project="my-project", temp_location="gs://b/tmp")
DATES = {"when": DateText("iso8601", -5.5)}
SPLITS = {"train": 7, "eval": 2, "test": 1}
EXECUTORS = {
    "csv": "components.arrow_examples.Executor",
    "parquet": "components.arrow_examples.Executor",
    "tfrecord": "tfx.components.example_gen.import_example_gen.executor.Executor",
    "bigquery": "tfx.extensions.google_cloud_big_query.example_gen.executor.Executor",
}


def node_of(data, dates=None, pattern=None, types=None):
    return example_gen(data, SPLIT, dates or {}, pattern or data.path or "", types)


def compiled(*nodes):
    return compiler.Compiler().compile(
        tfx_pipeline.Pipeline(
            pipeline_name="tiny",
            pipeline_root="/out",
            components=list(nodes),
            metadata_connection_config=metadata.sqlite_metadata_connection_config("/out/db"),
        )
    )


def parameters(pipeline):
    """Returns the properties of the first node, JSON inside strings read."""
    node = pipeline.nodes[0].pipeline_node
    values = {}
    for name, parameter in node.parameters.parameters.items():
        value = parameter.field_value
        raw = getattr(value, value.WhichOneof("value"))
        values[name] = json.loads(raw) if isinstance(raw, str) and raw[:1] == "{" else raw
    return values


def executors(pipeline):
    """Returns what each Beam node runs, and with which Beam arguments."""
    config = pipeline_pb2.IntermediateDeploymentConfig()
    pipeline.deployment_config.Unpack(config)
    found = {}
    for name, packed in config.executor_specs.items():
        spec = executable_spec_pb2.BeamExecutableSpec()
        if packed.Unpack(spec):
            found[name] = (spec.python_executor_spec.class_path, list(spec.beam_pipeline_args))
    return found


def splits_of(properties):
    splits = properties["output_config"]["split_config"]["splits"]
    return {split["name"]: split["hash_buckets"] for split in splits}


@pytest.mark.parametrize(
    ("path", "node", "source", "base", "pattern"),
    [
        ("/d/rows.csv", "CsvExampleGen", "csv", "/d", "rows.csv"),
        ("/d/2024-*/a?.csv", "CsvExampleGen", "csv", "/d", "2024-*/a?.csv"),
        ("gs://b/d/a-*.csv", "CsvExampleGen", "csv", "gs://b/d", "a-*.csv"),
        ("/d/rows.parquet", "ParquetExampleGen", "parquet", "/d", "rows.parquet"),
        ("gs://b/a-*.parquet", "ParquetExampleGen", "parquet", "gs://b", "a-*.parquet"),
        ("/d/a.tfrecord", "ImportExampleGen", "tfrecord", "/d", "a.tfrecord"),
        ("/d/a-*.tfrecord.gz", "ImportExampleGen", "tfrecord", "/d", "a-*.tfrecord.gz"),
        ("gs://b/a-*.tfrecord", "ImportExampleGen", "tfrecord", "gs://b", "a-*.tfrecord"),
    ],
)
def test_files(path, node, source, base, pattern):
    made = node_of(Data(path=path))
    pipeline = compiled(made)
    properties = parameters(pipeline)
    assert made.id == node
    assert executors(pipeline) == {node: (EXECUTORS[source], [])}
    assert properties["input_base"] == base
    assert properties["input_config"]["splits"] == [{"name": "rows", "pattern": pattern}]
    assert splits_of(properties) == SPLITS
    assert ("custom_config" in properties) == (source != "tfrecord")


def test_a_query():
    made = node_of(QUERY)
    pipeline = compiled(made)
    properties = parameters(pipeline)
    arguments = ["--project=my-project", "--temp_location=gs://b/tmp"]
    assert executors(pipeline) == {"BigQueryExampleGen": (EXECUTORS["bigquery"], arguments)}
    (split,) = properties["input_config"]["splits"]
    assert split["pattern"] == "SELECT * FROM `p.d.t`"
    assert splits_of(properties) == SPLITS
    other = parameters(compiled(node_of(QUERY.model_copy(update={"query": "SELECT 2"}))))
    assert other["input_config"] != properties["input_config"]


@pytest.mark.parametrize("path", ["/d/rows.csv", "gs://b/rows-*.csv", "/d/rows.parquet"])
def test_how_rows_are_read_is_a_property_and_so_part_of_the_cache_key(path):
    data = Data(path=path)
    properties = parameters(compiled(node_of(data, DATES, types={"age": "int64"})))
    told = read_reading_config(json.dumps(properties["custom_config"]))
    assert told == Reading(data.source, Dialect(), {"age": "int64"}, DATES)
    plain = parameters(compiled(node_of(data)))
    assert {name for name in properties if properties[name] != plain[name]} == {"custom_config"}
    for dates in ({"when": DateText("%Y-%m-%d", -5.5)}, {"when": DateText("iso8601", 0.0)}, {}):
        other = parameters(compiled(node_of(data, dates, types={"age": "int64"})))
        assert other["custom_config"] != properties["custom_config"]
    other = parameters(compiled(node_of(data, DATES, types={"age": "bytes"})))
    assert other["custom_config"] != properties["custom_config"]


def test_a_dialect_is_a_property():
    data = Data(path="/d/rows.csv", delimiter="\t", missing=("NA",))
    properties = parameters(compiled(node_of(data)))
    told = read_reading_config(json.dumps(properties["custom_config"]))
    assert told.dialect == Dialect("\t", ("", "NA"))


def test_the_schema_s_types_reach_the_node():
    plan = make_plan("configs/taxi.yaml")
    places = dict.fromkeys(Places.__dataclass_fields__, "/x") | {"data": plan.data, "spans": None}
    node = stages.ingest(plan.use_case, plan.declaration, Places(**places))
    types = read_reading_config(parameters_text(node)).types
    assert types == declared_types(plan.declaration)
    assert {types["payment_type"], types["trip_miles"], types["tips"]} == {"bytes", "float32"}
    assert types["trip_start_hour"] == "int64"


def parameters_text(node):
    return json.dumps(parameters(compiled(node))["custom_config"])


@pytest.mark.parametrize("source", EXECUTORS)
def test_executors_are_of_examples(source):
    executor = import_utils.import_class_by_path(EXECUTORS[source])
    assert issubclass(executor, base_example_gen_executor.BaseExampleGenExecutor)


@pytest.mark.parametrize("name", ["rows.csv", "rows[1].csv", "a*.csv", "[x].csv", "-?*.csv"])
@pytest.mark.parametrize("folder", ["plain", "odd[1]", "o*d"])
def test_tfx_finds_what_is_meant(tmp_path, name, folder):
    (tmp_path / folder).mkdir()
    for other in (name, "rows1.csv", "ab.csv", "x.csv", "-yz.csv", ".hidden.csv"):
        (tmp_path / folder / other).touch()
    for data in (Data(path=str(tmp_path / folder / name)), Data(path=f"{tmp_path}/*/*.csv")):
        meant = find_data(data)
        properties = parameters(compiled(node_of(data, pattern=meant.pattern)))
        (split,) = properties["input_config"]["splits"]
        search = os.path.join(properties["input_base"], split["pattern"])
        assert sorted(fileio.glob(search)) == [str(path) for path in meant.local]


# The whole graph of a query


@pytest.fixture
def taxi_query(tmp_path):
    text = (PROJECT_ROOT / "configs" / "taxi.yaml").read_text()
    old = "path: pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"
    assert old in text
    new = json.dumps(QUERY.model_dump(exclude_none=True))
    path = tmp_path / "taxi.yaml"
    path.write_text(text.replace(f"\n  {old}", " " + new))
    return make_plan(str(path))


def test_stages_know_the_source(taxi_query):
    places = dict.fromkeys(Places.__dataclass_fields__, "/x") | {"data": taxi_query.data}
    node = stages.ingest(taxi_query.use_case, taxi_query.declaration, Places(**places))
    assert (node.id, next(iter(taxi_query.stages))) == ("BigQueryExampleGen",) * 2


def test_beam_arguments_are_the_query_s_alone_and_cost_no_sdist(tmp_path, monkeypatch):
    """TFX packs itself wherever a node has Beam arguments that name no dependency."""
    nodes = [node_of(QUERY), node_of(Data(path="/d/rows.csv"))]
    executor = Executor(
        "tiny", nodes, tmp_path / "root", sqlite_config(tmp_path / "metadata.db"), "run"
    )
    arguments = {name: args for name, (_, args) in executors(executor._ir).items()}
    assert arguments == {
        "BigQueryExampleGen": [
            "--project=my-project",
            "--temp_location=gs://b/tmp",
            f"--setup_file={PROJECT_ROOT / 'setup.py'}",
        ],
        "CsvExampleGen": [],
    }

    def pack():
        raise AssertionError("an sdist is packed")

    monkeypatch.setattr(dependency_utils, "build_ephemeral_package", pack)
    given = arguments["BigQueryExampleGen"]
    assert dependency_utils.make_beam_dependency_flags(given) == given
    with pytest.raises(AssertionError, match="an sdist is packed"):
        dependency_utils.make_beam_dependency_flags(given[:2])


def test_rows_of_a_query_are_never_reused(tmp_path):
    nodes = [node_of(QUERY), node_of(Data(path="/d/rows.csv"))]
    executor = Executor(
        "tiny", nodes, tmp_path / "root", sqlite_config(tmp_path / "metadata.db"), "run"
    )
    cached = {
        node.node_info.id: node.execution_options.caching_options.enable_cache
        for node in executor.nodes()
    }
    assert cached == {"BigQueryExampleGen": False, "CsvExampleGen": True}


def test_only_a_query_imports_google_s_client():
    code = (
        "import sys; from pipeline.sources import example_gen;"
        "print([m for m in sys.modules if m.startswith('tfx.extensions')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
    )
    assert done.stdout.splitlines()[-1] == "[]"
