"""Which server is taken, and the command lines that start it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.errors import ServingError
from serving.launch import choose, launch, model_folder, pick
from serving.servers import binary, docker, embedded, ports
from serving.servers.setup import Setup, flags
from tests.serving.launch_world import (
    path_of,
    real_docker,
    script,
    silent_docker,
    tiny_binary,
    versions,
)
from usecase.paths import PROJECT_ROOT

NO_BINARY = "no tensorflow_model_server on PATH"
SILENT = "no Docker engine answers"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folders of a PATH that holds nothing yet but what the system has, and no docker."""
    monkeypatch.setenv("PATH", path_of(tmp_path / "binary", tmp_path / "docker"))
    assert shutil.which("docker") is None
    return tmp_path


def test_the_binary_comes_first_then_docker_then_the_embedded_server(folders):
    assert pick() == ("embedded", f"the embedded server: {NO_BINARY}, no docker on PATH")
    real_docker(folders / "docker")
    assert pick() == ("docker", f"the image {docker.IMAGE} in Docker: {NO_BINARY}")
    tiny_binary(folders / "binary")
    assert pick() == ("binary", "the tensorflow_model_server on PATH")
    assert choose() == "binary"
    assert [choose(kind) for kind in ("embedded", "docker")] == ["embedded", "docker"]
    assert pick("embedded").reason == "the embedded server: asked for"


@pytest.mark.parametrize(
    ("kind", "what"),
    [("binary", NO_BINARY), ("docker", "no docker on PATH")],
)
def test_one_that_is_asked_for_and_is_not_there(folders, kind, what):
    with pytest.raises(ServingError, match=f'the server "{kind}" cannot be used: {what}') as error:
        choose(kind)
    assert error.value.fix


def test_one_that_nobody_knows():
    with pytest.raises(ServingError, match='there is no server "dokcer"') as error:
        choose("dokcer")
    assert error.value.fix == 'did you mean "docker"?'


def test_a_docker_that_does_not_answer_costs_three_seconds(folders):
    silent_docker(folders / "docker")
    started = time.monotonic()
    assert docker.missing() == SILENT
    assert 2.5 < time.monotonic() - started < 6


def test_a_docker_without_an_engine(folders):
    script(folders / "docker", "docker", "#!/bin/sh\necho cannot connect >&2\nexit 1\n")
    assert docker.missing() == SILENT
    assert choose() == "embedded"


def test_no_server_at_all(folders, monkeypatch):
    monkeypatch.setattr(embedded, "MODULE", "no_such_module")
    with pytest.raises(ServingError, match="there is no model server: ") as error:
        choose()
    assert NO_BINARY in error.value.what
    assert "no no_such_module in this Python" in error.value.what


def setup(base_path, *extra, name="taxi", host="127.0.0.1"):
    return Setup(Path(base_path), name, host, 9000, 9001, extra)


def test_the_flags_that_all_share():
    shared = flags(setup("/m"), 1, 2, "/base", ["--enable_batching"])
    assert shared == [
        "--port=1",
        "--rest_api_port=2",
        "--model_name=taxi",
        "--model_base_path=/base",
        "--max_num_load_retries=0",
        "--enable_batching",
    ]
    own = flags(setup("/m"), 1, 2, "/base", ["--max_num_load_retries=9"])
    assert [flag for flag in own if "retries" in flag] == ["--max_num_load_retries=9"]


def test_the_command_line_of_docker(tmp_path):
    batching = tmp_path / "batching.config"
    batching.touch()
    start = docker.start(
        setup("/m/taxi", "--enable_batching", f"--batching_parameters_file={batching}"), "image:7"
    )
    name = start.command[5]
    assert name.startswith("serving-")
    assert list(start.command) == [
        *("docker", "run", "--rm", "--init", "--name", name),
        *("-p", "127.0.0.1:9000:8500", "-p", "127.0.0.1:9001:8501"),
        *("--mount", "type=bind,source=/m/taxi,target=/models/taxi,readonly"),
        *(
            "--mount",
            f"type=bind,source={batching},target=/config/0/batching.config,readonly",
        ),
        *("--entrypoint", "tensorflow_model_server", "image:7"),
        *("--port=8500", "--rest_api_port=8501", "--model_name=taxi"),
        *("--model_base_path=/models/taxi", "--max_num_load_retries=0"),
        *("--enable_batching", "--batching_parameters_file=/config/0/batching.config"),
    ]
    assert start.cleanup == ["docker", "rm", "--force", name]
    assert docker.start(setup("/m")).command[5] != name


CONFIG = (
    "--model_config_file=/m/taxi/models.config",
    "--model_config_file_poll_wait_seconds=1",
    "--allow_version_labels_for_unavailable_models",
)


def with_config(path, *extra, base="/m/taxi"):
    return Setup(Path(base), "taxi", "127.0.0.1", 9000, 9001, extra, Path(path))


def test_a_config_file_takes_the_place_of_name_and_folder():
    found = flags(with_config("/m/taxi/models.config", "--x"), 1, 2, "/base", ["--x"])
    assert found == ["--port=1", "--rest_api_port=2", *CONFIG, "--max_num_load_retries=0", "--x"]
    own = "--model_config_file_poll_wait_seconds=9"
    found = flags(with_config("/m/taxi/models.config", own), 1, 2, "/base", [own])
    assert [flag for flag in found if "poll_wait" in flag] == [own]


