"""The REST API of a running server: statuses, bodies and texts as the reference has them."""

import json
import urllib.parse

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.model_server.world import ours_alone

HALF = "/v1/models/half_plus_two"
ONE = '{"instances": [1.0]}'


@pytest.fixture
def ask(http):
    """`ask(method, path, body)` gives the status and the parsed answer, whose type it checks."""

    def ask(method, path, body=None):
        content = json.dumps(body) if isinstance(body, dict) else body
        status, headers, answer = http(method, path, content)
        assert {name.lower(): value for name, value in headers.items()}["content-type"] == (
            "application/json"
        )
        return status, json.loads(answer) if answer else None

    return ask


def error(text):
    return {"error": text}


# --- predict ---


def test_rows_and_columns(ask):
    expected = (200, {"predictions": [2.5, 3.0, 4.5]})
    assert ask("POST", f"{HALF}:predict", {"instances": [1, 2.0, 5]}) == expected
    assert ask("POST", f"{HALF}:predict", {"inputs": [1, 2.0, 5]}) == (
        200,
        {"outputs": [2.5, 3.0, 4.5]},
    )
    named = {"instances": [{"x": [1]}, {"x": [2]}], "signature_name": "serving_default", "more": 1}
    assert ask("POST", f"{HALF}:predict", named) == (200, {"predictions": [[2.5], [3.0]]})
    assert ask("POST", f"{HALF}:predict", {"inputs": {"x": 1}}) == (200, {"outputs": 2.5})


def test_the_answer_is_laid_out_as_the_real_server_does(http):
    _, _, body = http("POST", f"{HALF}:predict", '{"instances": [1.0, 2.0, 5.0]}')
    assert body == b'{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'


@pytest.mark.parametrize(
    "where", ["versions/123", "versions/124", "labels/stable", "labels/canary"][::1][::1]
)
def test_a_version_or_a_label_may_be_asked_for(ask, where):
    assert ask("POST", f"{HALF}/{where}:predict", ONE) == (200, {"predictions": [2.5]})


def test_paths_do_not_mind_case_and_are_decoded(ask):
    assert ask("POST", f"/V1/Models/{'half%5Fplus%5ftwo'}:PREDICT?x=1", ONE)[0] == 200
    missing = ask("POST", f"/v1/models/{urllib.parse.quote('a/b:ü', safe='')}:predict", ONE)
    assert missing == (404, error("Servable not found for request: Latest(a/b:ü)"))


