"""Changes of a release where no server is, and what is refused before any is asked."""

import json
import shutil
import socket
import subprocess
import sys
import time

import pytest

from serving.errors import ServingError
from serving.releases import changes
from serving.releases.rollout import (
    By,
    Options,
    canary,
    open_release,
    promote,
    promote_pushed,
    rollback,
)
from serving.releases.state import Canary, Started
from serving.releases.store import Store, read_state
from serving.releases.survey import survey
from tests.model_server.world import ROOT, free_port
from tests.serving.releases.release_world import ANN, hollow, look, models_of

OFFLINE = Options(is_offline=True)


@pytest.fixture
def folder(tmp_path):
    """A release of version 2, with versions 1 and 3 beside it."""
    hollow(tmp_path / "taxi", 1, 2)
    open_release(tmp_path / "taxi", "taxi", ANN)
    return hollow(tmp_path / "taxi", 3)


@pytest.fixture
def down():
    """Options with a server that is not there."""
    return Options(servers=(f"http://127.0.0.1:{free_port()}",), timeout=5)


def files_of(folder):
    return [(folder / name).read_text() for name in ("release.json", "models.config")]


def test_the_first_release_is_of_the_newest_version(folder):
    state = read_state(folder)
    assert (state.model, state.stables, state.canary) == ("taxi", (2,), None)
    assert models_of(folder / "models.config") == {"taxi": ([2], {"stable": 2, "canary": 2})}
    assert open_release(folder, "taxi", ANN) == state  # a newer version changes nothing


def test_opening_writes_the_config_of_this_state(folder):
    canary(folder, 3, 10, ANN, OFFLINE)
    expected = files_of(folder)
    (folder / "models.config").unlink()
    open_release(folder, "taxi", ANN)
    assert files_of(folder) == expected


def test_opening_leaves_a_command_at_work_alone(folder):
    path = folder / "models.config"
    loading = path.read_text().replace("versions: 2", "versions: 2 versions: 3")
    path.write_text(loading)
    with Store(folder).working("canary of 3"):
        open_release(folder, "taxi", ANN)
        assert path.read_text() == loading
    open_release(folder, "taxi", ANN)
    assert models_of(path)["taxi"][0] == [2]


def test_opening_is_refused(folder, tmp_path):
    with pytest.raises(ServingError, match='is of the model "taxi", not "cab"'):
        open_release(folder, "cab", ANN)
    (tmp_path / "none").mkdir()
    with pytest.raises(ServingError, match="no version in"):
        open_release(tmp_path / "none", "none", ANN)
    canary(folder, 3, 10, ANN, Options(is_offline=True, base_path="/models/taxi"))
    with pytest.raises(ServingError, match="servers of this release find it in /models/taxi"):
        open_release(folder, "taxi", ANN)


def test_canary_promote_and_rollback(folder):
    state = canary(folder, 3, 10, By("bob@desk", "try"), OFFLINE)
    assert state == read_state(folder)
    assert (state.stable, state.canary) == (2, Canary(3, 10.0))
    assert models_of(folder / "models.config")["taxi"] == ([2, 3], {"stable": 2, "canary": 3})
    state = promote(folder, 3, ANN, OFFLINE)
    assert (state.stables, state.canary) == ((3, 2), None)
    assert models_of(folder / "models.config")["taxi"] == ([2, 3], {"stable": 3, "canary": 3})
    state = rollback(folder, ANN, OFFLINE)
    assert (state.stables, state.started) == ((2,), None)
    assert models_of(folder / "models.config")["taxi"] == ([2], {"stable": 2, "canary": 2})
    assert [(e.action, e.version, e.stable, e.who, e.why) for e in state.history] == [
        ("promote", 2, 2, "ann@office", "a test"),
        ("canary", 3, 2, "bob@desk", "try"),
        ("promote", 3, 3, "ann@office", "a test"),
        ("rollback", 3, 2, "ann@office", "a test"),
    ]
    with pytest.raises(ServingError, match="nothing to go back to: no version was stable before 2"):
        rollback(folder, ANN, OFFLINE)


def test_a_rollback_ends_the_canary_and_says_so(folder):
    canary(folder, 3, 10, ANN, OFFLINE)
    said = []
    state = rollback(folder, ANN, OFFLINE, said.append)
    assert (state.stables, state.canary) == ((2,), None)
    assert said == ["the canary 3 ends; 2 stays stable"]


def test_what_is_kept_loaded(folder):
    promote(folder, 3, ANN, Options(is_offline=True, keep=0))
    assert models_of(folder / "models.config")["taxi"][0] == [3]
    promote(folder, 1, ANN, Options(is_offline=True, keep=5))
    assert models_of(folder / "models.config")["taxi"][0] == [1, 2, 3]
    shutil.rmtree(folder / "3")
    promote(folder, 1, ANN, OFFLINE)
    assert models_of(folder / "models.config")["taxi"][0] == [1, 2]
    assert look(folder).is_config_current


