"""The output folder: its places, its lock, the ids of its runs."""

import datetime
import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from orchestration.local import workspace as module
from orchestration.local.workspace import Workspace
from tests.orchestration.databases.process import NOBODY
from usecase.errors import UserError
from usecase.paths import PROJECT_ROOT


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "outputs", "taxi")


def test_use_cases_share_nothing_but_the_runs(tmp_path):
    def places(use_case):
        made = Workspace(tmp_path, use_case)
        return {made.artifacts, made.metadata, made.serving, made.mobile, made.checkpoints}

    assert len(places("taxi")) == 5
    assert not places("taxi") & places("trips")
    assert Workspace(tmp_path, "taxi").runs == Workspace(tmp_path, "trips").runs


def test_each_run_has_a_folder_of_its_own(workspace):
    made = [workspace.new_run() for _ in range(4)]
    ids = [run_id for run_id, _ in made]
    assert len(set(ids)) == 4
    assert ids == sorted(ids)
    assert [folder for _, folder in made] == [workspace.runs / run_id for run_id in ids]
    assert all(not list(folder.iterdir()) for _, folder in made)


def test_a_run_goes_by_its_local_time(workspace, monkeypatch):
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 12, 31, 23, 59, 59, 999_999)

    monkeypatch.setattr(module.datetime, "datetime", Clock)
    ids = [workspace.new_run()[0] for _ in range(2)]
    assert ids == ["2026-12-31T23-59-59", "2027-01-01T00-00-00"]


def test_a_clock_that_was_put_back_makes_no_run_older_than_the_last(workspace):
    ahead = datetime.datetime.now() + datetime.timedelta(hours=1)
    last = ahead.strftime("%Y-%m-%dT%H-%M-%S")
    for name in (last, ".deleted", "zzz", "2099"):  # only the first is a run
        (workspace.runs / name).mkdir(parents=True)
    ids = [workspace.new_run()[0] for _ in range(2)]
    assert [last, *ids] == sorted({last, *ids})
    assert ids[-1] <= (ahead + datetime.timedelta(seconds=2)).strftime("%Y-%m-%dT%H-%M-%S")


def test_a_second_run_is_turned_away(workspace):
    with workspace.locked():
        with pytest.raises(UserError, match='another run of "taxi" is at work') as caught:
            workspace.locked().__enter__()
        assert str(workspace.root) in caught.value.what
        assert "--output-dir" in caught.value.fix


HOLD = """
import sys
from pathlib import Path
from orchestration.local.workspace import Workspace
with Workspace(Path(sys.argv[1]), "taxi").locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_turned_away_until_the_first_is_gone(workspace):
    command = [sys.executable, "-c", HOLD, str(workspace.root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=pipe, stdout=pipe) as holder:
        try:
            assert holder.stdout.readline() == b"locked\n"
            with pytest.raises(UserError, match="at work"):
                workspace.locked().__enter__()
        finally:
            # A kill leaves no lock behind.
            holder.kill()
    with workspace.locked():
        pass


def test_who_is_turned_away_is_told_by_whom(workspace):
    command = [sys.executable, "-c", HOLD, str(workspace.root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout.readline() == b"locked\n"
        for _ in range(2):  # and being told changes nothing
            with pytest.raises(UserError) as caught:
                workspace.locked().__enter__()
            assert caught.value.what.endswith(f"{workspace.root} (process {holder.pid})")
        holder.stdin.close()


def test_a_lock_file_that_was_left_locks_nothing(workspace):
    workspace.root.mkdir()
    (workspace.root / ".taxi.lock").write_text("123456789")
    with workspace.locked(), pytest.raises(UserError, match=rf"\(process {os.getpid()}\)"):
        workspace.locked().__enter__()


def test_a_folder_without_locks(workspace, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(module.fcntl, "flock", refuse)
    with pytest.raises(UserError, match="output folder cannot be locked") as caught:
        workspace.locked().__enter__()
    assert "No locks available" in caught.value.what


def test_the_lock_ends_with_its_run_even_if_that_fails(workspace):
    with pytest.raises(ValueError, match="oops"), workspace.locked():
        raise ValueError("oops")
    with workspace.locked():
        pass


def test_use_cases_do_not_wait_for_each_other(workspace):
    with workspace.locked(), Workspace(workspace.root, "trips").locked():
        pass


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UserError, match="output folder not writable") as caught:
            Workspace(root, "taxi").locked().__enter__()
        assert caught.value.fix == "choose another with --output-dir"


def test_a_file_in_the_place_of_the_runs(workspace):
    workspace.root.mkdir()
    workspace.runs.touch()
    with pytest.raises(UserError, match=f"output folder not writable: {workspace.runs}"):
        workspace.new_run()


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from orchestration.local.workspace import Workspace
from usecase.errors import UserError
os.setuid(int(sys.argv[2]))
workspace = Workspace(Path(sys.argv[1]), "taxi")
try:
    with workspace.locked():
        print(workspace.new_run()[1].is_dir())
except UserError as error:
    print(error)
"""


@pytest.fixture
def unprivileged():
    """Returns a folder, and a function that tells what another account than root makes of it."""
    # Not below pytest's own folder, which root's tests keep to root.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        command = [sys.executable, "-c", UNPRIVILEGED, folder, str(os.getuid() or NOBODY)]

        def attempt():
            done = subprocess.run(
                command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
            )
            return done.stdout.splitlines()[0]

        yield root, attempt
        for path in (root, *root.iterdir()):
            path.chmod(0o755)


def test_a_folder_that_may_not_be_written(unprivileged):
    root, attempt = unprivileged
    root.chmod(0o555)
    assert attempt() == f"output folder not writable: {root} (Permission denied)"
    root.chmod(0o777)
    assert attempt() == "True"


def test_runs_that_may_not_be_written(unprivileged):
    root, attempt = unprivileged
    root.chmod(0o777)
    (root / "runs").mkdir()
    (root / "runs").chmod(0o555)
    assert attempt() == f"output folder not writable: {root}/runs (Permission denied)"


def test_a_disk_that_is_full_already(workspace):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(workspace.root)]
    workspace.root.mkdir()
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no leave to mount a small file system")
    try:
        with workspace.locked(), pytest.raises(UserError, match="No space left on device"):
            workspace.new_run()
        assert list(workspace.runs.iterdir()) == []
    finally:
        subprocess.run(["umount", str(workspace.root)], check=True)
