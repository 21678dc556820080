"""GetModelStatus of a real server."""

import grpc
import pytest
from tensorflow_serving.apis import get_model_status_pb2

AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE


def request(name="half_plus_two", version=None, label=None):
    made = get_model_status_pb2.GetModelStatusRequest()
    made.model_spec.name = name
    if version is not None:
        made.model_spec.version.value = version
    if label is not None:
        made.model_spec.version_label = label
    return made


def statuses(models_api, asked):
    answer = models_api.GetModelStatus(asked, timeout=10)
    return [
        (each.version, each.state, each.status.error_code, each.status.error_message)
        for each in answer.model_version_status
    ]


BOTH = [(124, AVAILABLE, 0, ""), (123, AVAILABLE, 0, "")]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (request(), BOTH),
        (request(version=123), BOTH[1:]),
        (request(label="stable"), BOTH),  # a label says nothing here
        (request(label="no such"), BOTH),
    ],
)
def test_the_versions_of_a_model(models_api, asked, wanted):
    assert statuses(models_api, asked) == wanted


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        (
            get_model_status_pb2.GetModelStatusRequest(),
            grpc.StatusCode.INVALID_ARGUMENT,
            "Missing ModelSpec",
        ),
        (
            request("none"),
            grpc.StatusCode.NOT_FOUND,
            "Could not find any versions of model none",
        ),
        (request(""), grpc.StatusCode.NOT_FOUND, "Could not find any versions of model "),
        (
            request(version=7),
            grpc.StatusCode.NOT_FOUND,
            "Could not find version 7 of model half_plus_two",
        ),
    ],
)
def test_what_is_not_there(models_api, asked, code, text):
    with pytest.raises(grpc.RpcError) as caught:
        models_api.GetModelStatus(asked, timeout=10)
    assert (caught.value.code(), caught.value.details()) == (code, text)
