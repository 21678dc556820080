"""What TFX's executor can read of what Kubeflow hands over."""

import json

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as tfx_utils
from tfx.types import standard_artifacts, value_artifact

from components.artifacts import GateVerdict
from components.baseline import EMPTY_PROPERTY, is_empty
from orchestration.kubeflow.entrypoint.executor_input import artifacts
from orchestration.kubeflow.entrypoint.readable import VALUE_TITLES, is_value, readable
from tests.orchestration.kubeflow.pod_world import (
    SYSTEM_ARTIFACT,
    asked,
    executor_input,
    given,
    logs,
    schema,
    spec,
)

INPUTS = {
    "_DataGate.verdict": given("minio://b/v", passed=1.0),
    "baseline_model": given("minio://b/m", empty=1.0),
}
OUTPUTS = {
    "verdict": asked("minio://b/o", "components.GateVerdict"),
    "executor-logs": logs("task"),
}
SPEC = spec(
    **{"_DataGate.verdict": "components.GateVerdict", "baseline_model": "tfx.Model"},
    other="tfx.Schema",
)
TOLD = executor_input(INPUTS, OUTPUTS, {"a": 1}, "/out.json")


def parsed_by_tfx(told, side):
    message = pipeline_spec_pb2.ExecutorInput()
    json_format.Parse(json.dumps(told), message, ignore_unknown_fields=True)
    return tfx_utils.parse_raw_artifact_dict(getattr(message, side).artifacts)


def test_what_is_left_and_of_which_type():
    told = readable(TOLD, SPEC)
    assert artifacts(told["inputs"]) == {
        "baseline_model": {
            **INPUTS["baseline_model"]["artifacts"][0],
            "type": schema("tfx.Model"),
        }
    }
    assert artifacts(told["outputs"]) == {
        "verdict": {
            **OUTPUTS["verdict"]["artifacts"][0],
            "type": schema("components.artifacts.GateVerdict"),
        }
    }
    assert told["inputs"]["parameterValues"] == {"a": 1}
    assert told["outputs"]["outputFile"] == "/out.json"


def test_tfx_reads_it():
    told = readable(TOLD, SPEC)
    (model,) = parsed_by_tfx(told, "inputs")["baseline_model"]
    assert isinstance(model, standard_artifacts.Model)
    (verdict,) = parsed_by_tfx(told, "outputs")["verdict"]
    assert isinstance(verdict, GateVerdict)


def test_without_types_tfx_cannot_read_it():
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'get'"):
        parsed_by_tfx(TOLD, "inputs")


def test_with_outputs_of_kubeflow_tfx_cannot_read_it():
    only_logs = executor_input({}, {"executor-logs": logs("task")}, {}, "/out.json")
    with pytest.raises(ImportError, match=r"Could not import system\.Artifact"):
        parsed_by_tfx(only_logs, "outputs")


def test_with_the_title_of_our_type_tfx_cannot_read_it():
    only_ours = executor_input({}, {"verdict": OUTPUTS["verdict"]}, {}, "/out.json")
    with pytest.raises(ImportError, match="GateVerdict"):
        parsed_by_tfx(only_ours, "outputs")


def test_our_type_can_be_an_input_as_well():
    told = executor_input({"verdict": given("minio://b/v")}, {}, {}, "/out.json")
    told = readable(told, spec(verdict=GateVerdict.TYPE_NAME))
    (verdict,) = parsed_by_tfx(told, "inputs")["verdict"]
    assert isinstance(verdict, GateVerdict)


def test_our_type_named_outside_of_its_schema():
    kind = {"schemaTitle": GateVerdict.TYPE_NAME, "schemaVersion": "0.0.1"}
    outputs = {"verdict": {"artifacts": [{"type": kind, "uri": "gs://b/v"}]}}
    told = readable(executor_input({}, outputs, {}, "/out.json"), {})
    (verdict,) = parsed_by_tfx(told, "outputs")["verdict"]
    assert isinstance(verdict, GateVerdict)
    assert is_value({"type": {"schemaTitle": "tfx.String"}})


def test_an_input_without_a_name_is_named_by_its_address():
    nameless = {"artifacts": [{"type": {"instanceSchema": ""}, "uri": "minio://b/m"}]}
    told = executor_input({"m": nameless}, {}, {}, "/out.json")
    (model,) = artifacts(readable(told, spec(m="tfx.Model"))["inputs"]).values()
    assert model["name"] == "minio://b/m"


def test_a_type_that_kubeflow_knows_is_kept_where_the_specification_is_silent():
    told = executor_input({"model": asked("minio://b/m", "tfx.Model")}, {}, {}, "/out.json")
    assert readable(told, {}) == told


def test_system_outputs_are_told_by_their_type_not_their_name():
    outputs = {
        "anything": {"artifacts": [{"type": SYSTEM_ARTIFACT, "uri": "minio://b/x"}]},
        "executor-logs": asked("minio://b/y", "tfx.Model"),
    }
    told = readable(executor_input({}, outputs, {}, "/out.json"), {})
    assert list(told["outputs"]["artifacts"]) == ["executor-logs"]


def test_nothing_at_all_is_readable():
    assert readable({}, {}) == {"inputs": {"artifacts": {}}, "outputs": {"artifacts": {}}}


def test_no_model_yet_survives_the_way_through_kubeflow():
    model = standard_artifacts.Model()
    model.set_int_custom_property(EMPTY_PROPERTY, 1)
    said = json_format.MessageToDict(tfx_utils.to_runtime_artifact(model, {}))
    assert said["metadata"] == {EMPTY_PROPERTY: 1.0}
    told = executor_input({"m": given("minio://b/m", **said["metadata"])}, {}, {}, "/out.json")
    (read,) = parsed_by_tfx(readable(told, spec(m="tfx.Model")), "inputs")["m"]
    assert is_empty(read)
    read.set_int_custom_property(EMPTY_PROPERTY, 0)
    assert not is_empty(read)


def test_which_artifacts_are_files():
    every = vars(standard_artifacts).values()
    values = [
        each
        for each in every
        if isinstance(each, type) and issubclass(each, value_artifact.ValueArtifact)
    ]
    found = {f"tfx.{each.__name__}" for each in values if each.TYPE_NAME}
    assert found == VALUE_TITLES
    assert is_value({"type": schema("tfx.String")})
    assert not is_value({"type": schema("tfx.Model")})
    assert not is_value({"uri": "minio://b/x"})
