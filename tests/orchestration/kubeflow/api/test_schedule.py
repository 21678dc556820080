"""`schedule`: versions, recurring runs, and never two of a name at once."""

import re

import pytest
import yaml

from orchestration.kubeflow.api import recurring, retiring, transport
from orchestration.kubeflow.api.package import Package, read_package
from orchestration.kubeflow.api.pipelines import Version
from tests.orchestration.kubeflow import api_server, toy_package

NIGHTLY = ("--cron", "0 2 * * *")


def recurring_bodies(server):
    return [request.body for request in server.seen("POST", "/recurringruns")]


def states(server):
    return {key: one["status"] for key, one in server.recurring.items()}


def start_run(server, recurring_run_id, state="RUNNING"):
    """Puts a run there that a recurring run has started."""
    experiment = server.recurring[recurring_run_id]["experiment_id"]
    run = {"run_id": server.new_id("run"), "experiment_id": experiment, "state": state}
    server.runs[run["run_id"]] = {**run, "recurring_run_id": recurring_run_id}
    return run["run_id"]


def test_a_schedule_runs_one_at_a_time_and_catches_up_on_nothing(runner, server):
    done = runner("schedule", *NIGHTLY, "--param", "max_epochs=3", "--pipeline-root", "gs://b/r")
    assert (done.status, done.err) == (0, "")
    (body,) = recurring_bodies(server)
    mark = r"kubeflow_runner\.py schedule [0-9a-f]{16}, request [0-9a-f]{32}"
    assert re.fullmatch(mark, body.pop("description"))
    assert body == {
        "display_name": "toy",
        "experiment_id": "experiment-1",
        "pipeline_version_reference": {
            "pipeline_id": "pipeline-2",
            "pipeline_version_id": "version-3",
        },
        "runtime_config": {"parameters": {"max_epochs": 3}, "pipeline_root": "gs://b/r"},
        "trigger": {"cron_schedule": {"cron": "0 0 2 * * *"}},
        "max_concurrency": "1",
        "no_catchup": True,
        "mode": "ENABLE",
    }
    assert done.out.splitlines()[1:] == [
        'runs by "0 0 2 * * *"',
        f"{server.host}/#/recurringrun/details/recurring-4",
    ]


def test_the_file_is_uploaded_as_it_is_and_named_by_what_is_in_it(runner, server, file):
    runner("schedule", *NIGHTLY)
    digest = read_package(str(file)).digest
    (upload,) = server.seen("POST", "/pipelines/upload_version")
    assert upload.body == file.read_text()
    assert upload.query == {"name": f"toy-{digest}", "pipelineid": "pipeline-2"}
    assert server.pipelines["pipeline-2"]["display_name"] == "toy"


def test_the_same_version_is_not_uploaded_twice_nor_scheduled_twice(runner, server):
    runner("schedule", *NIGHTLY)
    done = runner("schedule", *NIGHTLY)
    assert done.status == 0
    assert len(server.seen("POST", "/pipelines/upload_version")) == 1
    assert len(recurring_bodies(server)) == 1
    (there,) = server.recurring.values()
    assert there["service_account"] == "pipeline-runner"  # which the server filled in
    assert "is there already" in done.out
    assert 'it runs so already: "0 0 2 * * *"' in done.out


@pytest.mark.parametrize(
    "change",
    [
        ("--cron", "0 3 * * *"),
        (*NIGHTLY, "--param", "max_epochs=4"),
        (*NIGHTLY, "--service-account", "other"),
        (*NIGHTLY, "--pipeline-root", "gs://b/other"),
    ],
)
def test_a_change_replaces_the_older_one(runner, server, change):
    runner("schedule", *NIGHTLY)
    done = runner("schedule", *change)
    assert done.status == 0
    assert ", in place of 1 older" in done.out
    assert list(states(server).values()) == ["ENABLED"]
    assert server.most_active == 1
    order = [(r.method, r.path) for r in server.requests if "recurring-" in r.path]
    assert order[0] == ("POST", "/recurringruns/recurring-4:disable")
    assert order[-1] == ("DELETE", "/recurringruns/recurring-4")


def test_a_new_pipeline_is_a_new_version_and_the_old_stays(runner, server, file):
    runner("schedule", *NIGHTLY)
    file.write_text(toy_package.text(sdkVersion="tfx-1.17.0"))
    runner("schedule", *NIGHTLY)
    assert len(server.versions) == 2
    assert len(server.pipelines) == 1
    (one,) = server.recurring.values()
    assert one["pipeline_version_reference"]["pipeline_version_id"] == list(server.versions)[1]


