"""`python -m serving compare`, and what `promote` takes over from it."""

import argparse
import json
import subprocess
import sys

import pytest

from serving.__main__ import main
from serving.compare import command
from serving.errors import ServingError
from serving.releases.state import State
from usecase.paths import PROJECT_ROOT


def parsed(*arguments):
    top = argparse.ArgumentParser()
    command.add_command(top.add_subparsers(dest="command", required=True))
    return top.parse_args(["compare", *map(str, arguments)])


@pytest.fixture
def run(compared, data, capsys):
    """Runs the command on the server; returns its exit status and what it printed."""

    def call(*arguments):
        asked = ("--server", compared.rest, "--data", data.path, "--rows", "200")
        status = command.run(parsed(*asked, *arguments, "--max-slowdown", "20"))
        return status, capsys.readouterr().out

    return call


def test_no_worse(run, compared, data):
    status, printed = run("--model", "good", "--label", "y")
    lines = printed.splitlines()
    assert (status, lines[0]) == (0, "✔ canary 2 is no worse than stable 1")
    assert lines[1] == (
        f"  · good at {compared.rest}: 200 rows of {data.path}, which has more, answered by both "
        "in requests of 1"
    )
    heads = [line.split()[0] for line in lines if line.startswith("  ")]
    assert heads == [
        "·", "requests", "failed", "latency", "latency", "latency",
        "quality", "auc", "log", "answers", "probability", "canary",
    ]  # fmt: skip


def test_worse(run):
    status, printed = run("--model", "reversed", "--label", "word")
    assert status == 1
    assert printed.startswith("✘ canary 2 is worse than stable 1: wrong: auc 0.1")


def test_by_the_command_line_of_the_room(compared, data, capsys):
    asked = ["compare", "--server", compared.rest, "--data", str(data.path), "--rows", "60"]
    assert main([*asked, "--model", "renamed", "--max-slowdown", "20"]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("✘ canary 2 is worse than stable 1: outputs: probability is missing")
    assert main([*asked, "--model", "alone"]) == 2
    assert 'error: there is no canary: both labels of model "alone"' in capsys.readouterr().err


def test_json_says_the_same(run):
    status, printed = run("--model", "nan", "--label", "y", "--json")
    found = json.loads(printed, parse_constant=pytest.fail)
    assert status == 1
    assert (found["stable"], found["canary"], found["rows"]) == (1, 2, 200)
    assert (found["is_worse"], found["is_better"], found["margin"]) == (True, False, 0.0)
    first = found["findings"][0]
    assert (first["kind"], first["is_bad"]) == ("not finite", True)
    (output,) = found["outputs"]
    assert (output["output"], output["is_class"], output["max_change"]) == ("probability", False, 0)
    assert output["canary"]["not_finite"] == output["lost"] > 10
    assert found["quality"]["metric"] == "auc"
    assert found["quality"]["beside"].keys() == {"log loss"}
    assert found["latency"]["stable"].keys() == {"median", "p90", "p99"}
    assert found["errors"]["canary"] == {"count": 0, "codes": {}, "first": ""}


def test_the_release_names_the_model_and_its_server(compared, data, tmp_path, capsys):
    folder = tmp_path / "outputs"
    folder.mkdir()
    state = State(model="good", stables=(1,), servers=(compared.grpc, "http://127.0.0.1:1"))
    (folder / "release.json").write_text(json.dumps(state.to_json()))
    asked = ("--model-dir", folder, "--data", data.path, "--rows", "60", "--max-slowdown", "20")
    assert command.run(parsed(*asked)) == 0
    assert f"good at {compared.grpc}: 60 rows" in capsys.readouterr().out
    (folder / "release.json").unlink()
    with pytest.raises(ServingError, match='model "outputs" is not served at'):
        command.run(parsed(*asked, "--server", compared.rest))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--model", "m"], "required: --data"),
        (["--data", "x", "--model", "m", "--model-dir", "d"], "not allowed with"),
        (["--data", "x", "--rows", "0"], "--rows: 0 is no number of rows: 1 or more"),
        (["--data", "x", "--rows", "many"], "--rows: invalid"),
        (["--data", "x", "--margin", "-1"], "--margin: -1: 0 or more"),
        (["--data", "x", "--margin", "nan"], "--margin: nan: 0 or more"),
        (["--data", "x", "--max-slowdown", "0.5"], "--max-slowdown: 0.5: 1 or more"),
        (["--data", "x", "--max-slowdown", "inf"], "--max-slowdown: inf: 1 or more"),
    ],
)
def test_a_command_line_that_makes_no_sense(arguments, what, capsys):
    with pytest.raises(SystemExit) as caught:
        parsed(*arguments)
    assert caught.value.code == 2
    assert what in capsys.readouterr().err


def test_another_command_takes_the_arguments_and_needs_none():
    promote = argparse.ArgumentParser()
    command.add_arguments(promote)
    options = promote.parse_args([])
    assert (options.data, options.label, options.margin) == (None, None, 0.0)
    with pytest.raises(ServingError, match="no rows to compare versions on"):
        command.from_options(options, "http://127.0.0.1:1", "m")


def test_without_scipy_it_says_what_to_install(monkeypatch, compared, data):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    asked = ("--server", compared.rest, "--model", "good", "--data", data.path)
    with pytest.raises(ServingError, match="a comparison needs SciPy") as caught:
        command.run(parsed(*asked))
    assert caught.value.fix == "pip install scipy"


LOOK = """
import argparse, json, sys
from serving.__main__ import main
from serving.compare import command
top = argparse.ArgumentParser()
command.add_command(top.add_subparsers(dest="command"))
status = 0
try:
    command.run(top.parse_args(sys.argv[1:]))
except SystemExit as end:
    status = end.code
heavy = {"numpy", "scipy", "tensorflow", "grpc", "google.protobuf", "urllib3", "pandas"}
print("\\n" + json.dumps([status, sorted(heavy & set(sys.modules))]))
"""


def look(*arguments):
    """Runs the command in a process of its own; returns its exit status and heavy imports."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, "compare", *map(str, arguments)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_nothing_heavy_is_imported_before_it_is_needed(compared, data):
    assert look("--help") == [0, []]
    assert look("--data", "x", "--rows", "0") == [2, []]
    asked = ("--data", data.path, "--model", "good", "--rows", "40")
    assert look(*asked, "--server", compared.rest) == [0, ["numpy", "scipy", "urllib3"]]
