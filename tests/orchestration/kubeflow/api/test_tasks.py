"""Nodes of a run, from what the API says of its parts."""

import datetime

import pytest

from orchestration.kubeflow.api.ending import ending
from orchestration.kubeflow.api.tasks import Task, node_names, seconds_of, tasks_of
from tests.orchestration.kubeflow import toy_package
from tests.orchestration.kubeflow.toy_package import detail, look

NOW = datetime.datetime(2026, 3, 1, 2, 10, tzinfo=datetime.timezone.utc)


def states(run, names=toy_package.NODES):
    return {task.name: task.state for task in tasks_of(run, names, NOW)}


def test_nodes_come_behind_what_they_depend_on():
    assert node_names(toy_package.SPEC) == ["CsvExampleGen", "DataGate", "Trainer", "Pusher"]
    assert node_names({}) == []


def test_before_anything_began():
    assert set(states({"state": "PENDING"}).values()) == {"PENDING"}


@pytest.mark.parametrize(
    ("details", "state"),
    [
        ([detail("Trainer-driver", "RUNNING")], "RUNNING"),
        ([detail("Trainer-driver", "FAILED", error="no such claim")], "FAILED"),
        ([detail("Trainer-driver", "SUCCEEDED")], "PENDING"),
        ([detail("Trainer", "RUNNING")], "RUNNING"),
        ([detail("Trainer", "SKIPPED")], "SKIPPED"),
        ([detail("Trainer", "")], "PENDING"),
        (
            [detail("Trainer", "SUCCEEDED", children=["executor"]), detail("executor", "SKIPPED")],
            "CACHED",
        ),
        (
            [
                detail("Trainer", "SUCCEEDED", children=["executor"]),
                detail("executor", "SUCCEEDED"),
            ],
            "SUCCEEDED",
        ),
    ],
)
def test_the_state_of_a_node_that_runs(details, state):
    assert states(look("RUNNING", *details))["Trainer"] == state


def test_what_is_behind_a_failure_is_not_run():
    assert states(toy_package.FAILED) == {
        "CsvExampleGen": "SUCCEEDED",
        "DataGate": "SUCCEEDED",
        "Trainer": "FAILED",
        "Pusher": "NOT RUN",
    }


def test_an_error_is_that_of_the_deepest_part_and_one_line():
    (task,) = tasks_of(toy_package.FAILED, ["Trainer"], NOW)
    assert task == Task("Trainer", "FAILED", 30.0, "OOMKilled (exit 137)")


def test_a_driver_s_error_is_its_node_s():
    run = look("FAILED", detail("Trainer-driver", "FAILED", error="no claim", end=None))
    (task,) = tasks_of(run, ["Trainer"], NOW)
    assert (task.state, task.error, task.seconds) == ("FAILED", "no claim", 600.0)


def test_a_loop_of_parts_ends():
    run = look(
        "FAILED",
        detail("Trainer", "FAILED", children=["executor"]),
        detail("executor", "FAILED", children=["Trainer"], error="x"),
    )
    assert tasks_of(run, ["Trainer"], NOW)[0].error == "x"


def test_unknown_names_are_those_that_have_a_driver():
    assert set(states(toy_package.SUCCEEDED, ())) == set(toy_package.NODES)


@pytest.mark.parametrize(
    ("begin", "end", "seconds"),
    [
        ("2026-03-01T02:00:00Z", "2026-03-01T02:00:01Z", 1.0),
        ("2026-03-01T02:00:00.123456789Z", "2026-03-01T02:00:01.123456789Z", 1.0),
        ("2026-03-01T02:00:00.5Z", "2026-03-01T02:00:01Z", 0.5),
        ("2026-03-01T02:00:00Z", "1970-01-01T00:00:00Z", 600.0),
        ("2026-03-01T02:00:00Z", "0001-01-01T00:00:00Z", 600.0),
        ("2026-03-01T02:00:00+00:00", None, 600.0),
        ("1970-01-01T00:00:00Z", None, None),
        ("yesterday", None, None),
        (None, None, None),
    ],
)
def test_durations(begin, end, seconds):
    assert seconds_of({"start_time": begin, "end_time": end}, "start_time", NOW) == seconds


def test_a_condition_of_unknown_source_is_still_a_refusal():
    run = toy_package.REFUSED
    end = ending(run, tasks_of(run, toy_package.NODES, NOW), {})
    assert end == (1, "a condition was not met, and Trainer did not run")


def test_a_run_error_is_told_where_no_node_has_one():
    end = ending({"state": "FAILED", "error": {"message": "no\nroot"}}, [], {})
    assert end == (2, "no root")
