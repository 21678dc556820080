"""The request log: what is written, when a file ends, and that it never fails a request.

The server's and the clients' are one class with other files: what both do is tested with both.
"""

import contextlib
import logging
import os
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from model_server.loading import make_loader
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.predict import predict
from model_server.request_log import RequestLog
from model_server.servable import LoadOptions, load
from model_server.status import Code, StatusError
from serving import request_log
from serving.errors import ServingError
from serving.record_files import MAX_RECORDS, LocalFiles
from serving.request_log import RequestLog as ClientLog
from tests.model_server.world import ROOT


@pytest.fixture(params=[RequestLog, ClientLog], ids=["server", "client"])
def opened(request):
    """Returns a function that opens a log; all are closed in the end."""
    logs = []

    def make(*arguments, **options):
        logs.append(request.param(*map(str, arguments[:1]), *arguments[1:], **options))
        return logs[-1]

    make.is_client = request.param is ClientLog
    yield make
    for each in logs:
        each.close()


def record(text="m"):
    made = prediction_log_pb2.PredictionLog()
    made.predict_log.request.model_spec.name = text
    return made


def written(text="m", rate=1.0):
    made = record(text)
    made.log_metadata.model_spec.name = text
    made.log_metadata.sampling_config.sampling_rate = rate
    return made


def read(path):
    return [
        prediction_log_pb2.PredictionLog.FromString(data)
        for data in tf.compat.v1.io.tf_record_iterator(str(path))
    ]


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def files(folder):
    return [folder / name for name in names(folder)]


def test_records_are_there_when_all_is_written(opened, tmp_path):
    log = opened(tmp_path / "new" / "log", 1.0)
    log.maybe(record)
    log.maybe(lambda: record("n"))
    assert log.flush()
    assert names(tmp_path / "new") == ["log-000001.tfrecord"]
    assert read(tmp_path / "new" / "log-000001.tfrecord") == [written(), written("n")]


def test_what_every_record_says_of_itself(opened, tmp_path):
    log = opened(tmp_path / "log", 1.0)
    made = prediction_log_pb2.PredictionLog()
    made.regress_log.request.model_spec.name = "m"
    made.regress_log.request.model_spec.version_label = "canary"
    log.maybe(lambda: made)
    several = prediction_log_pb2.PredictionLog()
    for name in ("a", "b"):
        task = several.multi_inference_log.request.tasks.add()
        task.model_spec.name, task.model_spec.signature_name = "m", name
    log.maybe(lambda: several)
    log.close()
    first, second = (each.log_metadata for each in read(tmp_path / "log-000001.tfrecord"))
    assert (first.model_spec.name, first.model_spec.version_label) == ("m", "canary")
    assert first.sampling_config.sampling_rate == 1.0
    assert (second.model_spec.name, second.model_spec.signature_name) == ("m", "a")


@pytest.mark.parametrize(("rate", "low", "high"), [(0.0, 0, 0), (0.3, 200, 400), (1.0, 1000, 1000)])
def test_a_share_is_logged(opened, tmp_path, rate, low, high):
    log = opened(tmp_path / "log", rate)
    made = []
    for _ in range(1000):
        log.maybe(lambda: made.append(1) or record())
    log.close()
    found = [each for path in files(tmp_path) for each in read(path)]
    assert low <= len(found) <= high
    assert len(made) == len(found)  # what is not logged is not even made
    assert found == [written(rate=rate)] * len(found)


def test_files_end_and_the_oldest_go(opened, tmp_path):
    (tmp_path / "log-other.tfrecord").touch()
    (tmp_path / "log-000009.txt").touch()
    log = opened(tmp_path / "log", 1.0, max_bytes=200, max_files=3)
    for index in range(5):
        log.maybe(lambda index=index: record(str(index) * 60))
    log.close()
    others = ["log-000009.txt", "log-other.tfrecord"]
    assert names(tmp_path) == sorted(
        [*others, *(f"log-00000{number}.tfrecord" for number in (3, 4, 5))]
    )
    assert [
        read(path)[0].predict_log.request.model_spec.name[0]
        for path in sorted(tmp_path.glob("log-00000[345].tfrecord"))
    ] == ["2", "3", "4"]
    again = opened(tmp_path / "log", 1.0, max_files=3)
    again.maybe(record)
    again.close()
    assert names(tmp_path) == sorted(
        [*others, *(f"log-00000{number}.tfrecord" for number in (4, 5, 6))]
    )


def test_a_name_that_is_also_a_pattern(opened, tmp_path):
    for _ in range(2):
        log = opened(tmp_path / "a[b]*", 1.0)
        log.maybe(record)
        log.close()
    assert names(tmp_path) == ["a[b]*-000001.tfrecord", "a[b]*-000002.tfrecord"]


