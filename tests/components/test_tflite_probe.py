"""The process that asks a file for its answers, as a phone would."""

import json

import numpy as np
import pytest

from components import tflite_probe
from components.tflite_probe import ONE_BY_ONE
from models.processes import run_module

INPUTS = {
    "fare": np.array([1.5, np.nan, 4.0] * 30, np.float32),
    "hour_of_day": np.array([0, 23, -1] * 30),
    "code": np.array([5, -(2**63), 2**62] * 30),
    "color": np.array([b"rot", b"", "東京".encode()] * 30, object),
}


@pytest.fixture(scope="module")
def asked(phone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("probe")
    (folder / "rows").mkdir()
    for name, batch in (("test-000001", slice(50, 90)), ("test-000000", slice(0, 50))):
        np.savez(folder / "rows" / name, **{n: v[batch] for n, v in INPUTS.items()})
    np.savez(folder / "rows" / "hurtful-000000", **{n: v[:2] for n, v in INPUTS.items()})
    request = {
        "model": str(phone.spoil("none")["none"] / "Format-Serving" / "model.tflite"),
        "signature": "serving_default",
        "rows": str(folder / "rows"),
        "answers": str(folder / "answers.npz"),
    }
    done = run_module(tflite_probe.__name__, json.dumps(request), timeout=60)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "answers.npz") as file:
        return dict(file)


def test_each_set_is_answered_in_its_own_order(phone, asked):
    import tensorflow as tf

    model = tf.saved_model.load(str(phone.trained_model / "Format-Serving"))
    served = model.signatures["serving_raw"]
    right = served(**{n: tf.constant(v) for n, v in INPUTS.items()})["probability"].numpy()
    np.testing.assert_allclose(asked["test"], right, atol=1e-6)
    np.testing.assert_allclose(asked["hurtful"], right[:2], atol=1e-6)
    np.testing.assert_allclose(asked["hurtful:one"], right[:2], atol=1e-6)
    np.testing.assert_allclose(asked["test:one"], right[:ONE_BY_ONE], atol=1e-6)
    assert asked["none"].shape == (0,)


def test_the_time_of_an_answer_is_taken(asked):
    assert 0.001 < asked["milliseconds"] < 1000


def test_tensorflow_cannot_be_imported_there(tmp_path, monkeypatch):
    (tmp_path / "ai_edge_litert").mkdir()
    (tmp_path / "ai_edge_litert" / "__init__.py").write_text("")
    (tmp_path / "ai_edge_litert" / "interpreter.py").write_text("import tensorflow\n")
    monkeypatch.syspath_prepend(tmp_path)
    request = {"model": "", "signature": "", "rows": "", "answers": ""}
    done = run_module(tflite_probe.__name__, json.dumps(request), timeout=60)
    assert done.returncode == 1
    assert "import of tensorflow halted" in done.stderr
