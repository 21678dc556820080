"""Tries functions of the user's own before anything runs, in a process that may come to harm."""

import json
import os
import subprocess
import sys

from usecase.declaration import Declaration
from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT

TIMEOUT_SECONDS = 300


def require_sound_functions(declaration: Declaration) -> None:
    """Checks that functions of features compute, and on the phone as well where they must.

    Args:
        declaration: Its features' functions are tried on a few rows; nothing happens without any.

    Raises:
        ConfigError: If one does not; it names the feature and what to change.
    """
    functions = {f.name: f.function for f in declaration.features if f.function}
    if not functions:
        return
    done = subprocess.run(
        [sys.executable, "-m", "models.audit"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        input=declaration.model_dump_json(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise ConfigError(
            f"the audit of {', '.join(functions.values())} came to harm: {last}",
            fix="set mobile: false on these features, if TFLite's converter is what fails",
        )
    for fault in json.loads(done.stdout):
        name = fault["feature"]
        if not fault["mobile"]:
            raise ConfigError(
                f'feature "{name}": {functions[name]} failed: {fault["what"]}',
                expected="a function of {column: tensor [batch]} to one tensor [batch]",
                fix="correct the function",
            )
        raise ConfigError(
            f'feature "{name}": {functions[name]} cannot run on the phone: {fault["what"]}',
            expected="TensorFlow operations that TFLite has as builtins",
            fix=f"use other operations, or set features.{name}.mobile: false",
        )
