"""compose.yaml holds to the Compose Specification, and to what a server should be run with."""

import copy
import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from serving.servers import docker
from tests.deploy.world import DEPLOY, compose, flags, load, server_command

SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))


def faults(document):
    validator = jsonschema.Draft7Validator(
        SCHEMA, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
    )
    return [error.message for error in validator.iter_errors(document)]


def test_it_holds_to_the_specification():
    assert faults(compose()) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda s: s.update(imagee="x"), "imagee"),
        (lambda s: s.update(restart=3), "3"),
        (lambda s: s["healthcheck"].update(interval=5), "5"),
        (lambda s: s["volumes"][0].update(readonly=True), "readonly"),
        (lambda s: s.update(init="maybe", tmpfs={"a": 1}), "a"),
    ],
)
def test_what_is_wrong_is_found(change, what):
    document = copy.deepcopy(compose())
    change(document["services"]["serving"])
    found = faults(document)
    assert found
    assert any(what in message for message in found)


def has_compose() -> bool:
    return (
        bool(shutil.which("docker"))
        and not subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    )


@pytest.mark.skipif(not has_compose(), reason="docker compose is not installed")
@pytest.mark.parametrize("variables", [{}, {"MODEL_CONFIG": "/models/taxi/models.config"}])
def test_compose_itself_reads_it(variables):
    command = ["docker", "compose", "-f", DEPLOY / "compose.yaml", "config", "--format", "json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **variables}
    )
    serving = json.loads(done.stdout)["services"]["serving"]
    assert serving["image"] == docker.IMAGE
    assert serving["command"] == server_command(**variables)


def test_the_server_is_reached_from_this_machine_alone():
    for name, service in compose()["services"].items():
        assert service["ports"], name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_server_can_change_nothing_and_is_stopped_by_a_signal():
    serving = compose()["services"]["serving"]
    assert serving["read_only"]
    assert serving["cap_drop"] == ["ALL"]
    assert serving["user"].partition(":")[0] != "0"
    assert all(volume["read_only"] for volume in serving["volumes"])
    assert serving["init"]
    assert serving["entrypoint"] == ["tensorflow_model_server"]
    assert serving["restart"] == "unless-stopped"


def test_what_is_mounted_is_there():
    serving = compose()["services"]["serving"]
    models, config = serving["volumes"]
    assert models["source"] == "${MODELS:-../outputs/serving}"
    assert models["target"] == docker.MODELS
    given = flags(server_command())
    named = [name for name in given if name.endswith("_file")]
    assert len(named) == 3
    for name in named:
        target = Path(given[name])
        assert str(target.parent) == config["target"]
        assert (DEPLOY / config["source"] / target.name).is_file(), name


def test_prometheus_comes_only_when_asked_and_scrapes_the_server():
    services = compose()["services"]
    assert "profiles" not in services["serving"]
    assert services["prometheus"]["profiles"] == ["monitoring"]
    assert ":" in services["prometheus"]["image"]
    source = services["prometheus"]["volumes"][0]["source"]
    (job,) = load(DEPLOY / source)["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    name, port = target.split(":")
    assert name in services
    assert int(port) == docker.REST_PORT
