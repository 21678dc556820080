"""The runs of a folder, and how a user names one."""

import json
import os
import subprocess
import sys

import pytest

from orchestration.local.history.folders import choose, find_runs
from orchestration.local.started import Started
from orchestration.local.workspace import Workspace
from orchestration.records import RECORD_FILE
from usecase.errors import UserError

IDS = ("2026-01-02T03-04-05", "2026-01-02T03-04-06", "2026-02-01T00-00-00")


@pytest.fixture
def world(tmp_path, make_record):
    """Returns a function that leaves a run, and the folder of all of them."""

    def leave(run_id, verdict="pushed", *, pid=None, use_case="taxi", **more):
        folder = tmp_path / "runs" / run_id
        folder.mkdir(parents=True)
        if pid:
            Started(use_case, "my config.yaml", "", pid, "key", **more).write(folder)
        if verdict:
            make_record(run_id, verdict, use_case=use_case).write(folder)

    return leave, tmp_path


def ended_pid():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def chosen(root, name):
    return choose(find_runs(root), name, root).run.run_id


def test_newest_first_of_all_use_cases(world):
    leave, root = world
    for run_id, use_case in zip(IDS, ("taxi", "wine", "taxi"), strict=True):
        leave(run_id, use_case=use_case)
    found = find_runs(root)
    assert [(r.run_id, r.use_case, r.state) for r in found] == [
        (IDS[2], "taxi", "pushed"),
        (IDS[1], "wine", "pushed"),
        (IDS[0], "taxi", "pushed"),
    ]


def test_no_folder_no_runs(tmp_path):
    assert find_runs(tmp_path / "missing") == []


@pytest.mark.parametrize(
    ("make", "state"),
    [
        ({"pid": os.getpid()}, "at work"),
        ({"pid": os.getpid(), "interrupted": "2026-01-01T00:00:00"}, "interrupted"),
        ({"pid": os.getppid()}, "interrupted"),
        ({"pid": 2**40}, "interrupted"),
    ],
)
def test_a_run_without_a_record(world, make, state):
    leave, root = world
    leave(IDS[0], None, **make)
    with Workspace(root, "taxi").locked():
        (run,) = find_runs(root)
        assert (run.state, run.use_case, run.config) == (state, "taxi", "my config.yaml")


def test_a_process_of_the_same_number_is_not_the_run(world):
    """In a container every run is process 1, and after a reboot a number is another's."""
    leave, root = world
    leave(IDS[0], None, pid=os.getpid())
    assert find_runs(root)[0].state == "interrupted"
    with Workspace(root, "wine").locked():
        assert find_runs(root)[0].state == "interrupted"
    with Workspace(root, "taxi").locked():
        (root / ".taxi.lock").write_text("")  # not signed yet
        assert find_runs(root)[0].state == "at work"


def test_a_process_that_is_gone_was_interrupted(world):
    leave, root = world
    leave(IDS[0], None, pid=ended_pid())
    assert find_runs(root)[0].state == "interrupted"


def test_a_record_of_another_version(world):
    leave, root = world
    leave(IDS[0], None, pid=1)
    (root / "runs" / IDS[0] / RECORD_FILE).write_text(json.dumps({"future": 1}))
    assert find_runs(root)[0].state == "unreadable"
    with pytest.raises(UserError, match="cannot be read"):
        chosen(root, IDS[0])


@pytest.mark.parametrize(
    ("name", "run_id"),
    [("last", IDS[2]), (IDS[0], IDS[0]), ("2026-02", IDS[2]), ("2026-01-02T03-04-06", IDS[1])],
)
def test_a_run_is_named_by_its_beginning(world, name, run_id):
    leave, root = world
    for one in IDS:
        leave(one)
    assert chosen(root, name) == run_id


def test_a_name_that_is_whole_is_meant_though_others_begin_with_it(world):
    leave, root = world
    leave("2026")
    leave("2026-01")
    assert chosen(root, "2026") == "2026"


def test_the_last_is_the_last_that_ended(world):
    leave, root = world
    leave(IDS[0])
    leave(IDS[1], None, pid=ended_pid())
    assert chosen(root, "last") == IDS[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("2026-01", f'several runs begin with "2026-01": {IDS[1]}, {IDS[0]}'),
        ("2025", 'there is no run "2025"'),
        ("", 'there is no run ""'),
        (f"{IDS[0]}x", f'did you mean "{IDS[0]}"?'),
    ],
)
def test_what_names_no_run_is_refused(world, name, text):
    leave, root = world
    for one in IDS:
        leave(one)
    with pytest.raises(UserError) as error:
        chosen(root, name)
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("pid", "what", "fix"),
    [
        (2**40, "was interrupted", "python local_runner.py run --config 'my config.yaml'"),
        (os.getpid(), "is at work", "wait until it ends"),
    ],
    ids=["interrupted", "at work"],
)
def test_a_run_without_a_record_cannot_be_shown(world, pid, what, fix):
    leave, root = world
    leave(IDS[0], None, pid=pid)
    with Workspace(root, "taxi").locked(), pytest.raises(UserError) as error:
        chosen(root, IDS[0])
    assert what in error.value.what
    assert fix in error.value.fix


def test_an_interrupted_run_is_gone_on_with_by_the_same_command(world):
    leave, root = world
    leave(IDS[0], None, pid=2**40, selection="--from Trainer", overrides=("a.b=[1, 2]",))
    with pytest.raises(UserError) as error:
        chosen(root, IDS[0])
    options = f"--config 'my config.yaml' --set 'a.b=[1, 2]' --from Trainer --output-dir {root}"
    assert error.value.fix.endswith(f"python local_runner.py run {options}")


@pytest.mark.parametrize(("runs", "text"), [((), "there is no run in"), (IDS[:1], "has ended")])
def test_there_is_no_last_one(world, runs, text):
    leave, root = world
    for one in runs:
        leave(one, None, pid=2**40)
    with pytest.raises(UserError, match=text):
        chosen(root, "last")
