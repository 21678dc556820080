"""Warm-up records: replayed on the real handlers, before a version is available."""

import shutil

import pytest
import tensorflow as tf
import urllib3
from tensorflow_serving.apis import get_model_status_pb2, prediction_log_pb2

from model_server.loading import make_loader
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.predict import predict_arrays
from model_server.servable import LoadOptions, load
from model_server.states import State
from model_server.status import Code, StatusError
from model_server.warmup import FILE, warm_up
from tests.model_server.in_process import serving
from tests.model_server.world import model_config, model_configs, ours_alone


@pytest.fixture
def counter(toy_models):
    """A loaded model that counts its requests, and `count()`."""

    servable = load("counter", 1, f"{toy_models['counter']}/1", LoadOptions())
    yield servable, lambda: float(predict_arrays(servable, "get_counter", {})["output"])
    servable.close()


def record(model, kind, signature, **features):
    log = prediction_log_pb2.PredictionLog()
    request = getattr(log, f"{kind}_log").request
    specs = [request.tasks.add().model_spec] if kind == "multi_inference" else [request.model_spec]
    specs[0].name = model
    specs[0].signature_name = signature
    if kind == "multi_inference":
        request.tasks[0].method_name = "tensorflow/serving/regress"
    if kind == "predict":
        for name, value in features.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value, tf.float32))
    else:
        example = request.input.example_list.examples.add()
        for name, value in features.items():
            example.features.feature[name].float_list.value.append(value)
    return log


def incr(model="counter"):
    return record(model, "predict", "incr_counter")


def write(folder, records):
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for each in records:
            writer.write(each if isinstance(each, bytes) else each.SerializeToString())
    return path


def refusal(servable, folder):
    with pytest.raises(StatusError) as caught:
        warm_up(servable, str(folder))
    return caught.value.code, caught.value.message


def test_a_version_without_records_needs_no_warm_up(counter, tmp_path):
    servable, count = counter
    assert warm_up(servable, str(tmp_path)) == 0
    assert count() == 0


@pytest.mark.parametrize(("iterations", "wanted"), [(1, 3), (4, 12)])
def test_each_record_is_replayed(counter, tmp_path, iterations, wanted):
    servable, count = counter
    write(tmp_path, [incr()] * 3)
    assert warm_up(servable, str(tmp_path), iterations) == 3
    assert count() == wanted


def test_the_name_in_a_record_says_nothing(counter, tmp_path):
    servable, count = counter
    write(tmp_path, [incr("any other"), prediction_log_pb2.PredictionLog()])
    assert warm_up(servable, str(tmp_path)) == 2
    assert count() == 1


def test_every_kind_of_request_warms_up(toy_models, tmp_path):

    path = f"{toy_models['half_plus_two']}/00000123"
    servable = load("half_plus_two", 123, path, LoadOptions())
    write(
        tmp_path,
        [
            record("m", "predict", "serving_default", x=[[1.0]]),
            record("m", "classify", "classify_x_to_y", x=1.0),
            record("m", "regress", "regress_x_to_y", x=1.0),
            record("m", "multi_inference", "regress_x_to_y", x=1.0),
        ],
    )
    assert warm_up(servable, str(tmp_path)) == 4
    # And each of them is really run: it fails where it must.
    for kind in ("predict", "classify", "regress", "multi_inference"):
        write(tmp_path, [record("m", kind, "no_such", x=1.0)])
        assert "no_such" in refusal(servable, tmp_path)[1]
    servable.close()


def test_session_runs_cannot_be_replayed(counter, tmp_path):
    log = prediction_log_pb2.PredictionLog()
    log.session_run_log.SetInParent()
    write(tmp_path, [log])
    assert refusal(counter[0], tmp_path) == (
        Code.UNIMPLEMENTED,
        "Unsupported log_type for warmup: 5",
    )


def test_a_record_that_fails_fails_the_warm_up(counter, tmp_path):
    servable, count = counter
    write(tmp_path, [incr(), record("m", "predict", "nothing"), incr()])
    assert refusal(servable, tmp_path) == (
        Code.FAILED_PRECONDITION,
        'Serving signature key "nothing" not found.',
    )
    assert count() == 1


def test_a_record_must_be_a_prediction_log(counter, tmp_path):
    path = write(tmp_path, [b"\x0agarbage"])
    code, text = refusal(counter[0], tmp_path)
    assert code is Code.INVALID_ARGUMENT
    assert text.startswith("Failed to parse warmup record: ")
    assert text.endswith(f" from {path}")


def test_a_thousand_records_are_enough(counter, tmp_path):
    servable, _ = counter
    write(tmp_path, [incr()] * 1000)
    assert warm_up(servable, str(tmp_path)) == 1000
    path = write(tmp_path, [incr()] * 1001)
    assert refusal(servable, tmp_path) == (
        Code.INVALID_ARGUMENT,
        f"Number of warmup records exceeds the maximum (1000) at {path}",
    )


