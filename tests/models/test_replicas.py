"""Training on several replicas is the same training as on one."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.models.processes import train_together

SCRIPT = Path(__file__).with_name("replica_trainings.py")


def test_each_worker_takes_its_part_of_every_batch():
    import tensorflow as tf

    from models.replicas import shares

    values = np.arange(1, 12, dtype=np.float32)
    rows = ({"x": values, "pair": np.stack([values, -values], 1)}, values * 10, values * 0 + 2)
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(8)
    found = [
        [
            (f["x"].tolist(), f["pair"].shape, label.tolist(), weight.tolist(), float(count))
            for f, label, weight, count in shares(
                batches, 8, tf.distribute.InputContext(2, worker, 4)
            ).as_numpy_iterator()
        ]
        for worker in (0, 1)
    ]
    both = (2, 2)
    assert found == [
        [
            ([1, 2], both, [10, 20], [2, 2], 8),
            ([3, 4], both, [30, 40], [2, 2], 8),
            ([9, 10], both, [90, 100], [2, 2], 3),
            ([11, 0], both, [110, 0], [2, 0], 3),
        ],
        [
            ([5, 6], both, [50, 60], [2, 2], 8),
            ([7, 8], both, [70, 80], [2, 2], 8),
            ([0, 0], both, [0, 0], [0, 0], 3),
            ([0, 0], both, [0, 0], [0, 0], 3),
        ],
    ]


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    """Runs machines of two and of four devices, and two workers, at the same time."""
    folder = tmp_path_factory.mktemp("trainings")
    train_together(SCRIPT, ("two", "four"), folder)
    return folder


def weights(folder, name):
    with np.load(folder / f"{name}.npz") as arrays:
        return [arrays[key] for key in arrays]


def facts(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


def distance(folder, left, right):
    pairs = zip(weights(folder, left), weights(folder, right), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def assert_same_history(folder, left, right):
    left, right = (facts(folder, name)["history"] for name in (left, right))
    assert set(right) <= set(left)
    for name, values in right.items():
        assert values == pytest.approx(left[name], abs=1e-3 if "auc" in name else 1e-5), name


def test_on_one_device_it_is_keras_fit(trainings):
    # Two graphs: how the CPU's kernels are fused decides the last bit of a float.
    assert distance(trainings, "keras", "one") <= 1e-7
    assert_same_history(trainings, "keras", "one")
    assert distance(trainings, "keras", "keras_clipped") > 1e-2


def test_on_two_devices_it_is_the_same_training(trainings):
    assert distance(trainings, "one_shuffled", "two_shuffled") < 1e-5
    assert_same_history(trainings, "one_shuffled", "two_shuffled")
    stopped = len(facts(trainings, "two_shuffled")["history"]["loss"])
    assert 3 <= stopped < 20


def test_on_four_devices_it_is_the_same_training(trainings):
    assert distance(trainings, "keras", "four") < 1e-5
    assert_same_history(trainings, "keras", "four")
    assert distance(trainings, "one_shuffled", "four") > 1e-3


def test_two_devices_are_picked(trainings):
    found = facts(trainings, "two_shuffled")
    assert (found["kind"], found["replicas"], found["batch"]) == ("multi_gpu", 2, 12)
    assert (found["policy"], found["description"]) == ("float32", "2 GPUs (CPU for a GPU)")


def test_the_whole_gradient_is_clipped_not_each_part(trainings):
    assert distance(trainings, "keras_clipped", "two_clipped") < 1e-5


def test_float16_skips_a_step_that_is_infinite_on_one_replica(trainings):
    fine, infinite = facts(trainings, "infinity")
    assert fine == {"finite": True, "moved": True, "scale": 2.0**15}
    assert infinite == {"finite": True, "moved": False, "scale": 2.0**14}


def test_a_float32_model_takes_over_what_bfloat16_trained(trainings):
    found = facts(trainings, "bfloat16")
    assert found["types"] == ["float32"]
    assert distance(trainings, "bfloat16", "plain") == 0
    assert (found["computed"], found["after"]) == (["bfloat16", "float32"], "float32")
    trained, plain = np.array(found["predictions"])
    assert 0 < np.abs(trained - plain).max() < 0.02
    assert distance(trainings, "keras", "bfloat16") < 0.1


def test_what_cannot_be_shared_is_refused(trainings):
    found = facts(trainings, "errors")
    assert found["divide"] == "a batch of 13 rows cannot be shared by 2 replicas"
    assert found["endless"] == "the number of batches is unknown or infinite"
    assert found["tpu"].startswith('TPU "local" cannot be reached')
    assert "unset it to train without a TPU" in found["tpu"]


def test_two_workers_end_with_the_same_bits(trainings):
    assert distance(trainings, "worker_0_shuffled", "worker_1_shuffled") == 0
    first, second = (facts(trainings, f"worker_{i}_shuffled") for i in (0, 1))
    assert first["history"] == second["history"]
    assert first["epochs"] == second["epochs"]
    assert (first["is_chief"], second["is_chief"]) == (True, False)
    for found in (first, second):
        assert (found["kind"], found["replicas"]) == ("multi_worker", 2)
        assert found["description"] == "2 workers, this one on cpu"


def test_two_workers_train_as_one_process_does(trainings):
    assert distance(trainings, "one_shuffled", "worker_0_shuffled") < 1e-5
    assert_same_history(trainings, "one_shuffled", "worker_0_shuffled")


def test_only_the_chief_writes(trainings):
    written = [path.name for path in (trainings / "worker_0").rglob("*") if path.is_file()]
    assert {"latest.weights.h5", "saved.weights.h5"} <= set(written)
    assert any(name.startswith("events.") for name in written)
    assert not (trainings / "worker_1").exists()


def test_workers_go_on_from_what_the_chief_restores(trainings):
    for worker in (0, 1):
        assert facts(trainings, f"worker_{worker}_resumed")["epochs"] == [1]
    assert distance(trainings, "worker_0_resumed", "worker_1_resumed") == 0
    assert distance(trainings, "keras", "worker_0_resumed") < 1e-5
