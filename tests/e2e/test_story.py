"""The life of a project, from its first run: each test goes on where the one before it ended.

The order matters, and is that of the file; one long-lived project is shared because a run costs
the better part of a minute.
"""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components import push_destination

UPSTREAM = ("CsvExampleGen", "StatisticsGen", "ImportSchemaGen", "ExampleValidator", "DataGate")
# These look at the last push, and nothing that trains looks at them.
COMPARING = ("LatestPushedStatistics", "DistributionValidator")
FOR_PHONES = ("TFLiteExporter", "TFLiteGate", "MobilePusher")
JUDGED = ("Trainer", "Evaluator", "ServingGate", "Pusher", *FOR_PHONES)
MODEL_NODES = ("LatestPushedModel", "Transform", *JUDGED)
NODES = (*UPSTREAM, *COMPARING, *MODEL_NODES)
PREDICTIONS = {}


def scores(project, name):
    """Predicts the test split with the model that serves, and keeps the scores under a name."""
    files = sorted(map(str, project.artifact("CsvExampleGen/examples/*").glob("Split-test/*.gz")))
    records = sorted(
        tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator(),
        key=_content,
    )
    model = tf.saved_model.load(str(project.model())).signatures["serving_default"]
    PREDICTIONS[name] = model(examples=tf.constant(records))["probability"].numpy()
    return PREDICTIONS[name]


def _content(record):
    features = tf.train.Example.FromString(record).features.feature
    return sorted((name, str(feature)) for name, feature in features.items())


def test_first_run_pushes_a_model(project, first_run):
    assert first_run.code == 0, first_run.stdout + first_run.stderr
    assert "VERDICT  PUSHED" in first_run.stdout
    assert len(project.versions()) == 1
    loaded = tf.saved_model.load(str(project.model()))
    assert set(loaded.signatures) == {"serving_default", "serving_raw", "transform_features"}
    assert not list((project.outputs / "serving" / "taxi").glob("incoming-*"))


def test_nothing_but_the_console_is_printed(first_run):
    assert first_run.stderr == ""
    lines = first_run.stdout.splitlines()
    assert "\x1b" not in first_run.stdout
    assert re.fullmatch(r"taxi · run \S+ · local · cpu · config configs/taxi.yaml", lines[0])
    shown = [line.split()[1:] for line in lines if line.startswith("  ✔ ")]
    assert [node for words in shown for node in words if node in NODES] == [
        *("CsvExampleGen", "ImportSchemaGen", "StatisticsGen", "ExampleValidator"),
        *(*COMPARING, "DataGate"),
        *MODEL_NODES,
    ]
    noise = [
        line for line in lines if re.search(r"WARNING|Warning|tensorflow|INFO|Traceback", line)
    ]
    assert noise == []


def test_frameworks_log_to_the_file_of_the_run(project, first_run):
    (run,) = (project.outputs / "runs").iterdir()
    log = (run / "run.log").read_text(errors="replace")
    assert "TensorFlow binary is optimized" in log  # printed by C++
    assert "Going to run a new execution" in log  # logged by TFX
    assert "Traceback" not in log


def test_first_run_is_on_record(project, first_run):
    (run,) = (project.outputs / "runs").iterdir()
    result = json.loads((run / "run.json").read_text())["result"]
    gates = {(g["name"], g["metric"], g["slice"], g["bound"]): g for g in result["gates"]}
    assert gates["data", "anomalies", "", "max"]["value"] == 0
    assert gates["quality", "auc", "", "min"]["value"] == result["metrics"]["auc"]
    assert all(gate["passed"] for gate in result["gates"])
    assert {"auc", "pr_auc", "accuracy", "precision", "recall", "calibration", "loss"} <= set(
        result["metrics"]
    )
    assert 0.9 < result["metrics"]["linear/auc"] < 1
    assert sum(g["value"] for g in result["gates"] if g["metric"] == "rows") == 15002


