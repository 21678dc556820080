"""The taxi pipeline as Kubeflow would run it, from the compiled file: twice, then refused twice.

The order matters, and is that of the file; each run goes on where the one before it left the
volume. The first has the cluster's defaults of today, the second those of an older one.
"""

import json
import shutil

import numpy as np
import pytest

from components.verdict import Verdict
from serving.edge import EdgeModel
from tests.e2e import edge
from tests.e2e.conftest import BUNDLED, Project
from tests.e2e.kubeflow_cluster import MOUNT_PATH, UPSTREAM, TaxiCluster, mounting, property_of
from tests.orchestration.kubeflow.emulator import api_check
from tests.orchestration.kubeflow.emulator.run import run
from usecase.paths import resolve

pytestmark = pytest.mark.slow

MODEL_NODES = ("Transform", "Trainer", "LatestPushedModel", "Evaluator", "ServingGate", "Pusher")
PHONE_NODES = ("TFLiteExporter", "TFLiteGate", "MobilePusher")
NODES = (*UPSTREAM, *MODEL_NODES, *PHONE_NODES)
TOLERANCE = 1e-5
SPLITS = ("train", "eval", "test")
# A worse model, under thresholds that it passes.
QUICK = {"max_epochs": 2, "min_auc": 0.8, "max_drop_auc": 0.1, "max_loss": 0.6}
LAX = {**QUICK, "min_auc_by_trip_start_hour": 0.6, "min_calibration": 0.5, "max_calibration": 2.0}


@pytest.fixture(scope="module")
def taxi(tmp_path_factory):
    """A cluster on whose volume the data lie."""
    made = TaxiCluster(tmp_path_factory.mktemp("kubeflow"))
    (made.volume / "data").mkdir()
    shutil.copyfile(resolve(BUNDLED, "data"), made.volume / "data" / "trips.csv")
    return made


@pytest.fixture(scope="module")
def text(taxi):
    return taxi.compiled(f"{MOUNT_PATH}/data/trips.csv")


@pytest.fixture(scope="module")
def first(taxi, text):
    """A run by default."""
    done = run(taxi.cluster, text)
    print(f"\nemulated run: {done.seconds:.0f} s")
    return done


@pytest.fixture(scope="module")
def first_versions(taxi, first):
    return taxi.versions("serving"), taxi.versions("mobile")


@pytest.fixture(scope="module")
def second(taxi, text, first_versions):
    """A run on an older cluster, with other parameters; its data come from the image."""
    taxi.cluster.logs = taxi.cluster.new_layout = False
    done = run(taxi.cluster, text, {**LAX, "data": BUNDLED})
    print(f"\nemulated run: {done.seconds:.0f} s")
    return done


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The local runner's project after one run on the same rows."""
    project = Project(tmp_path_factory.mktemp("local"))
    done = project.command("run")
    assert done.code == 0, done.stdout + done.stderr
    return project


def verdict(taxi, done):
    """What the quality gate says."""
    return Verdict.read(done.files(taxi.cluster, "Evaluator", "evaluation"))


def changes(taxi, done):
    """How much better the AUC is than the baseline's, where the quality gate held it against it."""
    return [result.value for result in verdict(taxi, done).results if result.bound == "min_change"]


def everything(taxi, done):
    """All rows of a run, serialized."""
    examples = done.files(taxi.cluster, "CsvExampleGen", "examples")
    return [record for split in SPLITS for record in edge.records(examples, split)]


def test_the_volume_is_seen_by_those_who_need_it_alone(text):
    nodes = (
        *("CsvExampleGen", "LatestPushedModel", "LatestPushedStatistics", "MobilePusher"),
        *("Pusher", "Trainer"),
    )
    kubernetes = api_check.read(text).kubernetes
    assert mounting(kubernetes) == {f"{node}_executor" for node in nodes}


def test_the_first_run_pushes_a_model(taxi, first, first_versions):
    assert first.states == dict.fromkeys(NODES, "succeeded"), first.failures
    assert {name: task.attempts for name, task in first.tasks.items()} == dict.fromkeys(NODES, 1)
    assert [each for task in first.tasks.values() for each in task.warnings] == []
    serving, mobile = first_versions
    assert len(serving) == 1
    assert mobile == serving
    assert not taxi.mount.exists()
    pushed = first.tasks["Pusher"].artifacts["pushed_model"]
    assert property_of(pushed, "pushed") == 1.0
    assert property_of(pushed, "pushed_version") == str(serving[0])


def test_the_first_run_has_no_baseline(taxi, first):
    model = first.tasks["LatestPushedModel"].artifacts["model"]
    assert property_of(model, "empty") == 1.0
    assert changes(taxi, first) == []
    blessing = first.tasks["Evaluator"].artifacts["blessing"]
    assert property_of(blessing, "blessed") == 1.0
    assert property_of(blessing, "current_model").startswith("minio://")
    assert (
        property_of(blessing, "current_model_id")
        == (first.tasks["Trainer"].artifacts["model"]["name"])
    )
    assert "baseline_model" not in blessing["metadata"]


