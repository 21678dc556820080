"""Three nodes of the compiled taxi pipeline, run as Kubeflow would run them.

Unmodified TFX fails in the same place, so that what the adapter does is needed, and is seen to be.
"""

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
import yaml
from tfx.components import CsvExampleGen, StatisticsGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Channel
from tfx.types.standard_artifacts import Model, ModelBlessing

from tests.e2e.kubeflow_cluster import TaxiCluster, mounting, property_of, splits
from tests.orchestration.kubeflow.emulator import api_check
from tests.orchestration.kubeflow.emulator.run import run

NODES = ("CsvExampleGen", "StatisticsGen", "ImportSchemaGen")
ROWS = 15002
SPLITS = ["train", "eval", "test"]


@pytest.fixture(scope="module")
def taxi(tmp_path_factory):
    return TaxiCluster(tmp_path_factory.mktemp("kubeflow"))


@pytest.fixture(scope="module")
def text(taxi):
    return taxi.compiled()


@pytest.fixture(scope="module")
def walked(taxi, text):
    """The three nodes, by the configuration's own data."""
    done = run(taxi.cluster, text, only=NODES)
    assert set(done.states.values()) == {"succeeded"}, done.failures
    return done


def unmodified(*, resolver=False, **settings):
    """What TFX compiles by itself, as YAML."""
    examples = CsvExampleGen(input_base="data").with_id("CsvExampleGen")
    nodes = [examples, StatisticsGen(examples=examples.outputs["examples"])]
    if resolver:
        nodes.append(
            Resolver(
                strategy_class=LatestBlessedModelStrategy,
                model=Channel(type=Model),
                model_blessing=Channel(type=ModelBlessing),
            ).with_id("baseline")
        )
    runner = KubeflowV2DagRunner(KubeflowV2DagRunnerConfig(default_image="i:1", **settings))
    pipeline = Pipeline(pipeline_name="taxi", pipeline_root="", components=nodes)
    return yaml.safe_dump(runner.run(pipeline, write_out=False)["pipelineSpec"])


def test_all_rows_are_split_and_kept(taxi, walked):
    examples = walked.tasks["CsvExampleGen"].artifacts["examples"]
    assert splits(examples) == SPLITS
    assert property_of(examples, "input_fingerprint").startswith("split:rows,num_files:1,")
    folder = walked.files(taxi.cluster, "CsvExampleGen", "examples")
    files = sorted(map(str, folder.glob("Split-*/*.gz")))
    assert {f.split("/Split-")[1].split("/")[0] for f in files} == set(SPLITS)
    count = sum(1 for _ in tf.data.TFRecordDataset(files, compression_type="GZIP"))
    assert count == ROWS


def test_statistics_are_of_those_rows(taxi, walked):
    statistics = walked.tasks["StatisticsGen"].artifacts["statistics"]
    assert splits(statistics) == SPLITS
    folder = walked.files(taxi.cluster, "StatisticsGen", "statistics")
    counts = [
        tfdv.load_stats_binary(str(folder / f"Split-{split}" / "FeatureStats.pb"))
        .datasets[0]
        .num_examples
        for split in SPLITS
    ]
    assert sum(counts) == ROWS
    assert counts[0] > 4 * counts[1]


def test_the_schema_is_the_images_own(taxi, walked):
    folder = walked.files(taxi.cluster, "ImportSchemaGen", "schema")
    kept = tfdv.load_schema_text(str(folder / "schema.pbtxt"))
    assert kept == tfdv.load_schema_text(str(taxi.cluster.workdir / "schema/taxi/schema.pbtxt"))
    assert len(kept.feature) > 10


def test_everything_was_uploaded_at_the_first_try(walked):
    assert [task.warnings for task in walked.tasks.values()] == [[], [], []]
    assert {task.attempts for task in walked.tasks.values()} == {1}
    for task in walked.tasks.values():
        assert all(each["uri"].startswith("minio://") for each in task.artifacts.values())


def test_only_nodes_that_read_push_or_keep_see_the_volume(text):
    nodes = (
        *("CsvExampleGen", "LatestPushedModel", "LatestPushedStatistics", "MobilePusher"),
        *("Pusher", "Trainer"),
    )
    read = api_check.read(text)
    assert mounting(read.kubernetes) == {f"{node}_executor" for node in nodes}


def test_unmodified_tfx_is_refused():
    with pytest.raises(api_check.RefusedError, match=r"2\.1\.0.*version 2\.0\.0"):
        api_check.read(unmodified())
    with pytest.raises(api_check.RefusedError, match="executor not implemented"):
        api_check.read(unmodified(use_pipeline_spec_2_1=True, resolver=True))


def test_unmodified_tfx_cannot_name_the_type_of_executor_logs(taxi, walked):
    text = unmodified(use_pipeline_spec_2_1=True)
    done = run(taxi.cluster, text, only=["CsvExampleGen"])
    assert done.states == {"CsvExampleGen": "failed"}
    assert "ImportError: Could not import system.Artifact" in done.failures


def test_unmodified_tfx_cannot_take_an_artifact_without_a_type(taxi, walked):
    text = unmodified(use_pipeline_spec_2_1=True)
    done = run(taxi.cluster, text, only=["StatisticsGen"], given=walked)
    assert done.states["StatisticsGen"] == "failed"
    assert "AttributeError: 'NoneType' object has no attribute 'get'" in done.failures
