"""`run --tune` on the taxi trips: the table, the model, the file of best values and later runs."""

import json
import re
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
import yaml

from tests.e2e.conftest import Finished, Project
from usecase.loading import load_use_case
from usecase.paths import PROJECT_ROOT

TUNING = """
training: {max_epochs: 2, learning_rate: 1.0e-4}
tuning:
  trials: 3
  space:
    training.learning_rate: {min: 1.0e-3, max: 3.0e-3, log: true}
    network.hidden_units: [[16], [32, 16]]
"""


class Story(NamedTuple):
    """Runs one after the other in one project."""

    project: Project
    tuned: Finished
    again: Finished
    with_file: Finished
    refused: Finished


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("tuning"))
    text = project.config.read_text(encoding="utf-8").partition("  thresholds:")[0]
    text += "  thresholds: [{metric: auc, min: 0.6}]\n" + TUNING
    project.config.write_text(text, encoding="utf-8")
    path = tuned_file(project)
    tuned = project.command("run", "--tune")
    path.rename(path.with_name("first.yaml"))
    again = project.command("run", "--tune", "--json")
    with_file = project.command("run", "--config", "configs/taxi.tuned.yaml", "--json")
    path.unlink()
    project.edit(project.config, "min: 0.6", "min: 0.9999")
    return Story(project, tuned, again, with_file, project.command("run", "--tune", "--json"))


def tuned_file(project):
    return project.root / "configs" / "taxi.tuned.yaml"


def trials(project):
    return json.loads((project.artifact("Tuner/tuner_results/*") / "trials.json").read_text())


def state(done, node_id):
    (node,) = [node for node in done.json["nodes"] if node["id"] == node_id]
    return node["state"]


