"""`submit`: what a server receives, what a user is told, and how it ends."""

import copy

import pytest
import yaml

from orchestration.kubeflow.api import follow, runs, settled, transport
from tests.orchestration.kubeflow import api_server, toy_package
from tests.orchestration.kubeflow.toy_package import FAILED, REFUSED, SUCCEEDED, detail, look

RUNNING = look("RUNNING", *toy_package.DONE[:3], detail("DataGate", "RUNNING"))


def created(server):
    (request,) = server.seen("POST", "/runs")
    return request.body


def test_the_server_gets_the_pipeline_as_it_was_compiled(runner, server, file):
    assert runner("submit").status == 0
    spec, platform = yaml.safe_load_all(file.read_text())
    body = created(server)
    assert body["pipeline_spec"] == {"pipeline_spec": spec, "platform_spec": platform}
    assert body["runtime_config"] == {"parameters": {}}
    assert body["experiment_id"] == "experiment-1"
    assert server.experiments["experiment-1"]["display_name"] == "toy"
    assert body["display_name"].startswith("toy-2")


def test_without_a_platform_document_the_spec_is_sent_alone(runner, server, file):
    file.write_text(yaml.safe_dump(toy_package.SPEC))
    assert runner("submit").status == 0
    assert created(server)["pipeline_spec"] == toy_package.SPEC


def test_parameters_have_the_types_that_the_pipeline_declares(runner, server):
    given = ["data=gs://b/rows*.csv", "max_epochs=3", "min_auc=0.5"]
    done = runner("submit", *[word for one in given for word in ("--param", one)])
    assert done.status == 0
    values = created(server)["runtime_config"]["parameters"]
    assert values == {"data": "gs://b/rows*.csv", "max_epochs": 3, "min_auc": 0.5}
    assert [type(value) for value in values.values()] == [str, int, float]


def test_names_root_and_account_are_sent(runner, server):
    names = ["--experiment", "nightly", "--run-name", "first", "--service-account", "trainer"]
    assert runner("submit", *names, "--pipeline-root", "gs://b/root").status == 0
    body = created(server)
    assert server.experiments["experiment-1"]["display_name"] == "nightly"
    assert body["display_name"] == "first"
    assert body["service_account"] == "trainer"
    assert body["runtime_config"]["pipeline_root"] == "gs://b/root"


def test_an_experiment_is_used_again(runner, server):
    runner("submit")
    runner("submit")
    assert len(server.seen("POST", "/experiments")) == 1
    assert [run["experiment_id"] for run in server.runs.values()] == ["experiment-1"] * 2


def test_an_experiment_on_a_later_page_is_found(runner, server):
    server.page_size = 1
    for name in ("other", "toy"):
        server.experiments[name] = {"experiment_id": name, "display_name": name}
    assert runner("submit").status == 0
    assert created(server)["experiment_id"] == "toy"


def test_a_run_is_followed_node_by_node(runner, server):
    server.script = [look("PENDING"), RUNNING, SUCCEEDED]
    done = runner("submit")
    assert done.status == 0
    assert f"{server.host}/#/runs/details/run-2" in done.out
    told = [line.split()[:2] for line in done.out.splitlines()[1:]]
    assert told == [
        ["CsvExampleGen", "succeeded"],
        ["DataGate", "running"],
        ["DataGate", "succeeded"],
        ["Trainer", "succeeded"],
        ["Pusher", "succeeded"],
        ["succeeded:", "every"],
    ]


@pytest.mark.parametrize(
    ("end", "status", "line"),
    [
        (
            REFUSED,
            1,
            "succeeded: DataGate refused, and 2 nodes behind it did not run; "
            "its verdict is in its log",
        ),
        (FAILED, 2, f"failed: Trainer failed: {toy_package.WHY}"),
        (look("CANCELED"), 2, "canceled: someone ended it before it was done"),
        (look("FAILED"), 2, "failed: the run ended as failed"),
    ],
)
def test_the_exit_status_is_the_run_s_end(runner, server, end, status, line):
    server.script = [end]
    server.logs = toy_package.KILLED
    done = runner("submit")
    assert done.status == status
    assert done.out.splitlines()[-1] == line


# What a run looks like between two writes of the server: it has ended, its nodes have not.
BETWEEN = look("SUCCEEDED", *toy_package.GATED, detail("Trainer-driver", "RUNNING"))
BETWEEN_SAID = (
    "succeeded: Kubeflow does not tell how 2 of its nodes ended; "
    "whether DataGate refused is in its log"
)


def test_a_refusal_that_is_written_later_is_waited_for(runner, server, pauses):
    server.script = [RUNNING, BETWEEN, BETWEEN, REFUSED]
    done = runner("submit")
    assert done.status == 1
    assert done.out.splitlines()[-1].startswith("succeeded: DataGate refused, and 2 nodes")
    assert ["Trainer", "skipped"] in [line.split() for line in done.out.splitlines()]
    assert pauses == [follow.INTERVAL, settled.INTERVAL, settled.INTERVAL]


