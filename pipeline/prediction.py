"""The graph of batch prediction: typed rows through BulkInferrer with a pushed model."""

from tfx.components import BulkInferrer, ImportExampleGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.proto import bulk_inferrer_pb2, example_gen_pb2

from components.baseline import LatestPushedModel
from pipeline.evaluation import SIGNATURE


def create_nodes(examples_dir: str, push_dir: str, version: int) -> list[BaseNode]:
    """Returns the nodes, in an order in which they can run.

    Args:
        examples_dir: Folder of gzipped TFRecords of raw tf.Examples.
        push_dir: The push destination.
        version: The version to predict with.
    """
    one_split = example_gen_pb2.SplitConfig.Split(name="rows", hash_buckets=1)
    ingest = ImportExampleGen(
        input_base=examples_dir,
        output_config=example_gen_pb2.Output(
            split_config=example_gen_pb2.SplitConfig(splits=[one_split])
        ),
    )
    model = LatestPushedModel(push_dir=push_dir, version=version)
    infer = BulkInferrer(
        examples=ingest.outputs["examples"],
        model=model.outputs["model"],
        model_spec=bulk_inferrer_pb2.ModelSpec(model_signature_name=[SIGNATURE], tag=["serve"]),
    )
    return [ingest, model, infer]
