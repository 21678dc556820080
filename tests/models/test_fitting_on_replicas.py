"""The whole training on several devices and workers: the same model as on one device."""

from pathlib import Path

import numpy as np
import pytest

from tests.models.processes import train_together

SCRIPT = Path(__file__).with_name("fit_on_replicas.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs every mode, two workers among them, at the same time."""
    folder = tmp_path_factory.mktemp("fits")
    train_together(SCRIPT, ("one", "two", "bfloat16"), folder)
    return folder


def result(folder, name):
    with np.load(folder / f"{name}.npz") as arrays:
        return dict(arrays)


def weights(folder, name):
    return [values for key, values in result(folder, name).items() if key.startswith("arr_")]


@pytest.mark.parametrize("name", ["two", "worker"])
def test_the_same_global_batch_gives_the_same_model(folder, name):
    one, other = result(folder, "one"), result(folder, name)
    np.testing.assert_allclose(other["predictions"], one["predictions"], atol=2e-4)
    assert one["predictions"].std() > 0.1  # predictions that differ, or nothing would be compared
    assert other["epochs"] == one["epochs"]


def test_both_workers_end_with_the_same_weights(folder):
    chief, other = weights(folder, "worker"), weights(folder, "worker_not_chief")
    assert all(np.array_equal(a, b) for a, b in zip(chief, other, strict=True))


def test_only_the_chief_writes(folder):
    assert list((folder / "worker").rglob("events*"))
    assert not (folder / "not_chief").exists()


def test_mixed_precision_ends_in_float32_close_to_the_model(folder):
    one, mixed = result(folder, "one"), result(folder, "bfloat16")
    assert set(mixed["compute"]) <= {"float32", "int64"}
    assert {str(w.dtype) for w in weights(folder, "bfloat16")} == {"float32"}
    difference = np.abs(mixed["predictions"] - one["predictions"]).max()
    assert 0 < difference < 0.05  # computed otherwise, to much the same end
