"""Releases of one project, from its first push: each test goes on from the one before.

The order matters, and is that of the file; models have few features, so that runs are short.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.client import ServingClient
from serving.split import SplitClient
from tests.e2e.conftest import Finished, Project
from tests.model_server.world import free_port

CONFIG = """features:
{features}
evaluation: {{thresholds: [{{metric: auc, min: 0.6, max_drop: 0.5}}]}}
training: {{max_epochs: {epochs}}}
mobile: {{enabled: false}}
serving: {{server: embedded{more}}}
"""
POOR = "  payment_type: categorical_string"
RICH = f"{POOR}\n  fare: {{role: bucketized, buckets: 20}}\n  trip_miles: numeric"
ROW = {"payment_type": "Credit Card", "fare": 12.5, "trip_miles": 2.0}
READY = 120


class Released:
    """A project, its model server, and the commands of a release."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root)
        self.folder = self.project.outputs / "serving" / "taxi"
        self.log = root / "up.log"
        self.rest = f"http://localhost:{free_port()}"
        self._head = self.project.config.read_text(encoding="utf-8").partition("features:\n")[0]
        self._up = None

    def run(self, features: str, epochs: int, more: str = "") -> Finished:
        """Runs the pipeline with what the configuration says."""
        text = self._head + CONFIG.format(features=features, epochs=epochs, more=more)
        self.project.config.write_text(text, encoding="utf-8")
        return self.project.command("run", "--json")

    def up(self) -> None:
        """Starts the server as a user does, and waits until it answers."""
        port = self.rest.rpartition(":")[2]
        with self.log.open("w") as log:
            self._up = subprocess.Popen(
                [
                    *(sys.executable, "-m", "serving", "up", "--server", "embedded"),
                    *("--port", str(free_port()), "--rest-port", port),
                ],
                cwd=self.project.root,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + READY
        while "Ctrl-C stops it" not in self.log.read_text():
            assert self._up.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def down(self) -> int | None:
        """Stops it and returns its exit status."""
        if self._up is None:
            return None
        self._up.send_signal(signal.SIGTERM)
        return self._up.wait(60)

    def serving(self, *arguments: str) -> Finished:
        """Runs `python -m serving`."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "serving", *arguments, "--server", self.rest],
            cwd=self.project.root,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def answering(self, label: str | None = None) -> int:
        """Returns the version that a label's requests get."""
        with ServingClient(self.rest, "taxi", label=label) as client:
            return client.metadata().version


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    made = Released(tmp_path_factory.mktemp("released"))
    yield made
    made.down()


@pytest.fixture(scope="module")
def versions():
    """What was pushed, in its order."""
    return []


def test_first_push_is_stable_once_it_is_served(released, versions):
    done = released.run(POOR, 1)
    assert done.code == 0, done.stdout + done.stderr
    assert done.json["release"] is None
    versions += released.project.versions()
    record = released.folder / str(versions[0]) / "assets.extra" / "push.json"
    assert json.loads(record.read_text())["run"] == done.json["run_id"]
    released.up()
    assert released.answering("stable") == released.answering("canary") == versions[0]
    told = released.serving("status")
    assert told.code == 0, told.stdout + told.stderr
    assert re.search(rf"stable +{versions[0]} .*{done.json['run_id']}", told.stdout)


def test_next_push_changes_nothing_that_is_stable(released, versions):
    done = released.run(RICH, 3)
    assert done.json["verdict"] == "pushed", done.stdout + done.stderr
    versions.append(released.project.versions()[-1])
    assert done.json["release"] == {"stable": versions[0], "canary": None}
    time.sleep(3)  # more than a server needs to see it
    assert released.answering() == released.answering("stable") == versions[0]
    told = released.serving("status")
    assert told.code == 0, told.stdout + told.stderr
    assert f"serving canary {versions[1]} --percent" in told.stdout
    again = released.project.command("run")
    assert again.code == 0
    assert "UP TO DATE" in again.stdout
    assert again.seconds < 3


def test_canary_gets_its_share_of_the_keys(released, versions):
    done = released.serving("canary", "newest", "--percent", "30", "--why", "more columns")
    assert done.code == 0, done.stdout + done.stderr
    assert released.answering("canary") == versions[1]
    assert released.answering("stable") == versions[0]
    with SplitClient(released.rest, "taxi", release=released.folder) as client:
        labels = [client.label_of(f"user {k}") for k in range(1000)]
        assert 0.25 < labels.count("canary") / 1000 < 0.35
        by_label = {
            label: client.predict([ROW], key=f"user {labels.index(label)}")["probability"][0]
            for label in ("stable", "canary")
        }
    for label, probability in by_label.items():
        with ServingClient(released.rest, "taxi", label=label, takes_more=True) as client:
            assert client.predict([ROW])["probability"][0] == pytest.approx(probability, abs=1e-6)
    assert by_label["stable"] != by_label["canary"]


def test_compare_computes_the_label_as_the_pipeline_does(released, versions):
    data = ("--data", str(released.project.data), "--label", "big_tip", "--rows", "3000")
    done = released.serving("compare", *data)
    assert done.code == 0, done.stdout + done.stderr
    assert f"canary {versions[1]}" in done.stdout
    assert "auc" in done.stdout.lower()
    promoted = released.serving("promote", "--if-better", *data)
    assert promoted.code == 0, promoted.stdout + promoted.stderr
    assert released.answering("stable") == released.answering("canary") == versions[1]


def test_on_push_promotes_at_once(released, versions):
    done = released.run(RICH, 2, f", promote: on_push, servers: ['{released.rest}']")
    assert done.json["verdict"] == "pushed", done.stdout + done.stderr
    versions.append(released.project.versions()[-1])
    assert done.json["release"] == {"stable": versions[2], "canary": None}
    assert released.answering("stable") == versions[2]


def test_rollback_goes_back_within_five_seconds(released, versions):
    done = released.serving("rollback", "--why", "complaints")
    assert done.code == 0, done.stdout + done.stderr
    assert done.seconds < 5
    assert released.answering("stable") == released.answering("canary") == versions[1]
    state = json.loads((released.folder / "release.json").read_text())
    assert [event["action"] for event in state["history"]][-4:] == [
        *("canary", "promote", "promote", "rollback")
    ]
    assert state["history"][-1]["why"] == "complaints"
    assert state["stables"][0] == versions[1]
    assert versions[2] not in state["stables"]
    assert released.down() == 0
    assert "Traceback" not in released.log.read_text()
