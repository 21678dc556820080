"""The state machine, with servables that load when the test says so."""

import threading
import time

import pytest

from model_server.manager import Manager
from model_server.states import State, VersionState
from model_server.status import Code, StatusError


class Toy:
    def __init__(self, name, version, path):
        self.name, self.version, self.path = name, version, path
        self.is_closed = False

    def close(self):
        self.is_closed = True


class Loads:
    """A loader: what is in `fails` raises, what is in `held` waits for its event."""

    def __init__(self):
        self.fails = {}
        self.held = {}
        self.calls = []
        self.made = {}

    def __call__(self, name, version, path):
        self.calls.append(version)
        if version in self.held:
            assert self.held[version].wait(10)
        if self.fails.get(version):
            raise self.fails[version]
        self.made[version] = Toy(name, version, path)
        return self.made[version]

    def hold(self, version):
        self.held[version] = threading.Event()
        return self.held[version]


@pytest.fixture
def loads():
    return Loads()


@pytest.fixture
def manager(loads):
    made = Manager(loads, max_retries=0)
    made.configure({"m"})
    yield made
    for event in loads.held.values():
        event.set()
    made.stop()


def until(condition, timeout=10):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.002)


def aspire(manager, *versions):
    manager.aspire("m", {version: f"/m/{version}" for version in versions})


def states(manager, name="m"):
    return {each.version: each.state.name for each in manager.versions(name)}


def latest(manager):
    handle = manager.acquire("m")
    handle.release()
    return handle.servable.version


def load(manager, *versions):
    aspire(manager, *versions)
    manager.wait_available(["m"], 10)


def refusal(manager, version=None, name="m"):
    with pytest.raises(StatusError) as caught:
        manager.acquire(name, version)
    assert caught.value.code is Code.NOT_FOUND
    return caught.value.message


def test_what_is_not_loaded_is_not_found(manager):
    assert refusal(manager) == "Servable not found for request: Latest(m)"
    assert refusal(manager, 7) == "Servable not found for request: Specific(m, 7)"
    assert refusal(manager, name="other") == "Servable not found for request: Latest(other)"
    assert manager.versions("other") == []


def test_a_version_goes_through_its_states(manager, loads):
    release = loads.hold(1)
    aspire(manager, 1)
    until(lambda: states(manager) == {1: "LOADING"})
    assert refusal(manager, 1) == "Servable not found for request: Specific(m, 1)"
    release.set()
    manager.wait_available(["m"], 10)
    assert manager.versions("m") == [VersionState(1, State.AVAILABLE)]
    handle = manager.acquire("m", 1)
    assert handle.servable.path == "/m/1"
    aspire(manager)
    until(lambda: states(manager) == {1: "UNLOADING"})
    assert refusal(manager) == "Servable not found for request: Latest(m)"
    assert not handle.servable.is_closed
    handle.release()
    until(lambda: states(manager) == {1: "END"})
    assert handle.servable.is_closed
    assert manager.versions("m") == [VersionState(1, State.END)]


def test_a_new_version_takes_over_when_it_is_ready(manager, loads):
    load(manager, 1)
    release = loads.hold(2)
    aspire(manager, 2)
    until(lambda: states(manager) == {2: "LOADING", 1: "AVAILABLE"})
    assert latest(manager) == 1
    release.set()
    until(lambda: states(manager) == {2: "AVAILABLE", 1: "END"})
    assert latest(manager) == 2
    assert loads.made[1].is_closed
    assert [each.version for each in manager.versions("m")] == [2, 1]


def test_a_session_closes_only_after_the_last_request(manager, loads):
    load(manager, 1)
    first, second = manager.acquire("m"), manager.acquire("m")
    aspire(manager, 2)
    until(lambda: states(manager) == {2: "AVAILABLE", 1: "UNLOADING"})
    first.release()
    time.sleep(0.05)
    assert not loads.made[1].is_closed
    assert states(manager)[1] == "UNLOADING"
    second.release()
    until(lambda: states(manager)[1] == "END")
    assert loads.made[1].is_closed


