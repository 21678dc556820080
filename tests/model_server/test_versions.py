"""New versions under load, broken ones, old ones again, and a server that was killed."""

import itertools
import threading
import time

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, predict_pb2

from tests.model_server.toy_models import write_half_plus_two
from tests.model_server.world import launch, model_config, model_configs

SWAPS = 10
LABEL = "stable"
FLAGS = ("--max_num_load_retries=1", "--load_retry_interval_micros=1000", "--model_name=m")


def request(label=None):
    made = predict_pb2.PredictRequest()
    made.model_spec.name = "m"
    if label is not None:
        made.model_spec.version_label = label
    made.inputs["x"].CopyFrom(tf.make_tensor_proto([0.0], tf.float32))
    return made


def states(running):
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.name = "m"
    answer = running.models().GetModelStatus(asked, timeout=10)
    names = get_model_status_pb2.ModelVersionStatus.State.Name
    return {
        each.version: (names(each.state), each.status.error_code, each.status.error_message)
        for each in answer.model_version_status
    }


def state(running, version):
    return states(running).get(version, ("",))[0]


def served_version(running, label=None):
    answer = running.predictions().Predict(request(label), timeout=10)
    # Version n adds n: what answers is what it says it is.
    assert answer.outputs["y"].float_val == [answer.model_spec.version.value]
    return answer.model_spec.version.value


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """Versions 1 to 12 beside the base path, to be pushed by renaming."""
    folder = tmp_path_factory.mktemp("staged")
    for version in range(1, SWAPS + 3):
        write_half_plus_two(folder, version, float(version))
    return folder


@pytest.fixture(scope="module")
def base(staged, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pushed") / "m"
    folder.mkdir()
    push(staged, folder, 1)
    return folder


def push(staged, base, version):
    (staged / f"{version:08d}").rename(base / str(version))


@pytest.fixture(scope="module")
def running(base):
    with launch(f"--model_base_path={base}", *FLAGS) as started:
        yield started


class Load:
    """Asks without a pause, over gRPC and REST, and keeps what went wrong."""

    def __init__(self, running, label=None):
        self.running = running
        self.label = label
        self.failures = []
        self.served = []
        self.rest = 0
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._until_over, args=(ask,))
            for ask in (self._ask, self._ask, self._ask_rest)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _until_over(self, ask):
        while not self._is_over.is_set():
            try:
                ask()
            except (AssertionError, OSError, grpc.RpcError) as error:  # noqa: PERF203
                self.failures.append(error)

    def _ask(self):
        self.served.append(served_version(self.running, self.label))

    def _ask_rest(self):
        path = "/v1/models/m" + (f"/labels/{self.label}" if self.label else "")
        status, _, body = self.running.http("POST", f"{path}:predict", {"instances": [0.0]})
        assert status == 200, body
        self.rest += 1


def test_ten_swaps_under_load_fail_no_request(running, staged, base):
    with Load(running) as load:
        for version in range(2, SWAPS + 2):
            push(staged, base, version)
            running.wait_for(lambda version=version: state(running, version - 1) == "END")
            asked = len(load.served)
            running.wait_for(lambda asked=asked: len(load.served) > asked + 10)
    assert load.failures == []
    order = [version for version, _ in itertools.groupby(load.served)]
    assert set(order) == set(range(1, SWAPS + 2))
    assert load.rest > SWAPS
    found = states(running)
    assert list(found) == list(range(SWAPS + 1, 0, -1))
    assert found.pop(SWAPS + 1) == ("AVAILABLE", 0, "")
    assert set(found.values()) == {("END", 0, "")}


def reload(running, base, versions, stable):
    """Makes a config with versions and one label hold; returns when the server says so."""
    chosen = " ".join(f"versions: {version}" for version in versions)
    extra = (
        f"model_version_policy {{ specific {{ {chosen} }} }} "
        f'version_labels {{ key: "{LABEL}" value: {stable} }}'
    )
    asked = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(model_configs(model_config("m", base, extra)), asked.config)
    answer = running.models().HandleReloadConfigRequest(asked, timeout=20)
    assert answer.status.error_code == 0, answer


def test_a_label_moves_and_its_version_goes_in_one_config_under_load(tmp_path):
    for version in (1, 2):
        write_half_plus_two(tmp_path / "m", version, float(version))
    with launch(f"--model_base_path={tmp_path / 'm'}", *FLAGS) as running:
        running.wait_for(lambda: state(running, 2) == "AVAILABLE")
        reload(running, tmp_path / "m", [1, 2], stable=2)
        with Load(running, LABEL) as load:
            for flip in range(SWAPS):
                old, new = (2, 1) if flip % 2 == 0 else (1, 2)
                reload(running, tmp_path / "m", [1, 2], stable=old)
                running.wait_for(lambda new=new: state(running, new) == "AVAILABLE")
                reload(running, tmp_path / "m", [new], stable=new)
                running.wait_for(lambda old=old: state(running, old) == "END")
        assert load.failures == []
        order = [version for version, _ in itertools.groupby(load.served)]
        assert len(order) > SWAPS
        assert load.rest > SWAPS


def test_a_corrupt_version_leaves_the_old_one_serving(running, base, staged):
    current = served_version(running)
    broken = base / "20"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"this is no SavedModel")
    with Load(running) as load:
        running.wait_for(lambda: state(running, 20) == "END")
    assert load.failures == []
    assert set(load.served) == {current}
    name, code, text = states(running)[20]
    assert (name, code != 0, text != "") == ("END", True, True)
    assert state(running, current) == "AVAILABLE"
    broken.rename(staged / "broken")
    push(staged, base, current + 1)  # the next push is served all the same
    running.wait_for(lambda: served_version(running) == current + 1)


def test_a_deleted_version_is_a_rollback(running, base, staged):
    newest = served_version(running)
    (base / str(newest)).rename(staged / f"{newest:08d}")
    running.wait_for(lambda: state(running, newest) == "END")
    assert served_version(running) == newest - 1
    push(staged, base, newest)
    running.wait_for(lambda: served_version(running) == newest)


def test_a_killed_server_starts_again_on_its_ports(running, base):
    newest = served_version(running)
    channel = running.channel()
    running.process.kill()
    assert running.process.wait(10) == -9
    with pytest.raises(grpc.RpcError) as caught:
        running.predictions().Predict(request(), timeout=5)
    assert caught.value.code() in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )
    ports = [address.rpartition(":")[2] for address in (running.grpc, running.rest)]
    with launch(
        f"--port={ports[0]}", f"--rest_api_port={ports[1]}", f"--model_base_path={base}", *FLAGS
    ) as again:
        assert served_version(again) == newest
        # A client that waited finds it again by itself.
        assert channel is running.channel()
        answer = running.predictions().Predict(request(), timeout=20, wait_for_ready=True)
        assert answer.model_spec.version.value == newest
        # And that client, which asks nothing now, does not hold up the end.
        start = time.monotonic()
        again.process.terminate()
        again.process.wait(20)
        assert again.is_real or time.monotonic() - start < 4
