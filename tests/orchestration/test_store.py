"""One thread at a time uses the store, and other processes are waited for."""

import contextlib
import subprocess
import sys
import threading
import time

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from orchestration.local import sqlite_store
from orchestration.local.metadata_store import sqlite_config
from orchestration.local.store import SerialMetadata
from usecase.errors import UserError

LIMIT = 10.0


@pytest.fixture
def config(tmp_path):
    return metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))


def in_thread(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_another_thread_waits_its_turn(config):
    inside, entered = threading.Event(), []

    def enter():
        inside.set()
        with SerialMetadata(config) as handle:
            entered.append(handle.store.get_artifact_types())

    with SerialMetadata(config), SerialMetadata(config) as handle:  # one thread may nest
        thread = in_thread(enter)
        assert inside.wait(LIMIT)
        thread.join(0.2)
        assert thread.is_alive()
        assert not entered
        assert handle.store.get_artifact_types() == []
    thread.join(LIMIT)
    assert entered == [[]]


def test_an_error_gives_the_turn_away(config):
    with pytest.raises(ValueError, match="oops"), SerialMetadata(config):
        raise ValueError("oops")
    entered = []

    def enter():
        with SerialMetadata(config):
            entered.append(1)

    in_thread(enter).join(LIMIT)
    assert entered == [1]


def test_a_store_that_cannot_be_opened_gives_the_turn_away(config, monkeypatch):
    def refuse(self):
        raise RuntimeError("no such store")

    with monkeypatch.context() as patch:
        patch.setattr(metadata.Metadata, "__enter__", refuse)
        with pytest.raises(RuntimeError, match="no such store"):
            SerialMetadata(config).__enter__()
    entered = []

    def enter():
        with SerialMetadata(config):
            entered.append(1)

    in_thread(enter).join(LIMIT)
    assert entered == [1]


HOLD = """
import sqlite3, sys, time
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN " + sys.argv[3])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
file.execute("ROLLBACK")
"""


@contextlib.contextmanager
def locked(path, seconds, kind="IMMEDIATE"):
    """Another process keeps a file locked for writing, as a database browser does."""
    command = [sys.executable, "-c", HOLD, str(path), str(seconds), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        yield
        holder.kill()


def note(config, name):
    """Writes to the store and returns the names that it holds then."""
    with SerialMetadata(config) as handle:
        kind = handle.store.put_context_type(metadata_store_pb2.ContextType(name="note"))
        handle.store.put_contexts([metadata_store_pb2.Context(type_id=kind, name=name)])
        return {context.name for context in handle.store.get_contexts()}


@pytest.mark.parametrize("kind", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_short_lock_of_another_process_is_waited_for(tmp_path, kind):
    path = tmp_path / "metadata.db"
    config = sqlite_config(path)
    assert note(config, "first") == {"first"}
    began = time.monotonic()
    with locked(path, 1.5, kind):
        assert note(config, "second") == {"first", "second"}
    assert time.monotonic() - began > 1.5


def test_a_long_lock_of_another_process_is_told_with_the_file(tmp_path):
    path = tmp_path / "metadata.db"
    config = sqlite_config(path)
    note(config, "first")
    config.retry_options.max_num_retries = 1  # else it would take a while
    with locked(path, LIMIT), pytest.raises(UserError) as caught:
        note(config, "second")
    assert caught.value.what == f"the metadata store is locked by another process: {path}"
    assert "notebook" in caught.value.fix
    assert note(config, "third") == {"first", "third"}  # and the turn was given away


def test_a_lock_that_keeps_readers_out_does_not_keep_a_run_without_end(tmp_path, monkeypatch):
    path = tmp_path / "metadata.db"
    config = sqlite_config(path)
    note(config, "first")
    monkeypatch.setattr(sqlite_store, "LOCK_WAIT_S", 0.3)
    with locked(path, LIMIT, "EXCLUSIVE"), pytest.raises(UserError) as caught:
        note(config, "second")
    assert caught.value.what == f"the metadata store is locked by another process: {path}"
    assert note(config, "third") == {"first", "third"}


def test_a_store_that_cannot_be_opened_for_a_lock_is_told_with_the_file(config, monkeypatch):
    def busy(self):
        raise RuntimeError("Concurrent writes aborted after max number of retries.")

    monkeypatch.setattr(metadata.Metadata, "__enter__", busy)
    with pytest.raises(UserError, match=r"locked by another process: .*metadata.db"):
        SerialMetadata(config).__enter__()


def test_a_deadlock_of_a_server_is_no_lock_of_a_file():
    server = metadata_store_pb2.ConnectionConfig()
    server.fake_database.SetInParent()
    with pytest.raises(RuntimeError, match="writes aborted"), SerialMetadata(server):
        raise RuntimeError("Concurrent writes aborted after max number of retries.")


def test_another_error_is_no_lock(config):
    with pytest.raises(RuntimeError, match=r"^disk I/O error$"), SerialMetadata(config):
        raise RuntimeError("disk I/O error")
