"""A model of a configuration that was inferred is as good as that of one written by hand.

Both are trained through the pipeline's own nodes on the same hash splits, and score the test split.
"""

import json
import os
import statistics
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from autoconfig import infer
from autoconfig.files import write
from tests.e2e.bundled import BUNDLED, SALT, USE_CASES
from usecase.paths import PROJECT_ROOT

SEEDS = range(5)
ROWS_APART = 10_000


def salted(name, seed):
    """The rows, with numbers that differ from seed to seed, count up, and so are left out."""
    rows = BUNDLED[name].frame(seed)
    rows[SALT] = seed * ROWS_APART + np.arange(len(rows))
    return rows


def trained(config, data, folder):
    """Runs a configuration up to the Trainer; returns its artifacts."""
    outputs = folder / "outputs"
    arguments = ("--config", config, "--data", data, "--output-dir", outputs, "--to", "Trainer")
    done = subprocess.run(
        [sys.executable, str(PROJECT_ROOT / "local_runner.py"), "run", *map(str, arguments)],
        cwd=folder,  # where the schema of the inferred one is looked for first
        env={**os.environ, "PYTHONPATH": str(USE_CASES.parent)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (artifacts,) = (outputs / "artifacts").iterdir()
    return artifacts


def scored(name, artifacts, rows):
    """The metric of the trained model on the rows of the test split, asked in process."""
    bundled = BUNDLED[name]
    test = rows[rows[SALT].isin(salts(artifacts))]
    (saved,) = (artifacts / "Trainer/model").glob("*/Format-Serving")
    signature = tf.saved_model.load(str(saved)).signatures["serving_raw"]
    specs = signature.structured_input_signature[1]
    columns = {re_name(column): test[column] for column in test}
    feeds = {
        name: tf.constant(columns[name].to_numpy(spec.dtype.as_numpy_dtype), spec.dtype)
        for name, spec in specs.items()
    }
    answers = {key: value.numpy() for key, value in signature(**feeds).items()}
    key = {"auc": "probability", "accuracy": "class", "rmse": "prediction"}[bundled.metric]
    found = answers[key]
    return bundled.score(test, found.astype(str) if key == "class" else found)


def re_name(column):
    """The name of a column in a dense request."""
    from usecase.schema import identifier

    return identifier(column)


def salts(artifacts):
    """Which rows are in the test split."""
    files = [str(f) for f in artifacts.glob("CsvExampleGen/examples/*/Split-test/*")]
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
    return {
        tf.train.Example.FromString(r).features.feature[SALT].int64_list.value[0] for r in records
    }


def both(name, seed, folder):
    """The metric by hand, and inferred."""
    rows = salted(name, seed)
    data = folder / f"{name}.csv"
    rows.to_csv(data, index=False)
    inferred = infer(str(data), BUNDLED[name].label)
    written = write(inferred, folder, str(data), overwrite=False)
    scores = {}
    for kind, config in (("hand", USE_CASES / name / "config.yaml"), ("inferred", written.config)):
        (folder / kind).mkdir()
        (folder / kind / "schema").symlink_to(folder / "schema")
        scores[kind] = scored(name, trained(config, data, folder / kind), rows)
    return scores


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_inferred_reaches_what_is_written_by_hand(name, tmp_path):
    scores = []
    for seed in SEEDS:
        (tmp_path / str(seed)).mkdir()
        scores.append(both(name, seed, tmp_path / str(seed)))
    hand, inferred = (statistics.median(s[kind] for s in scores) for kind in ("hand", "inferred"))
    print(json.dumps({"name": name, "hand": hand, "inferred": inferred, "scores": scores}))
    if BUNDLED[name].metric == "rmse":
        assert inferred <= 1.05 * hand
    else:
        assert inferred >= hand - {"auc": 0.01, "accuracy": 0.02}[BUNDLED[name].metric]
