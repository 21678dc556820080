"""What is picked from what is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.accelerators import Accelerator, pick, policy_for, visible
from models.devices import Devices, Gpu
from usecase.errors import UserError

ROOT = Path(__file__).parents[2]
PASCAL, VOLTA, AMPERE, HOPPER = ((6, 1), (7, 0), (8, 0), (9, 0))
TWO = {"worker": ["a.example:2222", "b.example:2222"]}


def gpus(*capabilities):
    return tuple(Gpu(f"GPU:{i}", f"GPU {c}", c) for i, c in enumerate(capabilities))


def tf_config(cluster=TWO, job="worker", index=0):
    return json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})


# --- the precision ---


@pytest.mark.parametrize(
    ("kind", "capabilities", "expected"),
    [
        ("tpu", [], "mixed_bfloat16"),
        ("cpu", [], "float32"),
        ("multi_worker", [], "float32"),
        ("gpu", [PASCAL], "float32"),
        ("gpu", [VOLTA], "mixed_float16"),
        ("gpu", [(7, 5)], "mixed_float16"),
        ("gpu", [AMPERE], "mixed_bfloat16"),
        ("gpu", [HOPPER], "mixed_bfloat16"),
        ("gpu", [None], "float32"),
        ("multi_gpu", [HOPPER, VOLTA], "mixed_float16"),
        ("multi_gpu", [HOPPER, PASCAL], "float32"),
        ("multi_worker", [HOPPER], "mixed_bfloat16"),
    ],
)
def test_the_weakest_device_decides_about_the_precision(kind, capabilities, expected):
    assert policy_for("auto", kind, gpus(*capabilities)) == expected


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_configured_precision_wins(precision):
    assert policy_for(precision, "gpu", gpus(HOPPER)) == precision
    assert policy_for(precision, "cpu", ()) == precision


def test_a_tpu_refuses_float16():
    with pytest.raises(UserError, match="a TPU does not compute in float16") as raised:
        policy_for("mixed_float16", "tpu", ())
    assert "auto" in raised.value.fix


def test_an_unknown_precision_is_refused():
    with pytest.raises(UserError, match='unknown precision "mixed_bfloat61"') as raised:
        pick("mixed_bfloat61", environ={}, devices=Devices())
    assert raised.value.fix == 'did you mean "mixed_bfloat16"?'


# --- what is picked ---


def test_without_anything_it_is_the_cpu():
    found = pick(environ={}, devices=Devices())
    assert (found.kind, found.policy, found.is_chief) == ("cpu", "float32", True)
    assert (found.replicas, found.global_batch(256), found.description) == (1, 256, "cpu")


def test_one_gpu_needs_no_strategy():
    found = pick(environ={}, devices=Devices(gpus=(Gpu("GPU:0", "NVIDIA H200", HOPPER),)))
    assert (found.kind, found.policy, found.replicas) == ("gpu", "mixed_bfloat16", 1)
    assert found.description == "1 GPU (NVIDIA H200)"


def test_a_cluster_of_one_is_no_cluster():
    alone = {"TF_CONFIG": tf_config({"chief": ["a.example:2222"]}, "chief")}
    assert pick(environ=alone, devices=Devices()).kind == "cpu"
    assert visible(alone, Path("/nowhere")) == "cpu"


def test_what_tensorflow_finds_here_is_what_is_picked():
    import tensorflow as tf

    count = len(tf.config.list_physical_devices("GPU"))
    found = pick(environ={})
    assert found.kind == ("cpu", "gpu", "multi_gpu")[min(count, 2)]
    assert found.replicas == max(count, 1)


def test_workers_are_not_joined_once_tensorflow_has_run():
    import tensorflow as tf

    assert int(tf.constant(1) + 1) == 2
    with pytest.raises(UserError, match="cannot be joined") as raised:
        pick(environ={"TF_CONFIG": tf_config()}, devices=Devices())
    assert "a process of its own" in raised.value.fix


def test_the_scope_sets_the_precision_and_puts_it_back():
    import keras
    import tensorflow as tf

    found = Accelerator("cpu", tf.distribute.get_strategy(), "mixed_bfloat16", True, "cpu")
    with found.scope():
        layer = keras.layers.Dense(1)
    assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
    assert keras.config.dtype_policy().name == "float32"
    with pytest.raises(ZeroDivisionError), found.scope():
        _ = 1 / 0
    assert keras.config.dtype_policy().name == "float32"


# --- what is seen without TensorFlow ---


@pytest.mark.parametrize(
    ("files", "environ", "expected"),
    [
        ([], {}, "cpu"),
        (["nvidia0", "nvidiactl", "nvidia-uvm"], {}, "gpu"),
        (["nvidia0", "nvidia1", "nvidia10"], {}, "3 gpus"),
        (["nvidia0", "nvidia1"], {"CUDA_VISIBLE_DEVICES": "1"}, "gpu"),
        (["nvidia0", "nvidia1"], {"CUDA_VISIBLE_DEVICES": "1, 0"}, "2 gpus"),
        (["nvidia0", "nvidia1"], {"CUDA_VISIBLE_DEVICES": "0,7,1"}, "gpu"),
        (["nvidia0"], {"CUDA_VISIBLE_DEVICES": "-1"}, "cpu"),
        (["nvidia0"], {"CUDA_VISIBLE_DEVICES": ""}, "cpu"),
        (["nvidia0"], {"CUDA_VISIBLE_DEVICES": "MIG-1f2e,MIG-3a4b"}, "2 gpus"),
        ([], {"CUDA_VISIBLE_DEVICES": "0"}, "cpu"),
        (["accel0"], {}, "tpu"),
        (["nvidia0"], {"TPU_NAME": "local"}, "tpu"),
        (["nvidia0"], {"TF_CONFIG": tf_config()}, "2 workers"),
        (["accel0"], {"TF_CONFIG": tf_config()}, "tpu"),
    ],
)
def test_visible(tmp_path, files, environ, expected):
    for name in files:
        (tmp_path / name).touch()
    assert visible(environ, tmp_path) == expected


def test_looking_is_cheap_and_without_tensorflow():
    code = (
        "import sys, time, models.accelerators as a; t = time.perf_counter(); a.visible();"
        "print(time.perf_counter() - t, {'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds, imported = done.stdout.split(maxsplit=1)
    assert float(seconds) < 0.05
    assert imported.strip() == "set()"
