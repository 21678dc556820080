"""The graph of batch prediction: typed rows through BulkInferrer with a pushed model."""

from pathlib import Path

from tensorflow.core.protobuf import saved_model_pb2
from tfx.components import BulkInferrer, ImportExampleGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.proto import bulk_inferrer_pb2, example_gen_pb2

from components.baseline import LatestPushedModel
from models.signatures import COLUMNS_SIGNATURE
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
        model_spec=bulk_inferrer_pb2.ModelSpec(
            model_signature_name=[_signature(Path(push_dir) / str(version))], tag=["serve"]
        ),
    )
    return [ingest, model, infer]


def _signature(model: Path) -> str:
    """Returns the signature whose outputs BulkInferrer can take."""
    saved = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    names = saved.meta_graphs[0].signature_def
    return COLUMNS_SIGNATURE if COLUMNS_SIGNATURE in names else SIGNATURE
