"""HandleReloadConfigRequest and labels, over gRPC and REST, with real models."""

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, predict_pb2

from tests.model_server.in_process import serving
from tests.model_server.world import model_config, model_configs

ALL = "model_version_policy { all {} } "


def labels(**versions):
    return " ".join(
        f'version_labels {{ key: "{label}" value: {version} }}'
        for label, version in versions.items()
    )


@pytest.fixture(scope="module")
def running(toy_models, tmp_path_factory):
    config = tmp_path_factory.mktemp("reload") / "models.config"
    config.write_text(model_configs(model_config("half", toy_models["half_plus_two"])))
    with serving(
        f"--model_config_file={config}",
        "--max_num_load_retries=0",
        "--load_retry_interval_micros=0",
    ) as started:
        yield started


@pytest.fixture
def half(toy_models):
    return lambda extra="": model_config("half", toy_models["half_plus_two"], extra)


@pytest.fixture
def reload(running, half):
    """Reloads; afterwards the first config is back."""

    def send(*entries, metrics=()):
        request = model_management_pb2.ReloadConfigRequest(metric_names=metrics)
        text_format.Parse(model_configs(*entries), request.config)
        return running.models().HandleReloadConfigRequest(request, timeout=30)

    yield send
    send(half(ALL))
    running.wait_for(lambda: states(running, "half") == {124: "AVAILABLE", 123: "AVAILABLE"})


def refusal(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code().name, caught.value.details()


def states(running, name):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    answer = running.models().GetModelStatus(request, timeout=10)
    names = get_model_status_pb2.ModelVersionStatus.State.Name
    return {each.version: names(each.state) for each in answer.model_version_status}


def predict(running, name, x=2.0, label=None, version=None):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    if label:
        request.model_spec.version_label = label
    if version:
        request.model_spec.version.value = version
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([x], tf.float32))
    answer = running.predictions().Predict(request, timeout=10)
    return answer.model_spec.version.value, list(answer.outputs["y"].float_val)


def test_a_new_model_answers_when_the_reload_does(running, reload, half, toy_models):
    answer = reload(half(), model_config("third", toy_models["half_plus_three"]))
    assert answer.status.error_code == 0
    assert predict(running, "third") == (123, [4.0])
    assert predict(running, "half") == (124, [3.0])
    reload(half())
    running.wait_for(lambda: states(running, "third") == {123: "END"})
    assert refusal(lambda: predict(running, "third")) == (
        "NOT_FOUND",
        "Servable not found for request: Latest(third)",
    )


def test_labels_are_followed_and_moved(running, reload, half):
    reload(half(ALL))
    running.wait_for(lambda: states(running, "half") == {124: "AVAILABLE", 123: "AVAILABLE"})
    reload(half(ALL + labels(stable=123, canary=124)))
    assert predict(running, "half", label="stable")[0] == 123
    path = "/v1/models/half/labels/{}:predict"
    body = {"instances": [2.0]}
    assert running.http("POST", path.format("canary"), body)[0] == 200
    reload(half(ALL + labels(stable=124)))
    assert predict(running, "half", label="stable")[0] == 124
    assert refusal(lambda: predict(running, "half", label="canary")) == (
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: canary",
    )
    assert running.http("POST", path.format("canary"), body)[0] == 400


def test_a_label_to_a_version_that_does_not_serve_is_refused(running, reload, half):
    assert refusal(lambda: reload(half(labels(stable=9)))) == (
        "FAILED_PRECONDITION",
        "Request to assign label to version 9 of model half, which is not currently available "
        "for inference",
    )
    assert predict(running, "half")[0] == 124


def test_what_breaks_a_rule_is_refused_and_changes_nothing(running, reload, half):
    for entries, text in (
        ([half(), half()], "Illegal to list model half multiple times in config list"),
        (
            [half(), model_config("r", "models/r")],
            "Expected model r to have an absolute path or URI; got base_path()=models/r",
        ),
        (
            [model_config("half", "/m", platform="other")],
            "Illegal to change a model's platform. For model half platform was tensorflow and "
            "new platform requested is other",
        ),
        (
            ['config { name: "p" base_path: "/p" }'],
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform, model name is p",
        ),
        (
            [model_config("p", "/p", platform="other")],
            "Model p requests unsupported platform other",
        ),
    ):
        assert refusal(lambda entries=entries: reload(*entries)) == ("INVALID_ARGUMENT", text)
        assert predict(running, "half")[0] == 124


@pytest.mark.parametrize("kind", ["unset", "custom"])
def test_a_config_of_another_kind_is_refused(running, kind):
    request = model_management_pb2.ReloadConfigRequest()
    if kind == "custom":
        request.config.custom_model_config.SetInParent()
    assert refusal(lambda: running.models().HandleReloadConfigRequest(request, timeout=10)) == (
        "INVALID_ARGUMENT",
        "ServerModelConfig type not supported by HandleReloadConfigRequest. "
        "Only ModelConfigList is currently supported",
    )


def test_a_new_model_that_cannot_be_loaded_fails_the_reload(running, reload, half, toy_models):
    code, text = refusal(lambda: reload(half(), model_config("bad", toy_models["corrupt"])))
    assert code == "UNKNOWN"
    assert "1 servable(s) did not become available: {{name: bad version: 1}" in text
    assert states(running, "bad") == {1: "END"}
    assert predict(running, "half")[0] == 124


def test_an_empty_list_unloads_everything(running, reload):
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.SetInParent()
    running.models().HandleReloadConfigRequest(request, timeout=10)
    running.wait_for(lambda: set(states(running, "half").values()) == {"END"})
    assert refusal(lambda: predict(running, "half"))[0] == "NOT_FOUND"
    reload()  # and of nothing, too
    assert running.http("GET", "/v1/models/half")[0] == 200  # it still tells of what was


def test_metrics_that_are_named_are_answered(running, reload, half):
    name = "/tensorflow/serving/request_count"
    answer = reload(half(), metrics=[name])
    assert [(each.name, each.int64_value_increase) for each in answer.metric] == [(name, 0)]