def test_several_inputs_and_outputs(ask):
    path = "/v1/models/two_inputs:predict"
    rows = {"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}
    assert ask("POST", path, rows) == (
        200,
        {"predictions": [{"difference": -1.0, "total": 3.0}, {"difference": -1.0, "total": 7.0}]},
    )
    columns = {"inputs": {"a": [1, 3], "b": [2, 4]}}
    assert ask("POST", path, columns) == (
        200,
        {"outputs": {"difference": [-1.0, -1.0], "total": [3.0, 7.0]}},
    )


def test_rows_need_a_batch_and_columns_do_not(ask):
    path = "/v1/models/scalar:predict"
    body = {"instances": [1, 2]}
    no_shape = error("Tensor name: total has no shape information ")
    assert ask("POST", path, body) == (400, no_shape)
    assert ask("POST", path, {"inputs": [1, 2]}) == (200, {"outputs": 3.0})
    both = ask("POST", path, {"inputs": [1, 2], "signature_name": "both"})
    assert both == (200, {"outputs": {"total": 3.0, "y": [1.0, 2.0]}})


def test_numbers_keep_their_type_and_their_shortest_form(http):
    names = ["float", "double", "int64", "uint64", "bool"]
    values = {
        "float": "[0.2, 1e39, NaN, -Infinity, 9000000, 0.1234567]",
        "double": "[0.2, 0.1234567, 1e300]",
        "int64": "[-9223372036854775808]",
        "uint64": "[18446744073709551615]",
        "bool": "[true, false]",
    }
    answers = {
        "float": "0.2,Infinity,NaN,-Infinity,9e+06,0.123456702",
        "double": "0.2,0.1234567,1e+300",
        "int64": "-9223372036854775808",
        "uint64": "18446744073709551615",
        "bool": "true,false",
    }
    for name in names:
        body = f'{{"signature_name": "{name}", "inputs": {values[name]}}}'
        status, _, answer = http("POST", "/v1/models/types:predict", body)
        assert status == 200, answer
        assert "".join(answer.decode().split()) == f'{{"outputs":[{answers[name]}]}}'


def test_bytes_go_both_ways(ask):
    body = {"instances": ["é", {"b64": "aGk"}]}
    assert ask("POST", "/v1/models/strings:predict", body) == (
        200,
        {
            "predictions": [
                {"length": 2, "text": "é", "text_bytes": {"b64": "w6k="}},
                {"length": 2, "text": "hi", "text_bytes": {"b64": "aGk="}},
            ]
        },
    )


def test_bytes_that_are_no_text_come_back_as_they_are(http):
    body = '{"instances": [{"b64": "/w=="}]}'
    status, _, answer = http("POST", "/v1/models/strings:predict", body)
    assert status == 200
    assert b'"text": "\xff"' in answer
    assert b'"/w=="' in answer


@pytest.mark.parametrize("name", ["half", "bfloat16", "complex64", "uint16"])
def test_types_without_json_are_501_in_columns_and_400_in_rows(ask, name):
    text = f"Conversion of JSON Value: 1 to type: {name}"
    path = "/v1/models/types:predict"
    assert ask("POST", path, {"signature_name": name, "inputs": [1]}) == (501, error(text))
    prefix = "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: "
    rows = ask("POST", path, {"signature_name": name, "instances": [1]})
    assert rows == (400, error(prefix + text))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "JSON Parse error: The document is empty"),
        ('{"instances": }', "JSON Parse error: Invalid value. at offset: 14"),
        ("[1]", "JSON Value: [\n    1\n] Is not object"),
        ("{}", "Missing 'inputs' or 'instances' key"),
        (
            '{"signature_name": 1, "instances": [1]}',
            'JSON Value: {\n    "signature_name": 1,\n    "instances": [\n        1\n    ]\n} '
            "not formatted correctly. 'signature_name' key must be a string value.",
        ),
        (
            '{"signature_name": "nope", "instances": [1]}',
            'Serving signature name: "nope" not found in signature def',
        ),
        (
            '{"signature_name": "version", "inputs": {}}',
            "Failed to get input map for signature: version",
        ),
        ('{"inputs": {"y": 1}}', "Missing named input: x in 'inputs' object."),
        (
            '{"instances": ["1"]}',
            "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "1" Type: String is not of expected type: float',
        ),
        (
            '{"instances": [[1], [1, 2]]}',
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting tensor size: 1 but got: 2",
        ),
    ],
)
def test_bad_bodies_are_400(ask, body, text):
    assert ask("POST", f"{HALF}:predict", body) == (400, error(text))


def test_what_the_runtime_refuses_is_400(ask):
    status, answer = ask("POST", "/v1/models/mlp:predict", {"instances": [[1.0, 2.0]]})
    assert status == 400
    assert "1,2" in answer["error"]


def test_a_missing_model_is_found_after_the_json_and_before_the_body(ask):
    path = "/v1/models/nope:predict"
    missing = error("Servable not found for request: Latest(nope)")
    assert ask("POST", path, "{")[0] == 400
    assert ask("POST", path, '{"signature_name": 1}')[0] == 400
    assert ask("POST", path, "{}") == (404, missing)
    assert ask("POST", f"{HALF}/versions/7:predict", ONE) == (
        404,
        error("Servable not found for request: Specific(half_plus_two, 7)"),
    )
    assert ask("POST", f"{HALF}/labels/nope:predict", ONE) == (
        400,
        error("Unrecognized servable version label: nope"),
    )


