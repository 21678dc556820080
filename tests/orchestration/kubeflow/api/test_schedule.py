"""`schedule`: versions, recurring runs, and never two of a name at once."""

import pytest
import yaml

from orchestration.kubeflow.api import recurring, transport
from orchestration.kubeflow.api.package import Package, read_package
from orchestration.kubeflow.api.pipelines import Version
from tests.orchestration.kubeflow import toy_package

NIGHTLY = ("--cron", "0 2 * * *")


def recurring_bodies(server):
    return [request.body for request in server.seen("POST", "/recurringruns")]


def states(server):
    return {key: one["status"] for key, one in server.recurring.items()}


def test_a_schedule_runs_one_at_a_time_and_catches_up_on_nothing(runner, server):
    done = runner("schedule", *NIGHTLY, "--param", "max_epochs=3", "--pipeline-root", "gs://b/r")
    assert (done.status, done.err) == (0, "")
    (body,) = recurring_bodies(server)
    assert body.pop("description").startswith("kubeflow_runner.py schedule, request ")
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
    assert done.err == "warning: disabled, but not deleted: recurring run recurring-4\n"
    assert states(server)["recurring-4"] == "DISABLED"
    assert sorted(states(server).values()) == ["DISABLED", "ENABLED"]


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
