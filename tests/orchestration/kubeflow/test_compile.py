"""The taxi use case, compiled for Kubeflow Pipelines: what is in the documents."""

import json
import os
import subprocess
import sys

import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from orchestration.kubeflow.compile import compile_pipeline
from orchestration.kubeflow.lint import lint
from orchestration.kubeflow.runtime_places import from_argument
from orchestration.plan import make_plan
from tests.orchestration.kubeflow.compiled import (
    TAXI,
    argument_of,
    container_of,
    parameter_of,
    tasks_of,
)
from usecase.paths import PROJECT_ROOT

IMAGE = "registry.example.com/tfx-gated-pipeline:0.1.0"
VERDICT = "inputs.artifacts['_DataGate.verdict'].artifacts[0].metadata['passed'] == 1.0"
BEFORE_THE_GATE = {
    "CsvExampleGen": set(),
    "StatisticsGen": {"CsvExampleGen"},
    "ImportSchemaGen": set(),
    "ExampleValidator": {"StatisticsGen", "ImportSchemaGen"},
    "LatestPushedStatistics": set(),
    "DistributionValidator": {"StatisticsGen", "LatestPushedStatistics"},
    "DataGate": {"CsvExampleGen", "StatisticsGen", "ExampleValidator", "ImportSchemaGen"},
}
BEHIND_THE_GATE = {
    "Transform": {"CsvExampleGen", "ImportSchemaGen"},
    "Trainer": {"Transform"},
    "LatestPushedModel": set(),
    "Evaluator": {"CsvExampleGen", "Trainer", "LatestPushedModel"},
    "ServingGate": {"CsvExampleGen", "StatisticsGen", "Trainer"},
    "Pusher": {"Evaluator", "ServingGate"},
    "TFLiteExporter": {"Trainer", "Transform"},
    "TFLiteGate": {"CsvExampleGen", "TFLiteExporter", "Trainer"},
    "MobilePusher": {"Evaluator", "TFLiteGate", "Pusher"},  # the last, for its version alone
}
NODES = {*BEFORE_THE_GATE, *BEHIND_THE_GATE}
DEFAULTS = {
    "data": ("STRING", "pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"),
    "max_epochs": ("NUMBER_INTEGER", 30),
    "min_rows": ("NUMBER_INTEGER", 100),
    "min_label_share": ("NUMBER_DOUBLE", 0.01),
    "min_auc": ("NUMBER_DOUBLE", 0.93),
    "max_drop_auc": ("NUMBER_DOUBLE", 0.01),
    "max_loss": ("NUMBER_DOUBLE", 0.3),
    "min_calibration": ("NUMBER_DOUBLE", 0.9),
    "max_calibration": ("NUMBER_DOUBLE", 1.1),
    "min_auc_by_trip_start_hour": ("NUMBER_DOUBLE", 0.85),
}
OF_THE_QUALITY_GATE = {
    *("min_auc", "max_drop_auc", "max_loss", "min_calibration", "max_calibration"),
    "min_auc_by_trip_start_hour",
}
TAKERS = {
    "CsvExampleGen": {"data"},
    "DataGate": {"min_rows", "min_label_share"},
    "Trainer": {"max_epochs"},
    "Evaluator": OF_THE_QUALITY_GATE,
}
# In a process of its own: other hash seed, other folder, other names of files on the way.
COMPILE = """
import sys
from orchestration.kubeflow.compile import compile_pipeline
from orchestration.plan import make_plan
text = compile_pipeline(make_plan(sys.argv[1], elsewhere=True), "kfp").text()
sys.stdout.buffer.write(text.encode())
"""


@pytest.fixture(scope="module")
def taxi():
    return compile_pipeline(make_plan(str(TAXI), elsewhere=True), "kfp")


@pytest.fixture(scope="module")
def spec(taxi):
    return taxi.spec


def test_both_documents_are_in_the_file_and_parse_strictly(taxi):
    spec, platform = yaml.safe_load_all(taxi.text())
    assert spec == taxi.spec
    assert platform == taxi.platform
    parsed = json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    config = pipeline_spec_pb2.PipelineDeploymentConfig()
    json_format.ParseDict(json_format.MessageToDict(parsed.deployment_spec), config)
    assert set(config.executors) == {f"{node}_executor" for node in NODES}
    assert (spec["schemaVersion"], spec["pipelineInfo"]["name"]) == ("2.1.0", "taxi")
    assert taxi.job is None
    assert taxi.warnings == ()


