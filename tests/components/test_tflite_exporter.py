"""The exporter's component: real conversions, and processes that come to harm."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from tfx.types.standard_artifacts import Model, TransformGraph

from components import push_destination, tflite_exporter
from components.settings import ExporterSettings
from components.tflite_exporter import ERROR_FILE, TFLiteExporter
from serving.phone.metadata import read_metadata

ABORTS = """
import os, sys
print("I started", "E0000 some error of a library", sep="\\n", file=sys.stderr)
print("LLVM ERROR: Failed to infer result type(s).", file=sys.stderr, flush=True)
os.abort()
"""
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def export(phone, artifact, run_component, tmp_path):
    def run():
        made = artifact(Model, tmp_path / "made")
        settings = ExporterSettings(name="phone", declaration=phone.declaration)
        run_component(
            TFLiteExporter,
            {
                "trained_model": artifact(Model, phone.trained_model),
                "transform_graph": artifact(TransformGraph, phone.transform_graph),
            },
            {"model": made},
            {"settings": settings.model_dump_json()},
        )
        return Path(made.uri) / "Format-Serving"

    return run


@pytest.fixture
def harmed(monkeypatch, tmp_path):
    """Lets the exporter run another module as its process."""

    def use(code):
        (tmp_path / "harmed_export.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        stand_in = SimpleNamespace(__name__="harmed_export")
        monkeypatch.setattr(tflite_exporter, "lite_export", stand_in)

    return use


def test_files_are_made_and_know_the_served_model(export, phone):
    folder = export()
    metadata = read_metadata(folder)
    assert {path.name for path in folder.iterdir()} == {
        "model.tflite",
        "model_int8.tflite",
        "metadata.json",
    }
    served = push_destination.digest(phone.trained_model / "Format-Serving")
    assert metadata.saved_model_sha256 == served
    assert metadata.model == "phone"


def test_what_the_converter_says_when_it_aborts_becomes_the_error(export, harmed):
    harmed(ABORTS)
    folder = export()
    text = (folder / ERROR_FILE).read_text()
    assert text.splitlines()[0] == "LLVM ERROR: Failed to infer result type(s)."
    assert "I started" in text
    assert [path.name for path in folder.iterdir()] == [ERROR_FILE]


def test_a_process_that_was_killed_is_a_failure_to_be_tried_again(export, harmed):
    harmed(KILLED)
    with pytest.raises(RuntimeError, match=r"signal 9.*too little memory"):
        export()
