"""The request log: what is written, when a file ends, and that it never fails a request."""

import contextlib
import logging
import shutil
import threading

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from model_server.loading import make_loader
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.predict import predict
from model_server.request_log import MAX_RECORDS, RequestLog
from model_server.servable import LoadOptions, load
from model_server.status import Code, StatusError


def record(text="m"):
    made = prediction_log_pb2.PredictionLog()
    made.predict_log.request.model_spec.name = text
    return made


def read(path):
    return [
        prediction_log_pb2.PredictionLog.FromString(data)
        for data in tf.compat.v1.io.tf_record_iterator(str(path))
    ]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_records_are_there_at_once(tmp_path):
    log = RequestLog(str(tmp_path / "new" / "log"), 1.0)
    log.maybe(record)
    log.maybe(lambda: record("n"))
    assert names(tmp_path / "new") == ["log-000001.tfrecord"]
    assert read(tmp_path / "new" / "log-000001.tfrecord") == [record(), record("n")]
    log.close()


@pytest.mark.parametrize(("rate", "low", "high"), [(0.0, 0, 0), (0.3, 200, 400), (1.0, 1000, 1000)])
def test_a_share_is_logged(tmp_path, rate, low, high):
    log = RequestLog(str(tmp_path / "log"), rate)
    made = []
    for _ in range(1000):
        log.maybe(lambda: made.append(1) or record())
    log.close()
    written = sum(len(read(path)) for path in tmp_path.iterdir())
    assert low <= written <= high
    assert len(made) == written  # what is not logged is not even made


def test_files_end_and_the_oldest_go(tmp_path):
    log = RequestLog(str(tmp_path / "log"), 1.0, max_bytes=100, max_files=3)
    for index in range(5):
        log.maybe(lambda index=index: record(str(index) * 60))
    assert names(tmp_path) == [f"log-00000{number}.tfrecord" for number in (3, 4, 5)]
    assert [
        read(path)[0].predict_log.request.model_spec.name[0] for path in sorted(tmp_path.iterdir())
    ] == ["2", "3", "4"]
    log.close()
    again = RequestLog(str(tmp_path / "log"), 1.0, max_files=3)
    again.maybe(record)
    again.close()
    assert names(tmp_path) == [f"log-00000{number}.tfrecord" for number in (4, 5, 6)]


def test_a_file_holds_no_more_than_a_warm_up_may(tmp_path):
    log = RequestLog(str(tmp_path / "log"), 1.0)
    for _ in range(MAX_RECORDS + 1):
        log.maybe(record)
    log.close()
    assert [len(read(path)) for path in sorted(tmp_path.iterdir())] == [1000, 1]


def test_a_request_never_fails_for_its_log(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    noted = []
    log = RequestLog(str(tmp_path / "file" / "log"), 1.0, note=noted.append)
    with caplog.at_level(logging.ERROR):
        log.maybe(record)
        log.maybe(record)
    assert [each.getMessage() for each in caplog.records] == [
        f"request log {tmp_path / 'file' / 'log'}: cannot write; further failures are silent"
    ]
    assert noted == [Code.UNKNOWN, Code.UNKNOWN]


def test_many_threads_write_whole_records(tmp_path):
    log = RequestLog(str(tmp_path / "log"), 1.0, max_bytes=20_000, max_files=1000)
    threads = [
        threading.Thread(target=lambda: [log.maybe(lambda: record("x" * 500)) for _ in range(100)])
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    log.close()
    found = [each for path in tmp_path.iterdir() for each in read(path)]
    assert found == [record("x" * 500)] * 800


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