@pytest.mark.parametrize("version", [4, 0, -1])
def test_a_version_that_is_not_there(folder, version):
    (folder / "4").mkdir()  # no model in it
    before = files_of(folder)
    for run in (
        lambda: canary(folder, version, 10, ANN, OFFLINE),
        lambda: promote(folder, version, ANN, OFFLINE),
    ):
        with pytest.raises(ServingError, match=f"there is no version {version} in ") as caught:
            run()
        assert caught.value.expected == "one of 1, 2, 3"
    assert files_of(folder) == before


def test_what_is_refused_before_any_server_is_asked(folder, down):
    before = files_of(folder)
    for told, run in (
        ("101 is no percentage", lambda: canary(folder, 3, 101, ANN, down)),
        ("version 2 is the stable one", lambda: canary(folder, 2, 10, ANN, down)),
        (
            'the release is of the model "taxi", not "cab"',
            lambda: promote(folder, 3, ANN, Options(name="cab")),
        ),
        ("keep is -1", lambda: promote(folder, 3, ANN, Options(keep=-1, is_offline=True))),
    ):
        with pytest.raises(ServingError) as caught:
            run()
        assert caught.value.what == told
        assert caught.value.fix
    assert files_of(folder) == before


def test_without_a_release(tmp_path):
    folder = hollow(tmp_path / "taxi", 1)
    for run in (
        lambda: canary(folder, 1, 10, ANN, OFFLINE),
        lambda: rollback(folder, ANN, OFFLINE),
        lambda: look(folder),
    ):
        with pytest.raises(ServingError, match="there is no release in") as caught:
            run()
        assert "python -m serving promote VERSION" in caught.value.fix
    assert not (folder / "release.json").exists()
    state = promote(folder, 1, ANN, Options(is_offline=True, name="cab", servers=("a:1",)))
    assert (state.model, state.stables, state.servers) == ("cab", (1,), ("a:1",))
    assert models_of(folder / "models.config") == {"cab": ([1], {"stable": 1, "canary": 1})}


def test_a_server_that_is_down(folder, down):
    before = files_of(folder)
    for run in (
        lambda: canary(folder, 3, 10, ANN, down),
        lambda: promote(folder, 3, ANN, down),
    ):
        with pytest.raises(ServingError, match=f"no server at {down.servers[0]}") as caught:
            run()
        assert "--offline" in caught.value.fix
    assert files_of(folder) == before
    told = survey(folder, down.servers)
    assert [server.error for server in told.servers] == [told.problems[0].split(". Start")[0]]
    assert told.problems[0].endswith("Start it, or name the servers (--server ADDRESS).")


def test_a_rollback_needs_no_server(folder, down):
    promote(folder, 3, ANN, OFFLINE)
    said = []
    state = rollback(folder, ANN, down, said.append)
    assert (state.stables, state.started, state.servers) == ((2,), None, down.servers)
    assert said[0] == "stable goes back from 3 to 2"
    assert said[1].startswith(f"no server at {down.servers[0]}")
    assert said[2] == "no server answers: the config file is ready for when one does"
    assert models_of(folder / "models.config")["taxi"][1] == {"stable": 2, "canary": 2}


def test_a_rollback_does_not_wait_for_a_server_that_hangs(folder):
    promote(folder, 3, ANN, OFFLINE)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        told = Options(servers=(f"http://127.0.0.1:{hanging.getsockname()[1]}",))
        said, begin = [], time.monotonic()
        assert rollback(folder, ANN, told, said.append).stables == (2,)
        assert time.monotonic() - begin < 5
    assert "no answer from" in said[1]


def test_an_interrupted_rollback_is_finished_not_repeated(folder):
    promote(folder, 3, ANN, OFFLINE)
    promote(folder, 1, ANN, OFFLINE)
    store, expected = Store(folder), rollback(folder, ANN, OFFLINE)
    store.write(changes.started(expected, Started("x", "rollback", 1, None, "bob@desk", "")))
    (problem,) = [each for each in look(folder).problems if "rollback of 1" in each]
    assert problem == (
        "The rollback of 1 by bob@desk was interrupted: run `rollback` again, which finishes it."
    )
    said = []
    state = rollback(folder, ANN, OFFLINE, said.append)
    assert said == ["the rollback of 1 goes on"]
    assert (state.stables, state.started) == ((3, 2), None)
    assert state.history == expected.history
    assert rollback(folder, ANN, OFFLINE).stables == (2,)


def test_an_interrupted_canary_is_dropped_by_the_next_command(folder):
    store, before = Store(folder), read_state(folder)
    store.write(changes.started(before, Started("x", "canary", 3, 10.0, "bob@desk", "")))
    assert "The canary of 3 by bob@desk was interrupted before it took effect" in " ".join(
        look(folder).problems
    )
    said = []
    state = promote(folder, 1, ANN, OFFLINE, said.append)
    assert said == ["the canary of 3 by bob@desk was interrupted"]
    assert (state.stables, state.canary, state.started) == ((1, 2), None, None)


def test_the_share_of_a_canary_needs_no_server(folder, down):
    canary(folder, 3, 10, ANN, OFFLINE)
    state = canary(folder, 3, 50, ANN, down)
    assert state.canary == Canary(3, 50.0)
    assert [event.percent for event in state.history] == [None, 10.0, 50.0]


