"""Kubeflow Pipelines' own code, built once, and what TFX compiles by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.orchestration.kubeflow.argo import program


@pytest.fixture(scope="session")
def argo(tmp_path_factory):
    return program.build(tmp_path_factory.mktemp("argo"))


@pytest.fixture(scope="session")
def unmodified(tmp_path_factory):
    """A pipeline with a resolver as TFX compiles it: files by the version of their schema."""
    folder = tmp_path_factory.mktemp("unmodified")
    script = Path(__file__).parent / "unmodified.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True, timeout=600)
    return {"2.0": folder / "schema_2_0.yaml", "2.1": folder / "schema_2_1.yaml"}
