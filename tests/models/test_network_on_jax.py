"""The network is free of TensorFlow: on Keras' JAX backend it is the same network, and trains."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from models.heads import head_of
from models.network import ModelInput, build_network
from usecase.config import Network
from usecase.paths import PROJECT_ROOT

SCRIPT = Path(__file__).with_name("on_jax.py")
INPUTS = [
    ModelInput("size", 0),
    ModelInput("colour", 4),
    ModelInput("shape", 3),
    ModelInput("colour_by_shape", 12, ("colour", "shape")),
]
NETWORK = {"hidden_units": (8, 4), "dropout": 0.0, "l2": 1e-4}
CLASSES = {"binary": 0, "multiclass": 3, "regression": 0}
ROWS = 200


def uv(*arguments: str) -> None:
    subprocess.run([Path(sys.prefix) / "bin" / "uv", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment that holds Keras and JAX, and no TensorFlow."""
    environment = tmp_path_factory.mktemp("jax") / "venv"
    uv("venv", "--python", sys.executable, str(environment))
    lock = PROJECT_ROOT / "requirements" / "jax.txt"
    python = environment / "bin" / "python"
    uv("pip", "install", "--python", str(python), "--require-hashes", "-r", str(lock))
    return python


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    return {
        "size": random.normal(size=ROWS).astype(np.float32),
        "colour": random.integers(4, size=ROWS),
        "shape": random.integers(3, size=ROWS),
    }


@pytest.fixture(scope="module")
def results(python, rows, tmp_path_factory):
    """For each task: the outputs on this backend and on JAX, and JAX's losses; gradients."""
    folder = tmp_path_factory.mktemp("networks")
    expected = {task: _network(task, rows, folder) for task in CLASSES}
    done = subprocess.run(
        [python, SCRIPT, folder],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = {t: (outputs, np.load(folder / f"{t}-jax.npz")) for t, outputs in expected.items()}
    return {**found, "gradients": np.load(folder / "gradients-jax.npz")}


def _network(task, rows, folder):
    """Builds a network, writes all that JAX needs to rebuild it, and returns its outputs."""
    score = rows["size"] + (rows["colour"] == rows["shape"])
    label = {
        "binary": score > 0.5,
        "multiclass": np.digitize(score, [0.0, 1.0]),
        "regression": 100 + 10 * score,
    }[task].astype(np.float32)
    keras.utils.set_random_seed(1)
    head = head_of(task, label, CLASSES[task], weigh=False)
    model = build_network(INPUTS, Network(**NETWORK), head)
    spec = {"task": task, "classes": CLASSES[task], "inputs": INPUTS, "network": NETWORK}
    np.savez(
        folder / task,
        spec=json.dumps(spec),
        label=label,
        **{f"input_{name}": column for name, column in rows.items()},
        **{f"weight_{k}": weight for k, weight in enumerate(model.get_weights())},
    )
    return model(rows, training=False).numpy()


@pytest.mark.parametrize("task", CLASSES)
def test_same_weights_give_the_same_outputs(results, task):
    here, there = results[task][0], results[task][1]["outputs"]
    assert here.shape == there.shape
    np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-6)
    assert here.std() > 1e-3  # outputs that differ from row to row, or nothing would be compared


@pytest.mark.parametrize("task", CLASSES)
def test_it_trains(results, task):
    before, after = results[task][1]["losses"]
    assert after < 0.7 * before


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_the_gradient_of_a_row_that_many_share_is_not_rounded_away(results, policy):
    gradients = results["gradients"]
    assert abs(gradients["float32"]) > 0.01
    assert gradients[policy] == pytest.approx(gradients["float32"], rel=0.02)
