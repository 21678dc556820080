"""Nodes through TFX's own launcher and a real store, one of them beside the others."""

import threading
from pathlib import Path

import pytest

from orchestration.local import execute
from orchestration.local.beside import Turns
from orchestration.local.execute import BESIDE, UNCACHED, Executor
from pipeline.stage_names import PUSHERS, stage_names
from tests.orchestration import tiny_nodes

ORDER = ("First", "Fast", "Slow", "Last")


@pytest.fixture
def run(tmp_path):
    """Returns a function that runs the nodes and returns what became of each."""
    for event in (tiny_nodes.SLOW_BEGUN, tiny_nodes.FAST_DONE):
        event.clear()

    def run(run_id):
        first = tiny_nodes.First()
        slow = tiny_nodes.Slow(given=first.outputs["model"])
        fast = tiny_nodes.Fast(given=first.outputs["model"])
        last = tiny_nodes.Last(given=slow.outputs["model"])
        executor = Executor(
            "tiny", [first, slow, fast, last], tmp_path / "out", tmp_path / "db", run_id
        )
        with Turns(executor.nodes(), executor.run, ("Slow",)) as turns:
            return {name: turns.take(name) for name in ORDER}

    yield run
    tiny_nodes.FAULTS.clear()


def states(taken):
    return {name: one.result.state for name, one in taken.items() if one.result}


def test_a_node_runs_beside_another_and_both_are_published(run):
    taken = run("1")
    assert states(taken) == dict.fromkeys(ORDER, "ran")
    here = threading.current_thread()
    assert [n for n in ORDER if tiny_nodes.THREADS[n] is not here] == ["Slow"]
    (made,) = taken["Slow"].result.outputs["model"]
    assert Path(made).is_dir()
    assert len(taken["Last"].result.inputs["given"]) == 1


def test_what_ran_beside_another_is_reused(run):
    run("1")
    taken = run("2")
    assert states(taken) == dict.fromkeys(ORDER, "cached")
    assert {one.result.reused_from for one in taken.values()} == {"1"}


def test_what_fails_beside_another_runs_again(run):
    tiny_nodes.FAULTS.add("Slow")
    taken = run("1")
    assert str(taken["Slow"].error) == "Slow is broken"
    assert taken["Last"].blocked
    tiny_nodes.FAULTS.clear()
    ran = dict.fromkeys(("Slow", "Last"), "ran")
    assert states(run("2")) == {**dict.fromkeys(("First", "Fast"), "cached"), **ran}


def test_the_names_of_special_nodes_are_those_of_the_graph():
    names = {name for source in ("csv", "bigquery") for name in stage_names(source, mobile=True)}
    assert set(BESIDE) | set(UNCACHED) <= names
    assert set(PUSHERS.values()) <= set(UNCACHED)
    assert not set(BESIDE) & set(execute.UNCACHED)
