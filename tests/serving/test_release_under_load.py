"""A canary, a promotion and a rollback under a constant load: no request fails by any of them.

TENSORFLOW_MODEL_SERVER=path asks a real server in place of the embedded one.
"""

import contextlib
import itertools
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from serving.client import ServingClient
from serving.errors import ServingError
from serving.releases import rollout
from serving.releases.rollout import By, Options
from serving.split import SplitClient, is_canary
from tests.model_server.toy_models import save, signature
from tests.model_server.world import launched

MODEL = "half"
VERSIONS = (1, 2, 3)
ANN = By("ann@office", "a test")
PERCENT = 40.0
PAUSE = 0.002  # between two requests of a thread: the machine has other work to do as well


def write_version(folder: Path, version: int) -> None:
    """y = x + 1000 * version, so that an answer tells which version gave it."""

    def make():
        import tensorflow as tf

        x = tf.compat.v1.placeholder(tf.float32, [None])
        return {"serving_default": signature({"x": x}, {"y": x + 1000.0 * version})}

    save(folder / str(version), make)


class Load:
    """Threads that ask by label, over gRPC and REST, until the end of the `with`."""

    def __init__(self, server, folder):
        self._release = folder
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.failures = []
        self._answers = []  # when it was asked, by which label, the version that answered
        asks = [
            *(self._by_label(address) for address in (server.grpc, server.rest)),
            *(self._by_key(address) for address in (server.grpc, server.rest)),
        ]
        self._threads = [threading.Thread(target=self._ask, args=(ask,)) for ask in asks]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    @staticmethod
    @contextlib.contextmanager
    def _by_label(address):
        with ServingClient(address, MODEL, label="stable", retries=0) as client:
            yield lambda k: ("stable", client.predict({"x": [float(k)]}))

    @contextlib.contextmanager
    def _by_key(self, address):
        with SplitClient(address, MODEL, release=self._release, retries=0) as client:

            def ask(k):
                chosen = client.choose(f"user {k % 50}")
                return chosen.label, chosen.predict({"x": [float(k)]})

            yield ask

    def _ask(self, opened):
        with opened as ask:
            for k in itertools.count():
                if self._stop.is_set():
                    return
                start = time.monotonic()
                try:
                    label, answer = ask(k % 900)
                except ServingError as error:
                    self.failures.append(str(error))
                    continue
                version, rest = divmod(float(answer["y"][0]), 1000.0)
                with self._lock:
                    self._answers.append((start, label, int(version)))
                    if rest != k % 900:
                        self.failures.append(f"{k % 900} was answered with {answer}")
                time.sleep(PAUSE)

    def during(self, seconds=1.5):
        """Returns how many requests that begin from now on each version answers, by label."""
        start = time.monotonic()
        time.sleep(seconds)
        with self._lock:
            recent = [entry for entry in self._answers if start <= entry[0]]
        return Counter((label, version) for _, label, version in recent)

    def total(self):
        with self._lock:
            return len(self._answers)


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / MODEL
    write_version(folder, 1)
    rollout.open_release(folder, MODEL, ANN)
    for version in VERSIONS[1:]:
        write_version(folder, version)
    return folder


def test_nothing_fails_under_a_constant_load(release, record_property):
    with launched(
        f"--model_config_file={release / 'models.config'}",
        "--model_config_file_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models",
    ) as server:
        options = Options(servers=(server.rest, server.grpc))
        with Load(server, release) as load:
            assert set(load.during()) == {("stable", 1)}

            rollout.canary(release, 2, PERCENT, ANN, options)
            # Clients look at the percentage once a second.
            time.sleep(1.2)
            seen = load.during()
            assert set(seen) == {("stable", 1), ("canary", 2)}
            keys = [f"user {k}" for k in range(50)]
            expected = np.mean([is_canary(key, PERCENT, MODEL) for key in keys])
            # Half of the threads split their requests.
            share = seen["canary", 2] / seen.total()
            assert share == pytest.approx(expected / 2, abs=0.15)

            rollout.promote(release, 2, ANN, options)
            seen = load.during()
            assert {version for _, version in seen} == {2}

            start = time.monotonic()
            rollout.rollback(release, ANN, options)
            seconds = time.monotonic() - start
            record_property("rollback_seconds", round(seconds, 2))
            print(f"a rollback took {seconds:.2f} s")
            assert seconds < 5
            assert {version for _, version in load.during()} == {1}

            rollout.canary(release, 3, 100.0, ANN, options)
            time.sleep(1.2)
            assert set(load.during()) == {("stable", 1), ("canary", 3)}
            start = time.monotonic()
            rollout.rollback(release, ANN, options)
            assert time.monotonic() - start < 5
            assert {version for _, version in load.during()} == {1}
        assert load.failures == []
        assert load.total() > 500
        print(f"{load.total():,} requests, none failed")