@pytest.mark.parametrize("damage", ["no_tfrecord", "flipped", "cut"])
def test_a_file_must_be_whole(counter, tmp_path, damage):
    path = write(tmp_path, [incr(), incr()])
    content = path.read_bytes()
    path.write_bytes(
        {
            "no_tfrecord": b"this is no TFRecord file, but long enough to be one",
            "flipped": content[:-10] + b"x" + content[-9:],
            "cut": content[:-3],
        }[damage]
    )
    code, text = refusal(counter[0], tmp_path)
    assert code is Code.DATA_LOSS
    assert text.endswith(". Please verify your warmup data is in TFRecord format.")
    assert "record at" in text


def test_metrics_are_told(counter, tmp_path):
    metrics = Metrics()
    write(tmp_path, [incr()])
    warm_up(counter[0], str(tmp_path), report=metrics.warmup)
    write(tmp_path, [record("m", "predict", "nothing")])
    with pytest.raises(StatusError):
        warm_up(counter[0], str(tmp_path), report=metrics.warmup)
    page = metrics.render().decode()
    for status in ("OK", "FAILED_PRECONDITION"):
        assert f'model_warmup_latency_count{{model_path="{tmp_path}",status="{status}"}} 1' in page


@pytest.mark.parametrize("is_on", [True, False])
def test_the_flag_turns_it_off(toy_models, tmp_path, is_on):

    shutil.copytree(f"{toy_models['counter']}/1", tmp_path / "1")
    write(tmp_path / "1", [record("m", "predict", "nothing")])
    load_version = make_loader(Options(enable_model_warmup=is_on), Metrics())
    if is_on:
        with pytest.raises(StatusError, match="nothing"):
            load_version("m", 1, str(tmp_path / "1"))
    else:
        load_version("m", 1, str(tmp_path / "1")).close()


def test_the_number_of_replays_is_a_flag(toy_models, tmp_path):

    shutil.copytree(f"{toy_models['counter']}/1", tmp_path / "1")
    write(tmp_path / "1", [incr()])
    servable = make_loader(Options(num_request_iterations_for_warmup=7), Metrics())(
        "m", 1, str(tmp_path / "1")
    )
    assert predict_arrays(servable, "get_counter", {})["output"] == 7
    servable.close()


# --- with a server ---


def incr_request():
    return incr("m").predict_log.request


def test_a_version_is_warm_before_it_answers_and_cold_ones_do_not_take_over(toy_models, tmp_path):
    base, staged = tmp_path / "m", tmp_path / "staged"
    shutil.copytree(f"{toy_models['counter']}/1", base / "1")
    write(base / "1", [incr()] * 5)
    with serving(
        f"--model_base_path={base}",
        "--model_name=m",
        "--max_num_load_retries=0",
        "--load_retry_interval_micros=0",
        "--num_request_iterations_for_warmup=2",
    ) as running:
        stub = running.predictions()
        assert list(stub.Predict(incr_request(), timeout=10).outputs["output"].float_val) == [11.0]
        shutil.copytree(f"{toy_models['counter']}/1", staged)
        write(staged, [record("m", "predict", "nothing")])
        staged.rename(base / "2")
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "m"

        def versions():
            found = running.models().GetModelStatus(request, timeout=10).model_version_status
            return [(each.version, each.state, each.status.error_message) for each in found]

        running.wait_for(lambda: versions()[0][1] == State.END)
        assert versions() == [
            (2, State.END, 'Serving signature key "nothing" not found.'),
            (1, State.AVAILABLE, ""),
        ]
        assert list(stub.Predict(incr_request(), timeout=10).outputs["output"].float_val) == [12.0]


@ours_alone
def test_what_a_model_was_asked_warms_the_next_version_up(toy_models, tmp_path):
    logging_config = (
        f'logging_config {{ log_collector_config {{ filename_prefix: "{tmp_path}/log" }} '
        "sampling_config { sampling_rate: 1 } }"
    )
    config = tmp_path / "models.config"
    config.write_text(model_configs(model_config("m", toy_models["counter"], logging_config)))
    monitoring = tmp_path / "monitoring.config"
    monitoring.write_text("prometheus_config { enable: true }")
    with serving(
        f"--model_config_file={config}", f"--monitoring_config_file={monitoring}"
    ) as running:
        for _ in range(3):
            running.predictions().Predict(incr_request(), timeout=10)
        counted = ':tensorflow:serving:request_log_count{model_name="m",status="OK"} 3'

        def is_counted():
            url = f"{running.rest}/monitoring/prometheus/metrics"
            page = urllib3.PoolManager().request("GET", url, timeout=10)
            return counted in page.data.decode().splitlines()

        running.wait_for(is_counted)  # the log is written beside the requests
    (log,) = tmp_path.glob("log*")
    shutil.copytree(f"{toy_models['counter']}/1", tmp_path / "1")
    (tmp_path / "1" / FILE).parent.mkdir()
    log.rename(tmp_path / "1" / FILE)
    servable = make_loader(Options(), Metrics())("m", 1, str(tmp_path / "1"))
    assert predict_arrays(servable, "get_counter", {})["output"] == 3
    servable.close()
