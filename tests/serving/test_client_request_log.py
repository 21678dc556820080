"""What clients log is what the server logs, over both transports, and it warms a model up."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from model_server.loading import make_loader
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.servable import LoadOptions, load
from model_server.status import StatusError
from model_server.warmup import FILE, warm_up
from serving.client import ServingClient
from serving.errors import ServingError
from serving.remote.grpc_transport import GrpcTransport
from serving.remote.rest_transport import RestTransport
from serving.request_log import RequestLog
from serving.split import SplitClient
from tests.model_server.in_process import serving
from tests.model_server.toy_models import save, strings, types, write_half_plus_two
from tests.model_server.world import ROOT, model_config, model_configs, ours_alone
from tests.serving.client_world import TWO_VERSIONS

HALF = "half_plus_two"
WAYS = ("grpc", "rest")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server that logs every request, but on `types`; its folder is `models`."""
    folder = tmp_path_factory.mktemp("served")
    for version in (123, 124):
        write_half_plus_two(folder / HALF, version, version - 121.0)
    save(folder / "strings" / "1", strings)
    save(folder / "types" / "1", types)
    logging = (
        'logging_config {{ log_collector_config {{ filename_prefix: "{}" }} '
        "sampling_config {{ sampling_rate: 1 }} }}"
    )
    config = folder / "models.config"
    config.write_text(
        model_configs(
            model_config(HALF, folder / HALF, TWO_VERSIONS + logging.format(folder / "logs/half")),
            model_config("strings", folder / "strings", logging.format(folder / "logs/strings")),
            model_config("types", folder / "types"),
        )
    )
    flags = (f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models")
    with serving(*flags) as running:
        running.models = folder
        yield running


@pytest.fixture
def ask(served, tmp_path):
    """Asks with a client that logs, and returns the records of one of the two ways."""

    def run(way, model, *calls, **options):
        prefix = tmp_path / f"{way}{len(list(tmp_path.iterdir()))}"
        with (
            RequestLog(prefix, 1.0) as log,
            ServingClient(
                getattr(served, way), model, request_log=log, timeout=20, **options
            ) as client,
        ):
            answers = [call(client) for call in calls]
        return answers, records(sorted(tmp_path.glob(f"{prefix.name}-*")))

    return run


def records(paths):
    return [
        prediction_log_pb2.PredictionLog.FromString(data)
        for path in paths
        for data in tf.compat.v1.io.tf_record_iterator(str(path))
    ]


def arrays(tensors):
    return {name: tf.make_ndarray(proto).tolist() for name, proto in tensors.items()}


def shown(record):
    """What a record says, whatever fields its tensors stand in."""
    kind = record.WhichOneof("log_type")
    logged = getattr(record, kind)
    if kind == "predict_log":
        return kind, arrays(logged.request.inputs), arrays(logged.response.outputs)
    if kind == "multi_inference_log":
        results = [
            (r.model_spec.signature_name, str(r.classification_result), str(r.regression_result))
            for r in logged.response.results
        ]
        return kind, logged.request.input.SerializeToString(deterministic=True), results
    return kind, logged.request.input.SerializeToString(deterministic=True), logged.response.result


CALLS = {
    "half": (
        HALF,
        lambda c: c.predict([{"x": 1.5}, {"x": -0.1}]),
        lambda c: c.classify([{"x": 0.3}, {"x": 7.0}], "classify_x_to_y"),
        lambda c: c.regress([{"x": 0.1, "x2": 2.0}], "regress_x_to_y"),
    ),
    "strings": ("strings", lambda c: c.predict({"text": ["Größe", b"\xff\x00", ""]})),
}


@ours_alone  # the real server writes no log
@pytest.mark.parametrize("calls", CALLS)
def test_client_and_server_log_the_same(served, ask, calls):
    model, *asked = CALLS[calls]
    options = {"label": "canary"} if model == HALF else {}
    before = len(records(served.models.glob(f"logs/{calls}-*")))
    found = {way: ask(way, model, *asked, **options)[1] for way in WAYS}

    def of_server():
        return records(sorted(served.models.glob(f"logs/{calls}-*")))[before:]

    served.wait_for(lambda: len(of_server()) == 2 * len(asked))
    server = of_server()
    found |= {"server, grpc": server[: len(asked)], "server, rest": server[len(asked) :]}
    for number in range(len(asked)):
        wanted = shown(found["grpc"][number])
        for logged in found.values():
            assert shown(logged[number]) == wanted
            log = logged[number].log_metadata
            assert log.model_spec == found["grpc"][number].log_metadata.model_spec
            assert log.sampling_config.sampling_rate == 1


@pytest.mark.parametrize("way", WAYS)
def test_what_a_record_holds(ask, way):
    rows = [{"x": 1.0}, {"x": 3.0}]
    (answer,), (record,) = ask(way, HALF, lambda c: c.predict(rows, outputs=["y"]), label="canary")
    logged = record.predict_log
    assert arrays(logged.request.inputs) == {"x": [[1.0], [3.0]]}
    assert list(logged.request.output_filter) == ["y"]
    assert arrays(logged.response.outputs) == {"y": answer["y"].tolist()} == {"y": [[3.5], [4.5]]}
    for spec in (logged.request.model_spec, record.log_metadata.model_spec):
        assert (spec.name, spec.signature_name) == (HALF, "serving_default")
        assert spec.version_label == "canary"
    spec = logged.response.model_spec
    assert (spec.name, spec.signature_name) == (HALF, "serving_default")
    # Over REST no server tells the version.
    assert spec.version.value == {"grpc": 124, "rest": 0}[way]
    (_,), (record,) = ask(way, HALF, lambda c: c.predict(rows), version=123)
    assert record.log_metadata.model_spec.version.value == 123


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["bool", "int8", "int64", "uint64", "float", "double"])
def test_numbers_of_every_type_are_logged_bit_by_bit(ask, way, name):
    dtype = {"float": "float32", "double": "float64"}.get(name, name)
    extreme = np.finfo(dtype).tiny if "float" in dtype else 1
    values = np.array([[0, 1], [extreme, 1]], dtype)
    (answer,), (record,) = ask(way, "types", lambda c: c.predict({"x": values}, signature=name))
    for proto, array in (
        (record.predict_log.request.inputs["x"], values),
        (record.predict_log.response.outputs["y"], answer["y"]),
    ):
        found = tf.make_ndarray(proto)
        assert (found.dtype, found.tobytes()) == (array.dtype, array.tobytes())


