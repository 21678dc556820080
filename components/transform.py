"""The standard Transform, whose executor does what this pipeline needs and nothing beside."""

import functools
import os
from collections.abc import Callable
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata
from tfx import types
from tfx.components import Transform as StandardTransform
from tfx.components.transform import executor, executor_utils
from tfx.dsl.components.base import executor_spec
from tfx.proto import transform_pb2
from tfx.types import BaseChannel, artifact_utils
from tfx.types import standard_component_specs as keys
from tfx.utils import import_utils, io_utils, json_utils
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
from tfx_bsl.public.tfxio import TFExampleRecord

from components.example_blocks import ReadBlocks

TEMPORARY = ".temp_path"
FILES = "transformed_examples"  # what their names begin with
Function = Callable[[dict[str, Any]], dict[str, Any]]


class Executor(executor.Executor):
    """Learns what the preprocessing function asks for, and applies it, by tf.Transform's Beam API.

    TFX's executor traces the function several times more, to plan statistics and a cache that
    nobody asks for here, and reads record by record. What is written is the same.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the transform graph and the transformed splits."""
        self._log_startup(input_dict, output_dict, exec_properties)
        examples = input_dict[keys.EXAMPLES_KEY]
        transformed = output_dict[keys.TRANSFORMED_EXAMPLES_KEY]
        splits = executor_utils.ResolveSplitsConfig(
            exec_properties.get(keys.SPLITS_CONFIG_KEY), examples
        )
        executor_utils.SetSplitNames(splits.transform, transformed)
        folder = artifact_utils.get_single_uri(input_dict[keys.SCHEMA_KEY])
        schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(folder))
        function = _preprocessing_fn(exec_properties)
        rows = _Rows(examples, schema, function)
        graph = artifact_utils.get_single_uri(output_dict[keys.TRANSFORM_GRAPH_KEY])
        temporary = os.path.join(graph, TEMPORARY)
        with (
            self._make_beam_pipeline() as pipeline,
            tft_beam.Context(temp_dir=temporary, use_deep_copy_optimization=True),
        ):
            learned = _learn(pipeline, function, rows, splits.analyze)
            _ = learned | tft_beam.WriteTransformFn(graph)
            raw = os.path.join(graph, tft.TFTransformOutput.RAW_METADATA_DIR)
            _ = DatasetMetadata(schema) | tft_beam.WriteMetadata(raw, pipeline)
            for split in splits.transform:
                (folder,) = artifact_utils.get_split_uris(transformed, split)
                _apply(pipeline, learned, rows, split, os.path.join(folder, FILES))
        io_utils.delete_dir(temporary)


class Transform(StandardTransform):
    """TFX's Transform with the executor above: without statistics, and without a cache.

    Args:
        examples: The raw examples.
        schema: Their schema.
        preprocessing_fn: Dotted path to a function of (inputs, custom_config).
        custom_config: What it gets beside the inputs.
        splits_config: The splits to learn from, and those to transform.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: BaseChannel,
        schema: BaseChannel,
        preprocessing_fn: str,
        custom_config: dict[str, Any],
        splits_config: transform_pb2.SplitsConfig,
    ) -> None:
        super().__init__(
            examples=examples,
            schema=schema,
            preprocessing_fn=preprocessing_fn,
            custom_config=custom_config,
            splits_config=splits_config,
            disable_statistics=True,
            # No run reads the cache of another one, and writing it doubles the graph.
            disable_analyzer_cache=True,
        )


class _Rows:
    """The columns of examples that a function reads.

    Attributes:
        config: What turns their record batches into the function's inputs.
    """

    def __init__(
        self, examples: list[types.Artifact], schema: schema_pb2.Schema, function: Function
    ) -> None:
        every = TFExampleRecord("*", schema=schema)
        columns = tft.get_transform_input_columns(function, every.TensorAdapter().TypeSpecs())
        self.config = every.Project(columns).TensorAdapterConfig()
        self._examples = examples
        self._schema = schema_pb2.Schema(feature=[f for f in schema.feature if f.name in columns])

    def read(self, split: str) -> ReadBlocks:
        folders = artifact_utils.get_split_uris(self._examples, split)
        return ReadBlocks([io_utils.all_files_pattern(one) for one in folders], self._schema)


def _learn(pipeline: beam.Pipeline, function: Function, rows: _Rows, splits: list[str]) -> Any:
    """Returns the transform function, with all that it had to learn from splits."""
    read = [pipeline | f"Learn from {split}" >> rows.read(split) for split in splits]
    together = read | "Together" >> beam.Flatten(pipeline=pipeline)
    return (together, rows.config) | tft_beam.AnalyzeDataset(function, pipeline=pipeline)


def _apply(pipeline: beam.Pipeline, learned: Any, rows: _Rows, split: str, prefix: str) -> None:
    """Writes a transformed split to files whose names begin with a prefix."""
    read = pipeline | f"Read {split}" >> rows.read(split)
    transformed, metadata = (
        ((read, rows.config), learned)
    ) | f"Transform {split}" >> tft_beam.TransformDataset(output_record_batches=True)
    _ = (
        transformed
        | f"Encode {split}" >> beam.ParDo(_Encode(metadata.schema))
        | f"Write {split}" >> beam.io.WriteToTFRecord(prefix, file_name_suffix=".gz")
    )


@beam.typehints.with_input_types(tuple[pa.RecordBatch, dict[str, pa.Array]])
@beam.typehints.with_output_types(bytes)
class _Encode(beam.DoFn):
    """Record batches to serialized tf.Examples."""

    def __init__(self, schema: schema_pb2.Schema) -> None:
        self._schema = schema

    def setup(self) -> None:
        self._encoder = RecordBatchToExamplesEncoder(self._schema)

    def process(self, element: tuple[pa.RecordBatch, dict[str, pa.Array]]) -> list[bytes]:
        encoded: list[bytes] = self._encoder.encode(element[0])
        return encoded


def _preprocessing_fn(exec_properties: dict[str, Any]) -> Function:
    module, _, name = exec_properties[keys.PREPROCESSING_FN_KEY].rpartition(".")
    function = import_utils.import_func_from_module(module, name)
    config = json_utils.loads(exec_properties[keys.CUSTOM_CONFIG_KEY])
    return functools.partial(function, custom_config=config)