def test_no_path_of_a_pod_is_left_in_the_metadata(taxi, first):
    artifacts = [a for task in first.tasks.values() for a in task.artifacts.values()]
    text = json.dumps([artifacts, [task.parameters for task in first.tasks.values()]])
    assert "/pods/" not in text
    assert all(a["uri"].startswith("minio://mlpipeline/v2/artifacts/taxi/") for a in artifacts)


def test_logs_are_kept_where_the_cluster_keeps_them(taxi, first):
    for node, task in first.tasks.items():
        kept = first.files(taxi.cluster, node, "executor-logs").read_text(encoding="utf-8")
        assert kept == task.log


def test_the_pushed_model_predicts_as_the_local_runners_does(taxi, first, first_versions, local):
    (version,) = first_versions[0]
    rows = everything(taxi, first)
    assert len(rows) == 15002
    models = (taxi.volume / "serving" / "taxi" / str(version), local.model())
    here, there = (edge.Served(model)(rows)["probability"] for model in models)
    assert here.shape == there.shape == (15002,)
    assert np.ptp(here) > 0.5
    np.testing.assert_allclose(here, there, rtol=0, atol=TOLERANCE)


def test_so_does_the_model_for_phones(taxi, first, first_versions, local):
    (version,) = first_versions[1]
    (local_version,) = local.versions()
    folders = (
        taxi.volume / "mobile" / "taxi" / str(version),
        local.outputs / "mobile" / "taxi" / str(local_version),
    )
    rows = everything(taxi, first)[:1000]
    here, there = (
        model.predict([edge.example_values(model, row) for row in rows])["probability"]
        for model in map(EdgeModel, folders)
    )
    assert here.shape == there.shape == (1000,)
    np.testing.assert_allclose(here, there, rtol=0, atol=TOLERANCE)


def test_the_second_run_is_held_against_the_first_ones_model(taxi, first, second, first_versions):
    assert second.states == dict.fromkeys(NODES, "succeeded"), second.failures
    (before,) = first_versions[0]
    baseline = second.tasks["LatestPushedModel"].artifacts["model"]
    assert property_of(baseline, "pushed_version") == before
    assert "empty" not in baseline["metadata"]
    blessing = second.tasks["Evaluator"].artifacts["blessing"]
    assert property_of(blessing, "baseline_model") == baseline["uri"]
    earlier, later = (verdict(taxi, done).metrics for done in (first, second))
    assert later["auc"] < earlier["auc"] - 1e-4
    for metric in ("auc", "loss", "accuracy"):
        assert later[f"baseline/{metric}"] == pytest.approx(earlier[metric], abs=1e-6)
    assert changes(taxi, second) == [pytest.approx(later["auc"] - earlier["auc"], abs=1e-6)]


def test_the_second_run_pushes_another_model(taxi, second, first_versions):
    serving, mobile = taxi.versions("serving"), taxi.versions("mobile")
    assert serving[:-1] == first_versions[0]
    assert len(serving) == 2
    assert mobile == serving
    rows = everything(taxi, second)[:100]
    folder = taxi.volume / "serving" / "taxi"
    answers = [edge.Served(folder / str(v))(rows)["probability"] for v in serving]
    assert np.abs(answers[0] - answers[1]).max() > 0.01


def test_the_older_cluster_kept_no_logs(second):
    outputs = {name for task in second.tasks.values() for name in task.artifacts}
    assert "executor-logs" not in outputs


def test_a_refusing_data_gate_ends_the_run(taxi, text, second):
    before = taxi.versions("serving"), taxi.versions("mobile")
    after = [node for node in NODES if node not in UPSTREAM]
    done = run(taxi.cluster, text, {"min_rows": 1_000_000}, only=["DataGate", *after], given=second)
    assert property_of(done.tasks["DataGate"].artifacts["verdict"], "passed") == 0.0
    assert done.states["DataGate"] == "succeeded"
    conditional = {"Transform", "LatestPushedModel"}  # of the others, none is asked any more
    assert {node for node in after if done.states[node] == "skipped"} == conditional
    assert {done.states[node] for node in set(after) - conditional} == {"omitted"}
    assert (taxi.versions("serving"), taxi.versions("mobile")) == before


def test_a_refusing_quality_gate_pushes_nothing(taxi, text, second):
    before = taxi.versions("serving"), taxi.versions("mobile")
    judging = ["Evaluator", "Pusher", "MobilePusher"]
    done = run(taxi.cluster, text, {**LAX, "min_auc": 0.9999}, only=judging, given=second)
    assert {node: done.states[node] for node in judging} == dict.fromkeys(judging, "succeeded")
    assert property_of(done.tasks["Evaluator"].artifacts["blessing"], "blessed") == 0.0
    refusing = [result for result in verdict(taxi, done).results if result.refuses]
    assert [(r.metric, r.slice, r.bound, r.threshold) for r in refusing] == [
        ("auc", "", "min", 0.9999)
    ]
    for pusher in ("Pusher", "MobilePusher"):
        assert property_of(done.tasks[pusher].artifacts["pushed_model"], "pushed") == 0.0
    assert (taxi.versions("serving"), taxi.versions("mobile")) == before
