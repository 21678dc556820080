"""Small real models, made once: files for phones, folders of versions, and one server of many."""

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


@pytest.fixture(scope="session")
def trips(tmp_path_factory):
    """A multiclass model of ours with columns of every type, never trained."""
    from tests.components.phone_world import Phone

    return Phone(tmp_path_factory.mktemp("trips"), "multiclass")


@pytest.fixture(scope="session")
def served(trips, tmp_path_factory):
    """A running model server: `trips`, and small models each with something of its own."""
    from tests.model_server.world import launched
    from tests.serving.client_world import write_models

    folder = tmp_path_factory.mktemp("served")
    config = folder / "models.config"
    config.write_text(write_models(folder / "models", trips), encoding="utf-8")
    flags = (f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models")
    with launched(*flags) as running:
        running.models = folder / "models"
        yield running


@pytest.fixture(params=["grpc", "rest"])
def address(request, served):
    """The address of the server, over gRPC and over REST."""
    return getattr(served, request.param)
