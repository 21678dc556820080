"""Where rows come from: the ExampleGen of each source, all with the same split by hash."""

from collections.abc import Mapping
from typing import Any

from tfx.components import FileBasedExampleGen, ImportExampleGen
from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.proto import example_gen_pb2, range_config_pb2

from components import span_examples
from components.arrow_examples import Executor
from components.content_driver import Driver
from components.reading_config import reading_config
from components.span_config import with_spans
from ingestion.columns import Reading
from ingestion.dialect import dialect_of
from ingestion.kinds import Kind
from pipeline.stage_names import EXAMPLE_GENS
from usecase.config import SPLITS, Data, Split
from usecase.data_files import split_pattern
from usecase.dates import DateText
from usecase.declaration import Declaration
from usecase.schema import DType
from usecase.span_paths import has_span, split_at_span
from usecase.spans import SpanFiles

KINDS: dict[DType, Kind] = {"int64": "int64", "float32": "float32", "string": "bytes"}


def example_gen(
    data: Data,
    split: Split,
    dates: Mapping[str, DateText],
    pattern: str,
    types: Mapping[str, Kind] | None = None,
    spans: SpanFiles | None = None,
) -> BaseBeamComponent:
    """Returns the node that reads rows, and splits them by a hash of each row.

    Args:
        data: What to read.
        split: The hash buckets of each split.
        dates: The columns of CSV or Parquet that hold dates in text.
        pattern: The files to read, wildcards in names escaped.
        types: The types that columns of CSV or Parquet shall have, where their cells allow it.
        spans: What is read of data in spans, where the pattern holds {SPAN}; None for what TFX
            takes for the newest.
    """
    output = _output(split)
    if data.source == "bigquery":
        return _query(data, output)
    base, names = split_at_span(pattern) if has_span(pattern) else split_pattern(pattern)
    files: dict[str, Any] = {
        "input_base": base,
        "input_config": example_gen_pb2.Input(
            splits=[example_gen_pb2.Input.Split(name="rows", pattern=names)]
        ),
        "output_config": output,
    }
    if spans and spans.span is not None:
        files["range_config"] = _only(spans.span)
    if data.source == "tfrecord":
        node = ImportExampleGen(**files)
    else:
        reading = Reading(data.source, dialect_of(data), types or {}, dates)
        node = _by_arrow(files, reading, spans if spans and spans.rows else None)
    node.driver_class = Driver
    return node.with_id(EXAMPLE_GENS[data.source])


def declared_types(declaration: Declaration) -> dict[str, Kind]:
    """Returns the types of the columns that features and label are made of."""
    columns = (*declaration.inputs, *declaration.label.columns)
    return {column.name: KINDS[column.dtype] for column in columns}


def _by_arrow(
    files: Mapping[str, Any], reading: Reading, spans: SpanFiles | None
) -> FileBasedExampleGen:
    config = reading_config(reading)
    executor = span_examples.Executor if spans else Executor
    return FileBasedExampleGen(
        **files,
        custom_config=with_spans(config, spans) if spans else config,
        custom_executor_spec=executor_spec.BeamExecutorSpec(executor),
    )


def _only(span: int) -> range_config_pb2.RangeConfig:
    static = range_config_pb2.StaticRange(start_span_number=span, end_span_number=span)
    return range_config_pb2.RangeConfig(static_range=static)


def _query(data: Data, output: example_gen_pb2.Output) -> BaseBeamComponent:
    # Google's client is slow to import, and few need it.
    from tfx.extensions.google_cloud_big_query.example_gen.component import BigQueryExampleGen

    arguments = [f"--project={data.project}", f"--temp_location={data.temp_location}"]
    node = BigQueryExampleGen(query=data.query, output_config=output)
    return node.with_beam_pipeline_args(arguments)


def _output(split: Split) -> example_gen_pb2.Output:
    buckets = split.model_dump()
    splits = [
        example_gen_pb2.SplitConfig.Split(name=name, hash_buckets=buckets[name]) for name in SPLITS
    ]
    return example_gen_pb2.Output(split_config=example_gen_pb2.SplitConfig(splits=splits))