def test_several_signatures_at_once(ask):
    tasks = ["regress_x_to_y2", "classify_x_to_y"]
    (answer,), (record,) = ask("grpc", HALF, lambda c: c.multi_inference([{"x": 1.0}], tasks))
    kind, _, results = shown(record)
    assert (kind, [name for name, *_ in results]) == ("multi_inference_log", tasks)
    response = record.multi_inference_log.response
    (regression,) = response.results[0].regression_result.regressions
    assert regression.value == answer["regress_x_to_y2"][0]
    (row,) = response.results[1].classification_result.classifications
    assert [(c.label, c.score) for c in row.classes] == answer["classify_x_to_y"][0]


def test_rows_that_go_in_several_requests_are_several_records(ask):
    rows = [{"x": float(number)} for number in range(5)]
    _, found = ask("grpc", HALF, lambda c: c.predict(rows), max_rows=2)
    assert [len(arrays(r.predict_log.request.inputs)["x"]) for r in found] == [2, 2, 1]


@pytest.mark.parametrize("way", WAYS)
def test_what_fails_is_not_logged(ask, way):
    def refused(client):
        with pytest.raises(ServingError, match="no signature"):
            client.predict([{"x": 1.0}], signature="none")
        with pytest.raises(ServingError, match=r"Feature: x .* could not be found"):
            client.predict({"inputs": [b"junk"]}, signature="regress_x_to_y")

    assert ask(way, HALF, refused)[1] == []


@pytest.mark.parametrize("way", WAYS)
def test_arrays_that_the_caller_changes_afterwards_are_logged_as_they_were(ask, way):
    values = np.float64([1.0, 2.0])

    def change(client):
        answer = client.predict({"x": values}, signature="double")
        values[:] = 7
        answer["y"][:] = 8
        return answer

    _, (record,) = ask(way, "types", change)
    assert arrays(record.predict_log.request.inputs) == {"x": [1.0, 2.0]}
    assert arrays(record.predict_log.response.outputs) == {"y": [1.0, 2.0]}


@pytest.mark.parametrize("way", WAYS)
def test_both_clients_of_a_split_share_a_log(served, tmp_path, way):
    with (
        RequestLog(tmp_path / "log", 1.0) as log,
        SplitClient(getattr(served, way), HALF, percent=50, request_log=log) as client,
    ):
        keys = [str(number) for number in range(12)]
        for key in keys:
            client.predict([{"x": 0.0}], key=key)
        expected = [client.label_of(key) for key in keys]
    found = records([tmp_path / "log-000001.tfrecord"])
    assert [r.log_metadata.model_spec.version_label for r in found] == expected
    assert set(expected) == {"stable", "canary"}


@pytest.mark.parametrize("way", WAYS)
def test_its_files_warm_the_next_version_up(served, tmp_path, way):
    calls = CALLS["half"][1:]
    with (
        RequestLog(tmp_path / "log", 1.0) as log,
        ServingClient(getattr(served, way), HALF, label="stable", request_log=log) as client,
    ):
        for call in calls:
            call(client)
        log.flush()
        copied = tmp_path / "copied"  # one may take it while it is written to
        shutil.copy(tmp_path / "log-000001.tfrecord", copied)
    version = tmp_path / "m" / "125"
    shutil.copytree(served.models / HALF / "00000124", version)
    (version / FILE).parent.mkdir()
    shutil.copy(copied, version / FILE)
    servable = load(HALF, 125, str(version), LoadOptions())
    assert warm_up(servable, str(version)) == len(calls)
    servable.close()
    loader = make_loader(Options(), Metrics())
    loader(HALF, 125, str(version)).close()
    # A model that takes other requests is refused by them.
    other = tmp_path / "strings" / "2"
    shutil.copytree(served.models / "strings" / "1", other)
    (other / FILE).parent.mkdir()
    shutil.copy(copied, other / FILE)
    with pytest.raises(StatusError, match="input"):
        loader("strings", 2, str(other))


def test_without_a_log_nothing_stands_in_between(served):
    for way, kind in (("grpc", GrpcTransport), ("rest", RestTransport)):
        with ServingClient(getattr(served, way), HALF) as client:
            assert type(client._transport) is kind


def test_it_needs_the_messages(tmp_path):
    script = """
import sys
sys.modules["tensorflow_serving"] = None
from serving.client import ServingClient
from serving.errors import ServingError
from serving.request_log import RequestLog
assert "tensorflow" not in sys.modules
with RequestLog(sys.argv[1], 1.0) as log:
    try:
        ServingClient("http://127.0.0.1:9", request_log=log)
    except ServingError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "log")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "a request log needs a package that is not installed" in done.stdout
    assert "give no request_log" in done.stdout
