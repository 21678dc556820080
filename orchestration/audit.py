"""Tries functions of the user's own before anything runs, in a process that may come to harm."""

import json

from models.processes import last_words, run_module
from usecase.declaration import Declaration
from usecase.errors import ConfigError

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
    done = run_module("models.audit", declaration.model_dump_json(), timeout=TIMEOUT_SECONDS)
    if done.returncode:
        raise ConfigError(
            f"the audit of {', '.join(functions.values())} came to harm: "
            + last_words(done.stderr, done.returncode),
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
