"""The stand-in is what Kubeflow's own client takes for a cluster: it speaks the same API."""

import warnings

import pytest

from tests.orchestration.kubeflow import toy_package


@pytest.fixture(scope="module")
def kfp():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kfp

        return kfp


@pytest.fixture
def client(kfp, server, monkeypatch, tmp_path):
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kfp.Client(host=server.host)


def test_it_runs_a_pipeline_there_with_the_same_request_as_ours(client, runner, server, file):
    client.create_run_from_pipeline_package(
        str(file),
        arguments={"max_epochs": 3},
        run_name="x",
        experiment_name="toy",
        pipeline_root="gs://b/r",
        service_account="trainer",
    )
    ours = ["--param", "max_epochs=3", "--pipeline-root", "gs://b/r"]
    runner("submit", "--run-name", "x", "--service-account", "trainer", *ours)
    theirs, mine = (request.body for request in server.seen("POST", "/runs"))
    assert mine.pop("description").startswith("kubeflow_runner.py submit, request ")
    assert mine == theirs


def test_it_schedules_there_with_the_same_request_as_ours(client, runner, server, file):
    runner("schedule", "--cron", "0 2 * * *")
    (version,) = server.versions.values()
    client.create_recurring_run(
        experiment_id="experiment-1",
        job_name="toy",
        cron_expression="0 0 2 * * *",
        max_concurrency="1",
        no_catchup=True,
        params={},
        pipeline_id=version["pipeline_id"],
        version_id=version["pipeline_version_id"],
    )
    mine, theirs = (request.body for request in server.seen("POST", "/recurringruns"))
    mine.pop("description")
    assert mine == theirs


def test_it_reads_what_we_put_there(client, runner, server):
    server.script = [toy_package.REFUSED]
    runner("submit")
    runner("schedule", "--cron", "0 2 * * *")
    (listed,) = client.list_runs(experiment_id="experiment-1").runs
    run = client.get_run(listed.run_id)
    assert run.state == "SUCCEEDED"
    skipped = [one.display_name for one in run.run_details.task_details if one.state == "SKIPPED"]
    assert skipped == ["Trainer"]
    (recurring,) = client.list_recurring_runs(experiment_id="experiment-1").recurring_runs
    assert recurring.trigger.cron_schedule.cron == "0 0 2 * * *"
    assert client.get_pipeline_id("toy") == next(iter(server.pipelines))


def test_it_uploads_a_version_as_we_do(client, runner, server, file):
    runner("schedule", "--cron", "0 2 * * *")
    client.upload_pipeline_version(str(file), "other", pipeline_id=next(iter(server.pipelines)))
    mine, theirs = server.seen("POST", "/pipelines/upload_version")
    assert mine.body == theirs.body
    assert mine.query.keys() == theirs.query.keys()
