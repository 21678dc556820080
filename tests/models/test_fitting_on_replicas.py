"""The whole training on several devices and workers: the same model as on one device."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from usecase.paths import PROJECT_ROOT

SCRIPT = Path(__file__).with_name("fit_on_replicas.py")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs every mode, two workers among them, at the same time."""
    folder = tmp_path_factory.mktemp("fits")
    environ = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(PROJECT_ROOT)}
    environ.pop("TF_CONFIG", None)
    workers = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    tasks = [{"cluster": workers, "task": {"type": "worker", "index": i}} for i in (0, 1)]
    plans = [("one", {}), ("two", {}), ("bfloat16", {})]
    plans += [("worker", {"TF_CONFIG": json.dumps(task)}) for task in tasks]
    running = []
    for number, (mode, more) in enumerate(plans):
        log = (folder / f"{mode}{number}.log").open("w")
        command = [sys.executable, str(SCRIPT), mode, str(folder)]
        running.append(subprocess.Popen(command, env={**environ, **more}, stdout=log, stderr=log))
    until = time.monotonic() + 170
    try:
        statuses = [p.wait(max(until - time.monotonic(), 0.1)) for p in running]
    finally:
        for process in running:
            process.kill()
    logs = "\n".join(path.read_text()[-3000:] for path in sorted(folder.glob("*.log")))
    assert statuses == [0] * len(plans), logs
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
