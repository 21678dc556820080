"""Each task from a CSV file to a pushed model, held against gradient boosting on its splits."""

import json
import os
import statistics
import subprocess
import sys
from typing import NamedTuple

import pandas as pd
import pytest
import tensorflow as tf

from tests.e2e.bundled import BUNDLED, SALT, USE_CASES
from usecase.paths import PROJECT_ROOT

SEEDS = range(5)


class Outcome(NamedTuple):
    """One run of a use case, and what gradient boosting makes of its splits."""

    metrics: dict
    answers: pd.DataFrame
    test: pd.DataFrame
    boosting: float


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "local_runner.py", *map(str, arguments)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(USE_CASES.parent)},  # of the functions they name
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def salts(outputs, name, split):
    """Returns which rows are in a split, by their salt."""
    folder = outputs / "artifacts" / name / "CsvExampleGen/examples/1" / f"Split-{split}"
    files = [str(f) for f in folder.glob("*.gz")]
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
    return [
        tf.train.Example.FromString(r).features.feature[SALT].int64_list.value[0] for r in records
    ]


def outcome(name, seed, folder):
    """Runs a use case on one split of its rows, predicts all of them, and asks the rival."""
    bundled, config = BUNDLED[name], USE_CASES / name / "config.yaml"
    rows = bundled.frame(seed)
    data, predicted, outputs = folder / "rows.csv", folder / "predicted.csv", folder / "outputs"
    rows.to_csv(data, index=False)
    common = ("--config", config, "--output-dir", outputs, "--data", data)
    result = json.loads(command("run", *common, "--json").splitlines()[-1])
    assert result["verdict"] == "pushed"
    command("predict", *common, "--out", predicted)
    splits = {s: rows[rows[SALT].isin(salts(outputs, name, s))] for s in ("train", "test")}
    answers = pd.read_csv(predicted)
    return Outcome(
        result["metrics"],
        answers[answers[SALT].isin(splits["test"][SALT])],
        splits["test"],
        bundled.boosting(splits["train"], splits["test"]),
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The outcome of each use case on the first split."""
    return {name: outcome(name, SEEDS[0], tmp_path_factory.mktemp(name)) for name in BUNDLED}


def test_string_classes_come_back_as_strings(first):
    wine = first["wine"].answers
    assert set(wine["cultivar_class"]) == {"class_0", "class_1", "class_2"}
    probabilities = wine.filter(like="cultivar_probability_")
    best = probabilities.columns[probabilities.to_numpy().argmax(axis=1)]
    assert list(best.str.removeprefix("cultivar_probability_")) == list(wine["cultivar_class"])
    tumours = first["breast_cancer"].answers
    malignant = tumours["diagnosis_probability"] >= 0.5
    assert list(tumours["diagnosis_class"] == "malignant") == list(malignant)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("breast_cancer", "diagnosis_probability"),
        ("wine", "cultivar_class"),
        ("diabetes", "progression_prediction"),
    ],
)
def test_gate_measured_what_scikit_learn_measures(first, name, column):
    done, bundled = first[name], BUNDLED[name]
    measured = bundled.score(done.test, done.answers[column].to_numpy())
    assert measured == pytest.approx(done.metrics[bundled.metric], rel=2e-3)


@pytest.mark.parametrize("name", BUNDLED)
def test_every_metric_of_the_linear_model_is_there_as_well(first, name):
    metrics = first[name].metrics
    own = {metric for metric in metrics if "/" not in metric}
    assert {f"linear/{metric}" for metric in own} <= set(metrics)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_no_worse_than_gradient_boosting_over_five_splits(name, tmp_path):
    ours, rivals = [], []
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        folder.mkdir()
        done = outcome(name, seed, folder)
        ours.append(done.metrics[BUNDLED[name].metric])
        rivals.append(done.boosting)
    our_median, rival = statistics.median(ours), statistics.median(rivals)
    print(f"{name}: {BUNDLED[name].metric} {our_median:.4f}, gradient boosting {rival:.4f}", ours)
    if BUNDLED[name].metric == "rmse":
        assert our_median <= 1.10 * rival
    else:
        assert our_median >= rival - {"auc": 0.02, "accuracy": 0.04}[BUNDLED[name].metric]
