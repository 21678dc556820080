"""A loaded version: what it loads, how it runs, and what it says when it cannot."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from model_server import predict
from model_server.servable import LoadOptions, load
from model_server.status import Code, StatusError


@pytest.fixture(scope="module")
def model(toy_models):
    """Loads a toy model once; all are closed at the end."""
    loaded = {}

    def get(name, version="1"):
        if name not in loaded:
            loaded[name] = load(name, int(version), f"{toy_models[name]}/{version}", LoadOptions())
        return loaded[name]

    yield get
    for each in loaded.values():
        each.close()


def failure(call):
    with pytest.raises(StatusError) as caught:
        call()
    return caught.value.code, caught.value.message


def test_it_says_what_it_is(model, toy_models):
    servable = model("half_plus_two", "00000123")
    assert (servable.name, servable.version) == ("half_plus_two", 123)
    assert servable.path == toy_models["half_plus_two"] + "/00000123"
    assert set(servable.signatures) == set(servable.meta_graph.signature_def)


def test_values_come_in_the_order_of_the_fetches(model):
    servable = model("two_inputs")
    signature = servable.by_name["serving_default"]
    feeds = {"a:0": np.float32([5]), "b:0": np.float32([3])}
    for order in (["total", "difference"], ["difference", "total"], ["total", "total"]):
        values = servable.run(feeds, [signature.outputs[name] for name in order])
        assert [value.tolist() for value in values] == [
            {"total": [8.0], "difference": [2.0]}[name] for name in order
        ]


def test_scalars_and_strings_are_arrays(model):
    found = predict.predict_arrays(model("scalar"), "", {"x": np.float32([1, 2])})
    assert found["total"].shape == ()
    assert found["total"] == 3
    text = np.array([b"\xff", "ü".encode()], object)
    found = predict.predict_arrays(model("strings"), "", {"text": text}, ["text_bytes", "length"])
    assert list(found) == ["text_bytes", "length"]
    assert found["text_bytes"].tolist() == text.tolist()
    assert found["length"].tolist() == [1, 2]
    one = np.array(b"a", object)
    assert predict.predict_arrays(model("types"), "string", {"x": one})["y"].tolist() == b"a"


@pytest.mark.parametrize(
    ("feeds", "fetches", "code", "message"),
    [
        (
            {"x:0": np.zeros((1, 10), bool)},
            ["y"],
            Code.INVALID_ARGUMENT,
            "Expects arg[0] to be float but bool is provided",
        ),
        (
            {"nothing:0": np.zeros(1)},
            ["y"],
            Code.INVALID_ARGUMENT,
            "Tensor nothing:0, specified in either feed_devices or fetch_devices was not found in "
            "the Graph",
        ),
    ],
)
def test_what_the_runtime_refuses(model, feeds, fetches, code, message):
    servable = model("mlp")
    outputs = servable.by_name["serving_default"].outputs
    fetched = [outputs[name] for name in fetches]
    assert failure(lambda: servable.run(feeds, fetched)) == (code, message)


@pytest.mark.parametrize("kind", ["serving_default", "forever"])
def test_a_run_is_cancelled_in_time(model, kind):
    given = {"serving_default": {"seconds": np.float32([60])}, "forever": {"x": np.float32([1])}}
    start = time.monotonic()
    found = failure(lambda: predict.predict_arrays(model("slow"), kind, given[kind], (), 0.2))
    assert found == (Code.DEADLINE_EXCEEDED, "Timed out waiting for notification")
    assert 0.2 <= time.monotonic() - start < 10


@pytest.mark.parametrize("timeout", [0, -1.0])
def test_no_time_left_is_no_run(model, timeout):
    given = {"seconds": np.float32([0])}
    found = failure(lambda: predict.predict_arrays(model("slow"), "", given, (), timeout))
    assert found == (Code.DEADLINE_EXCEEDED, "Timed out waiting for notification")


@pytest.mark.parametrize("timeout", [None, 30, 1e6, 9e18])
def test_time_enough_is_an_answer(model, timeout):
    x = np.float32([[1]])
    servable = model("half_plus_two", "00000123")
    assert predict.predict_arrays(servable, "", {"x": x}, (), timeout)["y"].tolist() == [[2.5]]


def test_many_threads_at_once(model):
    servable = model("two_inputs")
    started = threading.Barrier(16)

    def check(number):
        started.wait(20)
        for size in range(1, 60):
            a = np.full(size, number, np.float32)
            found = predict.predict_arrays(servable, "", {"a": a, "b": a}, (), 30)
            assert found["total"].tolist() == [2 * number] * size

    with ThreadPoolExecutor(16) as pool:
        for each in [pool.submit(check, number) for number in range(16)]:
            each.result(60)


def test_what_cannot_be_loaded(toy_models, tmp_path):
    corrupt = toy_models["corrupt"] + "/1"
    assert failure(lambda: load("m", 1, corrupt, LoadOptions())) == (
        Code.DATA_LOSS,
        f"Can't parse {corrupt}/saved_model.pb as binary proto",
    )
    code, message = failure(lambda: load("m", 1, str(tmp_path), LoadOptions()))
    assert code == Code.NOT_FOUND
    assert message.startswith(
        "Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
    )
    options = LoadOptions(tags=("gpu", "serve"))
    code, message = failure(lambda: load("m", 1, toy_models["mlp"] + "/1", options))
    assert code == Code.NOT_FOUND
    assert "matching supplied tags: { gpu serve }" in message


def test_a_truncated_model_says_that_it_is_broken(toy_models, tmp_path):
    whole = Path(toy_models["mlp"], "1", "saved_model.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(whole[:-20])
    code, _ = failure(lambda: load("m", 1, str(tmp_path), LoadOptions()))
    assert code in (Code.DATA_LOSS, Code.INVALID_ARGUMENT, Code.NOT_FOUND)
