"""Kubeflow Pipelines' own code takes what we compile, and refuses what the lint refuses.

The code is that of the oldest backend that we support, 2.0.5, whose drivers know the fewest fields.
"""

import copy
import json

import pytest
import yaml

from orchestration.kubeflow.lint import lint
from tests.orchestration.kubeflow.argo.program import RefusedError, workflow_text
from tests.orchestration.kubeflow.compiled import compiled
from tests.orchestration.kubeflow.lint_documents import put

pytestmark = pytest.mark.slow

SECTION = {
    "image": "registry:5000/pipeline:1",
    "gpu_image": "registry:5000/pipeline:1-gpu",
    "storage": {"claim": "shared", "mount_path": "/mnt/x"},
    "image_pull_policy": "Always",
    "image_pull_secrets": ["registry"],
    "secrets": {"TOKEN": {"secret": "tokens", "key": "hub"}},
    "defaults": {"cpu": "500m", "memory": "2Gi", "retries": 1, "env": {"MODE": "cluster"}},
    "nodes": {
        "Trainer": {
            "accelerator": {"type": "nvidia.com/gpu", "count": 2},
            "node_selector": {"gpu": "t4"},
            "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
            "env": {"TF_CPP_MIN_LOG_LEVEL": "1"},
            "retries": 3,
        }
    },
}
PREFIX = "pipelines.kubeflow.org/"
ANNOTATION_BYTES = 256 * 1024  # of all annotations of a Kubernetes object together
TASKS = ("root", "dag", "tasks")
EXECUTORS = ("deploymentSpec", "executors")
EXAMPLES = (*TASKS, "Trainer", "inputs", "artifacts", "examples", "taskOutputArtifact")
PUSHER_CONFIG = ("platforms", "kubernetes", "deploymentSpec", "executors", "Pusher_executor")


@pytest.fixture(scope="module")
def pipeline(argo, tmp_path_factory):
    """The taxi pipeline with all that a cluster can be told."""
    return compiled(tmp_path_factory.mktemp("case"), SECTION)


@pytest.fixture
def submit(argo, tmp_path):
    """Returns a function that submits documents, and returns their workflow."""

    def submitted(*documents, **parameters):
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump_all([each for each in documents if each]))
        return yaml.safe_load(workflow_text(argo, path, json.dumps(parameters)))

    return submitted


@pytest.fixture
def workflow(argo, pipeline, tmp_path):
    (tmp_path / "taxi.yaml").write_text(pipeline.text())
    return yaml.safe_load(workflow_text(argo, tmp_path / "taxi.yaml"))


def templates(workflow):
    return {each["name"]: each for each in workflow["spec"]["templates"]}


def steps(workflow):
    return {each["name"]: each for each in templates(workflow)["root"]["dag"]["tasks"]}


def arguments(step):
    return {each["name"]: each["value"] for each in step["arguments"]["parameters"]}


def annotation(workflow, kind, node):
    """Returns what the driver of a node is handed, None if it is handed nothing."""
    text = workflow["metadata"]["annotations"].get(f"{PREFIX}{kind}-{node}")
    return text and json.loads(text)


def test_each_node_has_a_driver_and_a_pod_that_waits_for_its_producers(pipeline, workflow):
    tasks = pipeline.spec["root"]["dag"]["tasks"]
    found = steps(workflow)
    assert set(found) == {*tasks, *(f"{name}-driver" for name in tasks)}
    for name, task in tasks.items():
        waits = found[f"{name}-driver"].get("depends", "")
        expected = {f"{each}.Succeeded" for each in task.get("dependentTasks", ())}
        assert set(filter(None, waits.split(" && "))) == expected
        assert found[name]["depends"] == f"{name}-driver.Succeeded"
    assert "Evaluator.Succeeded" in found["Pusher-driver"]["depends"]


