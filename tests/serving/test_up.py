"""`python -m serving up` and real servers: what it prints works, and it ends cleanly."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import yaml

from serving.__main__ import main
from serving.errors import ServingError
from serving.launch import launch
from serving.servers import binary, docker, ports, recorded
from serving.up import usage_text
from tests.serving.launch_world import (
    MAIN,
    SLOW,
    Up,
    path_of,
    python,
    real_binary,
    real_docker,
    tiny_binary,
    versions,
)
from usecase.paths import PROJECT_ROOT

CONFIG = PROJECT_ROOT / "deploy" / "kubernetes" / "base" / "config"
HARD = 'it\'s "größe" $HOME'
MODELS = ("shop", "half", "grid", "fixed", "scalar", "serialized")
EXPECTED = {
    "shop": {"score": 2 * 12.45 + 7, "text": 'O\'Brien & "Söhne" \\ `x`'},
    "half": 2.5,
    "grid": 6,
    "fixed": 3.0,
    "scalar": 2.0,
    "serialized": 6.0,
}


def answer_of_curl(text):
    """Runs the line that is printed for a shell, and returns what the server answers."""
    line = text.split("from a shell:\n\n")[1].split("\n\nor from Python")[0]
    assert line.startswith("curl http")
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def lines_of_python(text):
    return text.split("over gRPC:\n\n")[1].split("\n\nWith ")[0]


def run_lines(lines):
    """Runs lines of Python in this process, and returns what they print, evaluated."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(lines, "printed", "exec"), {})
    from numpy import array, float32, float64, int32  # noqa: F401 (what is printed consists of them)

    return eval(printed.getvalue())


