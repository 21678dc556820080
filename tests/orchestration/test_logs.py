"""What frameworks print goes to the log, and only while it should."""

import ctypes
import logging
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from orchestration.local.logs import PROGRESS_LOGGER, redirected
from usecase.paths import PROJECT_ROOT

NOISE = """
import ctypes, logging, os, subprocess, sys, warnings
from pathlib import Path
from orchestration.local.logs import PROGRESS_LOGGER, redirected

print("stdout before")
print("stderr before", file=sys.stderr)
late = None
with redirected(Path(sys.argv[1]), lambda progress: print("progress", progress)):
    print("python stdout")
    print("no newline", end="")
    print("python stderr", file=sys.stderr)
    os.write(1, b"descriptor 1\\n")
    os.write(2, b"descriptor 2\\n")
    ctypes.CDLL(None).write(2, b"C\\n", 2)
    subprocess.run(["echo", "child"], check=True)
    logging.getLogger("somebody").info("logged")
    logging.getLogger("apache_beam").info("chatter of Beam")
    warnings.warn("warned")
    late = logging.StreamHandler()
    if sys.argv[2:]:
        raise SystemExit(sys.argv[2])
print("stdout after")
print("stderr after", file=sys.stderr)
os.write(1, b"descriptor after\\n")
logging.getLogger("somebody").info("not logged")
late.stream.write("late\\n")
"""
TO_THE_LOG = (
    *("python stdout", "no newline", "python stderr", "descriptor 1", "descriptor 2", "C\n"),
    *("child", "INFO somebody: logged", "warned"),
)


@pytest.fixture
def noise(tmp_path):
    def run(*arguments):
        log = tmp_path / "run.log"
        done = subprocess.run(
            # Unbuffered: what is printed and what is written to the descriptor keep their order.
            [sys.executable, "-u", "-c", NOISE, str(log), *arguments],
            check=False,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
        )
        return done, log.read_text()

    return run


@pytest.fixture(autouse=True)
def levels():
    loggers = [logging.getLogger(name) for name in (None, PROGRESS_LOGGER, "apache_beam")]
    kept = [(logger, logger.level) for logger in loggers]
    yield
    for logger, level in kept:
        logger.setLevel(level)


def test_all_output_goes_to_the_log_and_comes_back(noise):
    done, log = noise()
    assert done.returncode == 0
    assert done.stdout == "stdout before\nstdout after\ndescriptor after\n"
    assert done.stderr.splitlines()[:2] == ["stderr before", "stderr after"]
    for text in TO_THE_LOG:
        assert text in log
    for text in ("before", "after", "not logged", "chatter"):
        assert text not in log


def test_output_comes_back_after_an_error_too(noise):
    done, log = noise("stopped")
    assert done.returncode == 1
    assert done.stdout == "stdout before\n"
    assert done.stderr == "stderr before\nstopped\n"
    for text in TO_THE_LOG:
        assert text in log


def told(log, body, **options):
    with redirected(log, options.pop("on_progress", lambda progress: None), **options):
        body()


def raising(error):
    raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_descriptors_and_loggers_are_as_they_were(tmp_path, capfd, error):
    before = os.fstat(1), os.fstat(2), sys.stdout, sys.stderr
    handlers = logging.getLogger().handlers[:]
    showwarning = warnings.showwarning
    with pytest.raises(error):
        told(tmp_path / "log", lambda: raising(error("oops")))
    assert (os.fstat(1), os.fstat(2), sys.stdout, sys.stderr) == before
    assert logging.getLogger().handlers == handlers
    assert logging.getLogger(PROGRESS_LOGGER).handlers == []
    assert warnings.showwarning is showwarning


def test_no_descriptor_is_left_open(tmp_path):
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    told(tmp_path / "log", lambda: None)
    before = descriptors()
    for _ in range(5):
        told(tmp_path / "log", lambda: None)
    assert descriptors() == before


def test_a_second_redirection_appends(tmp_path, capfd):
    for text in (b"first\n", b"second\n"):
        told(tmp_path / "log", lambda text=text: os.write(1, text))
    assert (tmp_path / "log").read_text() == "first\nsecond\n"
    assert capfd.readouterr() == ("", "")


def test_progress_is_passed_on_as_it_comes(tmp_path):
    seen, progress = [], {"epoch": 3, "epochs": 30, "loss": 0.4}
    logger = logging.getLogger(PROGRESS_LOGGER)

    def train():
        logger.info("epoch %(epoch)d", progress, extra={"progress": progress})
        assert seen == [progress]

    told(tmp_path / "log", train, on_progress=seen.append)
    assert "INFO pipeline.progress: epoch 3" in (tmp_path / "log").read_text()
    logger.info("later", extra={"progress": {}})
    assert seen == [progress]


def test_the_log_of_others_is_no_progress(tmp_path):
    seen = []
    told(tmp_path / "log", lambda: logging.getLogger("tfx").info("hi"), on_progress=seen.append)
    assert seen == []


def test_progress_may_be_logged_by_threads(tmp_path):
    seen = []

    def train():
        logger = logging.getLogger(PROGRESS_LOGGER)
        threads = [
            threading.Thread(
                target=logger.info, args=("",), kwargs={"extra": {"progress": {"n": n}}}
            )
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    told(tmp_path / "log", train, on_progress=seen.append)
    assert sorted(progress["n"] for progress in seen) == list(range(8))


def test_an_echo_shows_the_whole_log(tmp_path):
    reading, writing = os.pipe()
    try:
        told(tmp_path / "log", lambda: ctypes.CDLL(None).write(1, b"loud\n", 5), echo_fd=writing)
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as echoed:
        assert echoed.read() == (tmp_path / "log").read_bytes() == b"loud\n"
