"""The gate before serving, with real servers: good models, and ones that only look good."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
from tfx.components.pusher import executor as pusher
from tfx.types.standard_artifacts import ModelBlessing
from tfx.utils import path_utils

from components import push_destination
from components.serving_checks import ask, examine
from components.serving_trials import RAW
from serving.launch import launch
from tests.components.phone_world import ROWS, Phone
from tests.components.serving_world import NAME, base_path_of, judge, settings_of, trials_of

WARM_UP = "assets.extra/tf_serving_warmup_requests"
WITH_CLASSES = [
    "seconds to ready",
    *("grpc difference", "grpc other classes", "grpc latency ms"),
    *("rest difference", "rest other classes", "rest latency ms"),
]
WITHOUT_CLASSES = [name for name in WITH_CLASSES if "classes" not in name]


@pytest.fixture(scope="module")
def colors(tmp_path_factory):
    """A model that answers with the probabilities of three classes, and their names."""
    return Phone(tmp_path_factory.mktemp("colors"), "multiclass")


@pytest.fixture(scope="module")
def good(colors, tmp_path_factory):
    return judge(colors, tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="module")
def trials(phone):
    return trials_of(phone)


@pytest.fixture(scope="module")
def served(phone, trials, tmp_path_factory):
    """A server with a good model of two classes."""
    folder = base_path_of(phone, tmp_path_factory.mktemp("served"), trials)
    with launch(folder, NAME, kind="embedded", timeout=120) as server:
        yield server


def delivered(said):
    return Path(path_utils.stamped_model_path(said.blessing.uri))


def by_metric(examined):
    return {result.metric: result for result in examined.results}


def refusals(results):
    return [result.metric for result in results if result.refuses]


def test_a_good_model_passes(good, colors):
    assert [result.metric for result in good.verdict.results] == WITH_CLASSES
    assert refusals(good.verdict.results) == []
    assert {result.name for result in good.verdict.results} == {"serving"}
    for way in ("grpc", "rest"):
        assert 0 <= good.results[f"{way} difference"].value <= 1e-5
        assert good.results[f"{way} other classes"].value == 0
        assert 0 < good.results[f"{way} latency ms"].value < 1000
    assert 0 < good.results["seconds to ready"].value < 120
    assert good.results["seconds to ready"].detail == "embedded server"
    assert good.verdict.metrics["serving/rows"] == ROWS + 5
    assert good.verdict.metrics["serving/grpc ms, 256 rows"] > 0


def test_a_good_model_is_delivered_with_its_warm_up_records(good, colors):
    assert good.blessing.get_int_custom_property("blessed") == 1
    assert good.blessing.get_int_custom_property("has_model") == 1
    assert (Path(good.blessing.uri) / "INFRA_BLESSED").exists()
    trained = colors.trained_model / "Format-Serving"
    assert (delivered(good) / WARM_UP).stat().st_size > 0
    assert push_destination.origin(delivered(good)) == push_destination.digest(trained)
    assert not (trained / "assets.extra").exists()


def test_the_standard_pusher_takes_what_was_delivered(good, artifact, tmp_path):
    inputs = {
        "model_blessing": [artifact(ModelBlessing, tmp_path / "blessing", blessed=1)],
        "infra_blessing": [good.blessing],
    }
    assert pusher.Executor().CheckBlessing(inputs)
    assert Path(pusher.Executor().GetModelPath(inputs)) == delivered(good)


def test_answers_of_either_kind_of_model_are_right(phone, trials, served):
    asked = ask(settings_of(phone), trials, served)
    assert [result.metric for result in asked.results] == WITHOUT_CLASSES[1:]
    assert all(result.passed for result in asked.results)


def test_wrong_answers_are_refused_with_the_row_that_is_worst(phone, trials, served):
    right = {name: {**answers} for name, answers in trials.right.items()}
    right[RAW]["probability"] = right[RAW]["probability"].copy()
    right[RAW]["probability"][7] += 2e-4
    results = by_metric(ask(settings_of(phone), trials._replace(right=right), served))
    assert refusals(results.values()) == ["grpc difference", "rest difference"]
    for way, name in (("grpc", "gRPC"), ("rest", "REST")):
        result = results[f"{way} difference"]
        assert result.value == pytest.approx(2e-4, rel=0.1)
        assert result.detail.startswith(f"serving_raw over {name}: row 7 is off by 0.0002: ")
        assert "the model itself says" in result.detail


def test_a_model_that_answers_rows_of_examples_otherwise_is_refused(phone, trials, served):
    right = {
        **trials.right,
        "serving_default": {"probability": trials.right[RAW]["probability"][::-1]},
    }
    results = by_metric(ask(settings_of(phone), trials._replace(right=right), served))
    assert refusals(results.values()) == ["grpc difference"]
    assert results["grpc difference"].detail.startswith("serving_default over gRPC: row ")


def test_a_slow_server_warns(phone, trials, served):
    results = by_metric(ask(settings_of(phone, max_latency_ms=1e-6), trials, served))
    assert refusals(results.values()) == []
    assert [r.metric for r in results.values() if r.warns] == ["grpc latency ms", "rest latency ms"]


def test_a_server_that_dies_is_refused_with_its_last_words(phone, trials, tmp_path):
    with launch(base_path_of(phone, tmp_path, trials), NAME, kind="embedded") as server:
        server.stop()
        results = by_metric(ask(settings_of(phone), trials, server))
    assert refusals(results.values()) == ["grpc answers", "rest answers"]
    first, *said = results["grpc answers"].detail.splitlines()
    assert first.startswith("no answer over gRPC: no server at 127.0.0.1:")
    assert said


def test_a_model_that_answers_nothing_by_itself_is_refused(phone, tmp_path):
    model = shutil.copytree(phone.trained_model, tmp_path / "model")
    (data,) = model.glob("Format-Serving/variables/*.data*")
    data.write_bytes(data.read_bytes()[:100])
    said = judge(phone, tmp_path, model)
    (result,) = said.verdict.results
    assert (result.metric, result.refuses) == ("answers by itself", True)
    assert result.detail.startswith("the model cannot be loaded: ")
    assert said.blessing.get_int_custom_property("blessed") == 0
    assert said.blessing.get_int_custom_property("has_model") == 0
    assert (Path(said.blessing.uri) / "INFRA_NOT_BLESSED").exists()
    assert not delivered(said).exists()
    assert not pusher.Executor().CheckBlessing({"infra_blessing": [said.blessing]})


def not_ready(settings, trials, base_path):
    """Returns why a model did not get ready, its first line and the others."""
    (result,) = examine(settings, trials, base_path).results
    assert (result.metric, result.value, result.refuses) == ("seconds to ready", None, True)
    first, *said = result.detail.splitlines()
    return first, "\n".join(said)


def test_a_model_that_the_server_cannot_load_is_refused(phone, trials, tmp_path):
    base_path = base_path_of(phone, tmp_path, trials)
    (data,) = base_path.glob("1/variables/*.data*")
    data.write_bytes(data.read_bytes()[:100])
    first, said = not_ready(settings_of(phone), trials, base_path)
    assert first.startswith("the embedded server ended with exit status ")
    assert "before the model answered: " in first
    assert "Read less bytes than requested" in said


def test_a_warm_up_record_that_fails_is_refused(phone, trials, tmp_path):
    base_path = base_path_of(phone, tmp_path, trials)
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, RAW
    request.inputs["fare"].CopyFrom(tf.make_tensor_proto(np.array([1.0], np.float32)))
    record = prediction_log_pb2.PredictionLog(
        predict_log=prediction_log_pb2.PredictLog(request=request)
    )
    with tf.io.TFRecordWriter(str(base_path / "1" / WARM_UP)) as writer:
        writer.write(record.SerializeToString())
    first, said = not_ready(settings_of(phone), trials, base_path)
    assert "input size does not match signature" in first
    assert first.splitlines()[0] == first
    assert "input size does not match signature" in said


def test_a_server_that_does_not_get_ready_in_time_is_refused(phone, trials, tmp_path):
    base_path = base_path_of(phone, tmp_path, trials)
    started = time.monotonic()
    first, _ = not_ready(settings_of(phone, startup_timeout_s=0.2), trials, base_path)
    assert first == 'the model "toys" did not answer within 0.2 s'
    assert time.monotonic() - started < 20


def test_a_served_model_without_the_dense_signature_is_refused(phone, trials, tmp_path):
    module = tf.saved_model.load(str(phone.trained_model / "Format-Serving"))
    signatures = {"serving_default": module.signatures["serving_default"]}
    tf.saved_model.save(module, str(tmp_path / NAME / "1"), signatures=signatures)
    examined = examine(settings_of(phone), trials, tmp_path / NAME)
    results = by_metric(examined)
    assert results["seconds to ready"].passed
    assert refusals(results.values()) == ["grpc answers", "rest answers"]
    assert "serving_raw" in results["grpc answers"].detail.splitlines()[0]
