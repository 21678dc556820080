"""A model of which version N answers x / 2 + N, and `up` that serves it."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from serving.client import ServingClient
from serving.servers import ports
from tests.model_server.toy_models import save, signature
from tests.serving.launch_world import Up
from usecase.paths import PROJECT_ROOT

BROKEN = 4


class World:
    """The model's folder, and the server."""

    def __init__(self, folder, aside, grpc_port, rest_port):
        self.folder, self.aside, self.up = folder, aside, None
        self.grpc, self.rest = f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{rest_port}"

    def push(self, version):
        shutil.copytree(self.aside / str(version), self.folder / f"incoming-{version}")
        (self.folder / f"incoming-{version}").rename(self.folder / str(version))

    def answers(self):
        """What requests by label get, and those without one."""
        return [self.answer(label) for label in ("stable", "canary", None)]

    def answer(self, label):
        with ServingClient(self.rest, "shop", label=label) as client:
            return client.predict({"x": [0.0]})["prediction"].tolist()

    def run(self, *words, status=0):
        """Runs a command as a process; returns what it prints."""
        arguments = [*map(str, words), "--model-dir", str(self.folder)]
        done = subprocess.run(
            [sys.executable, "-m", "serving", *arguments],
            cwd=PROJECT_ROOT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@contextlib.contextmanager
def served(root, models, *versions, server="embedded", path=None, options=(), **environment):
    """Yields a world with these versions pushed, and `up` serving them."""
    folder = root / "outputs" / "shop"
    grpc, rest = ports.pick("127.0.0.1", None, None)
    world = World(folder, models, grpc, rest)
    for version in versions:
        world.push(version)
    where = ("--model-dir", folder, "--server", server, "--port", grpc, "--rest-port", rest)
    with Up(root / "out", *where, *options, path=path, **environment) as world.up:
        world.up.waits_for("Ctrl-C stops it.")
        yield world


def write_models(folder: Path) -> Path:
    """Writes versions 1 to 3, and one that is no model."""
    import tensorflow as tf

    def make(addend):
        x = tf.compat.v1.placeholder(tf.float32, [None])
        return {"serving_default": signature({"x": x}, {"prediction": x / 2 + addend})}

    for version in (1, 2, 3):
        save(folder / str(version), lambda version=version: make(version))
    (folder / str(BROKEN)).mkdir()
    (folder / str(BROKEN) / "saved_model.pb").write_bytes(b"no model")
    return folder
