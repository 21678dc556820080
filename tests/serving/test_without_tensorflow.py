"""The client runs in an environment of its lock alone, which holds no TensorFlow."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serving.client import ServingClient
from serving.edge import EdgeModel
from tests.serving.client_world import PHONE_ROWS
from tests.serving.edge_world import ROW
from usecase.paths import PROJECT_ROOT

FOREIGN = ["tensorflow", "tfx", "keras", "pandas", "pydantic", "usecase"]
SCRIPT = """
import importlib.util, json, sys
assert [n for n in json.loads(sys.argv[2]) if importlib.util.find_spec(n)] == []
from serving.edge import EdgeModel
answers = EdgeModel(sys.argv[1]).predict(json.loads(sys.argv[3]))
print(json.dumps({name: values.tolist() for name, values in answers.items()}))
"""
ASK = """
import importlib.util, json, sys
assert [n for n in json.loads(sys.argv[2]) if importlib.util.find_spec(n)] == []
from serving.client import ServingClient
with ServingClient(sys.argv[1], "trips") as client:
    answers = client.predict(json.loads(sys.argv[3]))
    classes = [name.decode() for name in answers["class"]]
    print(json.dumps({"class": classes, "probabilities": answers["probabilities"].tolist()}))
"""


def uv(*arguments: str) -> None:
    subprocess.run([Path(sys.prefix) / "bin" / "uv", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs Python in an environment of the lock, in a folder that holds the room alone."""
    folder = tmp_path_factory.mktemp("edge")
    environment, python = folder / "venv", folder / "venv" / "bin" / "python"
    uv("venv", "--python", sys.executable, str(environment))
    lock = PROJECT_ROOT / "requirements" / "edge.txt"
    uv("pip", "install", "--python", str(python), "--require-hashes", "-r", str(lock))
    shutil.copytree(PROJECT_ROOT / "serving", folder / "alone" / "serving")
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def call(*arguments):
        done = subprocess.run(
            [python, *map(str, arguments)],
            cwd=folder / "alone",
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return call


def test_edge_model(run, pushed):
    rows = [ROW, {}, {"company": "\N{TAXI} Co", "fare": 1.25}]
    printed = run("-c", SCRIPT, pushed, json.dumps(FOREIGN), json.dumps(rows))
    expected = EdgeModel(pushed).predict(rows)
    assert json.loads(printed) == {name: values.tolist() for name, values in expected.items()}


def test_the_command_line(run, pushed, tmp_path):
    (tmp_path / "new.csv").write_text(
        "fare,trip_start_hour,picked up,company\n1.5,3,,Größe\n,,,\n", encoding="utf-8"
    )
    out = tmp_path / "out.csv"
    run(
        "-m", "serving", "predict", "--tflite", pushed, "--data", tmp_path / "new.csv", "--out", out
    )
    rows = [{"fare": 1.5, "trip_start_hour": 3, "company": "Größe"}, {}]
    expected = EdgeModel(pushed).predict(rows)
    header, *lines = out.read_text(encoding="utf-8").splitlines()
    assert header == "fare,trip_start_hour,picked up,company,big_tip_probability,big_tip_class"
    assert [line.split(",")[-2] for line in lines] == [f"{p:.9g}" for p in expected["probability"]]
    assert [line.split(",")[-1] for line in lines] == expected["class"].tolist()


def test_a_model_on_a_server(run, served):
    rows = [*PHONE_ROWS[:2], {"color": "東京"}]
    printed = run("-c", ASK, served.rest, json.dumps([*FOREIGN, "grpc"]), json.dumps(rows))
    with ServingClient(served.grpc, "trips") as client:
        expected = client.predict(rows)
    found = json.loads(printed)
    assert found["class"] == [name.decode() for name in expected["class"]]
    np.testing.assert_allclose(found["probabilities"], expected["probabilities"], atol=1e-6)
    asked = ("-m", "serving", "predict", "--server", served.rest, "--model", "trips")
    shown = json.loads(run(*asked, "--json", json.dumps(rows)))
    assert [answer["class"] for answer in shown] == found["class"]


def test_a_snippet(run, pushed):
    assert "class TripsModel(" in run("-m", "serving", "snippet", "kotlin", "--tflite", pushed)
