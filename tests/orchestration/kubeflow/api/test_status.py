"""`status`: the schedule, the last runs, and one run with its nodes."""

import pytest

from tests.orchestration.kubeflow import toy_package
from tests.orchestration.kubeflow.toy_package import FAILED, REFUSED, SUCCEEDED

UNKNOWN = "succeeded: Kubeflow does not tell how its nodes ended"


def start(runner, server, end):
    server.script = [end]
    runner("submit", "--run-name", "mine")
    return next(reversed(server.runs))


def test_where_nothing_ever_ran(runner, server):
    done = runner("status")
    assert (done.status, done.out) == (0, "nothing of toy has run here yet\n")
    assert not server.seen("POST", ".*")


def test_the_schedule_and_the_last_runs_the_newest_first(runner, server):
    runner("schedule", "--cron", "0 2 * * *")
    first, second = start(runner, server, FAILED), start(runner, server, SUCCEEDED)
    done = runner("status")
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[0] == 'schedule  toy: "0 0 2 * * *", enabled (recurring-4)'
    assert [line.split()[0] for line in lines[1:]] == [second, first]
    assert lines[1].split()[1:] == ["2026-03-01", "02:00", "succeeded", "5m", "00s", "mine"]
    assert "failed" in lines[2]
    assert server.seen("GET", "/runs")[-1].query["sort_by"] == "created_at desc"


def test_a_schedule_in_another_experiment(runner, server):
    runner("schedule", "--cron", "0 2 * * *", "--experiment", "nightly")
    told = 'schedule  toy: "0 0 2 * * *", enabled (recurring-4)\n'
    missing = "no experiment toy; --experiment names that of its runs\n"
    done = runner("status")
    assert (done.status, done.out) == (0, told + missing)
    assert runner("status", "--experiment", "nightly").out == f"{told}no run yet\n"
    run = start(runner, server, SUCCEEDED)
    done = runner("status")
    assert done.out.startswith(f"{told}{run} ")


def test_without_a_schedule(runner, server):
    start(runner, server, SUCCEEDED)
    assert runner("status").out.startswith("schedule  none\n")


def test_runs_of_other_experiments_are_not_shown(runner, server):
    start(runner, server, SUCCEEDED)
    server.runs["alien"] = {"run_id": "alien", "experiment_id": "other", "display_name": "x"}
    assert "alien" not in runner("status").out


def test_a_run_that_failed_shows_where_and_why(runner, server):
    server.logs = toy_package.KILLED
    run = start(runner, server, FAILED)
    done = runner("status", run)
    assert done.status == 2
    assert [line.split() for line in done.out.splitlines()[1:5]] == [
        ["CsvExampleGen", "succeeded", "30s"],
        ["DataGate", "succeeded", "30s"],
        ["Trainer", "failed", "30s", *toy_package.WHY.split()],
        ["Pusher", "not", "run"],
    ]
    assert done.out.splitlines()[5:] == [
        f"{server.host}/#/runs/details/{run}",
        f"failed: Trainer failed: {toy_package.WHY}",
    ]


def test_a_run_that_failed_whose_logs_are_gone(runner, server):
    done = runner("status", start(runner, server, FAILED))
    assert done.out.splitlines()[-1] == "failed: Trainer failed: see its pod's log"


def test_a_run_that_a_gate_refused_says_which_gate(runner, server):
    done = runner("status", start(runner, server, REFUSED))
    assert done.status == 1
    assert [line.split()[:2] for line in done.out.splitlines()[3:5]] == [
        ["Trainer", "skipped"],
        ["Pusher", "not"],
    ]
    assert done.out.splitlines()[-1].startswith("succeeded: DataGate refused, and 2 nodes")


def test_a_run_of_a_schedule_is_read_by_its_version(runner, server):
    """Such a run brings no pipeline along: its version has it."""
    runner("schedule", "--cron", "0 2 * * *")
    run = start(runner, server, REFUSED)
    (version,) = server.versions.values()
    del server.runs[run]["pipeline_spec"]
    server.runs[run]["pipeline_version_reference"] = {
        key: version[key] for key in ("pipeline_id", "pipeline_version_id")
    }
    done = runner("status", run)
    assert (done.status, "DataGate refused" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("end", "status", "line"),
    [
        (REFUSED, 1, "succeeded: a condition was not met, and Trainer did not run"),
        (SUCCEEDED, 0, "succeeded: every node succeeded; "),
        (toy_package.look("SUCCEEDED"), 1, UNKNOWN),
        (toy_package.look("SUCCEEDED", *toy_package.GATED), 1, UNKNOWN),
    ],
)
def test_a_run_whose_version_was_deleted(runner, server, end, status, line):
    run = start(runner, server, end)
    del server.runs[run]["pipeline_spec"]
    reference = {"pipeline_id": "p", "pipeline_version_id": "v"}
    server.runs[run]["pipeline_version_reference"] = reference
    done = runner("status", run)
    assert (done.status, done.err) == (status, "")
    assert done.out.splitlines()[-1].startswith(line)


def test_a_version_that_cannot_be_read_is_an_error(runner, server):
    run = start(runner, server, REFUSED)
    del server.runs[run]["pipeline_spec"]
    reference = {"pipeline_id": "p", "pipeline_version_id": "v"}
    server.runs[run]["pipeline_version_reference"] = reference
    server.fail("GET", "/pipelines/.*", "403", message="no")
    assert runner("status", run).status == 2


def test_a_run_that_goes_on_has_no_end_yet(runner, server):
    run = start(runner, server, SUCCEEDED)
    server.script = [toy_package.look("RUNNING", *toy_package.DONE[:2])]
    done = runner("status", run)
    assert done.status == 0
    assert done.out.splitlines()[-1].endswith(run)
    assert "pending" in done.out


def test_a_run_may_be_named_by_its_page(runner, server):
    run = start(runner, server, SUCCEEDED)
    assert runner("status", f"{server.host}/#/runs/details/{run}").status == 0
    assert runner("status", "a b?c").err.startswith("error: no such run: a b?c\n")


def test_an_unknown_run(runner, server):
    done = runner("status", "no-such-run")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: no such run: no-such-run\n  fix: ")


@pytest.mark.parametrize("kind", ["reset", "500", "503", "429"])
def test_a_read_is_tried_again(runner, server, pauses, kind):
    run = start(runner, server, SUCCEEDED)
    pauses.clear()
    server.fail("GET", f"/runs/{run}", kind, times=4)
    assert runner("status", run).status == 0
    assert pauses == [0.5, 1.0, 2.0, 4.0]


def test_a_read_is_not_tried_for_ever(runner, server):
    run = start(runner, server, SUCCEEDED)
    server.fail("GET", f"/runs/{run}", "503", times=5, message="no upstream")
    done = runner("status", run)
    assert (done.status, done.err) == (2, "error: the server failed: no upstream\n")
