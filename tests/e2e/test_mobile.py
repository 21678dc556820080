"""The model for phones of one project, from its first run: each test goes on from the one before.

The order matters, and is that of the file: after the first run only the evaluation, the gate and
the push are left to do, until the last test trains again, on two features.
"""

import hashlib
import json
import re

import numpy as np
import pytest

from components import push_destination
from serving.edge import EdgeModel
from serving.errors import ServingError
from tests.e2e import edge
from tests.e2e.conftest import Project

UPSTREAM = ("CsvExampleGen", "StatisticsGen", "ImportSchemaGen", "ExampleValidator", "DataGate")
MADE_BEFORE = (*UPSTREAM, "Transform", "Trainer", "TFLiteExporter")
FOR_PHONES = {"TFLiteExporter", "TFLiteGate", "MobilePusher"}
# Two epochs are enough for a model, and too few for the thresholds of configs/taxi.yaml.
QUICK = """  thresholds:
    - {metric: auc, min: 0.8, max_drop: 0.05}
    - {metric: loss, max: 0.6}
    - {metric: auc, slice: trip_start_hour, min: 0.6}
training: {max_epochs: 2}
"""
FEW_FEATURES = """features:
  payment_type: categorical_string
  initial:
    {role: categorical_string, function: off_phone.initial, columns: [company], mobile: false}
evaluation: {thresholds: [{metric: auc, min: 0.6}]}
training: {max_epochs: 1}
"""
OFF_PHONE = '''"""A feature that TFLite cannot compute."""

import tensorflow as tf


def initial(columns):
    """The first letter of the company, string [batch]."""
    return tf.strings.substr(columns["company"], 0, 1)
'''


