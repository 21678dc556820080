"""The output folder: its places, its lock, the ids of its runs."""

import datetime
import subprocess
import sys

import pytest

from orchestration.local import workspace as module
from orchestration.local.workspace import Workspace
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