@pytest.fixture(scope="module")
def launch_models(tmp_path_factory):
    """A folder of models, each with its versions."""
    folder = tmp_path_factory.mktemp("launch_models")
    process = python(
        *("-m", "tests.serving.launch_models", str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
    )
    _, said = process.communicate(timeout=SLOW)
    assert process.returncode == 0, said[-3000:]
    return folder


@pytest.fixture(scope="module")
def served(launch_models, tmp_path_factory):
    """A server with all models and metrics: the binary, or the embedded one in its place."""
    folder = tmp_path_factory.mktemp("served")
    config = "".join(
        f'config {{ name: "{name}" base_path: "{launch_models / name}" '
        'model_platform: "tensorflow" }\n'
        for name in MODELS
    )
    (folder / "models.config").write_text(f"model_config_list {{\n{config}}}")
    (folder / "monitoring.config").write_text(
        'prometheus_config { enable: true path: "/the/metrics" }'
    )
    with pytest.MonkeyPatch.context() as patch:
        if not shutil.which(binary.BINARY):
            real_binary(folder / "bin")
            patch.setenv("PATH", path_of(folder / "bin"))
        with launch(
            launch_models / "shop",
            "shop",
            timeout=SLOW,
            extra_flags=[
                f"--model_config_file={folder / 'models.config'}",
                f"--monitoring_config_file={folder / 'monitoring.config'}",
            ],
        ) as running:
            yield running


@pytest.fixture
def usage_of(served, launch_models):
    def of(name):
        served.name = name
        return usage_text(served, launch_models / name, served.grpc, served.rest)

    yield of
    served.name = "shop"


@pytest.mark.parametrize("name", MODELS)
def test_the_printed_lines_work(usage_of, name):
    text = usage_of(name)
    answer = answer_of_curl(text)
    expected = EXPECTED[name]
    (values,) = answer.values()
    first = values[0] if isinstance(values, list) else values
    assert first == pytest.approx(expected) if name != "shop" else first["text"] == expected["text"]
    said = run_lines(lines_of_python(text))
    if name == "shop":
        assert first["score"] == pytest.approx(expected["score"])
        assert said["score"].tolist() == pytest.approx([expected["score"]])
        assert said["text"][0].decode() == expected["text"]
    else:
        (values,) = said.values()
        assert values.ravel()[0] == pytest.approx(expected)


def test_the_printed_lines_work_over_rest(usage_of, served):
    lines = lines_of_python(usage_of("shop")).replace(served.grpc, served.rest)
    assert run_lines(lines)["score"].tolist() == pytest.approx([EXPECTED["shop"]["score"]])


def test_records_of_another_signature_or_none_or_broken_ones(launch_models, tmp_path):
    version = launch_models / "shop" / "1"
    found = recorded.read_request(version, "serving_raw")
    assert found["fare"].dtype == np.float32
    assert found["fare"][1:].tolist() == np.array([12.45, 0.1], np.float32).tolist()
    assert found["hour"].tolist() == [-1, 7, 3]
    assert found[HARD][1] == 'O\'Brien & "Söhne" \\ `x`'.encode()
    assert recorded.read_request(version, "serving_default") == {}
    assert recorded.read_request(tmp_path, "serving_raw") == {}
    content = (version / recorded.RECORDS).read_bytes()
    broken = tmp_path / recorded.RECORDS
    broken.parent.mkdir()
    for end in range(0, len(content), 7):
        broken.write_bytes(content[:end])
        assert set(recorded.read_request(tmp_path, "serving_raw")) in (set(), set(found))
    broken.write_bytes(b"\xff" * 300)
    assert recorded.read_request(tmp_path, "serving_raw") == {}


def test_a_request_that_is_broken_is_refused(served):
    """A negative control of the above: what is not the signature's fails."""
    request = urllib.request.Request(
        f"{served.rest}/v1/models/half:predict", b'{"instances": [{"x": "text"}]}'
    )
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    assert error.value.code == 400


def test_the_binary_is_taken_where_it_is(served):
    assert served.kind == "binary"
    assert served.served() == [1]


def test_flags_reach_the_server(served):
    with urllib.request.urlopen(f"{served.rest}/the/metrics") as reply:
        assert b"tensorflow" in reply.read()


def test_the_healthcheck_of_compose_works(served, launch_models):
    compose = yaml.safe_load((PROJECT_ROOT / "deploy" / "compose.yaml").read_text())
    _, *command = compose["services"]["serving"]["healthcheck"]["test"]
    port = served.rest.rpartition(":")[2]

    def status(model, port):
        shown = [part.replace("/8501", f"/{port}").replace("taxi", model) for part in command]
        return subprocess.run(shown, capture_output=True, timeout=10, check=False).returncode

    assert status("shop", port) == 0
    assert status("no_such", port) != 0
    assert status("shop", 9) != 0


def test_the_path_of_docker_with_the_config_files_of_deploy(launch_models, tmp_path, monkeypatch):
    if docker.missing():
        real_docker(tmp_path / "bin")
        monkeypatch.setenv("PATH", path_of(tmp_path / "bin"))
    flags = [
        "--enable_batching",
        f"--batching_parameters_file={CONFIG / 'batching.config'}",
        f"--monitoring_config_file={CONFIG / 'monitoring.config'}",
    ]
    with launch(
        launch_models / "half", "half", kind="docker", timeout=SLOW, extra_flags=flags
    ) as running:
        assert running.served() == [123]
        text = usage_text(running, launch_models / "half", running.grpc, running.rest)
        assert answer_of_curl(text) == {"predictions": [2.5]}
        with urllib.request.urlopen(f"{running.rest}/monitoring/prometheus/metrics") as reply:
            assert b":tensorflow:serving:request_count" in reply.read()
        url = f"{running.rest}/v1/models/half:predict"
        many = json.dumps({"instances": [float(k) for k in range(1024)]}).encode()
        with urllib.request.urlopen(url, many) as reply:
            assert json.load(reply)["predictions"][1023] == 1023 / 2 + 2
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(url, json.dumps({"instances": list(range(1025))}).encode())


def test_a_model_that_cannot_be_loaded_fails_soon_and_says_why(launch_models, tmp_path):
    started = time.monotonic()
    with pytest.raises(ServingError) as error:
        launch(
            launch_models / "broken",
            "broken",
            kind="embedded",
            timeout=SLOW,
            log=tmp_path / "log",
        )
    assert time.monotonic() - started < SLOW / 2
    assert "the embedded server ended with exit status" in error.value.what
    assert "broken" in error.value.what


def test_up_serves_shows_and_tells_of_new_versions(launch_models, tmp_path):
    base = tmp_path / "outputs" / "shop"
    shutil.copytree(launch_models / "shop", base)
    grpc, rest = ports.pick("127.0.0.1", None, None)
    up = Up(
        tmp_path / "out",
        *("--model-dir", base, "--server", "embedded", "--port", grpc, "--rest-port", rest),
        *("--", "--enable_batching"),
    )
    try:
        up.waits_for("Ctrl-C stops it.")
        text = up.output()
        first, second, third, *_ = text.splitlines()
        assert first == f"shop · {base} · the embedded server: asked for"
        assert second.startswith("  · version 1 is stable now, the first of this release; ")
        assert third.startswith("  ✔ version 1 answers  [")
        assert f"gRPC  localhost:{grpc}" in text
        assert "for development, validation and small loads" in text
        answer = answer_of_curl(text)
        assert answer["predictions"][0]["text"] == EXPECTED["shop"]["text"]
        lines = lines_of_python(text)
        assert f'ServingClient("localhost:{grpc}", "shop", label="stable")' in lines
        assert f"http://localhost:{rest}/v1/models/shop/labels/stable:predict" in text
        assert run_lines(lines)["score"].tolist() == pytest.approx([EXPECTED["shop"]["score"]])
        shutil.copytree(launch_models / "aside" / "2", base / "new")
        (base / "new").rename(base / "2")
        up.waits_for("  · version 2 is pushed, not served\n    python -m serving canary 2 ")
        answering = ["--model-dir", str(base), "--server", f"http://127.0.0.1:{rest}"]
        assert main(["promote", "2", *answering]) == 0
        up.waits_for("  ✔ versions 2 and 1 answer now, before 1\n")
        up.waits_for("  ✔ stable is version 2 now, before 1  by ")
        shutil.copytree(launch_models / "broken" / "1", base / "3")
        assert main(["promote", "3", *answering]) == 2
        up.waits_for("  ✘ version 3 failed: ")
        assert up.ends(signal.SIGINT) == 0
        assert up.output().endswith("\nstopping\nstopped\n")
    finally:
        up.process.kill()


@pytest.fixture
def tiny(tmp_path):
    """Starts `up` with a server that answers for its status alone."""
    tiny_binary(tmp_path / "bin")
    base = versions(tmp_path / "serving" / "m", 3)
    started = []

    def start(*arguments, **environment):
        grpc, rest = ports.pick("127.0.0.1", None, None)
        up = Up(
            tmp_path / "out",
            *("--model-dir", base, "--port", grpc, "--rest-port", rest),
            *arguments,
            path=path_of(tmp_path / "bin"),
            TINY_END=str(tmp_path / "end"),
            **environment,
        )
        started.append(up)
        return up

    yield start
    for up in started:
        up.process.kill()


def test_sigterm_ends_it_as_ctrl_c_does(tiny):
    up = tiny("--", "--enable_batching", "--rest_api_num_threads=3")
    up.waits_for("Ctrl-C stops it.")
    log = Path(re.search(r"^    log   (.+)$", up.output(), re.MULTILINE)[1])
    assert '"enable_batching": "", "rest_api_num_threads": "3"}' in log.read_text()
    assert "the tensorflow_model_server on PATH" in up.output()
    assert "binds all addresses (0.0.0.0)" in up.output()
    assert up.ends(signal.SIGTERM) == 0
    assert up.output().endswith("stopped\n")
    assert not log.exists()


def test_ctrl_c_before_the_model_answers_is_an_interruption(tiny, tmp_path):
    up = tiny(TINY_MODE="never")
    up.waits_for("the tensorflow_model_server on PATH")
    time.sleep(1)
    assert up.ends(signal.SIGINT) == 130
    assert "Traceback" not in up.output()


def test_a_server_that_dies_later(tiny, tmp_path):
    up = tiny(TINY_MODE="dies later")
    up.waits_for("Ctrl-C stops it.")
    (tmp_path / "end").touch()
    assert up.ends() == 2
    text = up.output()
    assert "error: the binary server ended with exit status 9 while it served" in text
    assert "    out of memory" in text
    assert "Traceback" not in text


def test_an_image_that_must_be_pulled_first(tiny, tmp_path):
    real_docker(tmp_path / "bin")
    up = tiny("--server", "docker", DOCKER_HAS_IMAGE="0")
    assert up.ends() == 2
    assert f"  · pulling {docker.IMAGE}" in up.output()
    assert f"error: Docker cannot pull {docker.IMAGE}" in up.output()


def test_a_server_that_is_not_there(tiny, tmp_path):
    up = tiny("--server", "docker")
    assert up.ends() == 2
    assert 'error: the server "docker" cannot be used: no docker on PATH' in up.output()
    assert "  fix: " in up.output()


def test_help_says_what_exit_statuses_mean_and_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", MAIN, "up", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "exit status 0" in " ".join(done.stdout.split())
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "serving.up" in imported
    assert not imported & {"numpy", "tensorflow", "grpc", "urllib3"}