def test_a_version_that_fails_leaves_the_old_one(manager, loads):
    load(manager, 1)
    loads.fails[2] = StatusError(Code.NOT_FOUND, "no saved_model.pb")
    aspire(manager, 2)
    until(lambda: states(manager)[2] == "END")
    assert manager.versions("m") == [
        VersionState(2, State.END, Code.NOT_FOUND, "no saved_model.pb"),
        VersionState(1, State.AVAILABLE),
    ]
    assert latest(manager) == 1
    for _ in range(3):
        aspire(manager, 2)  # every poll says the same
    assert loads.calls == [1, 2]
    loads.fails.clear()
    aspire(manager, 1)
    aspire(manager, 2)  # it was taken away and came back, mended
    until(lambda: states(manager) == {2: "AVAILABLE", 1: "END"})


def test_a_crash_of_the_loader_is_an_error_of_the_version(manager, loads):
    loads.fails[1] = ValueError("surprise")
    with pytest.raises(StatusError) as caught:
        load(manager, 1)
    assert caught.value.code is Code.UNKNOWN
    assert caught.value.message == (
        "1 servable(s) did not become available: "
        "{{name: m version: 1} due to error: UNKNOWN: ValueError: surprise, }"
    )
    assert manager.versions("m") == [
        VersionState(1, State.END, Code.UNKNOWN, "ValueError: surprise")
    ]


def test_one_version_that_serves_is_enough(manager, loads):
    loads.fails[2] = StatusError(Code.INTERNAL, "broken")
    load(manager, 1, 2)
    assert states(manager) == {2: "END", 1: "AVAILABLE"}


def test_the_highest_version_loads_first(manager, loads):
    load(manager, 1, 3, 2)
    assert loads.calls == [3, 2, 1]
    assert states(manager) == {3: "AVAILABLE", 2: "AVAILABLE", 1: "AVAILABLE"}
    assert latest(manager) == 3
    handle = manager.acquire("m", 2)
    assert handle.servable is loads.made[2]
    handle.release()


def test_a_version_directory_that_goes_is_a_rollback(manager):
    load(manager, 2)
    aspire(manager, 1)
    until(lambda: states(manager) == {2: "END", 1: "AVAILABLE"})
    assert latest(manager) == 1
    assert refusal(manager, 2) == "Servable not found for request: Specific(m, 2)"


def test_a_load_that_nobody_wants_any_more_is_unloaded(manager, loads):
    load(manager, 1)
    release = loads.hold(2)
    aspire(manager, 2)
    until(lambda: loads.calls == [1, 2])
    aspire(manager, 1)
    release.set()
    until(lambda: states(manager) == {2: "END", 1: "AVAILABLE"})
    assert loads.made[2].is_closed


def test_a_version_that_waits_for_its_turn_can_be_given_up(manager, loads):
    release = loads.hold(2)
    aspire(manager, 1, 2)
    until(lambda: loads.calls == [2])
    aspire(manager, 2)
    release.set()
    until(lambda: states(manager) == {2: "AVAILABLE", 1: "END"})
    assert loads.calls == [2]


def test_a_version_wanted_again_while_it_unloads_is_loaded_again(manager, loads):
    load(manager, 1)
    handle = manager.acquire("m")
    aspire(manager)
    until(lambda: states(manager) == {1: "UNLOADING"})
    aspire(manager, 1)
    time.sleep(0.02)
    assert loads.calls == [1]
    handle.release()
    until(lambda: states(manager) == {1: "AVAILABLE"})
    assert loads.calls == [1, 1]


def test_a_failed_load_is_tried_again(loads):
    manager = Manager(loads, max_retries=3, retry_interval=0.02)
    manager.configure({"m"})
    loads.fails[1] = StatusError(Code.UNAVAILABLE, "not yet")
    aspire(manager, 1)
    until(lambda: len(loads.calls) == 2)
    loads.fails.clear()
    manager.wait_available(["m"], 10)
    assert states(manager) == {1: "AVAILABLE"}
    loads.fails[2] = StatusError(Code.UNAVAILABLE, "never")
    aspire(manager, 2)
    until(lambda: states(manager)[2] == "END")
    assert loads.calls.count(2) == 4
    manager.stop()