def test_a_disabled_one_of_the_name_is_replaced_too(runner, server):
    runner("schedule", *NIGHTLY)
    (old,) = server.recurring.values()
    old["status"] = "DISABLED"
    assert runner("schedule", *NIGHTLY).status == 0
    assert list(states(server).values()) == ["ENABLED"]
    assert not server.seen("POST", ".*:disable")  # it was already


def test_another_experiment_is_no_other_schedule(runner, server):
    runner("schedule", *NIGHTLY)
    done = runner("schedule", *NIGHTLY, "--experiment", "other")
    assert ", in place of 1 older" in done.out
    (one,) = server.recurring.values()
    assert server.experiments[one["experiment_id"]]["display_name"] == "other"
    assert server.most_active == 1
    assert runner("schedule", "--off").out == f"ended: {one['recurring_run_id']}\n"


def test_schedules_are_those_of_the_namespace(runner, server):
    server.namespace = "team-a"
    for cron in ("0 2 * * *", "0 3 * * *"):
        assert runner("schedule", "--namespace", "team-a", "--cron", cron).status == 0
    assert list(states(server).values()) == ["ENABLED"]


def test_another_name_is_another_schedule(runner, server):
    runner("schedule", *NIGHTLY)
    runner("schedule", "--cron", "0 3 * * *", "--name", "noon")
    assert sorted(one["display_name"] for one in server.recurring.values()) == ["noon", "toy"]


def test_if_the_new_one_is_refused_the_old_one_is_enabled_again(runner, server):
    runner("schedule", *NIGHTLY)
    server.fail("POST", "/recurringruns", "400", message="The cron schedule is invalid")
    done = runner("schedule", "--cron", "0 3 * * *")
    assert done.status == 2
    assert done.err == "error: the server refused: The cron schedule is invalid\n"
    assert states(server) == {"recurring-4": "ENABLED"}
    assert server.most_active == 1


def test_if_the_old_one_cannot_be_enabled_again_the_user_is_told(runner, server):
    runner("schedule", *NIGHTLY)
    server.fail("POST", "/recurringruns", "400", message="no")
    server.fail("POST", ".*:enable", "400", message="neither")
    done = runner("schedule", "--cron", "0 3 * * *")
    assert done.status == 2
    assert "and recurring-4, which ran by the clock until now, is disabled" in done.err
    assert f"{server.host}/#/recurringrun/details/recurring-4" in done.err
    assert "neither" in done.err


@pytest.mark.parametrize(
    ("kind", "why"), [("401", "does not know who asks: expired"), ("reset", "was lost")]
)
def test_if_nothing_can_be_asked_any_more_the_user_is_told_what_is_disabled(
    runner, server, monkeypatch, kind, why
):
    runner("schedule", *NIGHTLY)
    take = server.take_fault

    def fault(method, path):
        if len(server.seen("POST", "/recurringruns")) == 2:
            return api_server.Fault(method, path, kind, "expired", 0.0)
        return take(method, path)

    monkeypatch.setattr(server, "take_fault", fault)
    done = runner("schedule", "--cron", "0 3 * * *")
    assert done.status == 2
    assert states(server) == {"recurring-4": "DISABLED"}
    told = next(line for line in done.err.splitlines() if line.startswith("and recurring-4"))
    assert told.startswith("and recurring-4, which ran by the clock until now, is disabled: ")
    assert why in told
    fix = "schedule again, or enable it at"
    assert f"{fix} {server.host}/#/recurringrun/details/recurring-4" in done.err


def test_if_nothing_is_known_of_the_old_one_it_may_be_disabled(runner, server, monkeypatch):
    runner("schedule", *NIGHTLY)
    take = server.take_fault

    def fault(method, path):
        if server.seen("POST", ".*:disable"):
            return api_server.Fault(method, path, "401", "expired", 0.0)
        return take(method, path)

    monkeypatch.setattr(server, "take_fault", fault)
    done = runner("schedule", "--cron", "0 3 * * *")
    assert "and recurring-4, which ran by the clock until now, may be disabled: " in done.err
    assert "give a token that has not expired" in done.err


def test_an_interrupt_on_the_way_back_is_not_silent(runner, server, monkeypatch):
    runner("schedule", *NIGHTLY)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recurring, "_create", interrupt)
    monkeypatch.setattr(recurring, "_find", interrupt)
    done = runner("schedule", "--cron", "0 3 * * *")
    assert done.status == 2
    assert "recurring-4, which ran by the clock until now, is disabled: interrupted" in done.err


