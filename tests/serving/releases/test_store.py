"""The state's file: whole at every moment, whoever writes it, and whatever the disk does."""

import itertools
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from serving.errors import ServingError
from serving.releases import files, model_config, plan
from serving.releases.rollout import Options, canary, open_release, rollback
from serving.releases.state import State
from serving.releases.store import Store, read_state
from tests.model_server.world import ROOT
from tests.serving.releases.release_world import ANN, hollow, look, models_of

OFFLINE = Options(is_offline=True)
NOBODY = 65534
MANY = 25
# Two of these at once: each change must be in the history, and no reader may see half a file.
CHANGES = """
import sys
from pathlib import Path
from serving.releases import rollout
from serving.releases.rollout import By, Options
folder, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
options = Options(is_offline=True)
for number in range(count):
    rollout.canary(folder, 2, float(number) + (0.5 if who == "b" else 0), By(who), options)
"""
# A rollback takes no part in the lock that canaries wait for.
OVERTAKES = """
import sys
from pathlib import Path
from serving.errors import ServingError
from serving.releases import rollout
from serving.releases.rollout import By, Options
folder, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
options, done, is_over = Options(is_offline=True), 0, folder / "over"


def change(number):
    if who == "a":
        rollout.canary(folder, 2, float(number), By(who), options)
    else:
        rollout.rollback(folder, By(who), options)


number = 0
while number < count if who == "a" else not is_over.exists():
    number += 1
    try:
        change(number)
    except ServingError as error:
        assert "overtaken" in error.what or "nothing to go back to" in error.what, error
    else:
        done += 1
if who == "a":
    is_over.touch()
print(done)
"""
FAILS = """
import resource, signal, sys
from pathlib import Path
from serving.errors import ServingError
from serving.releases import rollout
from serving.releases.rollout import By, Options
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    rollout.canary(Path(sys.argv[1]), 2, 20, By("ann"), Options(is_offline=True))
except ServingError as error:
    print(error)
else:
    print("done")
"""
READ_ONLY = """
import os, sys
from pathlib import Path
from serving.errors import ServingError
from serving.releases import rollout
from serving.releases.rollout import By, Options
from serving.releases.store import Store, read_state
folder = Path(sys.argv[1])
if os.geteuid() == 0:  # who may write anywhere
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
print(read_state(folder).stable, Store(folder).is_busy())
try:
    rollout.canary(folder, 2, 20, By("ann"), Options(is_offline=True))
except ServingError as error:
    print(error)
"""


def python(code, *arguments, **how):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def output(process):
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err[-3000:]
    return out


@pytest.fixture
def folder(tmp_path):
    """A release of version 1, with version 2 beside it."""
    hollow(tmp_path / "taxi", 1)
    open_release(tmp_path / "taxi", "taxi", ANN)
    return hollow(tmp_path / "taxi", 2)


def test_no_release_yet(tmp_path):
    assert read_state(tmp_path) is None
    assert read_state(tmp_path / "nowhere") is None
    assert Store(tmp_path).read() is None
    with pytest.raises(ServingError, match=r"no such folder: .*nowhere"):
        Store(tmp_path / "nowhere")