class Phones:
    """A project whose configuration is rewritten from test to test."""

    def __init__(self, project):
        self.project = project
        text = project.config.read_text(encoding="utf-8")
        self.config = text.partition("  thresholds:")[0] + QUICK

    def run(self, mobile=""):
        """Runs with what the configuration says of phones."""
        text = self.config + (f"mobile: {mobile}\n" if mobile else "")
        self.project.config.write_text(text, encoding="utf-8")
        return self.project.command("run", "--json")

    def pushed(self, name):
        """Returns the digest of each version at a destination, by version."""
        folder = self.project.outputs / name / "taxi"
        return {
            v: push_destination.digest(folder / str(v)) for v in push_destination.versions(folder)
        }

    def newest(self):
        """Returns the newest version for phones."""
        return self.project.outputs / "mobile" / "taxi" / str(max(self.pushed("mobile")))

    def metadata(self):
        return json.loads((self.newest() / "metadata.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def phones(tmp_path_factory):
    return Phones(Project(tmp_path_factory.mktemp("phones")))


@pytest.fixture(scope="module")
def first(phones):
    """The first run, on the bundled rows."""
    return phones.run()


@pytest.fixture(scope="module")
def records(phones, first):
    """The examples of the test split."""
    return edge.records(phones.project.artifact("CsvExampleGen/examples/*"), "test")


def gates(done, name):
    """Returns what a gate demanded, by metric, slice and bound."""
    found = [gate for gate in done.json["gates"] if gate["name"] == name]
    return {(gate["metric"], gate["slice"], gate["bound"]): gate for gate in found}


def not_met(done, name="tflite"):
    return {metric for (metric, _, _), gate in gates(done, name).items() if not gate["passed"]}


def test_the_first_run_pushes_both_models_under_one_number(phones, first):
    assert first.code == 0, first.stdout + first.stderr
    assert first.json["verdict"] == "pushed"
    (version,) = phones.pushed("serving")
    assert first.json["destinations"] == [
        {"name": name, "pushed": True, "version": version, "refused": ""}
        for name in ("serving", "mobile")
    ]
    assert phones.pushed("mobile").keys() == {version}
    assert first.json["mobile_model"] == str(phones.newest() / "model.tflite")
    # Below 100,000 parameters there is no float16.
    names = {"model.tflite", "model_int8.tflite"}
    assert {path.name for path in phones.newest().iterdir()} == {*names, "metadata.json"}
    described = phones.metadata()
    assert described["saved_model_sha256"] == push_destination.origin(phones.project.model())
    assert {name: file["sha256"] for name, file in described["files"].items()} == {
        name: hashlib.sha256((phones.newest() / name).read_bytes()).hexdigest() for name in names
    }
    assert not_met(first) - {"float32 latency ms", "int8 latency ms"} == set()


@pytest.mark.parametrize(("variant", "most"), [("float32", 1e-5), ("int8", 0.02)])
def test_every_test_row_is_answered_as_the_served_model_answers_it(phones, records, variant, most):
    model = EdgeModel(phones.newest(), variant)
    found = model.predict([edge.example_values(model, record) for record in records])
    right = edge.Served(phones.project.model())(records)
    assert right.keys() == found.keys() == {"probability"}
    assert len(found["probability"]) == len(records) > 1400
    assert edge.furthest(right["probability"], found["probability"]) <= most
    assert right["probability"].std() > 0.2


def test_a_file_too_large_is_refused_and_both_old_models_stay(phones, first, states):
    before = phones.pushed("serving"), phones.pushed("mobile")
    done = phones.run("{max_megabytes: 0.01}")
    assert (done.code, done.json["verdict"]) == (1, "partly_pushed")
    (version,) = before[0]
    pattern = (
        rf"serving: version {version} already; mobile refused: "
        r"tflite gate: float32 size MB 0\.1\d* > 0\.01\d*"
    )
    assert re.fullmatch(pattern, done.json["headline"])
    refusals = {place["name"]: place["refused"] for place in done.json["destinations"]}
    assert refusals["serving"] == ""
    assert refusals["mobile"] in done.json["headline"]
    assert {place["pushed"] for place in done.json["destinations"]} == {False}
    got = states(done)
    assert {got[node] for node in MADE_BEFORE} == {"cached"}
    assert got["TFLiteGate"] == "ran"
    assert {"float32 size MB", "int8 size MB"} <= not_met(done)
    assert (phones.pushed("serving"), phones.pushed("mobile")) == before


def test_a_slow_file_is_refused_where_the_configuration_says_so(phones, first, states):
    before = phones.pushed("mobile")
    done = phones.run("{slow_refuses: true, max_latency_ms: 0.000001}")
    assert (done.code, done.json["verdict"]) == (1, "partly_pushed")
    assert "mobile refused: tflite gate: float32 latency ms" in done.json["headline"]
    assert states(done)["Evaluator"] == "cached"
    assert not_met(done) == {"float32 latency ms", "int8 latency ms"}
    assert phones.pushed("mobile") == before


def test_a_slow_file_is_a_warning_elsewhere(phones, first):
    before = phones.pushed("mobile")
    done = phones.run("{slow_refuses: false, max_latency_ms: 0.000001}")
    assert (done.code, done.json["verdict"]) == (0, "up_to_date")
    slow = gates(done, "tflite")["float32 latency ms", "", "max"]
    assert (slow["passed"], slow["binding"], slow["threshold"]) == (False, False, 0.000001)
    assert slow["value"] > 0.000001
    assert phones.pushed("mobile") == before


def test_a_quantised_file_that_differs_too_much_stays_behind_alone(phones, first):
    serving, mobile = phones.pushed("serving"), phones.pushed("mobile")
    float32 = phones.metadata()["files"]["model.tflite"]
    done = phones.run("{int8: {max_difference: 1.0e-9}}")
    assert (done.code, done.json["verdict"]) == (0, "pushed")
    assert {p["name"]: p["pushed"] for p in done.json["destinations"]} == {
        "serving": False,
        "mobile": True,
    }
    assert not_met(done) - {"float32 latency ms", "int8 latency ms"} == {"int8 difference"}
    assert phones.pushed("serving") == serving
    assert phones.pushed("mobile").items() > mobile.items()
    assert {path.name for path in phones.newest().iterdir()} == {"model.tflite", "metadata.json"}
    described = phones.metadata()
    assert described["files"] == {"model.tflite": float32}
    assert described["left_out"].keys() == {"model_int8.tflite"}
    reason = described["left_out"]["model_int8.tflite"]
    assert gates(done, "tflite")["int8 difference", "", "max"]["detail"] in reason
    assert "of the test split" in reason
    with pytest.raises(ServingError, match=re.escape(reason)):
        EdgeModel(phones.newest(), "int8")


def test_tfma_measures_of_the_file_what_it_measures_of_the_served_model(phones, first):
    done = phones.run("{evaluate: true}")
    assert done.code == 0, done.stdout + done.stderr
    quality = {k: g for k, g in gates(done, "quality").items() if k[2] != "min_change"}
    again = {k: g for k, g in gates(done, "tflite").items() if k in quality}
    assert again.keys() == quality.keys()
    assert {k[0] for k in quality} == {"auc", "loss"}
    assert sum(k[1] != "" for k in quality) > 15
    for key, gate in quality.items():
        assert again[key]["threshold"] == gate["threshold"]
        assert again[key]["value"] == pytest.approx(gate["value"], abs=1e-4)
        assert again[key]["passed"]
    values = [gate["value"] for gate in quality.values()]
    assert np.ptp(values) > 0.05  # slices differ from each other


def test_without_phones_there_are_no_such_nodes(phones, first):
    before = phones.pushed("mobile")
    done = phones.run("{enabled: false}")
    assert (done.code, done.json["verdict"]) == (0, "up_to_date")
    assert not FOR_PHONES & {node["id"] for node in done.json["nodes"]}
    assert [place["name"] for place in done.json["destinations"]] == ["serving"]
    assert gates(done, "tflite") == {}
    assert done.json["mobile_model"] is None
    assert done.json["warnings"] == []
    assert phones.pushed("mobile") == before


def test_what_a_phone_cannot_compute_is_served_and_kept_off_phones(phones, first):
    before = phones.pushed("mobile")
    (phones.project.root / "off_phone.py").write_text(OFF_PHONE, encoding="utf-8")
    phones.config = phones.config.partition("features:\n")[0] + FEW_FEATURES
    done = phones.run()
    assert (done.code, done.json["verdict"]) == (0, "pushed"), done.stdout + done.stderr
    assert not FOR_PHONES & {node["id"] for node in done.json["nodes"]}
    assert done.json["warnings"] == ['no mobile model: feature "initial" is marked mobile: false']
    assert len(phones.pushed("serving")) == 2
    assert phones.pushed("mobile") == before