def test_a_file_holds_no_more_than_a_warm_up_may(opened, tmp_path):
    log = opened(tmp_path / "log", 1.0)
    for _ in range(MAX_RECORDS + 1):
        log.maybe(record)
    log.close()
    assert [len(read(path)) for path in files(tmp_path)] == [1000, 1]


def test_a_request_never_fails_for_its_log(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    noted = []
    log = RequestLog(str(tmp_path / "file" / "log"), 1.0, note=noted.append)
    with caplog.at_level(logging.ERROR):
        log.maybe(record)
        log.maybe(record)
        log.close()
    assert [each.getMessage() for each in caplog.records] == [
        f"request log {tmp_path / 'file' / 'log'}: cannot write; further failures are silent"
    ]
    assert noted == [Code.UNKNOWN, Code.UNKNOWN]


def test_what_cannot_be_made_fails_no_request(opened, tmp_path, caplog):
    log = opened(tmp_path / "log", 1.0)
    with caplog.at_level(logging.ERROR):
        log.maybe(lambda: 1 / 0)
    assert "ZeroDivisionError" in caplog.text
    log.maybe(record)
    log.close()
    assert read(tmp_path / "log-000001.tfrecord") == [written()]


def test_whoever_is_told_ends_neither_a_request_nor_the_log(tmp_path):
    told = []
    log = ClientLog(tmp_path / "log", 1.0, note=lambda is_written: told.append(is_written) or 1 / 0)
    for make in (record, lambda: None, record):
        log.maybe(make)
        assert log.flush()
    log.close()
    assert told == [True, False, True]
    assert read(tmp_path / "log-000001.tfrecord") == [written()] * 2


def test_many_threads_write_whole_records(opened, tmp_path):
    log = opened(tmp_path / "log", 1.0, max_bytes=20_000, max_files=1000)
    threads = [
        threading.Thread(target=lambda: [log.maybe(lambda: record("x" * 500)) for _ in range(100)])
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    log.close()
    found = [each for path in files(tmp_path) for each in read(path)]
    assert found == [written("x" * 500)] * 800


def test_after_its_end_nothing_is_written(opened, tmp_path):
    log = opened(tmp_path / "log", 1.0)
    log.maybe(record)
    log.close()
    log.close()
    log.maybe(record)
    assert read(tmp_path / "log-000001.tfrecord") == [written()]


def test_the_servers_log_takes_any_rate(tmp_path):
    for rate, count in [(7.0, 1), (-1.0, 0), (float("nan"), 0)]:
        log = RequestLog(str(tmp_path / str(rate) / "log"), rate)
        log.maybe(record)
        log.close()
        assert len(list(tmp_path.glob(f"{rate}/*"))) == count


def test_a_reload_opens_the_new_log_before_the_old_one_is_closed(tmp_path):
    old = RequestLog(str(tmp_path / "log"), 1.0)
    old.maybe(record)
    assert old.flush()
    new = RequestLog(str(tmp_path / "log"), 0.999999)
    old.close()
    new.maybe(lambda: record("n"))
    new.close()
    assert [read(path) for path in files(tmp_path)] == [[written()], [written("n", 0.999999)]]


# --- slow and full disks ---


class Slow(LocalFiles):
    """A disk that stands still until it is told to go on."""

    def __init__(self):
        self.may_go_on = threading.Event()

    def open(self, path):
        assert self.may_go_on.wait(20)
        return super().open(path)


def test_a_disk_that_stands_still_holds_up_no_request(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(request_log, "MAX_WAITING", 10_000)
    slow, noted = Slow(), []
    with ClientLog(tmp_path / "log", 1.0, note=noted.append, files=slow) as log:
        log.maybe(lambda: record("x" * 1000))
        while log._waiting:  # the disk has got the first one
            time.sleep(0.001)
        started = time.monotonic()
        for _ in range(20):
            log.maybe(lambda: record("x" * 1000))
        assert time.monotonic() - started < 5
        assert not log.flush(timeout=0.05)
        kept = len(log._waiting)
        assert noted == [False] * (20 - kept)  # what finds no place any more is left out
        assert 2 < kept < 10
        slow.may_go_on.set()
    assert noted.count(True) == kept + 1
    assert read(tmp_path / "log-000001.tfrecord") == [written("x" * 1000)] * (kept + 1)
    assert "the disk is too slow" in caplog.text


FULL = """
import resource, sys
from serving.request_log import RequestLog
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

def record(size):
    made = PredictionLog()
    made.predict_log.request.model_spec.name = "x" * size
    return made

noted = []
log = RequestLog(sys.argv[1], 1.0, note=noted.append)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
for size in (500, 4000, 500):
    log.maybe(lambda: record(size))
log.close()
print(noted)
"""


def test_a_full_disk_leaves_whole_records(tmp_path):
    done = run(FULL, tmp_path / "log")
    assert done.stdout.strip() == "[True, False, True]"
    assert "File too large" in done.stderr
    assert [read(path) for path in files(tmp_path)] == [[written("x" * 500)]] * 2


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


# --- one log to a prefix ---


def test_a_second_process_is_refused(tmp_path):
    script = """
import sys
from serving.errors import ServingError
from serving.request_log import RequestLog
try:
    RequestLog(sys.argv[1], 1.0).close()
    print("opened")
except ServingError as error:
    print(error)
"""
    with ClientLog(tmp_path / "log", 1.0):
        said = run(script, tmp_path / "log").stdout
        assert f"another request log writes to {tmp_path / 'log'} (process {os.getpid()})" in said
        assert "give each its own prefix" in said
        assert run(script, tmp_path / "other").stdout == "opened\n"
        with pytest.raises(ServingError, match="another request log writes to"):
            ClientLog(tmp_path / "log", 1.0)
    assert run(script, tmp_path / "log").stdout == "opened\n"


def test_a_fork_does_not_write_into_the_files_of_its_parent(tmp_path):
    script = """
import os, sys
from serving.request_log import RequestLog
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

def record():
    made = PredictionLog()
    made.predict_log.request.model_spec.name = str(os.getpid() == parent)
    return made

parent = os.getpid()
noted = []
log = RequestLog(sys.argv[1], 1.0, note=noted.append)
log.maybe(record)
if os.fork() == 0:
    log.maybe(record)
    log.close()
    sys.exit(0 if noted[-1] is False else 3)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
log.maybe(record)
"""
    done = run(script, tmp_path / "log")  # the end of the process closes the log
    assert "this process is a fork of the one that opened the log" in done.stderr
    assert read(tmp_path / "log-000001.tfrecord") == [written("True")] * 2


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"sampling_rate": 1.5}, "sampling_rate is 1.5"),
        ({"sampling_rate": float("nan")}, "sampling_rate is nan"),
        ({"max_files": 0}, "max_files is 0"),
        ({"max_bytes": 0}, "max_bytes is 0"),
        ({"prefix": "gs://bucket/log"}, "no local path: gs://bucket/log"),
        ({"prefix": "/proc/no/log"}, "request log not writable: /proc/no/log.lock"),
    ],
)
def test_settings_that_make_no_sense(tmp_path, options, what):
    with pytest.raises(ServingError, match=what):
        ClientLog(**{"prefix": tmp_path / "log", "sampling_rate": 0.5, **options})
    assert list(tmp_path.iterdir()) == []


