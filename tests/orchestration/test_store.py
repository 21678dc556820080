"""One thread at a time uses the store."""

import threading

import pytest
from tfx.orchestration import metadata

from orchestration.local.store import SerialMetadata

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
