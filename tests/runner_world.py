"""What tests of the command lines share: how they are run, and a config with a typo."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

from tests.timing import timed
from usecase.paths import PROJECT_ROOT

TAXI = (PROJECT_ROOT / "configs" / "taxi.yaml").read_text()
HEAVY = ("apache_beam", "keras", "ml_metadata", "numpy", "pandas", "tensorflow", "tfx")
PROBE = """
import sys
import {name}
try:
    status = {name}.main(sys.argv[1:])
except SystemExit as error:
    status = error.code
print("status", status, sorted(set({heavy!r}) & set(sys.modules)))
"""
# What a command line needs to say that it is not set up.
LIGHT = ("orchestration/__init__.py", "orchestration/environment.py")
NOT_SET_UP = "error: TFX is not installed here\n  fix: make setup\n"


class Program(NamedTuple):
    """A command line, in a process of its own.

    Attributes:
        name: That of its module.
        heavy: What it must not import before anything is right.
        environ: Its environment; None is that of the test.
        light: The files that it needs beside its own before its packages are there.
    """

    name: str
    heavy: tuple[str, ...]
    environ: Mapping[str, str] | None = None
    light: tuple[str, ...] = LIGHT

    def run(self, *arguments, **environ):
        return self._start([f"{self.name}.py"], arguments, environ)

    def probe(self, *arguments, **environ):
        """Runs it; the last line tells its status, and what it imported of what is heavy."""
        program = PROBE.format(name=self.name, heavy=self.heavy)
        return self._start(["-c", program], arguments, environ)

    def refused_within(self, longest, *arguments):
        """Runs it; returns what it tells of a mistake, within so many seconds of work."""
        seconds, done = timed(lambda: self.run(*arguments))
        assert seconds < longest
        assert (done.returncode, done.stdout) == (2, "")
        return done.stderr

    def run_alone(self, folder, *arguments):
        """Runs it in a copy, with a Python that sees no installed package."""
        for path in (f"{self.name}.py", *self.light):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT_ROOT / path, folder / path)
        command = [sys.executable, "-S", f"{self.name}.py", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    def run_with_environment(self, folder, *arguments):
        """Runs it in a copy with an environment, whose Python tells its arguments and ends in 7."""
        python = folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\necho "went on with $*"\nexit 7\n')
        python.chmod(0o755)
        return self.run_alone(folder, *arguments)

    def _start(self, program, arguments, environ):
        return subprocess.run(
            [sys.executable, *program, *map(str, arguments)],
            check=False,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            env=None if self.environ is None else {**self.environ, **environ},
        )


def changed_taxi(folder, old, new):
    """Writes the taxi use case with another text somewhere; returns its path."""
    path = folder / "taxi.yaml"
    assert old in TAXI
    path.write_text(TAXI.replace(old, new))
    return path


def write_typo(folder):
    return changed_taxi(folder, "\nsplit:", "\nsplitt:")


def told_of_typo(path):
    return f'error: {path}: unknown key "splitt"\n  fix: did you mean "split"?\n'