def test_drivers_are_handed_the_containers_as_compiled(pipeline, workflow):
    for name in pipeline.spec["root"]["dag"]["tasks"]:
        container = pipeline.spec["deploymentSpec"]["executors"][f"{name}_executor"]["container"]
        assert annotation(workflow, "implementations", name) == container
    trainer = annotation(workflow, "implementations", "Trainer")
    assert trainer["image"] == "registry:5000/pipeline:1-gpu"
    assert trainer["env"] == [
        {"name": "MODE", "value": "cluster"},
        {"name": "TF_CPP_MIN_LOG_LEVEL", "value": "1"},
    ]
    assert trainer["resources"]["accelerator"] == {"type": "nvidia.com/gpu", "count": "2"}
    assert trainer["resources"]["cpuLimit"] == 0.5
    assert annotation(workflow, "implementations", "Pusher")["image"] == "registry:5000/pipeline:1"


def test_drivers_are_handed_what_kubernetes_must_know(pipeline, workflow):
    told = pipeline.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for name in pipeline.spec["root"]["dag"]["tasks"]:
        assert annotation(workflow, "kubernetes", name) == told[f"{name}_executor"]
        config = arguments(steps(workflow)[f"{name}-driver"])["kubernetes-config"]
        assert config == f"{{{{workflow.annotations.{PREFIX}kubernetes-{name}}}}}"
    everywhere = {
        "secretAsEnv": [
            {"secretName": "tokens", "keyToEnv": [{"secretKey": "hub", "envVar": "TOKEN"}]}
        ],
        "imagePullSecret": [{"secretName": "registry"}],
        "imagePullPolicy": "Always",
    }
    mounted = {"pvcMount": [{"constant": "shared", "mountPath": "/mnt/x"}]}
    assert annotation(workflow, "kubernetes", "StatisticsGen") == everywhere
    assert annotation(workflow, "kubernetes", "Pusher") == {**everywhere, **mounted}
    assert annotation(workflow, "kubernetes", "Trainer") == {
        **everywhere,
        **mounted,
        "nodeSelector": {"labels": {"gpu": "t4"}},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    }


def test_drivers_are_told_of_retries_caches_and_conditions(pipeline, workflow):
    found = steps(workflow)
    told = {
        name: json.loads(arguments(found[f"{name}-driver"])["task"])
        for name in pipeline.spec["root"]["dag"]["tasks"]
    }
    assert told["Trainer"]["retryPolicy"]["maxRetryCount"] == 3
    assert told["Pusher"]["retryPolicy"]["maxRetryCount"] == 1
    assert told["Trainer"]["cachingOptions"] == {"enableCache": True}
    for name in (
        *("CsvExampleGen", "LatestPushedModel", "LatestPushedStatistics"),
        *("Pusher", "MobilePusher"),
    ):
        assert not told[name]["cachingOptions"].get("enableCache")
    assert "'_DataGate.verdict'" in told["Trainer"]["triggerPolicy"]["condition"]
    assert found["Trainer"]["when"].endswith("outputs.parameters.condition}} != false")


def test_a_run_has_the_defaults_but_for_what_it_sets(pipeline, submit):
    def values(**parameters):
        workflow = submit(pipeline.spec, pipeline.platform, **parameters)
        [driver, _] = templates(workflow)["entrypoint"]["dag"]["tasks"]
        return json.loads(arguments(driver)["runtime-config"])["parameterValues"]

    inputs = pipeline.spec["root"]["inputDefinitions"]["parameters"]
    defaults = {name: definition["defaultValue"] for name, definition in inputs.items()}
    assert {"data", "max_epochs", "min_rows", "min_auc"} <= set(defaults)
    assert values() == defaults
    assert values(max_epochs=2, data="/mnt/x/new") == {
        **defaults,
        "max_epochs": 2,
        "data": "/mnt/x/new",
    }
    with pytest.raises(RefusedError, match="max_epochs requires type double or integer"):
        values(max_epochs="2")
    with pytest.raises(RefusedError, match="not required by pipeline: max_epoch"):
        values(max_epoch=2)


