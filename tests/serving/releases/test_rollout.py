"""Changes of a release on a server: it loads, follows, and is waited for.

TENSORFLOW_MODEL_SERVER=path asks a real server in place of the embedded one.
"""

import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.client import ServingClient
from serving.errors import ServingError
from serving.releases.rollout import (
    Options,
    OvertakenError,
    canary,
    promote,
    promote_pushed,
    rollback,
)
from serving.releases.servers import UnloadableError
from serving.releases.state import State
from serving.releases.store import Store, read_state
from serving.releases.survey import survey
from tests.model_server.world import free_port
from tests.serving.releases.release_world import ANN, copies, hollow, models_of, start, toy

MODELS = 16
QUICKLY = 5.0  # what a rollback may take


class World:
    """A server, and releases of version 2 that it serves; each test takes one."""

    def __init__(self, base):
        self.base = base
        self.config = base / "models.config"
        self.toy = toy(base / "toy")
        self.free = [self._release(f"model{number}") for number in range(MODELS)]

    def _release(self, name):
        folder = copies(self.toy, self.base / name, 1, 2)
        Store(folder).write(State(name, (2, 1), config_file="../models.config"))
        promote(folder, 2, ANN, Options(is_offline=True))
        return folder

    def labels(self, folder):
        """Where the server's labels lead, asked over gRPC: commands ask over REST."""
        found = {}
        for label in ("stable", "canary"):
            with ServingClient(self.server.grpc, folder.name, label=label) as client:
                found[label] = client.metadata().version
        return found

    def served(self, folder):
        with ServingClient(self.server.rest, folder.name) as client:
            return sorted(v.version for v in client.status() if v.state == "AVAILABLE")

    def in_config(self, folder):
        return models_of(self.config)[folder.name]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("rollout"))
    with start(world.config) as world.server:
        yield world


@pytest.fixture
def folder(world):
    """A release of version 2, before it 1; version 3 is not served."""
    return copies(world.toy, world.free.pop(), 3)


@pytest.fixture
def told(world):
    return Options(servers=(world.server.rest,), timeout=30)


@pytest.fixture
def stuck(world, folder):
    """Version 9, which is loading until this is called, and then cannot be loaded."""
    copies(world.toy, folder, 9)
    index = folder / "9" / "variables" / "variables.index"
    index.unlink()
    os.mkfifo(index)
    is_free = threading.Event()

    def free():
        if not is_free.is_set():
            is_free.set()
            os.close(os.open(index, os.O_RDWR))
            index.unlink()

    yield free
    free()


def in_thread(pool, run, *arguments):
    """Runs a change in a thread; returns its result to be, and a wait for what it says."""
    said, has_said = [], threading.Condition()

    def say(line):
        with has_said:
            said.append(line)
            has_said.notify_all()

    def wait(text):
        with has_said:
            assert has_said.wait_for(lambda: any(text in line for line in said), 20), said

    return pool.submit(run, *arguments, say), wait


def test_the_life_of_a_version(world, folder, told):
    said = []
    canary(folder, 3, 10, ANN, told, said.append)
    assert world.labels(folder) == {"stable": 2, "canary": 3}
    assert world.served(folder) == [1, 2, 3]
    assert survey(folder).servers[0].unlabelled == 3  # without a label, the highest version
    assert said == [
        f"version 3 loads on {world.server.rest}",
        "version 3 is loaded",
        "labels move: stable 2, canary 3",
    ]
    promote(folder, 3, ANN, told)
    assert world.labels(folder) == {"stable": 3, "canary": 3}
    assert world.in_config(folder) == ([2, 3], {"stable": 3, "canary": 3})
    begin = time.monotonic()
    state = rollback(folder, ANN)  # the server's address is in the state by now
    assert time.monotonic() - begin < QUICKLY
    assert state.servers == (world.server.rest,)
    assert world.labels(folder) == {"stable": 2, "canary": 2}
    assert survey(folder).problems == []
    world.server.wait_for(lambda: world.served(folder) == [1, 2])


def test_a_push_becomes_stable_over_grpc(world, folder):
    told = Options(servers=(world.server.grpc,), timeout=30)
    state = promote_pushed(folder, 3, ANN, told)
    assert (state.stables, state.servers) == ((3, 2, 1), (world.server.grpc,))
    assert world.labels(folder) == {"stable": 3, "canary": 3}
    assert survey(folder).problems == []


def test_a_broken_version_is_refused_with_the_reason(world, folder, told):
    hollow(folder, 7, 8)
    before, config = read_state(folder), world.in_config(folder)
    for version, run in (
        (7, lambda: canary(folder, 7, 10, ANN, told)),
        (8, lambda: promote(folder, 8, ANN, Options(told.servers, 30, keep=5))),
    ):
        with pytest.raises(UnloadableError, match=f"cannot load version {version} of ") as caught:
            run()
        assert "saved_model.pb" in caught.value.what  # the server's own words
        after = read_state(folder)
        assert (after.stables, after.canary, after.keep, after.history, after.started) == (
            before.stables,
            before.canary,
            before.keep,
            before.history,
            None,
        )
        assert world.in_config(folder) == config
        assert world.labels(folder) == {"stable": 2, "canary": 2}
    assert [p for p in survey(folder, told.servers).problems if "cannot load" in p] == []


