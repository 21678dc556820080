"""The serving gate of one project, from its first run: each test goes on from the one before.

The order matters, and is that of the file; the model has one feature, so that runs are short.
"""

import pytest
import tensorflow as tf

from components import push_destination
from tests.e2e.conftest import Project

WARM_UP = "assets.extra/tf_serving_warmup_requests"
CONDITIONS = [
    "seconds to ready",
    *("grpc difference", "grpc latency ms", "rest difference", "rest latency ms"),
]
CONFIG = """features:
  payment_type: categorical_string
evaluation: {{thresholds: [{{metric: auc, min: 0.6, max_drop: 0.2}}]}}
training: {{max_epochs: {epochs}}}
mobile: {{enabled: false}}
serving: {serving}
"""


class Served:
    """A project whose configuration is rewritten from test to test."""

    def __init__(self, project):
        self.project = project
        self.head = project.config.read_text(encoding="utf-8").partition("features:\n")[0]

    def run(self, serving="{server: embedded}", epochs=1):
        """Runs with what the configuration says of serving."""
        text = self.head + CONFIG.format(serving=serving, epochs=epochs)
        self.project.config.write_text(text, encoding="utf-8")
        return self.project.command("run", "--json")

    def pushed(self):
        """Returns the digest of each version, warm-up records included."""
        folder = self.project.outputs / "serving" / "taxi"
        return {
            v: push_destination.digest(folder / str(v)) for v in push_destination.versions(folder)
        }


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return Served(Project(tmp_path_factory.mktemp("served")))


@pytest.fixture(scope="module")
def first(served):
    """The first run, on the bundled rows."""
    return served.run()


def conditions(done):
    return {gate["metric"]: gate for gate in done.json["gates"] if gate["name"] == "serving"}


def test_what_serves_was_asked_in_a_server_and_is_warmed_up(served, first):
    assert first.code == 0, first.stdout + first.stderr
    assert first.json["verdict"] == "pushed"
    found = conditions(first)
    assert list(found) == CONDITIONS
    assert all(gate["passed"] for gate in found.values() if gate["binding"])
    (fact,) = [node["fact"] for node in first.json["nodes"] if node["id"] == "ServingGate"]
    assert fact.startswith("passed · embedded server · gRPC ")
    assert first.json["metrics"]["serving/rows"] == 1492 + 2
    model = served.project.model()
    records = list(tf.data.TFRecordDataset(str(model / WARM_UP)))
    assert len(records) == 4
    trained = served.project.artifact("Trainer/model/*") / "Format-Serving"
    assert push_destination.origin(model) == push_destination.digest(trained)


def test_another_limit_asks_again_and_pushes_nothing(served, first, states, reasons):
    before = served.pushed()
    done = served.run("{server: embedded, max_latency_ms: 0.000001}")
    assert (done.code, done.json["verdict"]) == (0, "up_to_date")
    # There is a baseline now, whose warm-up records are nothing to the Evaluator.
    of_baseline = {"LatestPushedStatistics", "DistributionValidator", "LatestPushedModel"}
    new = of_baseline | {"Evaluator", "ServingGate", "Pusher"}
    assert {node for node, state in states(done).items() if state == "ran"} == new
    assert reasons(done)["ServingGate"] == "config changed: serving.max_latency_ms"
    missed = [metric for metric, gate in conditions(done).items() if not gate["passed"]]
    assert missed == ["grpc latency ms", "rest latency ms"]
    assert served.pushed() == before


def test_another_server_asks_again_and_nothing_else_does(served, first, states, reasons):
    served.run()
    name = "model_server/predict.py"
    served.project.edit(name, '"""', '"""(Edited) ')
    done = served.run()
    assert (done.code, done.json["verdict"]) == (0, "up_to_date")
    got = states(done)
    assert {node for node, state in got.items() if state == "ran"} == {"ServingGate", "Pusher"}
    assert reasons(done)["ServingGate"] == f"code changed: {name}"


def test_a_model_that_no_server_gets_ready_is_refused(served, first):
    before = served.pushed()
    done = served.run("{server: embedded, startup_timeout_s: 0.01}")
    assert (done.code, done.json["verdict"]) == (1, "not_pushed")
    why = 'the model "taxi" did not answer within 0.01 s'
    assert done.json["headline"] == f"serving gate refused: {why}"
    (gate,) = conditions(done).values()
    assert (gate["value"], gate["detail"].splitlines()[0]) == (None, why)
    assert served.pushed() == before


def test_a_server_that_is_not_there_ends_the_run_before_it_starts(
    served, first, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = served.run("{server: binary}")
    assert done.code == 2
    assert "serving.server: " in done.stderr
    assert "tensorflow_model_server" in done.stderr
    assert "fix: " in done.stderr
    assert done.json["nodes"] == []
    assert done.seconds < 5


def test_a_version_with_warm_up_records_is_a_baseline_like_others(served, first, states):
    (version,) = served.pushed()
    done = served.run(epochs=2)
    assert (done.code, done.json["verdict"]) == (0, "pushed"), done.stdout + done.stderr
    assert states(done)["Trainer"] == "ran"
    (change,) = [gate for gate in done.json["gates"] if gate["bound"] == "min_change"]
    assert change["passed"]
    assert sorted(served.pushed()) == [version, *served.project.versions()[1:]]
    assert (served.project.model() / WARM_UP).exists()