def test_an_unknown_field_would_not_parse(spec):
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({**spec, "foo": 1}, pipeline_spec_pb2.PipelineSpec())


def test_lint_finds_no_fault(taxi):
    assert lint(taxi.spec, taxi.platform, "kfp") == []


def test_lint_knows_each_path_of_the_volume(spec):
    """Without its mount, no path there can be seen."""
    hidden = {fault.where for fault in lint(spec, None, "kfp")}
    assert hidden == {
        'task LatestPushedModel, input "push_dir"',
        'task LatestPushedStatistics, input "push_dir"',
        'task Trainer, input "custom_config"',
        'task Pusher, input "push_destination"',
        'task Pusher, input "custom_config"',
        'task MobilePusher, input "push_destination"',
        'task MobilePusher, input "custom_config"',
    }


def test_the_bytes_depend_on_nothing_but_the_input(taxi, tmp_path):
    environ = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(PROJECT_ROOT)}
    other = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COMPILE, str(TAXI)],
        cwd=tmp_path,
        env={**environ, "TZ": "Asia/Tokyo", "HOME": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert other.stdout == taxi.text().encode()


def test_nothing_of_this_machine_is_in_it(taxi):
    text = taxi.text()
    assert str(PROJECT_ROOT) not in text
    assert sys.prefix not in text
    assert "/tmp" not in text


def test_the_comment_tells_what_a_run_may_set(taxi):
    comment = [line for line in taxi.text().splitlines() if line.startswith("#")]
    assert comment[0] == "# Pipeline taxi for Kubeflow Pipelines"
    (auc,) = [line for line in comment if " min_auc = " in line]
    assert auc == "#   min_auc = 0.93  Lowest value allowed: auc"


def test_the_graph_is_that_of_the_local_runner(spec):
    tasks = tasks_of(spec)
    assert set(tasks) == NODES
    for node, needed in {**BEFORE_THE_GATE, **BEHIND_THE_GATE}.items():
        gate = {"DataGate"} if node in BEHIND_THE_GATE else set()
        assert set(tasks[node].get("dependentTasks", [])) == needed | gate, node
        assert tasks[node]["componentRef"]["name"] == node
        assert spec["components"][node]["executorLabel"] == f"{node}_executor"


def test_what_comes_behind_the_data_gate_runs_if_it_passed(spec):
    for node, task in tasks_of(spec).items():
        condition = task.get("triggerPolicy", {}).get("condition")
        assert condition == (f"({VERDICT})" if node in BEHIND_THE_GATE else None), node


def test_results_are_reused_where_the_key_knows_what_made_them(spec):
    cached = {n for n, t in tasks_of(spec).items() if t["cachingOptions"] == {"enableCache": True}}
    uncached = {n for n, t in tasks_of(spec).items() if t["cachingOptions"] == {}}
    assert uncached == {
        *("CsvExampleGen", "ImportSchemaGen", "LatestPushedModel", "LatestPushedStatistics"),
        *("Pusher", "MobilePusher"),
    }
    assert cached == NODES - uncached


def test_failed_pods_are_tried_again(spec):
    for task in tasks_of(spec).values():
        assert task["retryPolicy"] == {
            "maxRetryCount": 2,
            "backoffDuration": "30s",
            "backoffFactor": 2.0,
            "backoffMaxDuration": "600s",
        }


def test_every_container_is_started_by_the_adapter(spec):
    for node in NODES:
        container = container_of(spec, node)
        assert container["command"] == ["python", "-m", "orchestration.kubeflow.entrypoint"]
        assert container["image"] == IMAGE
        assert "lifecycle" not in container
        assert argument_of(spec, node, "--json_serialized_invocation_args") == "{{$}}"
        assert argument_of(spec, node, "--native_uris") is None


def test_every_container_has_its_resources(spec):
    gib = 1.073741824
    of_their_own = {"Evaluator": (2.0, 8 * gib), "Trainer": (4.0, 8 * gib)}
    for node in NODES:
        cpu, memory = of_their_own.get(node, (2.0, 4 * gib))
        assert container_of(spec, node)["resources"] == {"cpuLimit": cpu, "memoryLimit": memory}


def test_the_inputs_of_the_pipeline_have_defaults(spec):
    inputs = spec["root"]["inputDefinitions"]["parameters"]
    found = {name: (i["parameterType"], i["defaultValue"]) for name, i in inputs.items()}
    assert found == DEFAULTS
    assert all(i["isOptional"] is True and i["description"] for i in inputs.values())


def test_each_of_them_is_wired_to_the_nodes_that_take_it(spec):
    wired = {
        node: {
            name.removeprefix("runtime_"): given["componentInputParameter"]
            for name, given in task["inputs"]["parameters"].items()
            if "componentInputParameter" in given
        }
        for node, task in tasks_of(spec).items()
    }
    assert {n: set(w) for n, w in wired.items() if w} == TAKERS
    for node, names in wired.items():
        declared = spec["components"][node]["inputDefinitions"]
        for name, root_input in names.items():
            assert root_input == name
            assert declared["parameters"][f"runtime_{name}"] == {"parameterType": DEFAULTS[name][0]}
        told = argument_of(spec, node, "--json_serialized_inputs_spec_args")
        assert json.loads(told) == declared, node
        assert "{{" not in told


@pytest.mark.parametrize("node", ["DataGate", "Trainer", "Evaluator"])
def test_places_lead_to_the_defaults(spec, node):
    places = from_argument(argument_of(spec, node, "--runtime_places"))
    assert set(places) == TAKERS[node]
    for name, found in places.items():
        assert found, name
        for place in found:
            value = parameter_of(spec, node, place.path[0])
            for key in place.path[1:]:
                value = (json.loads(value) if isinstance(value, str) else value)[key]
            assert (-value if place.negated else value) == DEFAULTS[name][1]


def test_a_largest_drop_is_a_negative_change_to_tfma(spec):
    places = from_argument(argument_of(spec, "Evaluator", "--runtime_places"))
    assert [p.negated for p in places["max_drop_auc"]] == [True]
    assert not any(p.negated for name in places if name != "max_drop_auc" for p in places[name])


def test_data_have_no_place_but_an_input(spec):
    assert argument_of(spec, "CsvExampleGen", "--runtime_places") is None
    base = "pkg:tfx/examples/chicago_taxi_pipeline/data/simple"
    assert parameter_of(spec, "CsvExampleGen", "input_base") == base


def test_pods_read_and_write_on_the_volume(spec):
    destination = json.loads(parameter_of(spec, "Pusher", "push_destination"))
    assert destination == {"filesystem": {"base_directory": "/mnt/pipeline/serving/taxi"}}
    mobile = json.loads(parameter_of(spec, "MobilePusher", "push_destination"))
    assert mobile == {"filesystem": {"base_directory": "/mnt/pipeline/mobile/taxi"}}
    told = json.loads(parameter_of(spec, "Trainer", "custom_config"))
    assert json.loads(told["settings"])["checkpoint_dir"] == "/mnt/pipeline/checkpoints/taxi"
    assert parameter_of(spec, "LatestPushedModel", "push_dir") == "/mnt/pipeline/serving/taxi"
    assert parameter_of(spec, "LatestPushedModel", "version") == -1
    assert parameter_of(spec, "ImportSchemaGen", "schema_file") == "schema/taxi/schema.pbtxt"


def test_the_pushers_number_versions_one_after_the_other(spec):
    tasks = spec["root"]["dag"]["tasks"]
    assert "Pusher" in tasks["MobilePusher"]["dependentTasks"]
    assert "MobilePusher" not in tasks["Pusher"]["dependentTasks"]


def test_the_embedded_server_judges(spec):
    settings = json.loads(parameter_of(spec, "ServingGate", "settings"))
    assert settings["serving"]["server"] == "embedded"


def test_the_volume_is_mounted_where_it_is_needed(taxi):
    mount = {"constant": "pipeline-storage", "mountPath": "/mnt/pipeline"}
    nodes = (
        *("CsvExampleGen", "LatestPushedModel", "LatestPushedStatistics", "Trainer"),
        *("Pusher", "MobilePusher"),
    )
    executors = taxi.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert executors == {f"{node}_executor": {"pvcMount": [mount]} for node in nodes}


def test_digests_of_code_are_those_of_the_files(spec):
    digests = {node: argument_of(spec, node, "--code_digest") for node in NODES}
    assert all(len(digest) == 16 and int(digest, 16) for digest in digests.values())
    # TFX's own nodes run the adapter, and no other code of this project's.
    assert digests["ExampleValidator"] == digests["StatisticsGen"]
    own = ("CsvExampleGen", "DataGate", "Evaluator", "ServingGate", "Trainer", "Transform")
    assert len({digests[node] for node in own} | {digests["StatisticsGen"]}) == 7
    # The schema's file counts as code of the node that reads it by its path.
    assert digests["ImportSchemaGen"] != digests["StatisticsGen"]
