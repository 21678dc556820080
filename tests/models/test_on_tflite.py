"""What Transform computes without a vocabulary, the phone computes too: with TFLite's builtins."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models.declarations import ABSENT, INT64_MAX, INT64_MIN, NAN
from usecase.paths import PROJECT_ROOT

SCRIPT = Path(__file__).with_name("on_tflite.py")
TINY, HUGE = 1.2e-38, 3.4e38
EXTREMES = {
    "float32": [0.0, -0.0, TINY, -TINY, HUGE, -HUGE, np.inf, -np.inf, NAN],
    "int64": [0, 1, -1, 2**53 + 1, INT64_MAX, INT64_MIN + 1, INT64_MIN],
    "string": ["", "true", "ouvert", "tru", "true ", "\N{SNOWMAN}", "x" * 300],
}
# Every feature that needs no vocabulary, by role: those of a group are converted together.
GROUPS = {
    "numeric": (
        *("fare", "fixed", "tenth", "weight", "age", "debt", "unseen"),  # z_score
        *("celsius", "floor", "level", "unseen_range"),  # min_max
        *("balance", "votes", "flat", "unseen_log"),  # log
    ),
    "bucketized, categorical_integer of a small domain, boolean of numbers": (
        *("distance", "seconds", "unseen_bucket", "hour", "delta", "paid", "active"),
    ),
    "boolean of strings": ("member", "open"),
    "datetime": ("picked_up", "landed"),
    "function": ("load", "sevens", "heavy"),
}
UNSAFE = {"hashed": np.array([b"a", b"b"]), "divided": np.array([5, 6], np.int64)}
UNSAFE_OUTPUTS = {"hashed": ["hash"], "divided": ["quotient"]}
EXTREME_ROWS = 1000
TURNS = np.array(
    [f"{year:04d}-{month:02d}-01" for year in range(1, 10_000) for month in (1, 3)],
    "datetime64[s]",
).astype(np.int64)


def dense(column, values):
    """Returns values as a client sends them, missing ones as sentinels."""
    filled = [column.missing if v is ABSENT else v for v in values]
    if column.dtype == "string":
        return np.array([v.encode() for v in filled])
    return np.array(filled, column.dtype)


def rows_of(columns, transformed):
    """Returns one array a raw column: train rows, other rows, then extreme values."""
    random, rows = np.random.default_rng(0), {}
    for column in columns:
        known = dense(column, [*transformed.train[column.name], *transformed.served[column.name]])
        extremes = dense(column, EXTREMES[column.dtype])
        rows[column.name] = np.concatenate([known, random.choice(extremes, EXTREME_ROWS)])
    return rows


def on_every_turn_of_a_year(rows):
    """Returns dates, followed by the seconds around each 1 January and 1 March."""
    turns = np.concatenate([TURNS, TURNS - 1, TURNS + 43_200])
    return {name: np.concatenate([values, turns]) for name, values in rows.items()}


def columns_of(features):
    return tuple({c.name: c for f in features for c in f.columns}.values())


def outputs_of(features):
    return [name for f in features for name in (f.numbers or (f.transformed_name,))]


def run(folder, transform_folder, names):
    """Runs the script on all names; on those after it, too, where the converter aborted on one."""
    pending = list(names)
    while pending:
        done = subprocess.run(
            [sys.executable, SCRIPT, folder, transform_folder, *pending],
            env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        left = [n for n in pending if not list(folder.glob(f"{n}-*"))]
        if done.returncode >= 0:
            assert (done.returncode, left) == (0, []), done.stderr[-3000:]
            return
        (folder / f"{left[0]}-error.txt").write_text(f"aborted: {done.stderr[-3000:]}")
        pending = left[1:]


@pytest.fixture(scope="module")
def results(transformed, tmp_path_factory):
    """For each name: {output: [(of TensorFlow, of TFLite) a batch]}, or why there is none."""
    folder = tmp_path_factory.mktemp("tflite")
    features = {feature.name: feature for feature in transformed.declaration.features}
    columns = {group: columns_of(features[n] for n in names) for group, names in GROUPS.items()}
    cases = {group: rows_of(columns[group], transformed) for group in GROUPS}
    cases["datetime"] = on_every_turn_of_a_year(cases["datetime"])
    cases |= {name: {"x": values} for name, values in UNSAFE.items()}
    for name, rows in cases.items():
        np.savez(folder / name, **rows)
    outputs = {group: outputs_of(features[n] for n in names) for group, names in GROUPS.items()}
    (folder / "outputs.json").write_text(json.dumps(outputs | UNSAFE_OUTPUTS))
    run(folder, Path(transformed.output.transform_savedmodel_dir).parent, cases)

    def of(name):
        error = folder / f"{name}-error.txt"
        if error.exists():
            return error.read_text()
        with np.load(folder / f"{name}-out.npz", allow_pickle=False) as file:
            arrays = dict(file)
        return {
            output: [
                (arrays[f"{output}:{k}:tensorflow"], arrays[f"{output}:{k}:tflite"])
                for k in range(3)
            ]
            for output in outputs.get(name, ())
        }

    return {name: of(name) for name in cases}


@pytest.mark.parametrize("group", GROUPS)
def test_the_phone_computes_what_tensorflow_does(results, group):
    assert not isinstance(results[group], str), results[group][:3000]
    for output, batches in results[group].items():
        for right, answer in batches:
            assert (answer.dtype, answer.shape) == (right.dtype, right.shape)
            # TFLite's arithmetic ends at the largest float, where TensorFlow's goes to infinity.
            endless = np.isinf(right)
            assert np.sign(answer[endless]).tolist() == np.sign(right[endless]).tolist()
            np.testing.assert_allclose(
                answer[~endless], right[~endless], rtol=1e-6, atol=1e-6, err_msg=output
            )
        assert len(batches[0][0]) >= EXTREME_ROWS
        assert [len(right) for right, _ in batches[1:]] == [1, 0]


@pytest.mark.parametrize("group", GROUPS)
def test_the_phone_computes_what_was_trained_on(results, transformed, group):
    assert not isinstance(results[group], str), results[group][:3000]
    for output, batches in results[group].items():
        splits = (transformed.train_xf.features, transformed.served_xf.features)
        expected = np.concatenate([split[output] for split in splits])
        answer = batches[0][1][: len(expected)]
        np.testing.assert_allclose(answer, expected, rtol=1e-6, atol=1e-6, err_msg=output)


def test_every_feature_without_a_vocabulary_is_converted(transformed):
    learned = {
        feature.name
        for feature in transformed.declaration.features
        if feature.declared.role.startswith("categorical") and not feature.direct_range
    }
    crosses = {"color_by_hour", "heavy_by_code"}  # which the network makes
    converted = set(itertools.chain.from_iterable(GROUPS.values()))
    assert converted == {f.name for f in transformed.declaration.features} - learned - crosses


@pytest.mark.parametrize("name", UNSAFE)
def test_what_has_no_builtin_would_be_seen(results, name):
    assert isinstance(results[name], str)
    assert "ERROR_NEEDS_FLEX_OPS" in results[name]