@pytest.mark.parametrize(
    ("look_of_it", "line"),
    [
        (BETWEEN, BETWEEN_SAID),
        (look("SUCCEEDED"), BETWEEN_SAID.replace("2 of", "4 of")),
        (
            look("SUCCEEDED", *toy_package.GATED, detail("Trainer", "RUNNING")),
            BETWEEN_SAID,
        ),
    ],
)
def test_nodes_that_are_never_written_are_no_success(runner, server, pauses, look_of_it, line):
    server.script = [RUNNING, look_of_it]
    done = runner("submit")
    assert (done.status, done.out.splitlines()[-1]) == (1, line)
    assert pauses.count(settled.INTERVAL) == settled.LOOKS
    pauses.clear()
    told = runner("status", "run-2", pipeline=False)
    assert (told.status, told.out.splitlines()[-1]) == (1, line)


def test_a_connection_that_is_lost_while_nodes_are_waited_for(runner, server):
    server.script = [BETWEEN]
    take = server.take_fault
    seen = []

    def fail_later(method, path):
        seen.append(path)
        if seen.count("/runs/run-2") > 1:
            return api_server.Fault(method, path, "401", "expired", 0.0)
        return take(method, path)

    server.take_fault = fail_later
    assert runner("submit").status == 1


def test_where_no_gate_can_have_stopped_a_node_its_end_is_not_known(runner, server, file):
    spec = copy.deepcopy(toy_package.SPEC["root"])
    for task in spec["dag"]["tasks"].values():
        task.pop("triggerPolicy", None)
    file.write_text(toy_package.text(root=spec))
    server.script = [BETWEEN]
    done = runner("submit")
    line = "succeeded: Kubeflow does not tell how 2 of its nodes ended"
    assert (done.status, done.out.splitlines()[-1]) == (0, line)


def test_no_wait_does_not_look(runner, server):
    done = runner("submit", "--no-wait")
    assert done.status == 0
    assert not server.seen("GET", "/runs/.*")
    assert f"look at it: python kubeflow_runner.py status --host {server.host} run-2" in done.out


def test_the_hint_names_the_namespace(runner, server):
    server.namespace = "team a"
    done = runner("submit", "--no-wait", "--namespace", "team a")
    assert f"status --host {server.host} --namespace 'team a' run-2\n" in done.out


def test_a_timeout_leaves_the_run_going(runner, server):
    server.script = [RUNNING]
    done = runner("submit", "--timeout", "0")
    assert done.status == 2
    assert done.err.startswith("it still runs, and goes on; look at it: python kubeflow_runner.py")
    assert not server.seen("POST", "/runs/.*")  # nothing terminates it


