"""One node in a pod, run by TFX's own code."""

import json
import logging
import os
import subprocess
import sys

import pytest
from absl import logging as absl_logging
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from orchestration.kubeflow.entrypoint.__main__ import main
from orchestration.kubeflow.entrypoint.arguments import parse
from orchestration.kubeflow.entrypoint.run import run
from tests.orchestration.kubeflow.pod_world import (
    ROOT,
    RUN_ID,
    TASK_ID,
    asked,
    baseline_node,
    command_line,
    executor_input,
    given,
    logs,
    schema_node,
    spec,
)
from usecase.paths import PROJECT_ROOT

KEY = ROOT.removeprefix("minio://")
CSV = "name,number\na,1\nb,2\nc,3\nd,4\n"


GATE = "tests.orchestration.kubeflow.entrypoint.tiny_nodes.Gate_Executor"


@pytest.fixture(autouse=True)
def logging_as_before(monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", list(logging.root.handlers))
    before = absl_logging.get_verbosity()
    yield
    absl_logging.set_verbosity(before)


@pytest.fixture
def pod(tmp_path):
    return tmp_path / "pod"


@pytest.fixture
def in_pod(pod):
    """Runs a command line in this process; returns the environment afterwards."""

    def start(argv):
        environ = {"KUBEFLOW_MOUNT_ROOT": str(pod)}
        run(parse(argv), environ)
        return environ

    return start


def test_a_container_of_newer_kubeflow(pod):
    output_file = f"/minio/{KEY}/ImportSchemaGen/{TASK_ID}/output_metadata.json"
    ended = container(schema_node(output_file), pod)
    assert ended.returncode == 0, ended.stderr
    folder = pod / "minio" / KEY / "ImportSchemaGen" / TASK_ID
    wanted = (PROJECT_ROOT / "schema/taxi/schema.pbtxt").read_text()
    assert (folder / "schema" / "schema.pbtxt").read_text() == wanted
    said = read(folder / "output_metadata.json")
    assert list(said["artifacts"]) == ["schema"]
    (schema,) = said["artifacts"]["schema"]["artifacts"]
    assert schema["uri"] == f"{ROOT}/ImportSchemaGen/{TASK_ID}/schema"
    assert {p.name for p in folder.iterdir()} == {"schema", "output_metadata.json"}


def test_a_container_that_fails(pod, tmp_path):
    output_file = tmp_path / "kfp_outputs" / "output_metadata.json"
    ended = container(schema_node(output_file, tmp_path / "no.pbtxt"), pod)
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert "import_schema_gen/executor.py" in ended.stderr
    assert "no.pbtxt" in ended.stderr
    assert not output_file.exists()


def test_an_older_kubeflow_and_no_model_yet(in_pod, pod, tmp_path):
    output_file = tmp_path / "kfp_outputs" / "output_metadata.json"
    environ = in_pod(baseline_node(tmp_path / "serving", output_file))
    (model,) = read(output_file)["artifacts"]["model"]["artifacts"]
    assert model["uri"] == f"{ROOT}/LatestPushedModel/{TASK_ID}/model"
    assert model["metadata"]["empty"] == 1.0
    assert environ["PIPELINE_RUN_ID"] == RUN_ID
    assert not list(pod.rglob("saved_model.pb"))


def test_a_model_that_was_pushed(in_pod, pod, tmp_path):
    for version in ("9", "10"):
        (tmp_path / "serving" / version).mkdir(parents=True)
        (tmp_path / "serving" / version / "saved_model.pb").write_text(version)
    output_file = tmp_path / "kfp_outputs" / "output_metadata.json"
    in_pod(baseline_node(tmp_path / "serving", output_file))
    (model,) = read(output_file)["artifacts"]["model"]["artifacts"]
    assert model["metadata"]["pushed_version"] == 10
    (copied,) = pod.rglob("saved_model.pb")
    assert copied.read_text() == "10"
    assert copied.is_relative_to(pod / "minio" / KEY / "LatestPushedModel" / TASK_ID / "model")


@pytest.mark.parametrize(("most", "text"), [(2, "passed"), (0, "refused: files 1 > 0")])
def test_a_gate_in_one_line(in_pod, pod, tmp_path, capsys, most, text):
    uri = f"{ROOT}/Trainer/{TASK_ID}/model"
    folder = pod / uri.replace("://", "/")
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    output_file = tmp_path / "output_metadata.json"
    in_pod(
        gate_node(uri, output_file, "--runtime_places", '[["most",0,null,null,"most"]]', most=most)
    )
    said = read(output_file)
    (verdict,) = said["artifacts"]["verdict"]["artifacts"]
    assert verdict["metadata"]["verdict"] == text
    assert f"[outcome] tiny gate: {text}\n" in capsys.readouterr().out
    assert verdict["metadata"]["kinds"] == f"{most} 0.5 'tip'"
    assert verdict["metadata"]["looked_at"] == f"files of {uri}, and no others"
    (value,) = said["artifacts"]["text"]["artifacts"]
    assert (pod / value["uri"].replace("://", "/")).read_text() == "tip"
    assert str(pod) not in output_file.read_text()


@pytest.mark.parametrize("native", [False, True])
def test_a_bucket_of_vertex_ai(in_pod, pod, native):
    task = "gs://bucket/root/123456/taxi-20261126060000/Where_-42"
    told = executor_input(
        {"model": given("gs://bucket/model")},
        {"found": asked(f"{task}/found", "tfx.Model")},
        {},
        f"{task}/executor_output.json",
    )
    executor = GATE.replace("Gate", "Where")
    flags = ["--native_uris"] if native else []
    environ = in_pod(command_line(executor, told, spec(model="tfx.Model"), *flags))
    assert environ["PIPELINE_RUN_ID"] == "taxi-20261126060000"
    said = read(pod / "gcs" / task.removeprefix("gs://") / "executor_output.json")
    (found,) = said["artifacts"]["found"]["artifacts"]
    assert found["uri"] == found["metadata"]["found_uri"] == f"{task}/found"
    assert found["metadata"]["model_uri"] == "gs://bucket/model"
    seen = "a bucket" if native else "a folder"
    assert (found["metadata"]["model"], found["metadata"]["found"]) == (seen, seen)


def test_a_model_that_the_object_store_has_no_folder_of(in_pod, tmp_path):
    output_file = tmp_path / "output_metadata.json"
    in_pod(gate_node(f"{ROOT}/none/model", output_file))
    (verdict,) = read(output_file)["artifacts"]["verdict"]["artifacts"]
    assert verdict["metadata"]["verdict"] == "passed"


def test_an_error_of_a_node_that_the_user_can_mend(capsys, monkeypatch, pod, tmp_path):
    set_environment(monkeypatch, pod)
    output_file = tmp_path / "output_metadata.json"
    assert main(gate_node(f"{ROOT}/none/model", output_file, label="broken")) == 1
    assert capsys.readouterr().err.endswith("[error] the label is broken\n  fix: mend it\n")
    assert not output_file.exists()


def test_settings_that_a_node_refuses(capsys, monkeypatch, pod, tmp_path):
    set_environment(monkeypatch, pod)
    output_file = tmp_path / "output_metadata.json"
    assert main(gate_node(f"{ROOT}/none/model", output_file, label="unchecked")) == 1
    told = capsys.readouterr().err
    assert told.endswith(
        "[error] settings of this node: DataGate.min_label_share: "
        "Input should be less than or equal to 1 (got 2.0)\n"
        "  fix: start the run with other values, or compile it with the code that is in the image\n"
    )
    assert "Traceback" not in told
    assert not output_file.exists()


def test_a_runtime_value_out_of_its_range_ends_before_the_node(capsys, monkeypatch, pod, tmp_path):
    set_environment(monkeypatch, pod)
    output_file = tmp_path / "output_metadata.json"
    places = ("--runtime_places", '[["most",0,1,null,"most"]]')
    assert main(gate_node(f"{ROOT}/none/model", output_file, *places, most=0, label="broken")) == 1
    told = capsys.readouterr().err
    assert told.endswith(
        "[error] runtime parameter most is 0\n"
        "  expected: at least 1\n"
        "  fix: start the run with another value\n"
    )
    assert "Traceback" not in told
    assert not list(pod.rglob("verdict"))
    assert not output_file.exists()


def test_examples_of_the_run_with_their_fingerprint(in_pod, pod, tmp_path):
    (tmp_path / "rows.csv").write_text(CSV)
    output_file = tmp_path / "output_metadata.json"
    in_pod(csv_node(tmp_path / "*.csv", output_file))
    said = read(output_file)
    (examples,) = said["artifacts"]["examples"]["artifacts"]
    assert examples["uri"] == f"{ROOT}/CsvExampleGen/{TASK_ID}/examples"
    fingerprint = examples["metadata"]["input_fingerprint"]
    assert f"num_files:1,total_bytes:{len(CSV)}" in fingerprint
    assert examples["metadata"]["custom:span"] == 0
    assert json.loads(examples["metadata"]["split_names"]) == ["train"]
    assert said["parameterValues"]["input_fingerprint"] == fingerprint
    assert json.loads(said["parameterValues"]["input_config"])["splits"][0]["pattern"] == "*.csv"
    assert list(pod.rglob("data_tfrecord-*.gz"))
    assert str(pod) not in output_file.read_text()


def test_what_the_user_can_mend_is_one_message(capsys, monkeypatch, pod, tmp_path):
    set_environment(monkeypatch, pod)
    output_file = tmp_path / "output_metadata.json"
    assert main(csv_node(tmp_path / "no.csv", output_file)) == 1
    told = capsys.readouterr().err
    assert f"data not found: {tmp_path}/no.csv" in told
    assert "fix: " in told
    assert "Traceback" not in told
    assert not output_file.exists()


def set_environment(monkeypatch, pod):
    for name, value in {
        "KUBEFLOW_MOUNT_ROOT": str(pod),
        "_KFP_RUNTIME": "true",
        "PIPELINE_RUN_ID": "",
    }.items():
        monkeypatch.setenv(name, value)


def gate_node(model, output_file, *more, most=3, label="tip"):
    task = f"{ROOT}/Gate/{TASK_ID}"
    told = executor_input(
        {"_Other.verdict": given(f"{ROOT}/other", passed=1.0), "model": given(model)},
        {
            "verdict": asked(f"{task}/verdict", "components.GateVerdict"),
            "text": asked(f"{task}/text", "tfx.String"),
            "executor-logs": logs("Gate"),
        },
        {"most": 7, "share": 0.5, "label": label, "runtime_most": most},
        output_file,
    )
    kinds = [("most", "NUMBER_INTEGER"), ("share", "NUMBER_DOUBLE"), ("label", "STRING")]
    return command_line(GATE, told, spec(kinds, model="tfx.Model"), *more)


def csv_node(data, output_file):
    split = {"hash_buckets": 1, "name": "train"}
    told = {
        "input_base": "nowhere",
        "input_config": json.dumps({"splits": [{"name": "rows", "pattern": "old.csv"}]}),
        "output_config": json.dumps({"split_config": {"splits": [split]}}),
        "output_data_format": 6,
        "output_file_format": 5,
    }
    kinds = [
        (name, "STRING" if isinstance(v, str) else "NUMBER_INTEGER") for name, v in told.items()
    ]
    uri = f"{ROOT}/CsvExampleGen/{TASK_ID}/examples"
    return command_line(
        "tfx.components.example_gen.csv_example_gen.executor.Executor",
        executor_input(
            {},
            {"examples": asked(uri, "tfx.Examples")},
            {**told, "runtime_data": str(data)},
            output_file,
        ),
        spec(kinds),
    )


def container(argv, pod):
    return subprocess.run(
        [sys.executable, "-m", "orchestration.kubeflow.entrypoint", *argv],
        cwd=PROJECT_ROOT,
        env={**os.environ, "KUBEFLOW_MOUNT_ROOT": str(pod)},
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )


def read(path):
    """Reads an output file as strictly as Kubeflow does."""
    text = path.read_text()
    json_format.Parse(text, pipeline_spec_pb2.ExecutorOutput())
    return json.loads(text)
