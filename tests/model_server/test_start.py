"""How the server starts, refuses to start, and stops: as its users see it."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from model_server.flags import parse
from model_server.server import Server
from model_server.start_checks import check
from tests.model_server.in_process import ended, serving
from tests.model_server.world import (
    ROOT,
    free_port,
    launch,
    model_config,
    model_configs,
    ours_alone,
)

QUICK = ("--max_num_load_retries=0", "--load_retry_interval_micros=0")


def predict_request(name, **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value, tf.float32))
    return request


def refused(*flags, timeout=60):
    """As `ended`, in a process of its own."""
    running = launch(*flags, ready=False)
    try:
        status = running.process.wait(timeout)
    finally:
        running.stop()
    return status, running.output()


# --- refusals ---


def refusals(folder):
    """Flags that no server starts with, and what it says of them."""
    (folder / "junk").write_text("junk")
    (folder / "twice").write_text(model_configs(model_config("m", "/m"), model_config("m", "/n")))
    (folder / "relative").write_text(model_configs(model_config("m", "models/m")))
    model = "--model_base_path=/no/such"
    return {
        "no model": (
            (),
            "Failed to start server. Error: INVALID_ARGUMENT: Both server_options.model_base_path "
            "and server_options.model_config_file are empty!",
        ),
        "no port": (
            ("--port=0", model),
            "At least one of server_options.grpc_port or server_options.grpc_socket_path must be",
        ),
        "no text": (
            (f"--model_config_file={folder / 'junk'}",),
            "Error parsing text-format tensorflow.serving.ModelServerConfig",
        ),
        "no file": (
            (f"--model_config_file={folder / 'none'}",),
            "No such file or directory",
        ),
        "twice": (
            (f"--model_config_file={folder / 'twice'}",),
            "Illegal to list model m multiple times in config list",
        ),
        "relative": (
            (f"--model_config_file={folder / 'relative'}",),
            "Expected model m to have an absolute path or URI; got base_path()=models/m",
        ),
        "batching": (
            ("--batching_parameters_file=/b", model),
            "server_options.batching_parameters_file is set without setting "
            "server_options.enable_batching to true.",
        ),
        "batching file": (
            ("--enable_batching", f"--batching_parameters_file={folder / 'junk'}", model),
            f"Invalid protobuf file: '{folder / 'junk'}'",
        ),
        "ssl file": (
            (f"--ssl_config_file={folder / 'junk'}", model),
            f"Invalid protobuf file: '{folder / 'junk'}'",
        ),
    }


def test_what_cannot_start_ends_at_once_and_says_why(tmp_path):
    for name, (flags, text) in refusals(tmp_path).items():
        status, output = refused(*flags)
        assert status not in (0, None), name
        assert text in output, (name, output)
        assert "Failed to start server. Error: " in output
        assert "Traceback" not in output


def test_a_bad_flag_prints_usage():
    status, output = refused("--port=eighty", "--model_base_path=/m")
    assert status not in (0, None)
    assert "Couldn't interpret value" in output
    assert "eighty for flag port." in output
    assert "--model_base_path=" in output.partition("Flags:")[2]


def test_version_and_help_end_well():
    for flag, text in (("--version", "TensorFlow Library: 2."), ("--help", "--rest_api_port=0")):
        done = subprocess.run(
            [sys.executable, "-m", "model_server", flag],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert text in done.stdout
        assert done.stderr == ""


def test_a_first_load_that_fails_ends_the_server(toy_models):
    status, output = ended(f"--model_base_path={toy_models['corrupt']}", *QUICK)
    assert status not in (0, None)
    assert "Failed to start server. Error: " in output
    assert "1 servable(s) did not become available: {{name: default version: 1}" in output
    assert "Running gRPC ModelServer" not in output


def test_labels_at_the_start_need_the_flag(toy_models, tmp_path):
    label = 'version_labels { key: "stable" value: 124 }'
    config = tmp_path / "models.config"
    config.write_text(
        model_configs(model_config("half_plus_two", toy_models["half_plus_two"], label))
    )
    status, output = ended(f"--model_config_file={config}")
    assert status not in (0, None)
    assert (
        "Request to assign label to version 124 of model half_plus_two, which is not currently "
        "available for inference" in output
    )


@ours_alone
@pytest.mark.parametrize("flag", ["--port", "--rest_api_port"])
def test_a_port_that_is_taken_is_named(toy_models, flag):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, output = ended(f"{flag}={port}", f"--model_base_path={toy_models['half_plus_two']}")
    assert status not in (0, None)
    assert f"127.0.0.1:{port}" in output.partition("Failed to start server.")[2]


# --- readiness, and the end ---


def test_no_port_answers_before_the_models_are_available(toy_models, tmp_path):
    base = tmp_path / "late"
    config = tmp_path / "models.config"
    config.write_text(
        model_configs(model_config("late", base), model_config("slow", toy_models["slow"]))
    )
    with launch(f"--model_config_file={config}", "--no_such_flag=1", ready=False) as running:
        running.wait_for_output(f"Could not find base path {base} for servable late", 60)
        assert "unknown argument: --no_such_flag=1" in running.output()
        for address in (running.grpc, running.rest):
            port = int(address.rpartition(":")[2])
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0
        base.symlink_to(toy_models["half_plus_two"])
        running.wait_for_output("Exporting HTTP/REST API at")
        stub = running.predictions()
        answer = stub.Predict(predict_request("late", x=[2.0]), timeout=10)
        assert answer.outputs["y"].float_val == [3.0]
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(predict_request("other"), timeout=10)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert caught.value.details() == "Servable not found for request: Latest(other)"
        assert running.http("GET", "/v1/models/late")[0] == 200
        if not running.is_real:
            _check_addresses(running)
            _check_end(running)


def _check_addresses(running):
    """It listens at loopback alone."""
    listening = _listening(running.process.pid)
    ports = {int(each.rpartition(":")[2]) for each in (running.grpc, running.rest)}
    assert {port for _, port in listening} >= ports
    assert {host for host, _ in listening} == {"127.0.0.1"}


def _check_end(running):
    """Running requests end before it does, in a few seconds."""
    stub = running.predictions()
    stub.Predict(predict_request("slow", seconds=[0.0]), timeout=10)
    future = stub.Predict.future(predict_request("slow", seconds=[1.0]), timeout=10)
    rest = []
    body = {"instances": [1.0]}
    asking = threading.Thread(
        target=lambda: rest.append(running.http("POST", "/v1/models/slow:predict", body))
    )
    asking.start()
    time.sleep(0.3)
    start = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert future.result().outputs["waited"].float_val == [1.0]
    asking.join()
    assert rest[0][0] == 200
    assert running.process.wait(10) == 0
    assert time.monotonic() - start < 5
    assert "Traceback" not in running.output()


@ours_alone
def test_a_server_that_waits_for_a_model_can_be_stopped(tmp_path):
    options = parse([f"--model_base_path={tmp_path / 'none'}", f"--port={free_port()}"])
    server = Server(options, check(options))
    starting = threading.Thread(target=server.start)
    starting.start()
    starting.join(0.2)
    assert starting.is_alive()
    start = time.monotonic()
    server.stop()
    starting.join(10)
    server.wait()
    assert time.monotonic() - start < 3


def _listening(pid):
    """The local addresses that a process listens at, as pairs of an IPv4 address and a port."""
    inodes = set()
    for link in (Path("/proc") / str(pid) / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in (Path("/proc/net") / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                host, port = fields[1].split(":")
                last = bytes.fromhex(host)[-4:][::-1]  # of an IPv4 address inside of IPv6, too
                found.add((socket.inet_ntoa(last), int(port, 16)))
    return found


# --- where it listens ---


def test_a_unix_socket_may_be_all_there_is(toy_models, tmp_path):
    path = tmp_path / "grpc.sock"
    with (
        serving(
            "--port=0",
            "--rest_api_port=0",
            f"--grpc_socket_path={path}",
            f"--model_base_path={toy_models['half_plus_two']}",
        ) as running,
        grpc.insecure_channel(f"unix:{path}") as channel,
    ):
        stub = type(running.predictions())(channel)
        answer = stub.Predict(predict_request("default", x=[0.0]), timeout=10)
        assert answer.outputs["y"].float_val == [2.0]
        assert answer.model_spec.version.value == 124


def test_rest_on_the_port_of_grpc_is_skipped(toy_models):
    port = free_port()
    with serving(
        f"--port={port}",
        f"--rest_api_port={port}",
        f"--model_base_path={toy_models['mlp']}",
    ) as running:
        assert "cannot be same as grpc_port" in running.output()
        answer = running.predictions().Predict(predict_request("default", x=[[0.0] * 10]))
        assert len(answer.outputs["y"].float_val) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for localhost, and a text-format string of each."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return (folder / "key.pem").read_text(), (folder / "cert.pem").read_text()


def test_grpc_over_tls_and_with_the_clients_certificate(toy_models, tmp_path, certificate):
    key, cert = certificate
    quoted = {name: text.replace("\n", "\\n") for name, text in (("key", key), ("cert", cert))}
    config = tmp_path / "ssl.config"
    config.write_text(
        f'server_key: "{quoted["key"]}" server_cert: "{quoted["cert"]}" '
        f'custom_ca: "{quoted["cert"]}" client_verify: true'
    )
    with serving(
        f"--ssl_config_file={config}", f"--model_base_path={toy_models['half_plus_two']}"
    ) as running:
        request = predict_request("default", x=[2.0])
        own = grpc.ssl_channel_credentials(cert.encode(), key.encode(), cert.encode())
        with grpc.secure_channel(running.grpc, own) as channel:
            stub = type(running.predictions())(channel)
            assert stub.Predict(request, timeout=10).outputs["y"].float_val == [3.0]
        anonymous = grpc.ssl_channel_credentials(cert.encode())
        with grpc.secure_channel(running.grpc, anonymous) as channel:
            stub = type(running.predictions())(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.Predict(request, timeout=3)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.RpcError):
            running.predictions().Predict(request, timeout=3)  # without TLS


def test_the_session_gets_its_config(toy_models, tmp_path):
    config = tmp_path / "session.config"
    config.write_text("intra_op_parallelism_threads: 1 inter_op_parallelism_threads: 1")
    with serving(
        f"--tensorflow_session_config_file={config}",
        "--enable_batching",
        f"--model_base_path={toy_models['half_plus_two']}",
    ) as running:
        answer = running.predictions().Predict(predict_request("default", x=[2.0, 4.0]))
        assert answer.outputs["y"].float_val == [3.0, 4.0]
    config.write_text("junk: 1")
    status, output = ended(
        f"--tensorflow_session_config_file={config}",
        f"--model_base_path={toy_models['half_plus_two']}",
    )
    assert status not in (0, None)
    assert "Error parsing text-format tensorflow.ConfigProto" in output