@pytest.mark.parametrize("kind", ["lost", "503", "reset"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/recurringruns"),
        ("POST", "/recurringruns/recurring-4:disable"),
        ("DELETE", "/recurringruns/recurring-4"),
        ("POST", "/pipelines/upload_version"),
    ],
)
def test_a_lost_answer_leaves_exactly_one_active(runner, server, file, kind, method, path):
    runner("schedule", *NIGHTLY)
    file.write_text(toy_package.text(sdkVersion="tfx-1.17.0"))
    server.fail(method, path, kind)
    done = runner("schedule", "--cron", "0 3 * * *")
    assert (done.status, done.err) == (0, "")
    (one,) = server.recurring.values()
    assert (one["status"], one["trigger"]["cron_schedule"]["cron"]) == ("ENABLED", "0 0 3 * * *")
    assert server.most_active == 1
    assert len(server.versions) == 2


@pytest.mark.parametrize("path", ["/experiments", "/pipelines", "/pipelines/upload_version"])
@pytest.mark.parametrize("kind", ["lost", "503"])
def test_nothing_is_made_twice_the_first_time_either(runner, server, path, kind):
    server.fail("POST", path, kind)
    assert runner("schedule", *NIGHTLY).status == 0
    counts = [len(server.experiments), len(server.pipelines), len(server.versions)]
    assert counts == [1, 1, 1]
    assert len(server.recurring) == 1


def test_one_that_cannot_be_deleted_is_disabled_and_told(runner, server):
    runner("schedule", *NIGHTLY)
    server.fail("DELETE", "/recurringruns/.*", "400", message="no", times=2)
    done = runner("schedule", "--cron", "0 3 * * *")
    assert done.status == 0
    assert done.err == (
        "warning: recurring run recurring-4 is disabled, but not deleted: the server refused: no; "
        "the next schedule or schedule --off deletes it\n"
    )
    assert states(server)["recurring-4"] == "DISABLED"
    assert sorted(states(server).values()) == ["DISABLED", "ENABLED"]


# --- runs in progress ---


def test_a_new_schedule_lets_a_run_of_the_old_one_end(runner, server):
    runner("schedule", *NIGHTLY)
    run = start_run(server, "recurring-4")
    done = runner("schedule", "--cron", "0 3 * * *")
    assert done.status == 0
    assert run in server.runs
    assert sorted(states(server).values()) == ["DISABLED", "ENABLED"]
    assert states(server)["recurring-4"] == "DISABLED"
    assert "recurring-4 is disabled, but not deleted: its run run-5 is not over" in done.err
    again = runner("schedule", "--cron", "0 3 * * *")
    assert 'it runs so already: "0 0 3 * * *"' in again.out
    assert again.err == done.err
    server.runs[run]["state"] = "SUCCEEDED"
    last = runner("schedule", "--cron", "0 3 * * *")
    assert (last.status, last.err) == (0, "")
    assert list(states(server).values()) == ["ENABLED"]
    assert "recurring-4" not in server.recurring


def test_off_lets_a_run_end(runner, server):
    runner("schedule", *NIGHTLY)
    run = start_run(server, "recurring-4")
    done = runner("schedule", "--off")
    assert (done.status, done.out) == (0, "ended: recurring-4\n")
    assert "its run run-5 is not over" in done.err
    assert run in server.runs
    assert states(server) == {"recurring-4": "DISABLED"}
    server.runs[run]["state"] = "FAILED"
    assert runner("schedule", "--off").err == ""
    assert server.recurring == {}


@pytest.mark.parametrize("state", ["PENDING", "PAUSED", "CANCELING", "RUNTIME_STATE_UNSPECIFIED"])
def test_whatever_is_not_over_is_waited_for(runner, server, state):
    runner("schedule", *NIGHTLY)
    run = start_run(server, "recurring-4", state)
    runner("schedule", "--off")
    assert run in server.runs


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"])
def test_what_is_over_is_not_waited_for(runner, server, state):
    runner("schedule", *NIGHTLY)
    start_run(server, "recurring-4", state)
    assert runner("schedule", "--off").err == ""
    assert server.recurring == {}


def test_runs_of_others_are_not_waited_for(runner, server):
    runner("schedule", *NIGHTLY)
    runner("schedule", *NIGHTLY, "--name", "other")
    runner("submit", "--no-wait")
    start_run(server, next(one for one in server.recurring if one != "recurring-4"))
    assert runner("schedule", "--off").err == ""
    assert "recurring-4" not in server.recurring
    assert len(server.runs) == 2


