"""Nodes take turns, and those that may start early do."""

import signal
import threading
import time
from types import SimpleNamespace

import pytest

from orchestration.local import beside
from orchestration.local.beside import Turns

LIMIT = 10.0  # seconds after which a test has hung
# Trainer first; then the exporter beside the evaluator and the push.
GRAPH = {
    "Trainer": [],
    "Evaluator": ["Trainer"],
    "Pusher": ["Evaluator", "Trainer"],
    "Exporter": ["Trainer"],
    "Gate": ["Exporter"],
    "MobilePusher": ["Gate", "Evaluator"],
}


class World:
    """A graph of nodes; each does what the test says, and leaves its id when it starts and ends."""

    def __init__(self, graph=GRAPH, beside=("Exporter",)):
        self.works = {}
        self.log = []
        self.threads = {}
        self.turns = Turns(
            [
                SimpleNamespace(node_info=SimpleNamespace(id=name), upstream_nodes=upstream)
                for name, upstream in graph.items()
            ],
            self._run,
            beside,
        )

    def _run(self, node):
        name = node.node_info.id
        self.threads[name] = threading.current_thread()
        self.log.append(f"{name} starts")
        try:
            return self.works.get(name, lambda: name.lower())()
        finally:
            self.log.append(f"{name} ends")

    def take_all(self, graph=GRAPH):
        with self.turns:
            return {name: self.turns.take(name) for name in graph}


@pytest.fixture
def world():
    return World()


def wait(event):
    assert event.wait(LIMIT)


def test_every_node_runs_once_after_those_that_it_depends_on(world):
    taken = world.take_all()
    assert {name: one.result for name, one in taken.items()} == {
        name: name.lower() for name in GRAPH
    }
    assert sorted(world.log) == sorted(f"{n} {what}" for n in GRAPH for what in ("starts", "ends"))
    for name, upstream in GRAPH.items():
        for before in upstream:
            assert world.log.index(f"{before} ends") < world.log.index(f"{name} starts")


def test_only_the_nodes_that_were_named_leave_the_thread_that_waits_for_them(world):
    world.take_all()
    here = threading.current_thread()
    assert {name for name, thread in world.threads.items() if thread is not here} == {"Exporter"}


def test_a_node_beside_the_others_is_at_work_while_they_are(world):
    begun, may_end = threading.Event(), threading.Event()

    def export():
        begun.set()
        wait(may_end)

    # The evaluator does not end before the exporter began, which does not end before the push did.
    world.works = {"Exporter": export, "Evaluator": lambda: wait(begun), "Pusher": may_end.set}
    world.take_all()
    assert world.log.index("Exporter starts") < world.log.index("Evaluator ends")
    assert world.log.index("Pusher ends") < world.log.index("Exporter ends")
    assert world.log.index("Exporter ends") < world.log.index("Gate starts")


def test_without_names_all_is_done_in_one_thread():
    world = World(beside=())
    world.take_all()
    assert set(world.threads.values()) == {threading.current_thread()}
    assert world.log[::2] == [f"{name} starts" for name in GRAPH]


def test_a_node_that_depends_on_nothing_starts_at_once():
    world = World({"First": [], "Alone": []}, beside=("Alone",))
    begun = threading.Event()
    world.works = {"Alone": begun.set, "First": lambda: wait(begun)}
    assert not any(one.error for one in world.take_all(("First", "Alone")).values())


