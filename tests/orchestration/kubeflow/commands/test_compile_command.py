"""`compile`: a file is written whole or not at all, and told about."""

import json
import os
import subprocess
import sys

import pytest
import yaml

import kubeflow_runner
from orchestration.kubeflow import compile as compiler
from orchestration.kubeflow.commands import compile as compile_command
from orchestration.kubeflow.commands import compiling, submit
from usecase.errors import ConfigError, UserError
from usecase.paths import PROJECT_ROOT

CONFIG = str(PROJECT_ROOT / "configs" / "taxi.yaml")
IMAGE = "registry.example.com/other:7"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The whole pipeline, compiled once; its file, and what compiled it."""
    kept = []
    compiled_by = compiling.compile_pipeline

    def keep(*arguments, **keywords):
        kept.append((arguments, keywords, compiled_by(*arguments, **keywords)))
        return kept[-1][2]

    out = tmp_path_factory.mktemp("compiled") / "taxi.yaml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "compile_pipeline", keep)
        given = ["--image", IMAGE, "--data", "gs://b/rows*.csv", "--pipeline-root", "gs://b/root"]
        assert kubeflow_runner.main(["compile", "--config", CONFIG, "--out", str(out), *given]) == 0
    return out, kept[0]


@pytest.fixture
def quick(real, monkeypatch):
    """Compiles to what was compiled before; gives the calls."""
    calls = []

    def compile_pipeline(*arguments, **keywords):
        calls.append((arguments, keywords))
        return real[1][2]

    monkeypatch.setattr(compiling, "compile_pipeline", compile_pipeline)
    return calls


@pytest.fixture
def graphs(monkeypatch):
    """The graphs that TFX was asked for."""
    asked = []
    monkeypatch.setattr(compiler, "Graph", lambda *arguments: asked.append(arguments))
    return asked


def test_the_file_is_what_was_compiled(real):
    out, (_, _, compiled) = real
    assert out.read_text() == compiled.text()
    spec, platform = yaml.safe_load_all(out.read_text())
    assert (spec, platform) == (compiled.spec, compiled.platform)
    assert spec["defaultPipelineRoot"] == "gs://b/root"
    defaults = spec["root"]["inputDefinitions"]["parameters"]
    assert defaults["data"]["defaultValue"] == "gs://b/rows*.csv"
    images = {
        executor["container"]["image"] for executor in spec["deploymentSpec"]["executors"].values()
    }
    assert images == {IMAGE}


def test_options_reach_the_compiler(quick, tmp_path):
    given = ["--gpu-image", "g:1", "--image", "i:1", "--pipeline-root", "gs://b/r", "--tune"]
    arguments = ["compile", "--config", CONFIG, "--out", str(tmp_path / "x"), "--target", "vertex"]
    assert kubeflow_runner.main([*arguments, *given]) == 0
    (((plan, target), keywords),) = quick
    assert (plan.tune, target) == (True, "vertex")
    assert keywords == {"image": "i:1", "gpu_image": "g:1", "pipeline_root": "gs://b/r"}


def test_the_summary(quick, tmp_path, capsys):
    out = tmp_path / "taxi.yaml"
    kubeflow_runner.main(["compile", "--config", CONFIG, "--out", str(out)])
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines[0][1].startswith("pipeline taxi, 16 nodes")
    told = {first: rest for first, rest in lines if first != "--param"}
    assert told["nodes"].split(", ")[0] == "CsvExampleGen"
    assert told["image"] == IMAGE
    assert told["models"] == "to   the claim pipeline-storage, at /mnt/pipeline"
    assert told["artifacts"] == "gs://b/root"
    assert told["next:"] == f"python kubeflow_runner.py submit --host URL --file {out}"
    parameters = [rest for first, rest in lines if first == "--param"]
    assert "data=gs://b/rows*.csv" in parameters
    assert "min_auc=0.93" in parameters


def test_standard_output_has_the_file_alone(quick, real, capsys):
    assert kubeflow_runner.main(["compile", "--config", CONFIG, "--out", "-"]) == 0
    assert capsys.readouterr() == (real[1][2].text(), "")


def test_submit_sends_what_compile_writes(quick, real):
    options = kubeflow_runner.parser().parse_args(["submit", "--host", "x", "--config", CONFIG])
    ready = submit.package_of(options)
    assert ready.is_of_project
    assert ready.package.text == real[1][2].text()
    assert ready.package.spec == json.loads(json.dumps(real[1][2].spec))


# --- where a run's artifacts go ---


def options_of(command, *more):
    given = ["--cron", "0 2 * * *"] if command == "schedule" else []
    return kubeflow_runner.parser().parse_args([command, "--host", "x", *given, *more])


@pytest.mark.parametrize("command", ["submit", "schedule"])
def test_the_root_of_a_run_is_checked_by_the_compiler(command, quick):
    for given, root in (["--pipeline-root", "gs://b/r"], "gs://b/r"), ([], None):
        compiling.package_of(options_of(command, "--config", CONFIG, *given))
        assert quick.pop()[1]["pipeline_root"] == root


@pytest.fixture
def distributed(real, tmp_path):
    """A file of a pipeline one of whose nodes has workers elsewhere, that read its artifacts."""
    spec, platform = yaml.safe_load_all(real[0].read_text())
    executor = spec["deploymentSpec"]["executors"]["Transform_executor"]
    executor["container"]["args"].append("--native_uris")
    path = tmp_path / "distributed.yaml"
    path.write_text(yaml.safe_dump_all([spec, platform]))
    return str(path)


@pytest.mark.parametrize("command", ["submit", "schedule"])
def test_workers_of_a_compiled_pipeline_must_reach_the_root_of_a_run(command, distributed):
    options = options_of(command, "--file", distributed, "--pipeline-root", "minio://b/r")
    with pytest.raises(ConfigError) as caught:
        compiling.package_of(options)
    assert caught.value.what == (
        "--pipeline-root minio://b/r: the workers of Transform_executor could not read or write "
        "there"
    )


def test_a_root_that_workers_reach_and_one_that_only_pods_need(distributed, real):
    for file, root in (distributed, "gs://b/r"), (distributed, None), (str(real[0]), "minio://b/r"):
        given = ["--pipeline-root", root] if root else []
        ready = compiling.package_of(options_of("submit", "--file", file, *given))
        assert not ready.is_of_project


# --- what was there before stays ---


@pytest.mark.parametrize("broken", ["name: taxi\nlabel: 1\n", "a: [", None])
def test_a_bad_config_leaves_the_file_alone(broken, tmp_path, capsys):
    out = tmp_path / "taxi.yaml"
    out.write_text("before")
    config = tmp_path / "config.yaml"
    if broken is not None:
        config.write_text(broken)
    assert kubeflow_runner.main(["compile", "--config", str(config), "--out", str(out)]) == 2
    assert out.read_text() == "before"
    assert capsys.readouterr().out == ""
    assert not [path for path in tmp_path.iterdir() if path not in (out, config)]


def test_a_disk_that_is_full_leaves_the_file_alone(tmp_path, monkeypatch):
    out = tmp_path / "taxi.yaml"
    out.write_text("before")

    def full(self, text, encoding):
        with self.open("w") as file:
            file.write(text[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(UserError, match=r"not writable: .* \(No space left on device\)"):
        compile_command.write_whole(out, "after")
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_is_replaced(tmp_path):
    out = tmp_path / "taxi.yaml"
    out.write_text("before")
    compile_command.write_whole(out, "after")
    assert out.read_text() == "after"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("out", "what"), [("no/such/x.yaml", "no such folder"), (".", "--out is a folder")]
)
def test_a_place_that_cannot_be_written_is_told_first(out, what, quick, tmp_path, capsys):
    target = tmp_path / out
    assert kubeflow_runner.main(["compile", "--config", CONFIG, "--out", str(target)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {what}")
    assert quick == []


@pytest.mark.parametrize("image", ["taxi", "taxi:latest", "host:5000/taxi"])
def test_an_image_that_may_change_is_told_once(image, graphs, capsys):
    arguments = ["compile", "--config", CONFIG, "--out", "-", "--image", image]
    assert kubeflow_runner.main(arguments) == 2
    assert capsys.readouterr().err == (
        f'error: {CONFIG}: the image "{image}" may be another one tomorrow\n'
        "  fix: name a tag other than latest, or a digest\n"
    )
    assert graphs == []


def test_an_error_of_the_compiler_names_the_config(monkeypatch, tmp_path, capfd):
    def refuse(*_, **__):
        os.write(1, b"noise of a framework")
        raise compiling.ConfigError("no node Trainr", fix='did you mean "Trainer"?')

    monkeypatch.setattr(compiling, "compile_pipeline", refuse)
    out = tmp_path / "x.yaml"
    assert kubeflow_runner.main(["compile", "--config", CONFIG, "--out", str(out)]) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert told.err == f'error: {CONFIG}: no node Trainr\n  fix: did you mean "Trainer"?\n'
    assert not out.exists()


def test_what_frameworks_write_is_not_shown():
    program = """
import os
from orchestration.kubeflow.commands import compiling
print("before")
with compiling._silence():
    print("python")
    os.system("echo a child; echo its error >&2")
print("after")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("before\nafter\n", "")
