"""The graph of batch prediction, as TFX compiles it."""

import json

import pytest
from tensorflow.core.protobuf import saved_model_pb2
from tfx.dsl.compiler import compiler
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline

from pipeline.prediction import create_nodes


def push(folder, version, *signatures):
    """Leaves a model with these signatures in a push destination."""
    saved = saved_model_pb2.SavedModel()
    graph = saved.meta_graphs.add()
    for name in signatures:
        graph.signature_def[name].method_name = "predict"
    (folder / str(version)).mkdir(parents=True)
    (folder / str(version) / "saved_model.pb").write_bytes(saved.SerializeToString())


def compiled(push_dir, version):
    pipeline = compiler.Compiler().compile(
        tfx_pipeline.Pipeline(
            pipeline_name="predict",
            pipeline_root="/out",
            components=create_nodes("/rows", str(push_dir), version),
            metadata_connection_config=metadata.sqlite_metadata_connection_config("/out/db"),
        )
    )
    return {n.pipeline_node.node_info.id: n.pipeline_node for n in pipeline.nodes}


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    push(folder, 7, "serving_default", "serving_raw", "transform_features")
    push(folder, 8, "serving_default", "serving_raw", "transform_features", "serving_columns")
    return folder


@pytest.fixture(scope="module")
def graph(serving):
    return compiled(serving, 7)


def parameter(node, name):
    value = node.parameters.parameters[name].field_value
    return getattr(value, value.WhichOneof("value"))


def test_rows_go_through_the_chosen_version(graph, serving):
    assert set(graph) == {"ImportExampleGen", "LatestPushedModel", "BulkInferrer"}
    # The runner takes what the last node publishes.
    assert list(graph)[-1] == "BulkInferrer"
    inputs = graph["BulkInferrer"].inputs.inputs
    assert {k: v.channels[0].producer_node_query.id for k, v in inputs.items()} == {
        "examples": "ImportExampleGen",
        "model": "LatestPushedModel",
    }
    model = graph["LatestPushedModel"]
    assert (parameter(model, "push_dir"), parameter(model, "version")) == (str(serving), 7)


def test_every_row_is_predicted_with_the_signature_for_examples(graph):
    assert parameter(graph["ImportExampleGen"], "input_base") == "/rows"
    output = json.loads(parameter(graph["ImportExampleGen"], "output_config"))
    assert output == {"split_config": {"splits": [{"name": "rows", "hash_buckets": 1}]}}
    spec = json.loads(parameter(graph["BulkInferrer"], "model_spec"))
    assert spec == {"model_signature_name": ["serving_default"], "tag": ["serve"]}


@pytest.mark.parametrize(("version", "signature"), [(7, "serving_default"), (8, "serving_columns")])
def test_a_class_in_words_comes_from_a_signature_that_bulkinferrer_can_take(
    serving, version, signature
):
    spec = json.loads(parameter(compiled(serving, version)["BulkInferrer"], "model_spec"))
    assert spec["model_signature_name"] == [signature]


def test_a_version_that_is_gone_is_told_before_anything_runs(serving):
    with pytest.raises(FileNotFoundError):
        create_nodes("/rows", str(serving), 9)