def test_tensorboard_logs_are_kept(project, first_run):
    logs = project.artifact("Trainer/model_run/*")
    assert list(logs.rglob("events.out.tfevents.*"))
    history = json.loads((logs / "training.json").read_text())
    losses = history["history"]["val_loss"]
    assert history["best_epoch"] == 1 + int(np.argmin(losses))
    assert not list((project.outputs / "checkpoints").rglob("*.h5"))


def test_unchanged_run_executes_nothing(project, first_run, states):
    done = project.command("run", "--json")
    assert done.code == 0
    assert done.json["verdict"] == "up_to_date"
    assert states(done) == dict.fromkeys(NODES, "cached")
    assert done.json["destinations"] == [
        {"name": name, "pushed": False, "version": project.versions()[0], "refused": ""}
        for name in ("serving", "mobile")
    ]
    assert len(project.versions()) == 1
    assert done.seconds < 3


def test_predict_keeps_the_order_of_rows(project, first_run, tmp_path):
    rows = list(csv.reader(project.data.open(newline="")))
    picked = [rows[0], *rows[200:0:-1], rows[1]]
    picked[3][rows[0].index("company")] = "Never seen before, Inc."
    new = tmp_path / "new.csv"
    with new.open("w", newline="") as file:
        csv.writer(file).writerows(picked)
    out = tmp_path / "predictions.csv"
    done = project.command("predict", "--data", str(new), "--out", str(out))
    assert done.code == 0, done.stdout + done.stderr
    got = list(csv.reader(out.open(newline="")))
    assert [row[:-1] for row in got] == picked
    assert got[0][-1] == "big_tip_probability"
    probabilities = np.array([float(row[-1]) for row in got[1:]], np.float32)
    # BulkInferrer's batches are of other sizes: the last bit of a float may differ.
    np.testing.assert_allclose(probabilities, raw_scores(project, picked), rtol=0, atol=2e-7)
    assert probabilities[-1] == probabilities[-2]  # the same trip, twice


def raw_scores(project, rows):
    """Predicts CSV rows through the dense signature, independently of the batch path."""
    signature = tf.saved_model.load(str(project.model())).signatures["serving_raw"]
    feeds = {}
    for name, spec in signature.structured_input_signature[1].items():
        cells = [row[rows[0].index(name)] for row in rows[1:]]
        missing = {tf.float32: np.nan, tf.int64: -1, tf.string: ""}[spec.dtype]
        kind = {tf.float32: float, tf.int64: int, tf.string: str}[spec.dtype]
        values = [kind(cell) if cell else missing for cell in cells]
        feeds[name] = tf.constant(values, spec.dtype)
    return signature(**feeds)["probability"].numpy()


def test_predict_with_a_bad_cell_keeps_the_old_predictions(project, first_run, tmp_path):
    rows = list(csv.reader(project.data.open(newline="")))[:4]
    rows[2][rows[0].index("fare")] = "cheap"
    new, out = tmp_path / "new.csv", tmp_path / "predictions.csv"
    with new.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    out.write_text("yesterday's\n")
    done = project.command("predict", "--data", str(new), "--out", str(out))
    assert done.code == 2
    assert 'line 3, column "fare": "cheap" is not a number' in done.stderr
    assert "Traceback" not in done.stderr
    assert out.read_text() == "yesterday's\n"


