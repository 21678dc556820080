"""A command as a whole: its seconds, and the memory of all its processes together."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from usecase.paths import PROJECT_ROOT

INTERVAL_S = 0.2


class Cost(NamedTuple):
    """What a command cost.

    Attributes:
        seconds: From its start to its end, by the clock.
        megabytes: The largest memory of its processes together, looked at five times a second;
            what they share counts once.
    """

    seconds: float
    megabytes: float


def run_measured(command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> Cost:
    """Runs a command to its end.

    Args:
        command: Its words.
        env: Its whole environment.
        cwd: The folder to run it in.
        log: The file that gets all that it prints.

    Raises:
        RuntimeError: If it fails; with the end of what it printed.
    """
    started, peak = time.perf_counter(), 0.0
    with log.open("w") as file:
        process = psutil.Popen(command, env=dict(env), cwd=cwd, stdout=file, stderr=file)
        while process.poll() is None:
            peak = max(peak, _megabytes(process))
            try:
                process.wait(INTERVAL_S)
            except psutil.TimeoutExpired:
                continue
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()[-3000:]}")
    return Cost(time.perf_counter() - started, peak)


def printed(module: str, *arguments: str, **env: str) -> str:
    """Runs a module of this project in a process of its own; returns the last line it prints.

    Args:
        module: Its dotted name.
        arguments: Its arguments.
        env: What its environment has beside this one's.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    done = subprocess.run(  # noqa: S603, modules of this project
        [sys.executable, "-m", module, *arguments],
        check=True,
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **env},
    )
    return done.stdout.splitlines()[-1]


def _megabytes(process: psutil.Popen) -> float:
    total = 0
    try:
        for one in [process, *process.children(recursive=True)]:
            total += _share(one)
    except psutil.Error:  # it has ended meanwhile
        pass
    return total / 1e6


def _share(process: psutil.Process) -> int:
    """Returns the bytes of a process, what it shares divided among those that share it."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):  # it has ended, or this system does not tell
        return 0