# --- classify and regress ---


def test_regress(ask):
    body = {"signature_name": "regress_x_to_y", "examples": [{"x": 2.0}, {"x": [4.0]}]}
    assert ask("POST", f"{HALF}:regress", body) == (200, {"results": [3.0, 4.0]})
    body = {"signature_name": "regress", "examples": [{"x": 2.0}]}
    assert ask("POST", "/v1/models/tf2:regress", body) == (200, {"results": [6.0]})


def test_classify(ask):
    body = {"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]}
    assert ask("POST", f"{HALF}:classify", body) == (200, {"results": [[["", 3.0]]]})
    body = {"signature_name": "classify", "examples": [{"x": 0.25}, {"x": 1.0}]}
    assert ask("POST", "/v1/models/tf2:classify", body) == (
        200,
        {"results": [[["low", 0.75], ["high", 0.25]], [["low", 0.0], ["high", 1.0]]]},
    )


def test_a_context_joins_every_example(ask):
    body = {
        "signature_name": "regress_x_to_y",
        "context": {"x": 6.0},
        "examples": [{}, {"x": 2.0}],
    }
    assert ask("POST", f"{HALF}:regress", body) == (200, {"results": [5.0, 3.0]})


def test_an_integer_is_an_integer_feature(ask):
    body = {"signature_name": "regress_x_to_y", "examples": [{"x": 2}]}
    status, answer = ask("POST", f"{HALF}:regress", body)
    assert status == 400
    assert "Data type: int64 but expected type: float" in answer["error"]


@pytest.mark.parametrize("method", ["classify", "regress"])
def test_classify_and_regress_refuse(ask, method):
    path = f"{HALF}:{method}"
    assert ask("POST", path, {"signature_name": "no", "examples": [{"x": 1.0}]}) == (
        400,
        error("No signature was found with the name: no"),
    )
    assert ask("POST", path, {"examples": [{"x": None}]}) == (
        400,
        error("Feature: x has element with unexpected JSON type: Null"),
    )
    assert ask("POST", path, "{") == (
        400,
        error("JSON Parse error: Missing a name for object member. at offset: 1"),
    )
    assert ask("POST", path, "{}")[0] == 400
    assert ask("POST", f"/v1/models/nope:{method}", {"examples": [{"x": 1.0}]}) == (
        404,
        error("Servable not found for request: Latest(nope)"),
    )


# --- about models ---


def test_status(ask):
    def version(number):
        ok = {"error_code": "OK", "error_message": ""}
        return {"version": number, "state": "AVAILABLE", "status": ok}

    both = {"model_version_status": [version("124"), version("123")]}
    assert ask("GET", HALF) == (200, both)
    assert ask("GET", f"{HALF}/versions/123") == (200, {"model_version_status": [version("123")]})
    assert ask("GET", f"{HALF}/labels/stable")[0] == 200
    assert ask("GET", "/v1/models/nope") == (
        404,
        error("Could not find any versions of model nope"),
    )
    assert ask("GET", f"{HALF}/versions/7") == (
        404,
        error("Could not find version 7 of model half_plus_two"),
    )


def test_metadata(ask):
    status, answer = ask("GET", f"{HALF}/versions/123/metadata")
    assert status == 200
    spec = {"name": "half_plus_two", "signature_name": "", "version": "123"}
    assert answer["model_spec"] == spec
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    default = signatures["serving_default"]

    def dimension(size):
        return {"size": size, "name": ""}

    shape = {"dim": [dimension("-1"), dimension("1")], "unknown_rank": False}
    assert default == {
        "inputs": {"x": {"dtype": "DT_FLOAT", "name": "x:0", "tensor_shape": shape}},
        "outputs": {"y": {"dtype": "DT_FLOAT", "name": "y:0", "tensor_shape": shape}},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    assert {"regress_x_to_y", "classify_x_to_y", "version"} <= signatures.keys()
    assert ask("GET", f"{HALF}/metadata")[1]["model_spec"]["version"] == "124"
    assert ask("GET", f"{HALF}/labels/stable/metadata")[1]["model_spec"]["version"] == "123"
    assert ask("GET", "/v1/models/nope/metadata") == (
        404,
        error("Servable not found for request: Latest(nope)"),
    )


# --- paths ---


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{HALF}:predict"),
        ("POST", HALF),
        ("POST", f"{HALF}:explain"),
        ("PUT", f"{HALF}:predict"),
        ("DELETE", HALF),
        ("OPTIONS", HALF),
        ("GET", "/v1/"),
        ("GET", f"{HALF}/versions/x"),
    ],
)
def test_other_requests_are_malformed(ask, method, path):
    assert ask(method, path, "{}") == (400, error(f"Malformed request: {method} {path}"))


