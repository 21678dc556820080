"""The Prometheus page, as a Prometheus parser reads it."""

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from model_server.metrics import Metrics
from model_server.status import Code


@pytest.fixture
def metrics():
    return Metrics()


def samples(metrics, prefix=":tensorflow:serving:"):
    """Values by name, without the common prefix, and labels.

    The parser calls every counter's sample `..._total`, whatever its line says.
    """
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (
            sample.name.removeprefix(prefix).removesuffix("_total"),
            tuple(sample.labels.values()),
        ): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_new_page_is_empty(metrics):
    assert metrics.render() == b""


def test_requests_are_counted_by_model_and_status(metrics):
    metrics.count("m", Code.OK)
    metrics.count("m", Code.OK)
    metrics.count("m", Code.NOT_FOUND)
    assert metrics.render().decode().splitlines() == [
        "# TYPE :tensorflow:serving:request_count counter",
        ':tensorflow:serving:request_count{model_name="m",status="OK"} 2',
        ':tensorflow:serving:request_count{model_name="m",status="NOT_FOUND"} 1',
    ]


def test_latency_is_a_histogram_in_microseconds(metrics):
    for seconds in (5e-6, 10e-6, 0.001, 1e9):
        metrics.latency("m", "predict", "REST", seconds)
    page = metrics.render().decode()
    lines = page.splitlines()
    assert lines[0] == "# TYPE :tensorflow:serving:request_latency histogram"
    name = ":tensorflow:serving:request_latency"
    labels = 'model_name="m",API="predict",entrypoint="REST"'
    assert lines[1] == f'{name}_bucket{{{labels},le="10"}} 2'
    assert lines[2] == f'{name}_bucket{{{labels},le="18"}} 2'
    assert lines[33] == f'{name}_bucket{{{labels},le="1.47476e+09"}} 3'
    assert lines[34] == f'{name}_bucket{{{labels},le="+Inf"}} 4'
    assert lines[36] == f"{name}_count{{{labels}}} 4"
    assert len(lines) == 37
    assert samples(metrics)["request_latency_sum", ("m", "predict", "REST")] == pytest.approx(
        5 + 10 + 1000 + 1e15
    )


def test_the_other_metrics_have_their_names_and_labels(metrics):
    metrics.runtime("m", "Predict", "TF1", 0.5)
    metrics.examples("m", 3)
    metrics.examples("m", 4)
    metrics.warmup("/models/m/1", Code.OK, 0.25)
    metrics.logged("m", Code.OK)
    found = samples(metrics)
    assert found["runtime_latency_sum", ("m", "Predict", "TF1")] == pytest.approx(5e5)
    assert found["request_example_count", ("m",)] == 7
    assert found["request_example_counts_count", ("m",)] == 2
    assert found["request_example_counts_bucket", ("m", "2")] == 0
    assert found["request_example_counts_bucket", ("m", "4")] == 2
    assert found["model_warmup_latency_count", ("/models/m/1", "OK")] == 1
    assert found["request_log_count", ("m", "OK")] == 1
    page = metrics.render().decode()
    assert ':tensorflow:serving:request_example_count_total{model="m"} 7\n' in page
    for labels in ('{model_name="m",API="Predict",runtime="TF1",', '{model_path="/models/m/1",'):
        assert labels in page


def test_labels_are_escaped(metrics):
    name = 'a"b\\c\nd é'
    metrics.count(name, Code.OK)
    assert samples(metrics) == {("request_count", (name, "OK")): 1}


def test_a_client_cannot_make_series_without_end(metrics, monkeypatch):
    monkeypatch.setattr("model_server.metrics.MAX_SERIES", 20)
    for number in range(520):
        metrics.count(f"model {number}", Code.NOT_FOUND)
        metrics.latency(f"model {number}", "predict", "REST", 0.1)
    found = samples(metrics)
    assert found["request_count", ("_other", "_other")] == 500
    assert found["request_latency_count", ("_other", "_other", "_other")] == 500
    assert sum(1 for name, _ in found if name == "request_count") == 21
    metrics.count("model 1", Code.NOT_FOUND)
    assert samples(metrics)["request_count", ("model 1", "NOT_FOUND")] == 2


def test_counters_can_be_read_by_their_own_names(metrics):
    metrics.count("m", Code.OK)
    metrics.count("n", Code.INTERNAL)
    assert metrics.counts() == {
        "/tensorflow/serving/request_count": 2,
        "/tensorflow/serving/request_example_count_total": 0,
        "/tensorflow/serving/request_log_count": 0,
    }


def test_threads_lose_no_count(metrics):
    def add():
        for _ in range(2_000):
            metrics.count("m", Code.OK)
            metrics.latency("m", "Predict", "GRPC", 0.001)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = samples(metrics)
    assert found["request_count", ("m", "OK")] == 16_000
    assert found["request_latency_count", ("m", "Predict", "GRPC")] == 16_000