def test_an_interval_longer_than_threads_can_wait_is_cut(loads):
    manager = Manager(loads, max_retries=1, retry_interval=1e13)
    manager.configure({"m"})
    loads.fails[1] = StatusError(Code.UNAVAILABLE, "not yet")
    aspire(manager, 1)
    time.sleep(0.05)
    assert states(manager) == {1: "LOADING"}  # and so its thread is alive
    manager.stop()
    assert states(manager) == {1: "END"}


def test_nothing_is_loaded_after_the_stop(loads):
    manager = Manager(loads)
    manager.configure({"m"})
    manager.stop()
    aspire(manager, 1)
    assert manager.versions("m") == []


def test_retries_do_not_keep_other_models_waiting(loads):
    manager = Manager(loads, max_retries=5, retry_interval=60)
    manager.configure({"m", "n"})
    loads.fails[1] = StatusError(Code.UNAVAILABLE, "not yet")
    aspire(manager, 1)
    until(lambda: loads.calls == [1])
    manager.aspire("n", {7: "/n/7"})
    manager.wait_available(["n"], 10)
    with pytest.raises(StatusError, match="DEADLINE_EXCEEDED: Models not available in time: m"):
        manager.wait_available(["m"], 0.05)
    start = time.monotonic()
    aspire(manager)  # ends the retries
    until(lambda: states(manager) == {1: "END"})
    manager.stop()
    assert time.monotonic() - start < 5


def test_models_do_not_disturb_each_other(manager, loads):
    manager.configure({"m", "n"})
    release = loads.hold(1)
    aspire(manager, 1)
    manager.aspire("n", {2: "/n/2"})
    release.set()
    manager.wait_available(["m", "n"], 10)
    manager.configure({"m"})
    until(lambda: states(manager, "n") == {2: "END"})
    assert states(manager) == {1: "AVAILABLE"}
    assert refusal(manager, name="n") == "Servable not found for request: Latest(n)"


def test_waiting_ends_when_the_model_is_configured_no_more(manager):
    ended = threading.Event()
    waiter = threading.Thread(target=lambda: (manager.wait_available(["m"]), ended.set()))
    waiter.start()
    assert not ended.wait(0.05)
    manager.configure(())
    assert ended.wait(10)


def test_stopping_lets_running_requests_end_and_closes_all(loads):
    manager = Manager(loads)
    manager.configure({"m"})
    load(manager, 1)
    handle = manager.acquire("m")
    threading.Timer(0.1, handle.release).start()
    manager.stop(10)
    assert loads.made[1].is_closed
    assert states(manager) == {1: "END"}


def test_stopping_does_not_wait_for_good(loads):
    manager = Manager(loads)
    manager.configure({"m"})
    load(manager, 1)
    handle = manager.acquire("m")
    start = time.monotonic()
    manager.stop(0.1)
    assert 0.1 <= time.monotonic() - start < 2
    assert not loads.made[1].is_closed
    handle.release()


def test_requests_never_fail_nor_meet_a_closed_session_over_many_swaps(manager, loads):
    load(manager, 1)
    stop = threading.Event()
    failures, served = [], set()

    def ask():
        handle = manager.acquire("m")
        if handle.servable.is_closed:
            failures.append("closed")
        served.add(handle.servable.version)
        handle.release()

    def ask_on():
        try:
            while not stop.is_set():
                ask()
        except StatusError as error:
            failures.append(error.message)

    threads = [threading.Thread(target=ask_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in range(2, 40):
        aspire(manager, version)
        until(lambda version=version: states(manager)[version] == "AVAILABLE")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(served) > 10
    until(lambda: sum(not toy.is_closed for toy in loads.made.values()) == 1)


def test_a_request_waits_for_no_load_and_costs_microseconds(manager, loads):
    load(manager, 1)
    release = loads.hold(2)
    aspire(manager, 2)
    until(lambda: 2 in loads.calls)
    start = time.perf_counter()
    for _ in range(10_000):
        manager.acquire("m").release()
    assert (time.perf_counter() - start) / 10_000 < 50e-6
    release.set()
