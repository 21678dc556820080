"""Small real models, made once, and folders of versions with them."""

import json
import os
import subprocess
import sys

import pytest

from tests.serving.edge_world import MODELS, described, metadata, with_metadata, write
from usecase.paths import PROJECT_ROOT


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """The contents of a .tflite file with metadata inside, by the names of MODELS."""
    folder = tmp_path_factory.mktemp("tflite")
    done = subprocess.run(
        [sys.executable, "-m", "tests.serving.tflite_models", folder],
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {
        name: with_metadata(
            (folder / f"{name}.tflite").read_bytes(), json.dumps(metadata(task)).encode()
        )
        for name, (task, _) in MODELS.items()
    }


@pytest.fixture(scope="session")
def push(models):
    """Returns a function that makes the folder of one version of a task."""

    def make(folder, task="binary", **changes):
        folder.mkdir(parents=True)
        files = {"float32": "model.tflite"}
        (folder / "model.tflite").write_bytes(models[task])
        if task == "binary":
            files["int8"] = "model_int8.tflite"
            (folder / "model_int8.tflite").write_bytes(models["binary_shifted"])
        write(folder, described(folder, files, task=task, **changes))
        return folder

    return make


@pytest.fixture(scope="session")
def pushed(push, tmp_path_factory):
    """The folder of one version of a binary model, with the variants float32 and int8."""
    return push(tmp_path_factory.mktemp("pushed") / "7")
