"""The graph of batch prediction, as TFX compiles it."""

import json

import pytest
from tfx.dsl.compiler import compiler
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline

from pipeline.prediction import create_nodes


@pytest.fixture(scope="module")
def graph():
    pipeline = compiler.Compiler().compile(
        tfx_pipeline.Pipeline(
            pipeline_name="predict",
            pipeline_root="/out",
            components=create_nodes("/rows", "/serving/taxi", 7),
            metadata_connection_config=metadata.sqlite_metadata_connection_config("/out/db"),
        )
    )
    return {n.pipeline_node.node_info.id: n.pipeline_node for n in pipeline.nodes}


def parameter(node, name):
    value = node.parameters.parameters[name].field_value
    return getattr(value, value.WhichOneof("value"))


def test_rows_go_through_the_chosen_version(graph):
    assert set(graph) == {"ImportExampleGen", "LatestPushedModel", "BulkInferrer"}
    # The runner takes what the last node publishes.
    assert list(graph)[-1] == "BulkInferrer"
    inputs = graph["BulkInferrer"].inputs.inputs
    assert {k: v.channels[0].producer_node_query.id for k, v in inputs.items()} == {
        "examples": "ImportExampleGen",
        "model": "LatestPushedModel",
    }
    model = graph["LatestPushedModel"]
    assert (parameter(model, "push_dir"), parameter(model, "version")) == ("/serving/taxi", 7)


def test_every_row_is_predicted_with_the_signature_for_examples(graph):
    assert parameter(graph["ImportExampleGen"], "input_base") == "/rows"
    output = json.loads(parameter(graph["ImportExampleGen"], "output_config"))
    assert output == {"split_config": {"splits": [{"name": "rows", "hash_buckets": 1}]}}
    spec = json.loads(parameter(graph["BulkInferrer"], "model_spec"))
    assert spec == {"model_signature_name": ["serving_default"], "tag": ["serve"]}
