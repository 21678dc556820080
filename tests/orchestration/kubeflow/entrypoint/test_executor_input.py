"""What an ExecutorInput holds, and the same with something changed."""

import copy

import pytest

from orchestration.kubeflow.entrypoint import executor_input as inputs
from tests.orchestration.kubeflow.pod_world import asked, executor_input, given

UUID = "0b8d7f0e-5a41-4d6e-9c29-7f1d6c3e2a10"
TOLD = executor_input(
    {"model": given("minio://b/m", blessed=1.0)},
    {"evaluation": asked("minio://b/e", "tfx.ModelEvaluation")},
    {"a": 1},
    "/tmp/out.json",
)


@pytest.mark.parametrize(
    ("uri", "run"),
    [
        ("minio://mlpipeline/v2/artifacts/taxi/the-run/Trainer/model", "the-run"),
        (f"s3://b/taxi/the-run/Trainer/{UUID}/model", "the-run"),
        (f"minio://b/{UUID}/taxi/the-run/Trainer/{UUID}/model", "the-run"),
        ("gs://b/root/123456/taxi-20261126060000/Trainer_-42/model", "taxi-20261126060000"),
        ("s3://b/taxi/the-run/Trainer/model?region=x/y/z", "the-run"),
        ("minio://b/model", ""),
        ("", ""),
    ],
)
def test_the_run_stands_in_the_address_of_an_output(uri, run):
    told = executor_input({}, {"model": asked(uri, "tfx.Model")}, {}, "/out.json")
    assert inputs.run_id(told) == run


def test_without_outputs_the_run_is_unknown():
    assert inputs.run_id({"outputs": {}}) == ""


def test_changes_leave_the_rest_and_the_original_alone():
    before = copy.deepcopy(TOLD)
    changed = inputs.with_uris(TOLD, str.upper)
    changed = inputs.with_parameters(changed, {"b": 2})
    changed = inputs.with_output_file(changed, "/other.json")
    said = {"artifacts": {"evaluation": {"artifacts": [{"uri": "no", "metadata": {"span": 3.0}}]}}}
    changed = inputs.with_output_metadata(changed, said)
    assert before == TOLD
    assert inputs.parameters(changed) == {"b": 2}
    assert changed["outputs"]["outputFile"] == "/other.json"
    (model,) = inputs.artifacts(changed["inputs"]).values()
    assert model == {**before["inputs"]["artifacts"]["model"]["artifacts"][0], "uri": "MINIO://B/M"}
    (evaluation,) = inputs.artifacts(changed["outputs"]).values()
    assert evaluation["uri"] == "MINIO://B/E"
    assert evaluation["metadata"] == {"span": 3.0}


def test_an_empty_list_is_no_artifact():
    assert inputs.artifacts({"artifacts": {"model": {}, "other": {"artifacts": []}}}) == {}
    assert inputs.parameters({}) == {}