def test_changed_lock_trains_again_and_predicts_alike(project, first_run, states, reasons):
    before = scores(project, "first")
    lock = project.root / "requirements" / "tfx-1.16.txt"
    lock.write_text(lock.read_text() + "\n# one more comment\n")
    done = project.command("run", "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert set(states(done).values()) == {"ran"}
    assert reasons(done)["CsvExampleGen"] == "dependency lock changed"
    np.testing.assert_allclose(scores(project, "again"), before, rtol=0, atol=1e-6)
    changes = [g for g in done.json["gates"] if g["bound"] == "min_change"]
    assert [c["metric"] for c in changes] == ["auc"]
    assert abs(changes[0]["value"]) < 1e-6


def test_changed_network_trains_but_does_not_transform(project, first_run, states, reasons):
    project.edit("models/network.py", '"""The network', '"""The (edited) network')
    done = project.command("run", "--json")
    assert done.code == 0, done.stdout + done.stderr
    got = states(done)
    assert {got[node] for node in (*UPSTREAM, "Transform")} == {"cached"}
    assert {got[node] for node in JUDGED} == {"ran"}
    assert reasons(done)["Trainer"] == "code changed: models/network.py"


def test_deleted_push_is_pushed_again_without_training(project, first_run, states):
    shutil.rmtree(project.outputs / "serving")
    done = project.command("run", "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert done.json["verdict"] == "pushed"
    assert states(done)["Trainer"] == "cached"
    assert states(done)["Pusher"] == "ran"
    assert len(project.versions()) == 1
    tf.saved_model.load(str(project.model()))
    # It is the model that phones have, and so it has the number that they know it by.
    assert [d["version"] for d in done.json["destinations"]] == project.versions() * 2
    assert [d["pushed"] for d in done.json["destinations"]] == [True, False]


def test_stricter_threshold_refuses_and_the_old_model_stays(project, first_run, states):
    serving = project.model()
    whole = push_destination.digest(serving)
    project.edit("configs/taxi.yaml", "{metric: auc, min: 0.93", "{metric: auc, min: 0.9999")
    done = project.command("run", "--json")
    assert done.code == 1
    assert done.json["verdict"] == "not_pushed"
    got = states(done)
    assert {got[node] for node in (*UPSTREAM, "Transform", "Trainer")} == {"cached"}
    failed = [g for g in done.json["gates"] if not g["passed"]]
    assert [(g["name"], g["metric"], g["threshold"]) for g in failed] == [
        ("quality", "auc", 0.9999)
    ]
    assert done.json["serving_model"] == str(serving)
    assert push_destination.digest(serving) == whole


def test_refusal_is_repeated_without_running(project, first_run, states):
    done = project.command("run")
    assert done.code == 1
    assert "NOT PUSHED — quality gate refused: auc" in done.stdout
    assert done.seconds < 3
    project.edit("configs/taxi.yaml", "min: 0.9999", "min: 0.93")


def test_changed_row_that_breaks_the_schema_is_refused(project, first_run, states, reasons):
    serving = project.model()
    whole = push_destination.digest(serving)
    lines = project.data.read_text().splitlines()
    column = lines[0].split(",").index("tips")
    cells = next(csv.reader([lines[7]]))
    assert float(cells[column]) >= 0
    cells[column] = "-3.0"
    project.data.write_text("\n".join([*lines[:7], ",".join(cells), *lines[8:]]) + "\n")
    done = project.command("run", "--json")
    assert done.code == 1
    assert reasons(done)["CsvExampleGen"] == "data changed"
    got = states(done)
    assert {got[node] for node in MODEL_NODES} == {"skipped"}
    (failed,) = [g for g in done.json["gates"] if not g["passed"]]
    assert (failed["name"], failed["metric"]) == ("data", "anomalies")
    assert "tips" in failed["detail"]
    assert push_destination.digest(serving) == whole


def test_changed_schema_line_makes_the_row_welcome(project, first_run, states, reasons):
    project.edit("schema/taxi/schema.pbtxt", 'name: "tips"', 'name: "tips" lifecycle_stage: BETA')
    done = project.command("run", "--json")
    got = reasons(done)
    assert got["ImportSchemaGen"] == "file changed: schema.pbtxt"
    assert states(done)["CsvExampleGen"] == "cached"
    assert states(done)["ExampleValidator"] == "ran"


@pytest.mark.parametrize("arguments", [("run", "--config", "configs/nosuch.yaml"), ("run", "--x")])
def test_bad_command_lines_exit_with_2_and_no_traceback(project, arguments):
    done = project.command(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.stderr
    assert done.stderr
    assert done.seconds < 3


def test_outputs_lie_where_they_should(project, first_run):
    assert {path.name for path in project.outputs.iterdir() if path.is_dir()} == {
        *("artifacts", "metadata", "runs", "serving", "mobile", "checkpoints")
    }
    assert Path(project.outputs / "metadata" / "taxi" / "metadata.db").is_file()
