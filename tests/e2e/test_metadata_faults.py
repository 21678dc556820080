"""Whole runs whose metadata store is on a server, gone bad, or out of reach."""

import json
import os
import subprocess
import sys

import pytest

from components import push_destination
from tests.e2e.bundled import BUNDLED, USE_CASES
from tests.orchestration.databases import mariadb, postgresql
from tests.orchestration.databases.process import free_port
from tests.runner_world import Program
from usecase.paths import PROJECT_ROOT

CONFIG = USE_CASES / "wine" / "config.yaml"
SERVERS = {"postgresql": postgresql.PostgreSQL, "mariadb": mariadb.MariaDB}


class World:
    """Wines, and an output folder."""

    def __init__(self, folder, url=None):
        self.outputs = folder / "outputs"
        self.serving = self.outputs / "serving" / "wine"
        self.config, self.rows = folder / "wine.yaml", folder / "rows.csv"
        key = f"\nmetadata: {url}\n" if url else "\n"
        self.config.write_text(CONFIG.read_text() + key)
        BUNDLED["wine"].frame(0).to_csv(self.rows, index=False)

    @property
    def arguments(self):
        return (
            *("run", "--json", "--config", str(self.config), "--data", str(self.rows)),
            *("--output-dir", str(self.outputs), "--set", "mobile.enabled=false"),
            # The baseline is known by then, and a store has been asked and told a dozen times.
            *("--to", "LatestPushedModel"),
        )

    def run(self, *more):
        """Runs the pipeline; returns its exit status and what `--json` printed."""
        done = subprocess.run(
            [sys.executable, "local_runner.py", *self.arguments, *more],
            cwd=PROJECT_ROOT,
            env={**os.environ, "PYTHONPATH": str(USE_CASES.parent)},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout.splitlines()[-1])

    def push(self, version):
        """Pushes a stand-in for a model."""
        (self.serving / str(version)).mkdir(parents=True)
        (self.serving / str(version) / "saved_model.pb").write_bytes(b"the last pushed model")

    def holds(self, text):
        """Returns the files below the output folder that hold a text."""
        files = [path for path in self.outputs.rglob("*") if path.is_file()]
        return [path for path in files if text.encode() in path.read_bytes()]


def states(result):
    """Returns {node: state} of what was asked for."""
    asked = [node for node in result["nodes"] if node["reason"] != "not asked for"]
    return {node["id"]: node["state"] for node in asked}


def test_a_server_out_of_reach_ends_a_run_before_it_begins(tmp_path, monkeypatch):
    port = free_port()
    world = World(tmp_path, f"postgresql://ml@127.0.0.1:{port}/ml")
    world.push(1700000000)
    whole = push_destination.digest(world.serving)
    monkeypatch.setenv("METADATA_PASSWORD", "xYzzy")
    runner = Program("local_runner", ("tensorflow", "tfx", "apache_beam"))
    done = runner.probe(*world.arguments)
    *_, report, status = done.stdout.splitlines()
    assert status == "status 2 []"
    assert f"metadata server not reachable: 127.0.0.1:{port}" in json.loads(report)["error"]["what"]
    assert "xYzzy" not in done.stdout + done.stderr
    assert world.holds("xYzzy") == []
    assert push_destination.digest(world.serving) == whole


@pytest.mark.slow
def test_a_corrupt_store_is_moved_aside_and_the_last_push_stays_the_baseline(tmp_path):
    world = World(tmp_path)
    world.push(1700000000)
    whole = push_destination.digest(world.serving)
    code, first = world.run()
    assert code == 0, first
    store = world.outputs / "metadata" / "wine" / "metadata.db"
    store.write_bytes(store.read_bytes()[:50_000])
    code, second = world.run()
    assert code == 0, second
    assert set(states(second).values()) == {"ran"}, second["nodes"]
    moved, unknown = second["warnings"][:2]
    assert "the metadata store was corrupt" in moved
    assert "delete them when nobody needs them" in unknown
    (node,) = [each for each in second["nodes"] if each["id"] == "LatestPushedModel"]
    assert "1700000000" in node["fact"]
    assert push_destination.digest(world.serving) == whole
    assert len(list((world.outputs / "artifacts").iterdir())) == 2
    code, third = world.run()
    assert code == 0, third
    assert states(third)["StatisticsGen"] == "cached"


@pytest.mark.slow
@pytest.mark.parametrize("kind", SERVERS)
def test_a_store_on_a_server_remembers_what_ran(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("METADATA_PASSWORD", mariadb.PASSWORD)
    server = SERVERS[kind]()
    try:
        world = World(tmp_path, server.url("wines"))
        code, first = world.run()
        assert code == 0, first
        assert set(states(first).values()) == {"ran"}
        code, second = world.run()
        assert code == 0, second
        reused = {node for node, state in states(second).items() if state == "cached"}
        assert {"CsvExampleGen", "StatisticsGen", "ExampleValidator", "DataGate"} <= reused
        assert not list(world.outputs.glob("metadata/**/*.db"))
        assert world.holds(mariadb.PASSWORD) == []
    finally:
        server.close()