def test_a_first_version_that_no_server_can_load_begins_no_release(world, folder):
    told = Options((world.server.rest,), timeout=30, config_file="../models.config")
    before = world.in_config(folder)
    (folder / "release.json").unlink()
    hollow(folder, 9)
    with pytest.raises(UnloadableError, match="cannot load version 9 of "):
        promote(folder, 9, ANN, told)
    assert read_state(folder) is None
    assert world.in_config(folder) == before
    assert world.labels(folder) == {"stable": 2, "canary": 2}
    promote(folder, 3, ANN, told)
    assert read_state(folder).stables == (3,)
    assert world.labels(folder) == {"stable": 3, "canary": 3}


def test_a_version_that_was_mended(world, folder, told):
    hollow(folder, 7)
    with pytest.raises(UnloadableError):
        canary(folder, 7, 10, ANN, told)
    shutil.rmtree(folder / "7")
    copies(world.toy, folder, 7)
    canary(folder, 7, 10, ANN, told)  # the server still shows the old error at first
    assert world.labels(folder) == {"stable": 2, "canary": 7}


def test_a_rollback_overtakes_a_canary_that_is_loading(world, folder, told, stuck):
    canary(folder, 3, 10, ANN, told)
    with ThreadPoolExecutor() as pool:
        loading, wait = in_thread(pool, canary, folder, 9, 10, ANN, told)
        wait("version 9 loads")
        told_by_status = survey(folder)
        assert told_by_status.is_busy
        assert told_by_status.state.started.version == 9
        assert told_by_status.problems == []
        with pytest.raises(ServingError, match="another change is at work: canary of 9 by ann@"):
            promote(folder, 3, ANN, told)
        said, begin = [], time.monotonic()
        state = rollback(folder, ANN, told, said.append)
        assert time.monotonic() - begin < QUICKLY
        assert said[0] == "it overtakes the canary of 9"
        assert (state.stables, state.canary) == ((2, 1), None)
        with pytest.raises(OvertakenError, match="overtaken by rollback of 3 by ann@office"):
            loading.result(QUICKLY)
    assert world.labels(folder) == {"stable": 2, "canary": 2}
    assert world.in_config(folder) == ([1, 2], {"stable": 2, "canary": 2})
    assert survey(folder).problems == []


def test_a_version_that_is_not_loaded_in_time(world, folder, stuck):
    told = Options(servers=(world.server.rest,), timeout=1)
    with pytest.raises(ServingError, match=r"does not serve version 9 .* after 1 s: its state is"):
        promote(folder, 9, ANN, told)
    assert world.in_config(folder) == ([1, 2], {"stable": 2, "canary": 2})
    assert read_state(folder).started is None


def test_a_command_that_is_interrupted_takes_back_what_it_did(world, folder, told):
    config = world.in_config(folder)

    def interrupt(line):
        if "loads" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        canary(folder, 3, 10, ANN, told, interrupt)
    assert read_state(folder).started is None
    assert world.in_config(folder) == config
    assert survey(folder, told.servers).problems == []


def test_two_promotions_at_once(world, folder, told):
    copies(world.toy, folder, 4)
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(promote, folder, version, ANN, told) for version in (3, 4)]
    failures = [each.exception() for each in both if each.exception()]
    made = [event.version for event in read_state(folder).history]
    assert len(made) + len(failures) == 2
    assert all("another change is at work" in str(failure) for failure in failures)
    state = read_state(folder)
    assert state.stables == (*reversed(made), 2, 1)
    assert world.labels(folder) == state.labels
    assert survey(folder).problems == []


def test_a_server_that_refuses_a_label_is_led_out_of_it(world, folder, told):
    # As if nobody could ask it: the label moves to a version that it has not loaded.
    promote(folder, 3, ANN, Options(is_offline=True))
    time.sleep(2)
    assert world.labels(folder) == {"stable": 2, "canary": 2}
    (problem,) = survey(folder, told.servers).problems
    assert problem.startswith(f"{world.server.rest} does not follow the state: run the last")
    said = []
    promote(folder, 3, ANN, told, said.append)
    assert said == ["versions 3 load", "labels move: stable 3, canary 3"]
    assert world.labels(folder) == {"stable": 3, "canary": 3}
    assert survey(folder).problems == []


def test_a_server_that_does_not_read_the_config(world, folder):
    elsewhere = Options((world.server.rest,), 1, config_file=str(world.base / "other.config"))
    before = read_state(folder)
    with pytest.raises(ServingError, match="does not serve version 3") as caught:
        promote(folder, 3, ANN, elsewhere)
    assert "--model_config_file" in caught.value.fix
    assert read_state(folder).config_file == before.config_file
    assert read_state(folder).stables == before.stables


def test_one_of_two_servers_is_down(world, folder, told):
    both = Options((world.server.rest, f"http://127.0.0.1:{free_port()}"), 30)
    with pytest.raises(ServingError, match="no server at "):
        promote(folder, 3, ANN, both)
    promote(folder, 3, ANN, told)
    said = []
    rollback(folder, ANN, both, said.append)
    assert any(line.startswith(f"no server at {both.servers[1]}") for line in said)
    assert world.labels(folder) == {"stable": 2, "canary": 2}
    assert [bool(server.error) for server in survey(folder).servers] == [False, True]


def test_a_stable_version_that_is_gone(world, folder, told):
    shutil.rmtree(folder / "2")
    world.server.wait_for(lambda: world.served(folder) == [1])
    said = []
    state = rollback(folder, ANN, told, said.append)
    assert state.stables == (1,)
    assert world.labels(folder) == {"stable": 1, "canary": 1}


def test_nobody_touched_other_models(world, told):
    names = {path.name for path in world.base.iterdir() if path.name.startswith("model")}
    assert set(models_of(world.config)) == names - {"models.config", "models.config.lock"}
