"""A server is started, answers, and ends with who wanted it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from serving import launch as launching
from serving.errors import ServingError
from serving.launch import launch
from serving.servers import guard
from serving.servers.status import Version, served
from serving.servers.status import versions as versions_of
from tests.serving.launch_world import (
    is_running,
    path_of,
    python,
    tiny_binary,
    versions,
    wait_until,
)

LAUNCH_AND_WAIT = """
import sys, time
from pathlib import Path
from serving.launch import launch
with launch(Path(sys.argv[1]), "m", kind="binary", log=Path(sys.argv[2])) as running:
    print(running.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Starts a server that answers for its status alone, in one of its modes."""
    tiny_binary(tmp_path / "bin")
    monkeypatch.setenv("PATH", path_of(tmp_path / "bin"))
    base = versions(tmp_path / "m", 3)

    def start(mode="ready", **options):
        monkeypatch.setenv("TINY_MODE", mode)
        return launch(base, "m", kind="binary", **options)

    return start


def server_pid(log_text):
    return int(log_text.rpartition("pid: ")[2].split()[0])


def temporary_logs():
    return set(Path(tempfile.gettempdir()).glob("model-server-*.log"))


def test_it_answers_when_it_is_returned_and_is_gone_afterwards(tiny):
    before = temporary_logs()
    started = time.monotonic()
    with tiny(extra_flags=["--enable_batching=true"]) as running:
        assert time.monotonic() - started < 5
        assert (running.kind, running.name, running.served()) == ("binary", "m", [3])
        assert running.is_alive()
        assert running.rest.startswith("http://127.0.0.1:")
        assert versions_of(running.rest, "m") == [Version(3, "AVAILABLE", "")]
        port = running.grpc.rpartition(":")[2]
        said = running.log_tail()
        assert f'"port": "{port}"' in said
        assert '"enable_batching": "true"' in said
        pid = server_pid(said)
        assert is_running(pid)
        assert "0.0.0.0" in running.note
    assert not is_running(pid)
    assert not running.is_alive()
    assert versions_of(running.rest, "m") == []
    assert running.log_tail() == said
    assert temporary_logs() == before
    running.stop()


def test_a_log_that_is_given_stays(tiny, tmp_path):
    log = tmp_path / "server.log"
    log.write_text("before\n")
    with tiny(log=log):
        pass
    assert log.read_text().startswith("before\nflags: ")


def test_a_server_that_dies_at_once(tiny):
    started = time.monotonic()
    with pytest.raises(ServingError) as error:
        tiny("dies")
    assert time.monotonic() - started < 5
    assert "the binary server ended with exit status 7 before the model answered" in str(
        error.value
    )
    assert error.value.what.endswith("    line one\n    Failed to start server. Error: the reason")
    (log,) = (path for path in temporary_logs() if str(path) in error.value.fix)
    assert "the reason" in log.read_text()
    log.unlink()


def test_a_binary_that_cannot_be_run(tiny, tmp_path):
    (tmp_path / "bin" / "tensorflow_model_server").write_text("#!/no/such/interpreter\n")
    with pytest.raises(ServingError, match="exit status 127") as error:
        tiny(log=tmp_path / "log")
    assert "cannot run" in error.value.what


def test_a_model_that_never_answers(tiny, tmp_path):
    log, waited = tmp_path / "log", []
    with pytest.raises(ServingError) as error:
        tiny("never", timeout=1.0, log=log, progress=waited.append)
    assert 'the model "m" did not answer within 1 s' in error.value.what
    assert "version 3 is in state LOADING" in error.value.what
    assert waited == sorted(waited)
    assert len(waited) > 3
    assert not is_running(server_pid(log.read_text()))


def test_a_port_that_is_taken_starts_nothing(tiny, tmp_path):
    log = tmp_path / "log"
    with tiny() as running:
        port = int(running.rest.rpartition(":")[2])
        with pytest.raises(ServingError, match=f"port {port} of 0.0.0.0 is taken"):
            tiny(rest_port=port, log=log)
    assert not log.exists()


def test_an_interrupt_while_it_waits_ends_the_server(tiny, tmp_path):
    log = tmp_path / "log"

    def interrupt(seconds):
        if seconds > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny("never", log=log, progress=interrupt)
    assert not is_running(server_pid(log.read_text()))


def test_a_server_that_does_not_obey_is_killed(tiny, monkeypatch):
    monkeypatch.setattr(launching, "GRACE_SECONDS", 0.3)
    with tiny("deaf") as running:
        pid = server_pid(running.log_tail())
    assert not is_running(pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_dies_with_whoever_started_it(tiny, tmp_path, number):
    log = tmp_path / "log"
    parent = python(
        "-c",
        LAUNCH_AND_WAIT,
        str(tmp_path / "m"),
        str(log),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    guard = int(parent.stdout.readline())
    server = server_pid(log.read_text())
    assert is_running(server)
    parent.send_signal(number)
    parent.communicate(timeout=20)
    assert wait_until(lambda: not is_running(server))
    assert wait_until(lambda: not is_running(guard))


def test_a_guard_that_is_told_to_end_ends_the_server(tiny):
    running = tiny()
    pid = server_pid(running.log_tail())
    os.kill(running.pid, signal.SIGTERM)
    assert wait_until(lambda: not running.is_alive())
    assert not is_running(pid)
    running.stop()


def test_a_cleanup_runs_only_where_the_server_was_killed(tmp_path):
    for command, expected in (("kill -9 $$", True), ("exit 0", False), ("exit 3", False)):
        mark = tmp_path / f"mark-{expected}-{len(command)}"
        spec = {"command": ["sh", "-c", command], "cleanup": ["touch", str(mark)], "grace": 1}
        command_line = [sys.executable, "-I", "-S", guard.__file__, json.dumps(spec)]
        with subprocess.Popen(command_line, stdin=subprocess.PIPE) as process:
            status = process.wait(20)
        assert mark.exists() == expected
        assert status == {"kill -9 $$": 137, "exit 0": 0, "exit 3": 3}[command]


def test_what_is_no_answer_is_no_version():
    known = [Version(3, "END", "x"), Version(2, "AVAILABLE", ""), Version(1, "LOADING", "")]
    assert served(known) == [2]
    assert versions_of("http://127.0.0.1:9", "m") == []
