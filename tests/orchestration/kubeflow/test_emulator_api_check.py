"""Files that the API server refuses."""

import json

import pytest
import yaml

from tests.orchestration.kubeflow.emulator import api_check, specs
from tests.orchestration.kubeflow.emulator.api_check import RefusedError
from tests.orchestration.kubeflow.emulator.specs import task

TWO = {
    "first": task(["true"]),
    "second": task(["true"], artifacts={"in": "first"}),
}


def two():
    return specs.spec(**TWO)


def test_a_good_file_is_read_with_its_platform_document():
    read = api_check.read(specs.text(two(), first={"imagePullPolicy": "Always"}))
    assert list(read.tasks) == ["first", "second"]
    assert read.kubernetes == {"first_executor": {"imagePullPolicy": "Always"}}


def executor_of_another_kind(spec):
    spec["deploymentSpec"]["executors"]["first_executor"] = {
        "resolver": {"outputArtifactQueries": {"model": {"filter": "x"}}}
    }


def no_command(spec):
    del spec["deploymentSpec"]["executors"]["first_executor"]["container"]["command"]


def no_executor(spec):
    del spec["deploymentSpec"]["executors"]["first_executor"]


def no_image(spec):
    spec["deploymentSpec"]["executors"]["first_executor"]["container"]["image"] = ""


def unknown_producer(spec):
    taken = spec["root"]["dag"]["tasks"]["second"]["inputs"]["artifacts"]["in"]
    taken["taskOutputArtifact"]["producerTask"] = "first_task"


def unknown_dependency(spec):
    spec["root"]["dag"]["tasks"]["second"]["dependentTasks"] = ["third"]


def underscore(spec):
    spec["root"]["dag"]["tasks"]["a_task"] = spec["root"]["dag"]["tasks"]["first"]


def old_schema(spec):
    spec["schemaVersion"] = "2.0.0"


def bad_name(spec):
    spec["pipelineInfo"]["name"] = "Tiny"


def no_tasks(spec):
    spec["root"] = {"dag": {}}


def unknown_field(spec):
    spec["root"]["dag"]["tasks"]["first"]["cache"] = True


def no_component(spec):
    del spec["components"]["first"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (executor_of_another_kind, "non-container and non-importer executor not implemented"),
        (no_command, "no command"),
        (no_executor, "not found in deployment config"),
        (no_image, "image is empty"),
        (unknown_producer, "unknown producer task 'first_task'"),
        (unknown_dependency, "unknown producer task 'third'"),
        (underscore, "a_task"),
        (old_schema, "only supports schema version 2.1.0"),
        (bad_name, "lower case"),
        (no_tasks, "root component is empty"),
        (unknown_field, "unknown template format"),
        (no_component, "no component 'first'"),
    ],
)
def test_a_bad_file_is_refused(spoil, message):
    spec = two()
    spoil(spec)
    with pytest.raises(RefusedError, match=message):
        api_check.read(specs.text(spec))


def test_a_pipeline_job_is_no_pipeline():
    job = {"displayName": "x", "pipelineSpec": two(), "runtimeConfig": {}}
    with pytest.raises(RefusedError, match="unknown template format"):
        api_check.read(json.dumps(job))


def test_one_pipeline_and_one_platform_at_most():
    with pytest.raises(RefusedError, match="2 pipeline specs"):
        api_check.read(yaml.safe_dump_all([two(), two()]))
    with pytest.raises(RefusedError, match="0 pipeline specs"):
        api_check.read("")