def test_a_push_becomes_stable_where_no_server_answers(folder, down):
    said = []
    state = promote_pushed(folder, 3, ANN, down, said.append)
    assert state.stables == (3, 2)
    assert said[-1] == "no server answers: the config file is ready for when one does"


def test_a_promotion_by_what_is_out_of_date(folder):
    serial = read_state(folder).serial
    canary(folder, 3, 10, ANN, OFFLINE)
    with pytest.raises(ServingError, match="the release was changed meanwhile") as caught:
        promote(folder, 3, ANN, OFFLINE, expected_serial=serial)
    assert caught.value.fix == "decide anew"
    now = read_state(folder).serial
    assert promote(folder, 3, ANN, OFFLINE, expected_serial=now).stable == 3


def test_the_run_that_pushed_a_version(folder):
    (folder / "3" / "assets.extra").mkdir()
    record = {"run": "2026-01-02T03-04", "when": "2026-01-02T03:04:05Z"}
    (folder / "3" / "assets.extra" / "push.json").write_text(json.dumps(record))
    assert canary(folder, 3, 10, ANN, OFFLINE).history[-1].run == "2026-01-02T03-04"
    assert rollback(folder, ANN, OFFLINE).history[-1].run == "2026-01-02T03-04"
    assert look(folder).runs[3].run == "2026-01-02T03-04"


def test_words_that_are_no_unicode(folder):
    state = canary(folder, 3, 10, By("ann\udcff", "größer \udce4"), OFFLINE)
    assert (state.history[-1].who, state.history[-1].why) == ("ann?", "größer ?")
    assert read_state(folder) == state
    odd = Options(is_offline=True, config_file="models\udcff.config")
    assert canary(folder, 3, 20, ANN, odd).config_file == "models\udcff.config"
    assert read_state(folder).config_file == "models\udcff.config"
    assert look(folder).is_config_current


def test_a_config_that_cannot_be_understood_is_kept(folder):
    path = folder / "models.config"
    path.write_text("model_config_list {")
    for run in (
        lambda: promote(folder, 3, ANN, OFFLINE),
        lambda: open_release(folder, "taxi", ANN),
    ):
        with pytest.raises(ServingError, match=r"models\.config cannot be used"):
            run()
    assert path.read_text() == "model_config_list {"
    assert read_state(folder).stables == (2,)
    assert "models.config cannot be used" in look(folder).problems[0]


def test_two_models_share_a_config_file(tmp_path):
    for name in ("taxi", "cab"):
        hollow(tmp_path / name, 1, 2)
        told = Options(is_offline=True, config_file="../models.config")
        promote(tmp_path / name, 1, ANN, told)
    canary(tmp_path / "cab", 2, 10, ANN, OFFLINE)
    assert models_of(tmp_path / "models.config") == {
        "taxi": ([1], {"stable": 1, "canary": 1}),
        "cab": ([1, 2], {"stable": 1, "canary": 2}),
    }
    assert survey(tmp_path / "taxi").is_config_current


def test_what_is_new(folder):
    hollow(folder, 4, 5)
    assert look(folder).new == [3, 4, 5]
    canary(folder, 4, 10, ANN, OFFLINE)
    assert look(folder).new == [3, 5]
    rollback(folder, ANN, OFFLINE)
    assert look(folder).new == [3, 5]  # what was rolled back is not new
    promote(folder, 5, ANN, OFFLINE)
    assert look(folder).new == []


def test_versions_that_are_gone(folder):
    promote(folder, 3, ANN, OFFLINE)
    canary(folder, 1, 10, ANN, OFFLINE)
    shutil.rmtree(folder / "1")
    told = look(folder).problems
    assert told[0].startswith("Version 1, which is canary, is gone from the disk: run `rollback`")
    assert rollback(folder, ANN, OFFLINE).canary is None
    shutil.rmtree(folder / "3")
    assert look(folder).problems[0].startswith("Version 3, which is stable, is gone")
    assert rollback(folder, ANN, OFFLINE).stables == (2,)


def test_without_what_writes_the_config(folder, monkeypatch):
    before = files_of(folder)
    monkeypatch.setitem(sys.modules, "tensorflow_serving.config", None)
    with pytest.raises(ServingError, match="tensorflow-serving-api is missing"):
        promote(folder, 3, ANN, OFFLINE)
    assert files_of(folder) == before
    assert look(folder).is_config_current
    assert len(look(folder).problems) == 1  # that no server answers


def test_state_and_changes_need_neither_tensorflow_nor_protobuf(folder):
    code = (
        "import sys, serving.releases.rollout, serving.releases.survey\n"
        "from serving.releases.store import read_state\n"
        "print(read_state(sys.argv[1]).stable)\n"
        "found = [m for m in sys.modules if m.startswith(('tensorflow', 'google.protobuf'))]\n"
        "assert not found, found"
    )
    command = [sys.executable, "-c", code, folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_who_i_am():
    me = By.me("because")
    assert "@" in me.who
    assert me.why == "because"
