"""Ports, names, paths and the image are the same wherever they stand."""

import re

import yaml

from model_server.flags import parse as parse_flags
from serving.servers import docker
from tests.deploy.protos import parse
from tests.deploy.world import (
    BUCKET,
    CONFIG,
    DEPLOY,
    OPERATOR,
    RELEASES,
    compose,
    container,
    deployment,
    flags,
    load,
    patched_args,
    server_command,
)
from usecase.paths import PROJECT_ROOT


def model():
    (config,) = parse(CONFIG / "models.config").model_config_list.config
    return config


def test_the_image():
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+", docker.IMAGE)
    assert compose()["services"]["serving"]["image"] == docker.IMAGE
    assert container()["image"] == docker.IMAGE
    # The server is of the release whose messages the client and the pipeline are built with.
    lock = (PROJECT_ROOT / "requirements" / "tfx-1.16.in").read_text()
    api = re.search(r"^tensorflow-serving-api==(\S+)", lock, re.MULTILINE)[1]
    assert docker.IMAGE.rpartition(":")[2] == api


def test_the_ports():
    expected = {"port": str(docker.GRPC_PORT), "rest_api_port": str(docker.REST_PORT)}
    serving = compose()["services"]["serving"]
    for arguments in (server_command(), container()["args"], patched_args(RELEASES)):
        assert expected.items() <= flags(arguments).items()
    published = [port.split(":")[1:] for port in serving["ports"]]
    assert published == [[port, port] for port in expected.values()]
    named = {port["name"]: str(port["containerPort"]) for port in container()["ports"]}
    assert named == {"grpc": expected["port"], "rest": expected["rest_api_port"]}


def test_the_flags_are_the_same_and_the_servers_own(capsys):
    base, own = container()["args"], "/models/taxi/models.config"
    files = [
        (base, "/config/models.config"),
        (patched_args(BUCKET), "/config/models.config"),
        (server_command(), "/config/models.config"),
        (server_command(MODEL_CONFIG=own), own),
        (patched_args(RELEASES), own),
    ]
    for arguments, file in files:
        options = parse_flags(arguments)
        assert options.enable_batching
        assert options.model_config_file == file
        assert set(flags(base)) <= set(flags(arguments))
    assert flags(patched_args(RELEASES)) == flags(server_command(MODEL_CONFIG=own))
    assert "unknown" not in capsys.readouterr().err.lower()
    parse_flags(["--no_such_flag=1"])
    said = capsys.readouterr()
    assert "no_such_flag" in said.out + said.err


def test_the_model():
    config = model()
    assert config.base_path == f"{docker.MODELS}/{config.name}"
    path = f"/v1/models/{config.name}"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container()[probe]["httpGet"] == {"path": path, "port": "rest"}
    *_, check = compose()["services"]["serving"]["healthcheck"]["test"]
    assert f"GET {path} HTTP" in check
    assert f"/dev/tcp/127.0.0.1/{docker.REST_PORT}" in check
    # It is the bundled use case.
    bundled = yaml.safe_load((PROJECT_ROOT / "configs" / "taxi.yaml").read_text())
    assert config.name == bundled["name"]


def test_where_metrics_are():
    path = parse(CONFIG / "monitoring.config").prometheus_config.path
    annotations = deployment()["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {
        "prometheus.io/scrape": "true",
        "prometheus.io/path": path,
        "prometheus.io/port": str(docker.REST_PORT),
    }
    (endpoint,) = load(OPERATOR / "podmonitor.yaml")["spec"]["podMetricsEndpoints"]
    assert endpoint["path"] == path
    (job,) = load(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    assert job["metrics_path"] == path


def test_what_the_documents_name_is_there():
    documents = (DEPLOY / "README.md", PROJECT_ROOT / "docs" / "SERVING.md")
    for document in (*documents, PROJECT_ROOT / "serving" / "up.py"):
        text = document.read_text(encoding="utf-8")
        named = re.findall(r"deploy/[\w./-]+", text)
        assert named
        for name in named:
            assert (PROJECT_ROOT / name.rstrip(".")).exists(), f"{document.name}: {name}"
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
