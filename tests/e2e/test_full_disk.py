"""A disk that is full, and a clock that goes backwards: what was pushed stays whole."""

import contextlib
import os
import subprocess
import sys

import pytest

from components import push_destination
from tests.e2e.small import NAME, Small

OTHER = ("--set", "training.seed=9")
# More than any folder's own files need, less than a model.
LITTLE, MUCH = "64k", "64m"


@contextlib.contextmanager
def tmpfs(folder, size):
    """Mounts a file system of its own on a folder; skips the test where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resize(folder, size):
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def used_by(folder):
    """Returns the room that a file system has given away, in bytes."""
    state = os.statvfs(folder)
    return (state.f_blocks - state.f_bfree) * state.f_frsize


def states(done):
    return {node["id"]: node["state"] for node in done.json["nodes"]}


@pytest.mark.slow
def test_a_disk_that_fills_up_in_training_and_in_a_push(tmp_path):
    small = Small(tmp_path)
    trained = small.outputs / "artifacts" / NAME / "Trainer"
    with tmpfs(trained, LITTLE):
        done = small.run()
        assert (done.code, done.json["verdict"]) == (2, "failed")
        assert states(done)["Trainer"] == "failed"
        assert states(done)["Pusher"] == "skipped"
        assert "Traceback" not in done.stdout + done.stderr
        assert small.pushed() == []

    with tmpfs(small.serving, MUCH):
        done = small.run()
        assert done.code == 0, done.stdout + done.stderr
        assert states(done)["Transform"] == "cached"
        (version,) = small.pushed()
        model = small.serving / str(version)
        whole = push_destination.digest(model)

        # Room for a third of a second model.
        resize(small.serving, used_by(small.serving) * 4 // 3)
        done = small.run(*OTHER)
        assert (done.code, done.json["verdict"]) == (2, "failed")
        assert states(done)["Pusher"] == "failed"
        assert "No space left on device" in done.json["error"]["what"]
        assert [path.name for path in small.serving.iterdir()] == [str(version)]
        assert push_destination.digest(model) == whole

        resize(small.serving, MUCH)
        done = small.run(*OTHER)
        assert done.code == 0, done.stdout + done.stderr
        assert states(done)["Trainer"] == "cached"
        assert small.pushed()[0] == version
        assert len(small.pushed()) == 2
        assert push_destination.digest(model) == whole


def test_a_disk_that_fills_up_in_a_push_leaves_no_half_of_a_model(tmp_path):
    model, serving = tmp_path / "model", tmp_path / "serving"
    (model / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/data"):
        (model / name).write_bytes(os.urandom(100_000))
    with tmpfs(serving, "512k"):
        first = push_destination.publish(model, serving, 7)
        second = push_destination.publish(model, serving, 8)
        with pytest.raises(OSError, match=r"^version 9 could not be copied: .*No space left on"):
            push_destination.publish(model, serving, 9)
        assert sorted(path.name for path in serving.iterdir()) == ["7", "8"]
        for version in (first, second):
            assert push_destination.digest(version) == push_destination.digest(model)
        resize(serving, MUCH)
        push_destination.publish(model, serving, 9)
        assert push_destination.latest_version(serving) == 9


# Where no file system can be mounted: no file may grow beyond a limit, which fails as late.
LIMITED = """
import resource, sys
from components import push_destination
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
push_destination.publish(sys.argv[1], sys.argv[2], 8)
"""


def test_a_file_that_cannot_be_written_in_a_push_leaves_no_half_of_a_model(tmp_path):
    model, serving = tmp_path / "model", tmp_path / "serving"
    model.mkdir()
    (model / "a_small_file").write_bytes(b"first")
    (model / "saved_model.pb").write_bytes(os.urandom(100_000))
    first = push_destination.publish(model, serving, 7)
    whole = push_destination.digest(first)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(model), str(serving)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "File too large" in done.stderr
    assert [path.name for path in serving.iterdir()] == ["7"]
    assert push_destination.digest(first) == whole
    push_destination.publish(model, serving, 8)
    assert push_destination.latest_version(serving) == 8


def test_a_clock_that_goes_backwards_between_two_pushes_makes_no_lower_version(tmp_path):
    model, serving, mobile = tmp_path / "model", tmp_path / "serving", tmp_path / "mobile"
    model.mkdir()
    (model / "saved_model.pb").write_bytes(b"graph 1")
    now = 1_700_000_000
    versions = []
    for moment in (now, now - 86_400, 0, now + 1, now + 5):
        (model / "saved_model.pb").write_bytes(f"graph at {moment}".encode())
        version = push_destination.next_version(model, serving, mobile, moment)
        push_destination.publish(model, serving, version)
        versions.append(version)
    assert versions == [now, now + 1, now + 2, now + 3, now + 5]
    assert push_destination.latest_version(serving) == now + 5