def test_the_run_ends_well_and_says_what_it_tried(story):
    done = story.tuned
    assert (done.code, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    (fact,) = [line for line in lines if " tune " in line and "✔" in line]
    assert "Tuner" in fact
    assert "3 trials · best eval loss 0." in fact
    (head,) = [k for k, line in enumerate(lines) if line.startswith("  trial ")]
    assert lines[head].split() == ["trial", "loss", "in", "SE", "epochs", "rate", "units"]
    assert lines[head - 1].split() == ["eval", "gain", "learning", "hidden"]
    rows = [line.split() for line in lines[head + 1 : head + 4]]
    assert sorted(row[0] for row in rows) == ["1", "2", "3"]
    assert sum("config" in row for row in rows) == 1
    losses = [float(row[2 if "config" in row else 1]) for row in rows]
    assert losses == sorted(losses)
    assert "  tuned    configs/taxi.tuned.yaml" in lines
    assert not [line for line in lines if line.startswith(("Search", "Trial", "Best"))]


def test_the_log_has_the_table_too(story):
    (log,) = [line for line in story.tuned.stdout.splitlines() if line.startswith("  log ")]
    text = (story.project.root / log.split()[1]).read_text(encoding="utf-8")
    shown = story.tuned.stdout
    table = shown[shown.index("  trial       loss") : shown.index("\n\n  serving")]
    assert table in text
    assert "Search space summary" not in text


def test_claim_the_best_trial_is_no_worse_than_the_configuration_s_own(story):
    best, *_, own = sorted(trials(story.project), key=lambda t: (t["eval_loss"], t["number"]))
    (first,) = [t for t in trials(story.project) if t["number"] == 1]
    assert first["values"] == {"training.learning_rate": 1e-4, "network.hidden_units": [64, 32]}
    assert best["eval_loss"] <= first["eval_loss"]
    # With this learning rate, two epochs are far too few.
    assert own == first
    assert first["eval_loss"] - best["eval_loss"] > 0.05


def test_the_file_holds_the_best_values_and_is_a_configuration(story):
    best = trials(story.project)[0]["values"]
    path = story.project.root / "configs" / "first.yaml"
    made, own = load_use_case(path), load_use_case(story.project.config)
    assert list(made.network.hidden_units) == best["network.hidden_units"]
    assert made.training.learning_rate == best["training.learning_rate"]
    assert 1e-3 <= made.training.learning_rate <= 3e-3
    assert (made.features, made.label, made.tuning) == (own.features, own.label, own.tuning)


def test_the_model_is_the_best_trial_s(story):
    best = trials(story.project)[0]
    history = json.loads(
        next(
            (story.project.outputs / "artifacts/taxi/Trainer/model_run").glob("*/training.json")
        ).read_text()
    )
    assert (history["best_epoch"], history["epochs"]) == (best["best_epoch"], best["epochs"])
    files = (story.project.artifact("CsvExampleGen/examples/*") / "Split-eval").glob("*.gz")
    rows = tf.data.TFRecordDataset([str(f) for f in files], "GZIP").batch(10_000)
    examples = next(iter(rows))
    model = tf.saved_model.load(str(story.project.outputs / "serving/taxi" / first_version(story)))
    p = model.signatures["serving_default"](examples)["probability"].numpy().astype(float)
    label = model.signatures["transform_features"](examples)["big_tip_xf"].numpy()
    loss = -np.mean(np.log(np.where(label == 1, p, 1 - p)))
    assert loss == pytest.approx(best["eval_loss"], abs=1e-5)


def first_version(story):
    # The gate's conditions begin alike.
    start = re.compile(r"  serving +\S*/serving/taxi/\d+ ")
    (line,) = [s for s in story.tuned.stdout.splitlines() if start.match(s)]
    return line.split()[1].rpartition("/")[2]


def test_the_same_again_runs_nothing_and_writes_the_file_anew(story):
    result = story.again.json
    assert (story.again.code, result["verdict"]) == (0, "up_to_date")
    assert {node["state"] for node in result["nodes"]} == {"cached"}
    assert result["trials"] == trials(story.project)
    assert result["tuned_config"] == str(tuned_file(story.project))
    assert story.again.seconds < 5


def test_a_run_with_the_file_makes_the_same_model(story):
    result = story.with_file.json
    assert (story.with_file.code, result["verdict"]) == (0, "pushed")
    assert (result["trials"], result["tuned_config"]) == ([], None)
    assert "Tuner" not in [node["id"] for node in result["nodes"]]
    assert state(story.with_file, "Transform") == "cached"
    assert state(story.with_file, "Trainer") == "ran"
    tuned = story.again.json["metrics"]
    for name in ("auc", "loss", "accuracy", "linear/auc"):
        assert result["metrics"][name] == pytest.approx(tuned[name], abs=1e-5)


def test_a_search_is_not_repeated_and_its_values_are_kept_though_a_gate_refuses(story):
    result = story.refused.json
    assert (story.refused.code, result["verdict"]) == (1, "not_pushed")
    assert state(story.refused, "Tuner") == "cached"
    assert result["trials"] == trials(story.project)
    assert result["tuned_config"] == str(tuned_file(story.project))
    raw = yaml.safe_load(tuned_file(story.project).read_text(encoding="utf-8"))
    assert raw["evaluation"]["thresholds"] == [{"metric": "auc", "min": 0.9999}]
    assert raw["network"] == {"hidden_units": result["trials"][0]["values"]["network.hidden_units"]}


def test_no_folder_of_the_user_s_has_what_the_trials_left(story):
    outputs = story.project.outputs
    assert not [p for p in (outputs / "checkpoints").rglob("*") if p.is_file()]
    left = {p.name for p in (outputs / "artifacts/taxi/Tuner").rglob("*") if p.is_file()}
    assert left == {"trials.json", "tuner_results.json", "best_hyperparameters.txt"}
    before = {p.name for p in (PROJECT_ROOT / "configs").iterdir()}
    configs = {p.name for p in (story.project.root / "configs").iterdir()}
    assert configs - before <= {"taxi.tuned.yaml", "first.yaml"}
