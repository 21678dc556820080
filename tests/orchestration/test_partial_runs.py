"""Parts of a pipeline through TFX's own launcher and a real store."""

import shutil

import pytest

from orchestration.local.beside import Turns
from orchestration.local.execute import Executor
from orchestration.local.metadata_store import sqlite_config
from orchestration.local.store import SerialMetadata
from tests.orchestration import tiny_nodes
from usecase.errors import UserError

NODES = ("First", "Fast", "Slow", "Last")


class World:
    """A pipeline of tiny nodes: First, then Fast beside Slow, then Last behind Slow."""

    def __init__(self, folder):
        self.folder = folder

    def executor(self, run_id):
        first = tiny_nodes.First()
        slow = tiny_nodes.Slow(given=first.outputs["model"])
        fast = tiny_nodes.Fast(given=first.outputs["model"])
        last = tiny_nodes.Last(given=slow.outputs["model"])
        store = sqlite_config(self.folder / "db")
        return Executor("tiny", [first, slow, fast, last], self.folder / "out", store, run_id)

    def run(self, run_id, *, forced=(), left=(), only=None):
        executor = self.executor(run_id)
        executor.force(forced)
        if only:
            executor.take_over(only)
        else:
            executor.leave_out(left)
        with Turns(executor.nodes(), executor.run, ()) as turns:
            taken = {name: turns.take(name) for name in NODES}
        return {name: one.result for name, one in taken.items() if one.result}


@pytest.fixture
def world(tmp_path):
    """A pipeline whose slow and fast node do not wait for each other."""
    tiny_nodes.SLOW_BEGUN.set()
    tiny_nodes.FAST_DONE.set()
    yield World(tmp_path)
    tiny_nodes.FAULTS.clear()
    tiny_nodes.SLOW_BEGUN.clear()
    tiny_nodes.FAST_DONE.clear()


def states(executions):
    return {name: execution.state for name, execution in executions.items()}


def test_the_nodes_before_each_node_are_known(world):
    assert world.executor("1").upstream() == {
        "First": (),
        "Fast": ("First",),
        "Slow": ("First",),
        "Last": ("Slow",),
    }


def test_what_is_forced_runs_although_it_could_be_reused(world):
    world.run("1")
    got = states(world.run("2", forced=("Slow",)))
    # Last runs because its input is another one now.
    assert got == {"First": "cached", "Fast": "cached", "Slow": "ran", "Last": "ran"}
    assert set(states(world.run("3")).values()) == {"cached"}


def test_what_was_run_anew_is_what_later_runs_reuse(world):
    before = world.run("1")["Slow"].outputs
    anew = world.run("2", forced=("Slow",))["Slow"].outputs
    later = world.run("3")["Slow"]
    assert anew != before
    assert (later.outputs, later.reused_from) == (anew, "2")


def test_what_is_left_out_leaves_no_trace(world):
    got = states(world.run("1", left=("Slow", "Last")))
    assert got == {"First": "ran", "Fast": "ran", "Slow": "left", "Last": "left"}
    assert world.executor("2").completed("1") == {"First", "Fast"}
    expected = {"First": "cached", "Fast": "cached", "Slow": "ran", "Last": "ran"}
    assert states(world.run("2")) == expected


def test_one_node_alone_runs_on_the_last_results(world):
    before = world.run("1")
    got = world.run("2", forced=("Last",), only="Last")
    assert states(got) == {"First": "cached", "Fast": "cached", "Slow": "cached", "Last": "ran"}
    for name in ("First", "Slow"):  # as if it had been reused from the cache
        assert got[name].outputs == before[name].outputs
        assert got[name].inputs == before[name].inputs
        assert got[name].properties == before[name].properties
    assert before["Slow"].inputs.keys() == {"given"}
    assert got["Last"].inputs == before["Last"].inputs
    assert got["Slow"].reused_from == "1"


def test_what_stands_behind_the_only_node_is_left_out(world):
    world.run("1")
    got = states(world.run("2", forced=("Slow",), only="Slow"))
    assert got == {"First": "cached", "Fast": "cached", "Slow": "ran", "Last": "left"}


def test_runs_that_did_not_come_that_far_with_the_same_results_are_passed_over(world):
    slow = world.run("1")["Slow"]
    assert states(world.run("2", left=("Slow", "Last")))["First"] == "cached"
    got = world.run("3", forced=("Last",), only="Last")
    assert got["Slow"].outputs == slow.outputs
    assert got["Last"].state == "ran"


def test_results_that_a_later_run_has_anew_are_refused(world):
    world.run("1")
    world.run("2", forced=("First",), left=("Slow", "Last"))
    world.run("3", left=("Slow", "Last"))
    with pytest.raises(UserError) as caught:
        world.run("4", forced=("Last",), only="Last")
    assert caught.value.what == (
        "--only Last: run 3 has other results of First than run 1, "
        "the last one that has all that Last needs"
    )
    assert caught.value.fix.startswith("--from Last --to Last, ")
    assert world.executor("5").completed("4") == frozenset()
    # What does not need them is not refused.
    assert states(world.run("5", forced=("Slow",), only="Slow"))["Slow"] == "ran"
    assert states(world.run("6", forced=("Last",), only="Last"))["Last"] == "ran"


def test_later_results_whose_files_are_gone_refuse_nothing(world):
    world.run("1")
    (made,) = world.run("2", forced=("First",), left=("Slow", "Last"))["First"].outputs["model"]
    shutil.rmtree(made)
    assert states(world.run("3", forced=("Last",), only="Last"))["Last"] == "ran"


@pytest.mark.parametrize("only", ["Slow", "Last"])
def test_without_results_it_is_refused_and_nothing_is_left(world, only):
    with pytest.raises(UserError) as caught:
        world.run("1", forced=(only,), only=only)
    assert caught.value.what == f"--only {only}: there are no last results to run it on"
    assert "First" in caught.value.expected
    assert caught.value.fix.startswith(f"--to {only}")
    assert world.executor("2").completed("1") == frozenset()


def test_what_is_missing_is_named(world):
    tiny_nodes.FAULTS.add("Slow")
    world.run("1")
    with pytest.raises(UserError) as caught:
        world.run("2", only="Last")
    assert caught.value.expected == "results of Slow"


def test_results_whose_files_are_gone_do_not_count(world):
    (made,) = world.run("1")["Slow"].outputs["model"]
    shutil.rmtree(made)
    with pytest.raises(UserError) as caught:
        world.run("2", only="Last")
    assert caught.value.expected == "results of Slow"


def test_results_that_are_marked_deleted_do_not_count(world):
    (made,) = world.run("1")["Slow"].outputs["model"]
    with SerialMetadata(sqlite_config(world.folder / "db")) as handle:
        (artifact,) = handle.store.get_artifacts_by_uri(made)
        artifact.state = artifact.DELETED
        handle.store.put_artifacts([artifact])
    with pytest.raises(UserError) as caught:
        world.run("2", only="Last")
    assert caught.value.expected == "results of Slow"


def test_a_node_that_needs_nothing_runs_on_its_own(world):
    got = states(world.run("1", forced=("First",), only="First"))
    assert got == {"First": "ran", "Fast": "left", "Slow": "left", "Last": "left"}


def test_what_a_run_completed_is_known_of_a_run_that_failed(world):
    tiny_nodes.FAULTS.add("Slow")
    world.run("1")
    executor = world.executor("2")
    assert executor.completed("1") == {"First", "Fast"}
    assert executor.completed("no such run") == frozenset()