def test_a_run_that_was_just_started_is_seen(server, runner):
    runner("schedule", *NIGHTLY)
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        start_run(server, "recurring-4")

    left = recurring.end_schedule(transport.Api(server.host, sleep=sleep), "toy").left
    assert waited == [retiring.SETTLE]
    assert [one.recurring_run_id for one in left] == ["recurring-4"]
    assert len(server.runs) == 1


def test_what_was_disabled_before_is_not_waited_for(runner, server, pauses):
    runner("schedule", *NIGHTLY)
    server.recurring["recurring-4"]["status"] = "DISABLED"
    runner("schedule", "--off")
    assert (server.recurring, pauses) == ({}, [])


def test_if_its_runs_are_not_known_nothing_is_deleted(runner, server):
    runner("schedule", *NIGHTLY)
    server.fail("GET", "/runs", "400", message="no")
    done = runner("schedule", "--off")
    assert "its runs are not known: the server refused: no" in done.err
    assert states(server) == {"recurring-4": "DISABLED"}


def test_servers_that_can_are_told_to_let_runs_be(runner, server):
    runner("schedule", *NIGHTLY)
    runner("schedule", "--off")
    (request,) = server.seen("DELETE", "/recurringruns/recurring-4")
    assert request.query == {"propagation_policy": "ORPHAN"}


def test_while_a_slow_server_may_still_create_it_the_old_one_stays_disabled(server, runner):
    runner("schedule", *NIGHTLY)
    (experiment,) = server.experiments
    (version,) = server.versions.values()
    server.fail("POST", "/recurringruns", "slow", seconds=1.0)
    slow = transport.Api(server.host, timeout=0.2)
    wanted = recurring.Schedule(
        "toy",
        experiment,
        "0 0 3 * * *",
        Version(version["pipeline_id"], version["pipeline_version_id"], False),
        {},
    )
    with pytest.raises(transport.ApiError, match="does not answer in time") as caught:
        recurring.put_schedule(slow, wanted)
    assert "recurring-4" in caught.value.fix
    assert states(server) == {"recurring-4": "DISABLED"}


def test_an_interrupt_while_creating_enables_the_old_one_again(runner, server, monkeypatch):
    runner("schedule", *NIGHTLY)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recurring, "_create", interrupt)
    assert runner("schedule", "--cron", "0 3 * * *").status == 130
    assert states(server) == {"recurring-4": "ENABLED"}


def test_off_ends_it(runner, server):
    runner("schedule", *NIGHTLY)
    done = runner("schedule", "--off")
    assert (done.status, done.out) == (0, "ended: recurring-4\n")
    assert server.recurring == {}
    assert runner("schedule", "--off").out == "toy has no schedule here\n"


def test_off_where_nothing_ever_ran(runner, server):
    assert runner("schedule", "--off").out == "toy has no schedule here\n"
    assert not server.seen("POST", ".*")


def test_off_leaves_other_schedules_alone(runner, server):
    runner("schedule", *NIGHTLY)
    runner("schedule", *NIGHTLY, "--name", "other")
    runner("schedule", "--off")
    assert [one["display_name"] for one in server.recurring.values()] == ["other"]


@pytest.mark.parametrize("cron", ["0 2 * *", "0 25 * * *", "daily"])
def test_a_wrong_cron_is_told_before_anything_is_sent(runner, server, cron):
    done = runner("schedule", "--cron", cron)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f'error: --cron "{cron}"')
    assert server.requests == []


def test_a_pipeline_that_the_upload_rejects_is_not_sent_again(api):
    from orchestration.kubeflow.api.pipelines import upload_version

    old = Package(toy_package.text(schemaVersion="2.0.0"), {"pipelineInfo": {"name": "toy"}}, None)
    with pytest.raises(transport.ApiError) as caught:
        upload_version(api, old, "toy-1")
    assert caught.value.what == (
        "the server refused: Failed to create a new run: InvalidInputError: KFP only supports "
        "schema version 2.1.0, but the pipeline spec has version 2.0.0"
    )


def test_what_is_uploaded_is_read_back_as_it_was(runner, server, file):
    runner("schedule", *NIGHTLY)
    (text,) = server.files.values()
    assert list(yaml.safe_load_all(text)) == list(yaml.safe_load_all(file.read_text()))