def test_the_time_of_a_node_is_its_own(world, monkeypatch):
    clock, begun = [100.0], threading.Event()
    monkeypatch.setattr(beside, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def export():
        begun.set()
        clock[0] += 3.0

    def evaluate():
        # Whatever comes after the exporter's end, and before its turn, is not the exporter's time.
        wait(begun)
        world.threads["Exporter"].join(LIMIT)

    def push():
        clock[0] += 40.0

    world.works = {"Exporter": export, "Evaluator": evaluate, "Pusher": push}
    taken = world.take_all()
    assert taken["Exporter"].seconds == 3.0
    assert taken["Pusher"].seconds == 40.0


def fail(message):
    def work():
        raise ValueError(message)

    return work


def blocked(taken):
    return {name for name, one in taken.items() if one.blocked}


def failed(taken):
    return {name: str(one.error) for name, one in taken.items() if one.error}


def test_an_error_beside_the_others_is_told_when_its_turn_comes(world):
    world.works = {"Exporter": fail("no converter")}
    taken = world.take_all()
    assert failed(taken) == {"Exporter": "no converter"}
    assert blocked(taken) == {"Gate", "MobilePusher"}
    assert taken["Pusher"].result == "pusher"


def test_an_error_before_the_others_loses_nothing_that_runs_beside_them(world):
    world.works = {"Evaluator": fail("no rows")}
    taken = world.take_all()
    assert failed(taken) == {"Evaluator": "no rows"}
    assert blocked(taken) == {"Pusher", "MobilePusher"}
    assert (taken["Exporter"].result, taken["Gate"].result) == ("exporter", "gate")


def test_two_errors_are_two_errors(world):
    world.works = {"Evaluator": fail("no rows"), "Exporter": fail("no converter")}
    taken = world.take_all()
    assert failed(taken) == {"Evaluator": "no rows", "Exporter": "no converter"}
    assert blocked(taken) == {"Pusher", "Gate", "MobilePusher"}


def test_what_depends_on_a_failure_never_starts(world):
    world.works = {"Trainer": fail("nan")}
    taken = world.take_all()
    assert failed(taken) == {"Trainer": "nan"}
    assert blocked(taken) == set(GRAPH) - {"Trainer"}
    assert world.log == ["Trainer starts", "Trainer ends"]


@pytest.mark.parametrize("grace", [0.05, LIMIT])
def test_an_interrupt_waits_a_moment_and_no_longer(world, monkeypatch, grace):
    """A process that got the interrupt too ends soon; one that did not may not end at all."""
    monkeypatch.setattr(beside, "GRACE_SECONDS", grace)
    begun, may_end = threading.Event(), threading.Event()

    def export():
        begun.set()
        wait(may_end)
        raise ValueError("interrupted as well")

    def evaluate():
        wait(begun)
        if grace == LIMIT:
            may_end.set()
        raise KeyboardInterrupt

    world.works = {"Exporter": export, "Evaluator": evaluate}
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        world.take_all()
    assert time.monotonic() - started < LIMIT
    assert world.threads["Exporter"].is_alive() is (grace != LIMIT)
    assert world.threads["Exporter"].daemon
    may_end.set()
    world.threads["Exporter"].join(LIMIT)


def test_the_wait_for_a_node_beside_the_others_can_be_interrupted(world, monkeypatch):
    monkeypatch.setattr(beside, "GRACE_SECONDS", 0.05)
    pushed, may_end = threading.Event(), threading.Event()

    def export():
        wait(pushed)
        time.sleep(0.2)  # by now nothing else is left to do than to wait
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        wait(may_end)

    world.works = {"Exporter": export, "Pusher": pushed.set}
    with pytest.raises(KeyboardInterrupt):
        world.take_all()
    assert "Exporter ends" not in world.log
    assert "Gate starts" not in world.log
    may_end.set()
    world.threads["Exporter"].join(LIMIT)


def test_what_is_no_failure_of_a_node_ends_the_run_as_it_would_in_the_foreground(world):
    def leave():
        raise SystemExit(3)

    world.works = {"Exporter": leave}
    with pytest.raises(SystemExit):
        world.take_all()


def test_an_error_in_between_does_not_leave_the_thread_behind(world):
    def fill_disk():
        with world.turns:
            world.turns.take("Trainer")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fill_disk()
    assert not world.threads["Exporter"].is_alive()
