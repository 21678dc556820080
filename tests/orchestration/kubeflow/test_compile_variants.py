"""Other pipelines, other clusters: tuned, without phones, with buckets, GPUs, Beam, Vertex AI."""

import json

import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from orchestration.kubeflow import compile as compiler
from orchestration.kubeflow.runtime_places import from_argument
from pipeline.stage_names import stage_names
from tests.orchestration.kubeflow.compiled import (
    IMAGE,
    argument_of,
    compiled,
    container_of,
    parameter_of,
    tasks_of,
)
from usecase.errors import ConfigError

BUCKET = {"storage": {"bucket": "gs://shop/models"}}
DATAFLOW = {
    "runner": "DataflowRunner",
    "options": {"project": "p", "region": "r", "temp_location": "gs://shop/tmp"},
}
TAINT = {"key": "batch", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
PHONES = ("TFLiteExporter", "TFLiteGate", "MobilePusher")


def executors_of(made):
    return made.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """One compile of much: tuned, measured for phones, a GPU, secrets, and the data on a volume."""
    section = {
        "gpu_image": f"{IMAGE}-gpu",
        "pipeline_root": "s3://artifacts/v2",
        "image_pull_policy": "Always",
        "image_pull_secrets": ["registry"],
        "secrets": {
            "TOKEN": {"secret": "keys", "key": "token"},
            "USER_NAME": {"secret": "keys", "key": "user"},
            "OTHER": {"secret": "another", "key": "k"},
        },
        "defaults": {"env": {"B": "2", "A": "1"}, "tolerations": [TAINT]},
        "nodes": {
            "Trainer": {
                "accelerator": {"count": 2},
                "node_selector": {"pool": "gpu"},
                "env": {"B": "3"},
                "tolerations": [{"operator": "Exists"}],
            },
            "CsvExampleGen": {"cache": True, "retries": 5},
            "ImportSchemaGen": {"cache": True, "retries": 0},
            "Transform": {"cache": False},
        },
    }
    return compiled(
        tmp_path_factory.mktemp("rich"),
        section,
        tune=True,
        data="/mnt/x/data/*.csv",
        changes=[("\nsplit:", "\nmobile: {evaluate: true}\nsplit:")],
    )


def test_the_tuner_is_one_more_node(rich):
    tasks = tasks_of(rich.spec)
    assert tasks["Tuner"]["dependentTasks"] == ["DataGate", "Transform"]
    assert "Tuner" in tasks["Trainer"]["dependentTasks"]
    best = tasks["Trainer"]["inputs"]["artifacts"]["hyperparameters"]["taskOutputArtifact"]
    assert best == {"producerTask": "Tuner", "outputArtifactKey": "best_hyperparameters"}
    taking = {n for n, t in tasks.items() if "runtime_max_epochs" in t["inputs"]["parameters"]}
    assert taking == {"Tuner", "Trainer"}


def test_copies_of_the_quality_gates_bounds_are_set_as_well(rich):
    places = from_argument(argument_of(rich.spec, "TFLiteGate", "--runtime_places"))
    settings = json.loads(parameter_of(rich.spec, "TFLiteGate", "settings"))
    (place,) = places["min_auc"]
    assert place.path[:2] == ("settings", "eval_config")
    value = json.loads(settings["eval_config"])
    for key in place.path[2:]:
        value = value[key]
    assert value == 0.93


def test_a_gpu_comes_with_its_image(rich):
    trainer = container_of(rich.spec, "Trainer")
    assert trainer["image"] == f"{IMAGE}-gpu"
    assert trainer["resources"] == {"accelerator": {"count": "2", "type": "nvidia.com/gpu"}}
    assert container_of(rich.spec, "Tuner")["image"] == IMAGE
    assert "resources" not in container_of(rich.spec, "Tuner")


def test_the_environment_of_a_node_is_merged_with_the_defaults(rich):
    env = {"Trainer": {"A": "1", "B": "3"}, "Evaluator": {"A": "1", "B": "2"}}
    for node, variables in env.items():
        expected = [{"name": k, "value": v} for k, v in variables.items()]
        assert container_of(rich.spec, node)["env"] == expected


def test_caching_and_retries_are_what_the_configuration_says(rich):
    tasks = tasks_of(rich.spec)
    cached = {n for n, t in tasks.items() if t["cachingOptions"]}
    never = {"LatestPushedModel", "LatestPushedStatistics", "Pusher", "MobilePusher"}
    assert cached == tasks.keys() - never - {"Transform"}
    assert tasks["CsvExampleGen"]["retryPolicy"]["maxRetryCount"] == 5
    assert "retryPolicy" not in tasks["ImportSchemaGen"]
    assert "retryPolicy" not in tasks["Trainer"]


def test_kubernetes_is_told_the_rest(rich):
    common = {
        "imagePullPolicy": "Always",
        "imagePullSecret": [{"secretName": "registry"}],
        "secretAsEnv": [
            {"secretName": "another", "keyToEnv": [{"secretKey": "k", "envVar": "OTHER"}]},
            {
                "secretName": "keys",
                "keyToEnv": [
                    {"secretKey": "token", "envVar": "TOKEN"},
                    {"secretKey": "user", "envVar": "USER_NAME"},
                ],
            },
        ],
    }
    executors = executors_of(rich)
    assert set(executors) == {f"{node}_executor" for node in tasks_of(rich.spec)}
    assert executors["Evaluator_executor"] == {**common, "tolerations": [TAINT]}
    volume = [{"constant": "shared", "mountPath": "/mnt/x"}]
    assert executors["Trainer_executor"] == {
        **common,
        "pvcMount": volume,
        "nodeSelector": {"labels": {"pool": "gpu"}},
        "tolerations": [{"operator": "Exists"}],
    }
    mounting = {label for label, config in executors.items() if "pvcMount" in config}
    nodes = (
        *("CsvExampleGen", "LatestPushedModel", "LatestPushedStatistics", "Trainer"),
        *("Pusher", "MobilePusher"),
    )
    assert mounting == {f"{node}_executor" for node in nodes}


def test_data_on_the_volume_stay_as_written(rich):
    inputs = rich.spec["root"]["inputDefinitions"]["parameters"]
    assert inputs["data"]["defaultValue"] == "/mnt/x/data/*.csv"
    assert parameter_of(rich.spec, "CsvExampleGen", "input_base") == "/mnt/x/data"


def test_a_configured_root_is_the_default(rich):
    assert rich.spec["defaultPipelineRoot"] == "s3://artifacts/v2"
    parsed = json_format.ParseDict(rich.spec, pipeline_spec_pb2.PipelineSpec())
    assert parsed.default_pipeline_root == "s3://artifacts/v2"
    assert yaml.safe_load_all(rich.text())


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """Without phones, on a bucket, with the command line's word in place of the configuration's."""
    section = {
        **BUCKET,
        "defaults": {"cpu": "500m"},
        "nodes": {"CsvExampleGen": {"beam": DATAFLOW}},
    }
    return compiled(
        tmp_path_factory.mktemp("bucket"),
        section,
        told={"image": f"{IMAGE}0", "pipeline_root": "gs://shop/root"},
        data="gs://shop/data/*.csv",
        changes=[("\nsplit:", "\nmobile: {enabled: false}\nsplit:"), ("name: taxi", "name: a_b")],
    )


def test_without_phones_there_is_one_destination(bucket):
    assert not tasks_of(bucket.spec).keys() & set(PHONES)
    assert bucket.spec["pipelineInfo"]["name"] == "a-b"
    destination = json.loads(parameter_of(bucket.spec, "Pusher", "push_destination"))
    base = "gs://shop/models/serving/a_b"
    assert destination == {"filesystem": {"base_directory": base}}
    assert parameter_of(bucket.spec, "LatestPushedModel", "push_dir") == base
    told = json.loads(parameter_of(bucket.spec, "Trainer", "custom_config"))
    assert json.loads(told["settings"])["checkpoint_dir"] == "/tmp/checkpoints/a_b"


def test_a_bucket_needs_no_platform_document(bucket):
    assert bucket.platform is None
    assert len(list(yaml.safe_load_all(bucket.text()))) == 1


def test_the_command_line_has_the_last_word(bucket):
    images = {container_of(bucket.spec, node)["image"] for node in tasks_of(bucket.spec)}
    assert images == {f"{IMAGE}0"}
    assert bucket.spec["defaultPipelineRoot"] == "gs://shop/root"


def test_a_distributed_node_sees_addresses_and_starts_workers_from_its_image(bucket):
    args = container_of(bucket.spec, "CsvExampleGen")["args"]
    assert "--native_uris" in args
    assert argument_of(bucket.spec, "CsvExampleGen", "--runner") == "DataflowRunner"
    assert argument_of(bucket.spec, "CsvExampleGen", "--region") == "r"
    assert argument_of(bucket.spec, "CsvExampleGen", "--sdk_container_image") == f"{IMAGE}0"
    assert "--native_uris" not in container_of(bucket.spec, "StatisticsGen")["args"]
    assert argument_of(bucket.spec, "StatisticsGen", "--runner") is None


@pytest.fixture(scope="module")
def vertex(tmp_path_factory):
    section = {
        **BUCKET,
        "vertex": {"pipeline_root": "gs://shop/artifacts"},
        "secrets": {"TOKEN": {"secret": "keys", "key": "token"}},
        "defaults": {"memory": "2G", "retries": 1},
        "nodes": {"Trainer": {"accelerator": {"vertex_type": "NVIDIA_TESLA_T4"}}},
    }
    return compiled(tmp_path_factory.mktemp("vertex"), section, "vertex")


def test_vertex_takes_a_job_that_parses_strictly(vertex):
    job = json.loads(vertex.text())
    assert job == vertex.job
    parsed = json_format.ParseDict(job, pipeline_spec_pb2.PipelineJob())
    assert parsed.runtime_config.gcs_output_directory == "gs://shop/artifacts"
    assert (job["displayName"], job["labels"]) == ("taxi", {"pipeline": "taxi"})
    assert job["runtimeConfig"]["parameterValues"]["max_epochs"] == 30
    assert job["pipelineSpec"] == vertex.spec
    assert vertex.spec["schemaVersion"] == "2.1.0"
    assert vertex.platform is None


def test_vertex_has_its_own_names_and_folders(vertex):
    assert container_of(vertex.spec, "Trainer")["resources"] == {
        "memoryLimit": 2.0,
        "accelerator": {"count": "1", "type": "NVIDIA_TESLA_T4"},
    }
    told = json.loads(parameter_of(vertex.spec, "Trainer", "custom_config"))
    folder = json.loads(told["settings"])["checkpoint_dir"]
    assert folder == "/gcs/shop/models/checkpoints/taxi"
    assert tasks_of(vertex.spec)["Trainer"]["retryPolicy"]["maxRetryCount"] == 1


def test_what_vertex_does_not_hear_is_a_warning(vertex):
    gpu, copies, secrets = vertex.warnings
    assert copies.startswith("a push to gs://shop/models is a plain copy")
    assert gpu == "Trainer asks for nvidia.com/gpu, but kubeflow.gpu_image is not set"
    assert secrets == "Vertex AI knows no secrets: what kubeflow.secrets says is left out"


def test_a_query_is_no_runtime_parameter_and_keeps_its_own_beam_arguments(tmp_path):
    query = "query: /* trips */ SELECT 1\n  project: mine\n  temp_location: gs://shop/tmp"
    path = "path: pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"
    boot = '{"command": "/opt/apache/beam/boot"}'
    told = {"environment_type": "PROCESS", "environment_config": boot, "job_endpoint": "jobs:8099"}
    flink = {"runner": "FlinkRunner", "options": {**told, "flink_job_server_jar": "/opt/flink.jar"}}
    nodes = {"StatisticsGen": {"beam": flink}}
    section = {**BUCKET, "pipeline_root": "gs://shop/root", "nodes": nodes}
    metric = "  thresholds:\n"
    slice_ = f"{metric}    - {{metric: loss, max: 9, slice: {{payment_type: /checkout}}}}\n"
    made = compiled(tmp_path, section, changes=[(path, query), (metric, slice_)])
    # What looks like a path and is none, or is one of the workers' own.
    assert "/checkout" in parameter_of(made.spec, "Evaluator", "eval_config")
    assert argument_of(made.spec, "StatisticsGen", "--environment_config") == boot
    assert argument_of(made.spec, "StatisticsGen", "--flink_job_server_jar") == "/opt/flink.jar"
    assert "data" not in made.spec["root"]["inputDefinitions"]["parameters"]
    task = tasks_of(made.spec)["BigQueryExampleGen"]
    assert task["cachingOptions"] == {}
    assert "runtime_data" not in task["inputs"]["parameters"]
    assert parameter_of(made.spec, "BigQueryExampleGen", "input_config").count("SELECT 1") == 1
    for name, value in (("--project", "mine"), ("--temp_location", "gs://shop/tmp")):
        assert argument_of(made.spec, "BigQueryExampleGen", name) == value


def test_faults_that_lint_finds_are_one_line_each(tmp_path, monkeypatch):
    monkeypatch.setattr(compiler, "check", lambda *_: None)  # which would find it first
    with pytest.raises(ConfigError) as caught:
        compiled(tmp_path, {}, told={"image": "registry.example.com/pipeline:latest"})
    head, *lines = caught.value.what.splitlines()
    assert head == "Kubeflow Pipelines could not run this pipeline:"
    assert len(lines) == len(stage_names("csv", mobile=True))
    assert all("registry.example.com/pipeline:latest" in line for line in lines)


def test_functions_of_the_users_own_count_as_code_wherever_they_lie(tmp_path, monkeypatch):
    def made(name, body):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "users_own.py").write_text(f"def big_tip(tips, fare):\n    return {body}\n")
        changes = [("function: models.taxi.big_tip", "function: users_own.big_tip")]
        with monkeypatch.context() as patched:
            patched.syspath_prepend(str(folder))
            return compiled(folder, {}, changes=changes)

    first, same, other = made("a", "tips"), made("b", "tips"), made("c", "fare")
    told = "users_own.big_tip is not in the project's packages: the image must hold users_own"
    assert first.warnings == (told,)
    assert first.text() == same.text()
    changed = {
        node
        for node in tasks_of(first.spec)
        if argument_of(first.spec, node, "--code_digest")
        != argument_of(other.spec, node, "--code_digest")
    }
    assert {"Transform", "DataGate", "Trainer"} <= changed
    assert not changed & {"CsvExampleGen", "StatisticsGen", "ImportSchemaGen", "LatestPushedModel"}