def test_what_is_written_is_read(tmp_path):
    state = State("größer \N{TAXI}", (3, 2), servers=("http://a:1",), serial=4)
    Store(tmp_path).write(state)
    assert read_state(tmp_path) == Store(tmp_path).read() == state
    assert "größer" in (tmp_path / "release.json").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["release.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"format": 7}'])
def test_a_damaged_file_is_told_of_and_kept(folder, content):
    path = folder / "release.json"
    path.write_bytes(content)
    for run in (
        lambda: read_state(folder),
        lambda: canary(folder, 2, 10, ANN, OFFLINE),
        lambda: rollback(folder, ANN, OFFLINE),
        lambda: open_release(folder, "taxi", ANN),
        lambda: look(folder),
    ):
        with pytest.raises(ServingError, match=r"release\.json (is damaged|has the format 7)") as e:
            run()
        assert e.value.fix
    assert path.read_bytes() == content


def test_a_state_that_is_a_folder(tmp_path):
    (tmp_path / "release.json").mkdir()
    with pytest.raises(ServingError, match=r"release\.json cannot be read: Is a directory"):
        read_state(tmp_path)


def test_two_processes_lose_no_change(folder):
    stop, seen = threading.Event(), []

    def read():
        while not stop.is_set():
            seen.append((read_state(folder).serial, models_of(folder / "models.config")["taxi"]))

    reader = threading.Thread(target=read)
    reader.start()
    both = [python(CHANGES, folder, who, MANY) for who in "ab"]
    for process in both:
        output(process)
    stop.set()
    reader.join()
    state = read_state(folder)
    for who, more in (("a", 0), ("b", 0.5)):
        shares = [event.percent for event in state.history if event.who == who]
        assert shares == [number + more for number in range(MANY)]
    assert state.serial == len(state.history) == 1 + 2 * MANY
    assert [serial for serial, _ in seen] == sorted(serial for serial, _ in seen)
    assert seen[-1][1] == ([1, 2], {"stable": 1, "canary": 2})
    assert look(folder).is_config_current


def test_changes_that_overtake_each_other_lose_none(folder):
    both = {who: python(OVERTAKES, folder, who, MANY) for who in "ab"}
    done = {who: int(output(process)) for who, process in both.items()}
    state = read_state(folder)
    made = [event.who for event in state.history[1:]]
    # An overtaken canary may have taken effect first; then the rollback is the later of the two.
    assert made.count("a") >= done["a"] > 0
    assert made.count("b") == done["b"] > 0
    for earlier, later in itertools.pairwise(state.history):
        assert later.action != "rollback" or earlier.action == "canary"
    rollback(folder, ANN, OFFLINE) if state.canary else canary(folder, 2, 5, ANN, OFFLINE)
    assert look(folder).is_config_current


@pytest.mark.parametrize("space", [0, 100])
def test_a_full_disk_leaves_the_old_files_whole(folder, space):
    before = {name: (folder / name).read_bytes() for name in ("release.json", "models.config")}
    told = output(python(FAILS, folder, space))
    assert "release.json cannot be written: File too large" in told
    assert "fix: mend that and run the command again" in told
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert not [*folder.glob(".*")]


def test_a_disk_that_is_full_for_the_config_alone(folder):
    path = folder / "models.config"
    model_config.write(path, "other", plan.Entry("/" + "x" * 5000, (1,), {}))
    before = path.read_bytes()
    told = output(python(FAILS, folder, 3000))
    assert "models.config cannot be written: File too large" in told
    assert path.read_bytes() == before
    assert read_state(folder).canary.percent == 20
    (problem,) = [each for each in look(folder).problems if "config file" in each]
    assert problem.endswith("Run the last command again.")
    canary(folder, 2, 20, ANN, OFFLINE)
    assert look(folder).is_config_current
    assert models_of(path)["other"] == ([1], {})


def test_a_disk_with_room(folder):
    assert output(python(FAILS, folder, 100_000)) == "done\n"


def test_a_folder_that_may_not_be_written_to():
    with tempfile.TemporaryDirectory() as base:  # pytest's own is for its user alone
        Path(base).chmod(0o755)
        folder = hollow(Path(base) / "taxi", 1)
        open_release(folder, "taxi", ANN)
        before = sorted(path.name for path in folder.iterdir())
        folder.chmod(0o555)
        out = output(python(READ_ONLY, folder, NOBODY)).splitlines()
        folder.chmod(0o755)
        assert out[0] == "1 False"
        assert out[1].endswith("release.work.lock cannot be opened: Permission denied")
        assert out[2] == "  expected: a file in a folder that may be written to"
        assert sorted(path.name for path in folder.iterdir()) == before


def test_a_symbolic_link_is_the_folder(folder, tmp_path):
    link = tmp_path / "current"
    link.symlink_to(folder)
    state = canary(link, 2, 10, ANN, OFFLINE)
    assert read_state(folder) == read_state(link) == state
    assert look(link).is_config_current
    assert look(folder).is_config_current
    assert (link / "release.json").resolve().parent == folder


def test_a_file_that_is_a_link_is_replaced_where_it_lies(tmp_path):
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "a.txt", tmp_path / "a.txt"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    files.replace(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_moved_folder_gets_a_new_config(folder, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    assert not look(moved).is_config_current
    open_release(moved, "taxi", ANN)
    assert look(moved).is_config_current
    assert f'base_path: "{moved}"' in (moved / "models.config").read_text()


def test_a_second_worker_is_told_who_is_at_work(folder, monkeypatch):
    monkeypatch.setattr("serving.releases.store.BUSY_SECONDS", 0.2)
    store = Store(folder)
    assert not store.is_busy()
    with store.working("canary of 7 by bob@desk"):
        assert Store(folder).is_busy()
        assert look(folder).is_busy
        with pytest.raises(ServingError, match="at work: canary of 7 by bob@desk") as caught:
            canary(folder, 2, 10, ANN, OFFLINE)
        assert "rollback` overtakes it" in caught.value.fix
        with store.overtaking("rollback by ann"):
            assert store.at_work() == "canary of 7 by bob@desk"
    assert not store.is_busy()
    with store.overtaking("rollback by ann"):
        assert store.at_work() == "rollback by ann"
        assert store.is_busy()


def test_a_lock_goes_with_its_process(folder):
    hold = (
        "import sys, time; from serving.releases.store import Store\n"
        "with Store(sys.argv[1]).working('x'): print('held', flush=True); time.sleep(60)"
    )
    process = python(hold, folder)
    assert process.stdout.readline() == "held\n"
    assert Store(folder).is_busy()
    process.kill()
    process.communicate()
    assert not Store(folder).is_busy()
    with Store(folder).working("y"):
        pass