# --- in the server ---


def test_a_prediction_is_logged_with_its_answer(toy_models, tmp_path):
    log = RequestLog(str(tmp_path / "log"), 1.0)

    class Core:
        def use(self, spec):
            return contextlib.nullcontext(servable)

        def request_log(self, name):
            return {"mlp": log}.get(name)

    servable = load("mlp", 1, toy_models["mlp"] + "/1", LoadOptions())
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "mlp"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros((1, 10), np.float32)))
    response = predict(Core(), request)
    request.model_spec.name = "other"
    predict(Core(), request)
    log.close()
    servable.close()
    (found,) = read(tmp_path / "log-000001.tfrecord")
    assert found.predict_log.request.model_spec.name == "mlp"
    assert found.predict_log.response == response
    assert found.log_metadata.model_spec == found.predict_log.request.model_spec


@pytest.mark.parametrize("text", ["mlp", "half_plus_two"])
def test_its_files_warm_a_model_up(toy_models, tmp_path, text):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = text
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros((1, 10), np.float32)))
    if text != "mlp":
        request.inputs["y"].CopyFrom(request.inputs["x"])  # this one the model refuses
    log = RequestLog(str(tmp_path / "log"), 1.0)
    log.maybe(lambda: prediction_log_pb2.PredictionLog(predict_log={"request": request}))
    log.close()
    folder = tmp_path / "model" / "1"
    shutil.copytree(toy_models["mlp"] + "/1", folder)
    (folder / "assets.extra").mkdir()
    (tmp_path / "log-000001.tfrecord").rename(
        folder / "assets.extra" / "tf_serving_warmup_requests"
    )
    loader = make_loader(Options(), Metrics())
    if text == "mlp":
        loader("mlp", 1, str(folder)).close()
    else:
        with pytest.raises(StatusError, match="input size does not match signature: 2!=1"):
            loader("mlp", 1, str(folder))
