"""The program of this folder: the own code of Kubeflow Pipelines and of Argo, in Go."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent
BUILD_S = 1800.0  # the first time hundreds of modules are fetched and compiled
RUN_S = 60.0
# What `go` says where a module cannot be had: that is no fault of the pipeline.
UNREACHABLE = re.compile(
    r"(403 Forbidden|404 Not Found|410 Gone|5\d\d [A-Z]|dial tcp|no such host|i/o timeout|"
    r"module lookup disabled|connection refused|TLS handshake|go\.mod requires go)"
)


class RefusedError(Exception):
    """Kubeflow Pipelines, or Argo, refuses a pipeline."""


def build(folder):
    """Returns the path of the program, built; skips the test where that cannot be done.

    Raises:
        AssertionError: If the program does not compile.
    """
    if shutil.which("go") is None:
        pytest.skip("no `go` on the PATH")
    program = folder / "argo"
    environment = {**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        ["go", "build", "-buildvcs=false", "-o", str(program), "."],
        cwd=SOURCE,
        env={**environment, "GOWORK": "off"},
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"Go modules cannot be fetched: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return program


def workflow_text(program, pipeline, parameters="{}"):
    """Returns the workflow of Argo that a submitted pipeline becomes, as YAML.

    Args:
        program: What `build` returned.
        pipeline: The file.
        parameters: What the run sets, as JSON.

    Raises:
        RefusedError: In the words of Kubeflow Pipelines or Argo.
    """
    done = subprocess.run(
        [str(program), "workflow", str(pipeline), parameters],
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    if done.returncode:
        raise RefusedError(done.stderr)
    return done.stdout


def answers(program, questions):
    """Returns for each task whether it runs, None if its driver fails.

    Args:
        program: What `build` returned.
        questions: For each task its condition, and its ExecutorInput as JSON has it.
    """
    lines = [json.dumps({"condition": text, "input": given}) for text, given in questions]
    done = subprocess.run(
        [str(program), "conditions"],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [None if "error" in each else each["runs"] for each in found]
