"""What lies at the destinations, and what the Pushers did."""

import pytest

from orchestration.local.destinations import (
    mobile_model,
    pushed_digest,
    pushes,
    serving_model,
)
from orchestration.local.execute import Execution
from orchestration.local.workspace import Workspace
from orchestration.outcome import Push

BOTH = ("serving", "mobile")


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path, "taxi")


def push(workspace, name, version, content="x"):
    folder = workspace.destination(name) / str(version)
    folder.mkdir(parents=True)
    (folder / "model").write_text(content)


def test_each_destination_has_a_folder_that_servers_can_watch(workspace, tmp_path):
    assert workspace.destination("serving") == workspace.serving == tmp_path / "serving" / "taxi"
    assert workspace.destination("mobile") == workspace.mobile == tmp_path / "mobile" / "taxi"


def test_what_the_pushers_said(workspace):
    push(workspace, "serving", 6)
    push(workspace, "serving", 7)
    executions = {
        "Pusher": Execution("Pusher", "ran", output_properties={"pushed": 1}),
        "MobilePusher": Execution("MobilePusher", "ran", output_properties={"up_to_date": 1}),
    }
    assert pushes(workspace, BOTH, executions) == [
        Push("serving", pushed=True, up_to_date=False, version=7),
        Push("mobile", pushed=False, up_to_date=True, version=None),
    ]
    assert [p.name for p in pushes(workspace, ["serving"], executions)] == ["serving"]


def test_the_pusher_says_whether_it_made_its_version_stable(workspace):
    told = {"pushed": 1, "promoted": 1}
    executions = {"Pusher": Execution("Pusher", "ran", output_properties=told)}
    (done,) = pushes(workspace, ["serving"], executions)
    assert done == Push("serving", pushed=True, up_to_date=False, version=None, promoted=True)


@pytest.mark.parametrize(
    "executions", [{}, {"Pusher": Execution("Pusher", "skipped")}], ids=["failed", "skipped"]
)
def test_pushers_that_did_not_run_did_nothing(workspace, executions):
    push(workspace, "mobile", 3)
    assert pushes(workspace, BOTH, executions) == [
        Push("serving", pushed=False, up_to_date=False, version=None),
        Push("mobile", pushed=False, up_to_date=False, version=3),
    ]


def test_the_newest_models(workspace):
    assert (serving_model(workspace), mobile_model(workspace)) == (None, None)
    for version in (9, 10):
        push(workspace, "serving", version)
    push(workspace, "mobile", 9)
    assert serving_model(workspace) == str(workspace.serving / "10")
    assert mobile_model(workspace) == str(workspace.mobile / "9" / "model.tflite")


def test_a_digest_tells_places_versions_and_models_apart(workspace):
    seen = [pushed_digest(workspace, BOTH)]
    assert seen == [""]
    for name, version, content in [
        *(("serving", 1, "a"), ("serving", 2, "a"), ("mobile", 1, "a"), ("mobile", 2, "b")),
    ]:
        push(workspace, name, version, content)
        seen.append(pushed_digest(workspace, BOTH))
    assert len(set(seen)) == 5
    assert pushed_digest(workspace, ["serving"]) == seen[2]
    assert pushed_digest(workspace, ["mobile"]) in seen[-1]
