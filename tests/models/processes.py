"""Trainings in processes of their own, at the same time, two workers of TF_CONFIG among them."""

import json
import os
import socket
import subprocess
import sys
import time

from usecase.paths import PROJECT_ROOT

SECONDS = 260


def train_together(script, modes, folder):
    """Runs `script MODE folder` for each mode, and for `worker` twice; fails unless all succeed."""
    environ = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(PROJECT_ROOT)}
    environ.pop("TF_CONFIG", None)
    plans = [*((mode, {}) for mode in modes), *(("worker", worker) for worker in _two_workers())]
    running = []
    for number, (mode, more) in enumerate(plans):
        log = (folder / f"{mode}{number}.log").open("w")
        command = [sys.executable, str(script), mode, str(folder)]
        running.append(subprocess.Popen(command, env={**environ, **more}, stdout=log, stderr=log))
    until = time.monotonic() + SECONDS
    try:
        statuses = [p.wait(max(until - time.monotonic(), 0.1)) for p in running]
    finally:
        for process in running:
            process.kill()
    logs = "\n".join(path.read_text()[-3000:] for path in sorted(folder.glob("*.log")))
    assert statuses == [0] * len(plans), logs


def _two_workers():
    """Returns the environments of two workers on free ports of this machine."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in _free_ports(2)]}
    tasks = [{"cluster": cluster, "task": {"type": "worker", "index": i}} for i in (0, 1)]
    return [{"TF_CONFIG": json.dumps(task)} for task in tasks]


def _free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