@pytest.mark.parametrize("kind", [binary, embedded])
def test_every_server_is_started_on_a_config_file(kind):
    command = kind.start(with_config("/m/taxi/models.config")).command
    assert [flag for flag in command if flag in CONFIG] == list(CONFIG)
    assert not [flag for flag in command if "--model_name" in flag or "--model_base" in flag]
    command = kind.start(setup("/m/taxi")).command
    assert [flag for flag in command if "--model" in flag] == [
        "--model_name=taxi",
        "--model_base_path=/m/taxi",
    ]


def test_docker_mounts_the_folder_of_a_config_file_where_it_is():
    command = docker.start(with_config("/m/taxi/models.config"), "image:7").command
    mounts = [command[k + 1] for k, word in enumerate(command) if word == "--mount"]
    assert mounts == ["type=bind,source=/m/taxi,target=/m/taxi,readonly"]
    assert [flag for flag in command if flag in CONFIG] == list(CONFIG)
    assert not [flag for flag in command if "--model_name" in flag or "--model_base" in flag]
    command = docker.start(with_config("/etc/serving/all.config")).command
    mounts = [command[k + 1] for k, word in enumerate(command) if word == "--mount"]
    assert mounts == [
        "type=bind,source=/m/taxi,target=/m/taxi,readonly",
        "type=bind,source=/etc/serving,target=/etc/serving,readonly",
    ]
    assert "--model_config_file=/etc/serving/all.config" in command


def test_docker_takes_paths_and_addresses_with_any_letters():
    start = docker.start(setup('/m/a,b "c":d', host="::1"))
    assert '"source=/m/a,b ""c"":d"' in start.command[start.command.index("--mount") + 1]
    assert "[::1]:9000:8500" in start.command


def test_the_embedded_server_binds_what_is_asked_and_is_found_from_anywhere(tmp_path):
    start = embedded.start(setup("/m", host="0.0.0.0"))
    assert list(start.command[:4]) == [sys.executable, "-m", "model_server", "--host=0.0.0.0"]
    assert "for development" in start.note
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import importlib.util as u; print(u.find_spec('model_server').origin)",
        ],
        cwd=tmp_path,
        env={**os.environ, **start.environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert found.strip() == str(PROJECT_ROOT / "model_server" / "__init__.py")


def test_free_ports_differ_and_given_ones_are_kept():
    picked = {ports.pick("127.0.0.1", None, None) for _ in range(20)}
    assert all(grpc != rest for grpc, rest in picked)
    grpc, rest = picked.pop()
    assert ports.pick("127.0.0.1", grpc, rest) == (grpc, rest)


@pytest.mark.parametrize("flag", ["--port", "--rest-port"])
@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_is_taken(flag, shared):
    with socket.socket() as taken:
        if shared:  # as gRPC's are
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wanted = (port, None) if flag == "--port" else (None, port)
        with pytest.raises(ServingError, match=f"port {port} of 127.0.0.1 is taken") as error:
            ports.pick("127.0.0.1", *wanted)
        assert flag in error.value.fix
    assert port in ports.pick("127.0.0.1", *wanted)


@pytest.mark.parametrize(
    ("host", "grpc", "rest", "what"),
    [
        ("127.0.0.1", 5000, 5000, "port 5000 is given for both"),
        ("127.0.0.1", 0, None, "0 is no port"),
        ("127.0.0.1", None, 70000, "70000 is no port"),
        ("192.0.2.1", None, None, "cannot listen on 192.0.2.1"),
    ],
)
def test_ports_that_cannot_be(host, grpc, rest, what):
    with pytest.raises(ServingError, match=what):
        ports.pick(host, grpc, rest)


@pytest.mark.parametrize(
    ("made", "name", "what"),
    [
        ("7/saved_model.pb", "taxi", "no such folder"),
        ("m/saved_model.pb", "taxi", "is one version of a model"),
        ("m/notes/x", "taxi", "no version in"),
        ("m/7/x", "a/b", '"a/b" is no name'),
        ("m/7/x", "", '"" is no name'),
    ],
)
def test_folders_that_hold_no_model(tmp_path, made, name, what):
    (tmp_path / made).parent.mkdir(parents=True)
    (tmp_path / made).touch()
    with pytest.raises(ServingError, match=what):
        model_folder(tmp_path / "m", name)


def test_an_image_that_cannot_be_had(folders, monkeypatch, tmp_path):
    real_docker(folders / "docker")
    monkeypatch.setenv("DOCKER_HAS_IMAGE", "0")
    log = tmp_path / "log"
    with pytest.raises(ServingError, match="Docker cannot pull tensorflow/serving") as error:
        launch(versions(tmp_path / "m", 1), "m", kind="docker", log=log)
    assert "--server embedded" in error.value.fix
    assert "no such host" in log.read_text()
    calls = [json.loads(line) for line in (folders / "docker" / "calls.jsonl").open()]
    assert [call[0] for call in calls] == ["version", "image", "pull"]
