"""A stand-in server for each test, and the command line in process."""

import dataclasses

import pytest

import kubeflow_runner
from orchestration.kubeflow.api import transport
from tests.orchestration.kubeflow import api_server, toy_package


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Pauses are written down and not made; nothing of this machine's user is read."""
    pauses = []
    api = transport.Api.__init__

    def quick(self, *arguments, **keywords):
        api(self, *arguments, **{"sleep": pauses.append, "timeout": 5.0, **keywords})

    monkeypatch.setattr(transport.Api, "__init__", quick)
    monkeypatch.delenv("KFP_TOKEN", raising=False)
    return pauses


@pytest.fixture
def pauses(no_waiting):
    return no_waiting


@pytest.fixture
def server():
    with api_server.running() as running:
        running.script = [toy_package.SUCCEEDED]
        yield running


@pytest.fixture
def api(server):
    return transport.Api(server.host)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(toy_package.text())
    return path


@dataclasses.dataclass
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def runner(server, file, capsys):
    """Runs a command against the stand-in, with the toy pipeline."""

    def run(command, *arguments, host=None, pipeline=True):
        given = ["--file", str(file)] if pipeline else []
        where = ["--host", server.host if host is None else host]
        status = kubeflow_runner.main([command, *where, *given, *map(str, arguments)])
        told = capsys.readouterr()
        return Outcome(status, told.out, told.err)

    return run