def test_annotations_leave_room(workflow):
    """This backend keeps the whole pipeline in them, and Kubernetes limits their size."""
    annotations = workflow["metadata"]["annotations"]
    assert sum(map(len, [*annotations, *annotations.values()])) < ANNOTATION_BYTES


BROKEN = {
    "schema": (
        ("schemaVersion",),
        "2.0.0",
        "KFP only supports schema version 2.1.0",
        "Kubeflow Pipelines accepts 2.1.0 alone",
    ),
    "resolver": (
        (*EXECUTORS, "LatestPushedModel_executor"),
        {"resolver": {}},
        "non-container and non-importer executor not implemented",
        "has no executor of the kind resolver",
    ),
    "component": (
        (*TASKS, "Trainer", "componentRef", "name"),
        "Trainr",
        'cannot find component ref name="Trainr"',
        'there is no component "Trainr"',
    ),
    "executor": (
        ("components", "Trainer", "executorLabel"),
        "Trainr",
        'label="Trainr"\\) not found',
        'there is no executor "Trainr"',
    ),
    "producer": (
        (*EXAMPLES, "producerTask"),
        "Transform_task",
        'unknown producer task "Transform_task"',
        'comes from "Transform_task", which is no task; fix: write "Transform"',
    ),
    "cycle": (
        (*TASKS, "CsvExampleGen", "dependentTasks"),
        ["Pusher"],
        "graph with cycle",
        "tasks wait for each other",
    ),
    "default": (
        ("root", "inputDefinitions", "parameters", "max_epochs"),
        {"parameterType": "NUMBER_INTEGER"},
        "max_epochs is not optional, yet has neither default value",
        "parameter max_epochs: it has no default",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_kubeflow_refuses_the_lint_refuses(pipeline, submit, name):
    path, value, refusal, line = BROKEN[name]
    spec = copy.deepcopy(pipeline.spec)
    put(spec, path, value)
    with pytest.raises(RefusedError, match=refusal):
        submit(spec, pipeline.platform)
    assert any(line in fault.line() for fault in lint(spec, pipeline.platform, "kfp"))


def test_a_name_that_argo_refuses_the_lint_refuses(pipeline, submit):
    spec = copy.deepcopy(pipeline.spec)
    put(spec, (*TASKS, "Statistics_Gen"), spec["root"]["dag"]["tasks"]["StatisticsGen"])
    with pytest.raises(RefusedError, match="Argo refuses the workflow"):
        submit(spec, pipeline.platform)
    assert [fault.where for fault in lint(spec, pipeline.platform, "kfp")] == [
        "task Statistics_Gen"
    ]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (PUSHER_CONFIG, "volumes"),
        ((*PUSHER_CONFIG, "pvcMount", 0), "pvcNameParameter"),
        ((*PUSHER_CONFIG, "secretAsEnv", 0), "secretNameParameter"),
        ((*PUSHER_CONFIG, "imagePullSecret", 0), "secretNameParameter"),
    ],
)
def test_a_field_on_which_drivers_fail_the_lint_refuses(pipeline, submit, path, field):
    platform = copy.deepcopy(pipeline.platform)
    put(platform, (*path, field), {"runtimeValue": {"constant": "shared"}})
    with pytest.raises(
        RefusedError, match=f'driver of Pusher would fail: .*unknown field "{field}"'
    ):
        submit(pipeline.spec, platform)
    [fault] = lint(pipeline.spec, platform, "kfp")
    assert field in fault.what


def test_unmodified_output_of_tfx_is_refused(argo, unmodified):
    with pytest.raises(RefusedError, match=r"KFP only supports schema version 2\.1\.0"):
        workflow_text(argo, unmodified["2.0"])
    with pytest.raises(RefusedError, match="non-container and non-importer executor not impl"):
        workflow_text(argo, unmodified["2.1"])