def test_an_interrupt_leaves_the_run_going(runner, server, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestration.kubeflow.commands.submit.follow", interrupt)
    done = runner("submit")
    assert done.status == 130
    assert "the run goes on; look at it: python kubeflow_runner.py status --host" in done.err
    assert not server.seen("POST", "/runs/.*")


# --- faults ---


@pytest.mark.parametrize("kind", ["reset", "500", "502", "503"])
def test_a_dropped_connection_while_following_is_tried_again(runner, server, pauses, kind):
    server.script = [RUNNING, SUCCEEDED]
    server.fail("GET", "/runs/run-2", kind, times=3)
    assert runner("submit").status == 0
    assert pauses[:3] == [0.5, 1.0, 2.0]


def test_a_token_that_expires_leaves_the_run_going_and_says_so(runner, server):
    server.script = [RUNNING]
    server.fail("GET", "/runs/run-2", "401", message="Unauthenticated")
    done = runner("submit")
    assert done.status == 2
    assert f"run run-2 of toy: {server.host}" in done.out
    assert done.err.splitlines()[-1] == (
        "  the run goes on; look at it: "
        f"python kubeflow_runner.py status --host {server.host} run-2"
    )


def test_a_long_outage_while_following_is_told_once(runner, server):
    server.fail("GET", "/runs/run-2", "503", times=2 * transport.READS, message="busy")
    done = runner("submit")
    assert done.status == 0
    assert done.out.count("the server failed: busy; trying again") == 1


def test_an_outage_that_does_not_end_is_an_error(runner, server, monkeypatch):
    monkeypatch.setattr("orchestration.kubeflow.api.follow.PATIENCE", -1.0)
    server.fail("GET", "/runs/run-2", "503", times=transport.READS, message="busy")
    done = runner("submit")
    assert done.status == 2
    assert done.err.startswith("error: the server failed: busy\n  fix: the run goes on")


@pytest.mark.parametrize("kind", ["lost", "503", "500", "reset"])
def test_a_lost_answer_starts_no_second_run(runner, server, kind):
    server.fail("POST", "/runs", kind)
    assert runner("submit").status == 0
    assert len(server.runs) == 1
    posts = server.seen("POST", "/runs")
    # What was carried out is found by its name, and what was not is asked for again.
    assert len(posts) == (1 if kind == "lost" else 2)
    assert server.seen("GET", "/runs")[0].query["filter"].count(posts[0].body["display_name"]) == 1


def test_a_name_that_others_have_taken_is_not_mistaken_for_ours(runner, server):
    server.experiments["e"] = {"experiment_id": "e", "display_name": "toy"}
    server.runs["old"] = {"run_id": "old", "display_name": "mine", "experiment_id": "e"}
    server.fail("POST", "/runs", "lost")
    done = runner("submit", "--run-name", "mine", "--no-wait")
    assert done.status == 0
    assert done.out.startswith("run run-1 of toy")
    assert len(server.runs) == 2


def test_a_slow_server_is_not_asked_twice(server, file, monkeypatch):
    from orchestration.kubeflow.api.package import read_package

    server.fail("POST", "/runs", "slow", seconds=1.0)
    api = transport.Api(server.host, timeout=0.2)
    server.experiments["e"] = {"experiment_id": "e", "display_name": "toy"}
    with pytest.raises(transport.ApiError, match="does not answer in time"):
        runs.create_run(api, read_package(str(file)), experiment_id="e", name="x", parameters={})
    assert len(server.seen("POST", "/runs")) == 1


def test_a_run_that_a_slow_server_started_is_found(server, file):
    from orchestration.kubeflow.api.package import read_package

    server.fail("POST", "/runs", "late", seconds=1.0)
    api = transport.Api(server.host, timeout=0.2)
    server.experiments["e"] = {"experiment_id": "e", "display_name": "toy"}
    package = read_package(str(file))
    assert runs.create_run(api, package, experiment_id="e", name="x", parameters={}) == "run-1"
    assert len(server.runs) == 1


def test_a_server_that_never_recovers_is_given_up(runner, server):
    server.fail("POST", "/runs", "500", times=10, message="database is locked")
    done = runner("submit")
    assert (done.status, done.out) == (2, "")
    assert done.err == "error: the server failed: database is locked\n"
    assert len(server.seen("POST", "/runs")) == 3


def test_a_rejected_pipeline_is_told_in_one_line(runner, server):
    server.fail("POST", "/runs", "400", message="Failed to create a new run:\n  unknown\n template")
    done = runner("submit")
    assert (done.status, done.out) == (2, "")
    assert done.err == ("error: the server refused: Failed to create a new run: unknown template\n")
    assert len(server.seen("POST", "/runs")) == 1


def test_the_stand_in_refuses_what_kubeflow_refuses(server, api, file):
    """A control: a wrong field, type or parameter would not pass unnoticed."""
    experiment = api.post("/experiments", {"display_name": "toy"})["experiment_id"]
    good = {
        "display_name": "x",
        "experiment_id": experiment,
        "pipeline_spec": toy_package.SPEC,
        "runtime_config": {"parameters": {}},
    }
    for change, why in [
        ({"displayName": "x"}, 'unknown field "displayName"'),
        ({"runtime_config": {"parameters": {"max_epochs": "3"}}}, "requires another type"),
        ({"runtime_config": {"parameters": {"epochs": 3}}}, "are not required"),
        ({"runtime_config": {"params": {}}}, 'unknown field "params"'),
        ({"pipeline_spec": {**toy_package.SPEC, "schemaVersion": "2.0.0"}}, "schema version"),
        ({"experiment_id": "other"}, "Experiment not found"),
    ]:
        with pytest.raises(transport.ApiError, match=why):
            api.post("/runs", {**good, **change})
    assert api.post("/runs", good)["run_id"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--param", "max_epoch=3"], 'no such parameter: "max_epoch"\n  fix: did you mean'),
        (["--param", "max_epochs=three"], 'parameter "max_epochs" cannot be "three"'),
        (["--param", "max_epochs"], '--param without a value: "max_epochs"'),
        (["--data", "x.csv"], "--data has no effect on a pipeline that is compiled already"),
        (["--tune"], "--tune has no effect"),
        (["--pipeline-root", "/mnt/root"], "--pipeline-root cannot be /mnt/root"),
        (["--service-account", "A B"], "--service-account cannot be A B"),
        (["--service-account", "a..b"], "--service-account cannot be a..b"),
        (["--token-file", "/no/such"], "token not readable: /no/such"),
    ],
)
def test_what_is_wrong_here_is_told_before_anything_is_sent(runner, server, arguments, what):
    done = runner("submit", *arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {what}")
    assert server.requests == []


def test_a_pipeline_that_no_cluster_could_run_is_not_sent(runner, server, file):
    executors = {
        label: {"container": {**one["container"], "image": "toy:latest"}}
        for label, one in toy_package.SPEC["deploymentSpec"]["executors"].items()
    }
    file.write_text(toy_package.text(deploymentSpec={"executors": executors}))
    done = runner("submit")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {file} cannot run on a cluster:\n  ")
    assert "latest" in done.err
    assert server.requests == []
