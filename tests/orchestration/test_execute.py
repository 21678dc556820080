"""Nodes through TFX's own launcher and a real store, one of them beside the others."""

import os
import signal
import threading
from pathlib import Path

import pytest
from grpc import _server
from tfx.orchestration.portable import launcher

from orchestration.local import execute
from orchestration.local.beside import Turns
from orchestration.local.execute import BESIDE, UNCACHED, Executor
from orchestration.local.metadata_store import sqlite_config
from orchestration.plan import make_plan
from pipeline import stages
from pipeline.places import Places
from pipeline.stage_names import PUSHERS, stage_names
from serving.pushed import push_of, versions
from serving.releases.store import read_state
from tests.model_server.world import free_port
from tests.orchestration import tiny_nodes
from usecase.paths import PROJECT_ROOT

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
            "tiny",
            [first, slow, fast, last],
            tmp_path / "out",
            sqlite_config(tmp_path / "db"),
            run_id,
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


@pytest.mark.parametrize(
    ("text", "is_interrupt"),
    [("KeyboardInterrupt [while running 'Map(f)']", True), ("a KeyboardInterrupt", False)],
)
def test_an_interrupt_that_arrives_as_an_error_of_a_node_ends_the_run(
    run, monkeypatch, text, is_interrupt
):
    def note(name):
        raise RuntimeError(text)

    monkeypatch.setattr(tiny_nodes, "_note", note)
    if is_interrupt:
        with pytest.raises(KeyboardInterrupt):
            run("1")
    else:
        assert str(run("1")["First"].error) == text


def interrupted(function):
    """Returns the function, with Ctrl-C pressed whenever it is called."""

    def press(*arguments, **named):
        os.kill(os.getpid(), signal.SIGINT)
        return function(*arguments, **named)

    return press


@pytest.mark.parametrize(
    ("owner", "name", "goes_on"),
    [
        # A server of gRPC that was interrupted before its thread began waits for it without end.
        (_server, "_request_call", "ran"),
        (tiny_nodes, "_note", "ran"),
        (launcher.Launcher, "_publish_successful_execution", "cached"),
    ],
    ids=["before the executor", "in the executor", "after the executor"],
)
def test_an_interrupt_tears_nothing_apart(run, monkeypatch, owner, name, goes_on):
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, interrupted(getattr(owner, name)))
        with pytest.raises(KeyboardInterrupt):
            run("1")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    taken = run("2")
    assert taken["First"].result.state == goes_on
    assert {taken[node].result.state for node in ORDER[1:]} == {"ran"}


def test_what_fails_beside_another_runs_again(run):
    tiny_nodes.FAULTS.add("Slow")
    taken = run("1")
    assert str(taken["Slow"].error) == "Slow is broken"
    assert taken["Last"].blocked
    tiny_nodes.FAULTS.clear()
    ran = dict.fromkeys(("Slow", "Last"), "ran")
    assert states(run("2")) == {**dict.fromkeys(("First", "Fast"), "cached"), **ran}


@pytest.fixture
def push(tmp_path):
    """Returns a function that runs a Pusher as the graph has it, on a model that never changes."""
    out = tmp_path / "out"
    places = Places("", "", str(out), "", str(out / "serving" / "tiny"), "", 0)
    use_case = make_plan(str(PROJECT_ROOT / "configs" / "taxi.yaml")).use_case

    def push(run_id, **serving):
        told = use_case.serving.model_copy(update=serving)
        blessed = tiny_nodes.Blessed()
        pusher = stages.push(
            use_case.model_copy(update={"serving": told}), places, *blessed.outputs.values()
        )
        executor = Executor("tiny", [blessed, pusher], out, sqlite_config(tmp_path / "db"), run_id)
        with Turns(executor.nodes(), executor.run, ()) as turns:
            return [turns.take(name).result for name in ("Blessed", "Pusher")]

    push.folder = Path(places.serving)
    return push


def test_a_version_knows_the_run_that_pushed_it(push):
    _, pushed = push("2026-11-20T10-00-00")
    (version,) = versions(push.folder)
    assert pushed.output_properties["pushed_version"] == str(version)
    assert push_of(push.folder, version).run == "2026-11-20T10-00-00"
    assert read_state(push.folder) is None


def test_a_run_that_only_releases_runs_the_pusher_alone(push):
    push("1")
    silent = (f"http://127.0.0.1:{free_port()}",)
    blessed, pusher = push("2", promote="on_push", servers=silent)
    assert (blessed.state, pusher.state) == ("cached", "ran")
    told = pusher.output_properties
    assert (told.get("pushed"), told["up_to_date"], told["promoted"]) == (0, 1, 1)
    state = read_state(push.folder)
    assert [state.stable] == versions(push.folder)
    assert state.history[-1].run == "1"
    assert "promoted" not in push("3", promote="on_push", servers=silent)[1].output_properties


def test_the_names_of_special_nodes_are_those_of_the_graph():
    names = {name for source in ("csv", "bigquery") for name in stage_names(source, mobile=True)}
    assert set(BESIDE) | set(UNCACHED) <= names
    assert set(PUSHERS.values()) <= set(UNCACHED)
    assert not set(BESIDE) & set(execute.UNCACHED)
