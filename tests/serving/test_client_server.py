"""The client and a real server: the same values over gRPC and REST, and as in this process."""

import threading
import time

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from serving.client import ServingClient
from serving.errors import ServingError
from serving.remote.model_metadata import TensorInfo, VersionStatus
from tests.model_server import toy_models as toys
from tests.serving.client_world import PHONE_ROWS, assert_same, in_process, phone_classes


@pytest.fixture
def client(address):
    """Returns a client of a model; closes it in the end."""
    made = []

    def make(model, **options):
        made.append(ServingClient(address, model, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def expected(trips):
    return in_process(trips, PHONE_ROWS)


def test_a_model_of_ours_answers_as_in_this_process(client, expected):
    trips = client("trips")
    assert_same(trips.predict(PHONE_ROWS), expected)
    assert set(expected["class"].tolist()) <= phone_classes()
    # The rows differ, and so does a value that is there from one that is not.
    assert len(np.unique(expected["probabilities"], axis=0)) == len(PHONE_ROWS) - 1


@pytest.mark.parametrize("signature", ["serving_raw", "serving_default"])
def test_every_way_to_give_rows(client, expected, signature):
    trips = client("trips")
    names = ("fare", "hour of day", "code", "color")
    by_column = [
        {("hour of day" if k == "hour_of_day" else k): v for k, v in r.items()} for r in PHONE_ROWS
    ]
    columns = {name: [row.get(name) for row in by_column] for name in names}
    frame = pd.DataFrame({"fare": columns["fare"], "color": columns["color"]})
    frame["hour of day"] = pd.array(columns["hour of day"], "Int64")
    frame["code"] = pd.array(columns["code"], "Int64")
    for rows in (by_column, columns, frame, iter(by_column)):
        assert_same(trips.predict(rows, signature=signature), expected)


def test_string_classes_for_bulk_inference(client, expected):
    rows = [{"fare": 1.5, "color": "grün"}, {}]
    trips = client("trips")
    found = trips.predict(rows, signature="serving_columns")
    plain = trips.predict(rows)
    assert found["class"].shape == (2, 1)
    assert found["class"][:, 0].tolist() == plain["class"].tolist()


def test_many_rows_go_in_several_requests_and_keep_their_order(client, trips):
    fares = np.arange(2500, dtype=np.float32)
    found = client("trips", max_rows=600).predict({"fare": fares})
    whole = client("trips", max_rows=2500).predict({"fare": fares})
    assert_same(found, whole)
    one = client("trips").predict([{"fare": 2049.0}])
    np.testing.assert_allclose(found["probabilities"][2049], one["probabilities"][0], atol=1e-6)
    assert len(np.unique(found["probabilities"], axis=0)) > 100


def test_no_rows(client):
    found = client("trips").predict([])
    assert {name: (v.shape, v.dtype) for name, v in found.items()} == {
        "probabilities": ((0, 3), np.float32),
        "class": ((0,), object),
    }
    with pytest.raises(ServingError, match="the model has no input 'fair'"):
        client("trips").predict({"fair": []})


def test_only_the_outputs_that_are_wanted(client, expected):
    found = client("trips").predict(PHONE_ROWS, outputs=["class"])
    assert_same(found, {"class": expected["class"]})
    with pytest.raises(ServingError, match='no output "klass"') as caught:
        client("trips").predict(PHONE_ROWS, outputs=["klass"])
    assert caught.value.fix == 'did you mean "class"?'


def test_threads_share_a_client(client, expected):
    trips, found = client("trips"), []

    def ask():
        for _ in range(5):
            found.append(trips.predict(PHONE_ROWS))  # noqa: PERF401 - list.append is what is shared

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    for one in found:
        assert_same(one, expected)


def test_one_input_of_a_row_each(client):
    half_plus_two = client("half_plus_two", version=123)
    expected = np.float32([[2.5], [3.25]])
    for rows in ([{"x": 1}, {"x": 2.5}], [{"x": [1]}, {"x": [2.5]}], {"x": np.array([[1], [2.5]])}):
        assert_same(half_plus_two.predict(rows), {"y": expected})


@pytest.mark.parametrize(
    ("options", "version"),
    [({}, 124), ({"version": 123}, 123), ({"label": "stable"}, 123), ({"label": "canary"}, 124)],
)
def test_versions_and_labels(client, options, version):
    asked = client("half_plus_two", **options)
    assert asked.predict([{"x": 0}])["y"].tolist() == [[version - 121.0]]
    assert asked.metadata().version == version


def test_examples_are_classified_and_regressed(client):
    half_plus_two = client("half_plus_two", version=123, max_rows=2)
    rows = [{"x": 1}, {"x": 2.5}, {"x": 7}]
    assert half_plus_two.classify(rows, "classify_x_to_y") == [[("", v)] for v in (2.5, 3.25, 5.5)]
    found = half_plus_two.regress(rows, "regress_x_to_y2")
    assert_same({"y": found}, {"y": np.float32([3.5, 4.25, 6.5])})
    assert half_plus_two.regress([], "regress_x_to_y2").shape == (0,)
    assert half_plus_two.classify([], "classify_x_to_y") == []
    with pytest.raises(ServingError, match="several signatures that regress"):
        half_plus_two.regress(rows)


def test_a_model_of_tensorflow_2_is_known_by_its_aliases(client):
    tf2 = client("tf2")
    scores = [float(np.float32(1) - np.float32(0.1)), float(np.float32(0.1))]
    assert tf2.classify([{"x": 0.1}]) == [[("low", scores[0]), ("high", scores[1])]]
    np.testing.assert_allclose(tf2.regress([{"x": 0.1}]), [0.3], rtol=1e-6)


def test_a_model_that_does_not_classify(client):
    with pytest.raises(ServingError, match=r"no signature of model .trips. can classify") as caught:
        client("trips").classify([{"fare": 1.0}])
    assert "serving_default (examples: string [?])" in caught.value.expected


def test_several_signatures_at_once(served):
    tasks = ["regress_x_to_y2", "classify_x_to_y"]
    with ServingClient(served.grpc, "half_plus_two", version=123, max_rows=1) as client:
        found = client.multi_inference([{"x": 1}, {"x": 2.5}], tasks)
        with pytest.raises(ServingError, match='"serving_default" has the method "predict"'):
            client.multi_inference([{"x": 1}], ["serving_default"])
        none = client.multi_inference([], tasks)
        assert (none["regress_x_to_y2"].shape, none["classify_x_to_y"]) == ((0,), [])
        with pytest.raises(ServingError, match="no tasks"):
            client.multi_inference([{"x": 1}], [])
    assert found["regress_x_to_y2"].tolist() == [3.5, 4.25]
    assert found["classify_x_to_y"] == [[("", 2.5)], [("", 3.25)]]
    with ServingClient(served.rest, "half_plus_two") as client:
        with pytest.raises(ServingError, match="REST has no multi-inference") as caught:
            client.multi_inference([{"x": 1}], tasks)
        assert "over gRPC" in caught.value.expected


def test_strings_of_any_bytes(client):
    values = ["Größe", b"\xff\x00", "", '"\n\\', "\N{TAXI}"]
    found = client("strings").predict({"text": values})
    raw = [v.encode() if isinstance(v, str) else v for v in values]
    assert found["text"].tolist() == found["text_bytes"].tolist() == raw
    assert_same({"n": found["length"]}, {"n": np.int32([len(v) for v in raw])})


NUMBERS = {
    "bool": [True, False],
    "int8": [-128, 127],
    "int32": [-(2**31), 2**31 - 1],
    "int64": [2**53 + 1, -(2**63)],
    "uint8": [0, 255],
    "uint32": [0, 2**32 - 1],
    "uint64": [2**63 + 1, 2**64 - 1],
    "float": [0.1, float("nan"), float("inf"), float("-inf"), 1e-45, 16777216, 3.4028235e38],
    "double": [0.1, float("nan"), 5e-324, 1e22, -1.7976931348623157e308],
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_come_back_bit_by_bit(client, name):
    dtype = {"float": "float32", "double": "float64"}.get(name, name)
    values = np.array([NUMBERS[name], NUMBERS[name][::-1]], dtype)
    found = client("types").predict({"x": values}, signature=name)["y"]
    assert (found.dtype, found.shape) == (values.dtype, values.shape)
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("name", ["half", "uint16"])
def test_types_that_json_has_not_got(served, name):
    dtype = {"half": "float16"}.get(name, name)
    with ServingClient(served.grpc, "types") as client:
        found = client.predict({"x": np.array([0, 1], dtype)}, signature=name)["y"]
    assert_same({"y": found}, {"y": np.array([0, 1], dtype)})
    refused = pytest.raises(ServingError, match=f"to type: {name}")
    with ServingClient(served.rest, "types") as client, refused as caught:
        client.predict({"x": [0, 1]}, signature=name)
    assert "over gRPC" in caught.value.fix


def test_inner_shapes_and_single_values(client):
    rows = [{"x": [1.0, 2.0, 3.0]}, {"x": [4.0, 5.0, 6.0]}]
    found = client("variable_length").predict(rows)
    assert_same(found, {"y": np.float32([6, 15]), "x": np.float32([[1, 2, 3], [4, 5, 6]])})
    assert_same(client("scalar").predict({"x": [1, 2]}), {"total": np.float32(3)})
    with pytest.raises(ServingError, match="answers to many rows with a single value") as caught:
        client("scalar", max_rows=1).predict({"x": [1, 2]})
    assert "max_rows" in caught.value.fix


def test_a_model_of_nothing_but_examples(client):
    asked = client("examples_only", max_rows=2)
    rows = [{"x in $": 1.5, "n": 2}, {"word": "süß"}, {"x in $": float("nan"), "n": None}]
    assert_same(asked.predict(rows), {"y": np.float32([5, 3, 0])})
    serialized = tf.train.Example().SerializeToString()
    assert_same(asked.predict({"examples": [serialized]}), {"y": np.float32([0])})
    with pytest.raises(ServingError, match=r"Data types don't match.*expected type: float"):
        asked.predict([{"x in $": 1}])


def test_several_named_inputs(client):
    found = client("two_inputs").predict({"a": [1, 2], "b": [0.5, 4]})
    assert_same(found, {"total": np.float32([1.5, 6]), "difference": np.float32([0.5, -2])})
    with pytest.raises(ServingError, match='column "b": there is no value'):
        client("two_inputs").predict([{"a": 1}])


def test_an_input_that_the_model_has_a_default_for(served):
    with ServingClient(served.grpc, "defaults") as client:
        for rows in ({"x": [1, 2]}, [{"x": 1}, {"x": 2}]):
            assert client.predict(rows)["y"].tolist() == [2, 4]
        assert client.predict([{"x": 1, "scale": 5}, {"x": 2, "scale": 5}])["y"].tolist() == [5, 10]


def test_metadata(client):
    found = client("trips").metadata()
    assert (found.model, found.version) == ("trips", 7)
    raw = found.signatures["serving_raw"]
    assert raw.method == "predict"
    assert raw.inputs == {
        "fare": TensorInfo("fare", "float32", (None,)),
        "hour_of_day": TensorInfo("hour_of_day", "int64", (None,)),
        "code": TensorInfo("code", "int64", (None,)),
        "color": TensorInfo("color", "string", (None,)),
    }
    assert raw.outputs == {
        "probabilities": TensorInfo("probabilities", "float32", (None, 3)),
        "class": TensorInfo("class", "string", (None,)),
    }
    assert "__saved_model_init_op" not in found.signatures


def test_metadata_are_the_same_over_both(served):
    for model in ("trips", "half_plus_two", "types", "defaults"):
        with ServingClient(served.grpc, model) as one, ServingClient(served.rest, model) as other:
            assert one.metadata() == other.metadata()


def test_status(client):
    assert client("half_plus_two").status() == [
        VersionStatus(124, "AVAILABLE"),
        VersionStatus(123, "AVAILABLE"),
    ]
    client("half_plus_two").wait_until_ready(timeout=1)


def test_a_model_that_is_not_there(client, address):
    for ask in (lambda c: c.predict([{"x": 1}]), lambda c: c.status(), lambda c: c.metadata()):
        with pytest.raises(ServingError) as caught:
            ask(client("taxis"))
        assert f'model "taxis" is not served at {address}: ' in caught.value.what
    with pytest.raises(ServingError, match='version 7 of model "half_plus_two" is not served'):
        client("half_plus_two", version=7).predict([{"x": 1}])
    started = time.monotonic()
    with pytest.raises(
        ServingError, match=r'model "taxis" at .* is not ready after 0.5 s: '
    ) as caught:
        client("taxis").wait_until_ready(timeout=0.5)
    assert "Could not find any versions of model taxis" in caught.value.what
    assert time.monotonic() - started < 5


def test_what_the_server_refuses_is_told(client, address):
    rows = [{"examples": b"no tf.Example"}]
    with pytest.raises(ServingError) as caught:
        client("trips").predict(rows, signature="serving_default")
    assert f'{address} cannot answer with model "trips" (INVALID_ARGUMENT): ' in caught.value.what
    assert "Could not parse example" in caught.value.what


def test_a_deadline(client, address):
    slow = client("slow", timeout=0.4)
    slow.metadata()
    started = time.monotonic()
    with pytest.raises(ServingError, match=r"within 0\.4 s") as caught:
        slow.predict([{"seconds": 4}])
    assert time.monotonic() - started < 3.5
    assert address in caught.value.what
    assert client("slow").predict([{"seconds": 0.5}])["waited"].tolist() == [0.5]


def test_a_new_version_with_other_inputs(served):
    """Both clients have the old version's metadata; what comes next they find out themselves."""
    with (
        ServingClient(served.grpc, "swapped") as one,
        ServingClient(served.rest, "swapped") as other,
    ):
        for client in (one, other):
            assert client.predict([{"x": 1}])["y"].tolist() == [[2.5]]
        hidden = served.models / "swapped" / "new"
        toys.save(hidden, toys.two_inputs)
        hidden.rename(served.models / "swapped" / "2")
        served.wait_for(lambda: one.status()[0] == VersionStatus(2, "AVAILABLE"))
        served.wait_for(lambda: one.status()[1].state == "END")
        for client in (one, other):  # rows that can be gone through once
            assert client.predict(iter([{"a": 1, "b": 2}]))["total"].tolist() == [3]
            with pytest.raises(ServingError, match="the model has no input 'x'"):
                client.predict([{"x": 1}])
        toys.write_half_plus_two(served.models / "swapped" / "hidden", 3)
        (served.models / "swapped" / "hidden" / "00000003").rename(served.models / "swapped" / "3")
        served.wait_for(lambda: one.status()[0] == VersionStatus(3, "AVAILABLE"))
        for client in (one, other):  # now the server refuses what fits the old metadata
            assert client.predict({"a": [], "b": []})["total"].shape == (0,)
            with pytest.raises(ServingError, match="the model has no input 'a'"):
                client.predict([{"a": 1, "b": 2}])
            assert client.metadata().version == 3