def test_head_has_no_body(http):
    status, _, body = http("HEAD", HALF)
    assert (status, body) == (400, b"")


def test_a_model_must_be_named(ask):
    assert ask("GET", "/v1/models") == (400, error("Missing model name in request."))


@pytest.mark.parametrize("call", [("POST", ":predict"), ("GET", ""), ("GET", "/metadata")])
def test_a_version_beyond_64_bits_is_refused_in_silence(ask, call):
    method, end = call
    path = f"{HALF}/versions/9223372036854775808{end}"
    assert ask(method, path, ONE if method == "POST" else None) == (400, None)


def test_outside_the_api_nothing_is_found(http):
    assert http("GET", "/")[0] == 404
    assert http("POST", "/v2/models/half_plus_two:predict", ONE)[0] == 404


# --- monitoring ---


def test_prometheus_counts_what_rest_answers(http):
    def values():
        status, headers, page = http("GET", "/monitoring/prometheus/metrics")
        assert status == 200
        kind = {name.lower(): value for name, value in headers.items()}["content-type"]
        assert kind.startswith("text/plain")
        return {
            (sample.name.removesuffix("_total"), tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(page.decode())
            for sample in family.samples
        }

    def key(name, **labels):
        return f":tensorflow:serving:{name}", tuple(sorted(labels.items()))

    counted = {
        key("request_count", model_name="half_plus_two", status="OK"): 2,
        key("request_count", model_name="half_plus_two", status="INVALID_ARGUMENT"): 1,
        key("request_count", model_name="unheard_of", status="NOT_FOUND"): 1,
        key(
            "request_latency_count", model_name="half_plus_two", API="predict", entrypoint="REST"
        ): 3,
        key("runtime_latency_count", model_name="half_plus_two", API="Predict", runtime="TF1"): 2,
    }
    before = values()
    for _ in range(2):
        assert http("POST", f"{HALF}:predict", ONE)[0] == 200
    assert http("POST", f"{HALF}:predict", "{")[0] == 400
    assert http("POST", "/v1/models/unheard_of:predict", ONE)[0] == 404
    after = values()
    assert {name: after[name] - before.get(name, 0) for name in counted} == counted


@ours_alone
def test_prometheus_is_silent_about_who_serves(http):
    _, headers, _ = http("GET", HALF)
    assert "server" not in {name.lower() for name in headers}


def test_grpc_and_rest_give_the_same(http, predictions):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    rows = np.random.default_rng(7).normal(size=(32, 10)).astype(np.float32)
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "mlp"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(rows))
    over_grpc = predictions.Predict(request).outputs["y"].float_val
    _, _, body = http("POST", "/v1/models/mlp:predict", json.dumps({"instances": rows.tolist()}))
    over_rest = np.array(json.loads(body)["predictions"], np.float32).ravel()
    assert over_rest.tolist() == list(over_grpc)
