"""Modules run as processes of their own: what they call may abort a process, or must not be there.

Pure Python, so that who needs it need not import TensorFlow.
"""

import os
import subprocess
import sys

from usecase.paths import PROJECT_ROOT


def run_module(
    module: str, text: str, *, timeout: int, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m MODULE`; it finds modules where this process does.

    Args:
        module: Its dotted name.
        text: Its standard input.
        timeout: Seconds after which it is killed.
        environment: Environment variables beside those of this process.

    Returns:
        The finished process, its output as text; it may have failed.

    Raises:
        subprocess.TimeoutExpired: If it took too long.
    """
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(  # noqa: S603, a module of our own
        [sys.executable, "-m", module],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": paths, **environment},
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )


def last_words(stderr: str, returncode: int) -> str:
    """Returns the line in which a process says why it failed.

    Args:
        stderr: All that it wrote there, logs included.
        returncode: Its exit status; minus the signal that ended it.
    """
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines
    ended = f"signal {-returncode}" if returncode < 0 else f"exit status {returncode}"
    return telling[-1] if telling else ended
