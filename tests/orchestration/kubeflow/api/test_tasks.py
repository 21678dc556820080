"""Nodes of a run, from what the API says of its parts."""

import datetime

import pytest

from orchestration.kubeflow.api.ending import ending
from orchestration.kubeflow.api.tasks import (
    Task,
    executor_ids,
    is_unsettled,
    node_names,
    seconds_of,
    some_id,
    tasks_of,
)
from tests.orchestration.kubeflow import toy_package
from tests.orchestration.kubeflow.toy_package import detail, look

NOW = datetime.datetime(2026, 3, 1, 2, 10, tzinfo=datetime.timezone.utc)
SKIPPED = detail("executor", "SKIPPED")


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
        ([detail("Trainer-driver", "FAILED")], "FAILED"),
        ([detail("Trainer-driver", "SUCCEEDED")], "PENDING"),
        ([detail("Trainer", "RUNNING")], "RUNNING"),
        ([detail("Trainer", "SKIPPED")], "SKIPPED"),
        ([detail("Trainer", "")], "PENDING"),
        # What was in the cache looks so as well: the part that was skipped has no id of its own.
        (
            [detail("Trainer", "SUCCEEDED", below=["root.Trainer.executor"]), SKIPPED],
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


def test_a_node_whose_driver_failed_took_as_long():
    run = look("FAILED", detail("Trainer-driver", "FAILED"))
    assert tasks_of(run, ["Trainer"], NOW) == [Task("Trainer", "FAILED", 600.0)]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (toy_package.SUCCEEDED, False),
        (toy_package.REFUSED, False),
        (toy_package.FAILED, False),
        (look("RUNNING", *toy_package.GATED), False),
        (look("SUCCEEDED"), True),
        (look("SUCCEEDED", *toy_package.GATED), True),
        (look("SUCCEEDED", *toy_package.DONE[:-2]), True),
        (look("SUCCEEDED", *toy_package.GATED, detail("Trainer", "RUNNING")), True),
    ],
)
def test_a_run_that_ended_before_its_nodes(run, expected):
    assert is_unsettled(run, tasks_of(run, toy_package.NODES, NOW), named=True) is expected


@pytest.mark.parametrize(
    ("root", "expected"), [(["SUCCEEDED"], False), (["RUNNING"], True), ([], True)]
)
def test_where_names_are_unknown_the_whole_tells_if_more_comes(root, expected):
    """The gate's node is done and nothing else has begun: every node that is told succeeded."""
    run = look("SUCCEEDED", *toy_package.GATED, *(detail("root", state) for state in root))
    tasks = tasks_of(run, (), NOW)
    assert {task.state for task in tasks} == {"SUCCEEDED"}
    assert is_unsettled(run, tasks, named=False) is expected
    assert is_unsettled(run, tasks, named=True) is False


def test_parts_below_a_node():
    run = toy_package.SUCCEEDED
    assert executor_ids(run, "Pusher") == [toy_package.part_id("root.Pusher.executor")]
    assert executor_ids(run, "NoSuchNode") == []
    assert executor_ids({}, "Pusher") == []


def test_the_engine_s_ids_begin_with_the_run_s_name():
    assert some_id(toy_package.SUCCEEDED).startswith("toy-x-")
    assert some_id(look("RUNNING", detail("root-driver", "RUNNING"))) == ""


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
