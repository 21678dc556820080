"""Where rows come from: the ExampleGen of each source, all with the same split by hash."""

from typing import Any

from tfx.components import CsvExampleGen, FileBasedExampleGen, ImportExampleGen
from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.proto import example_gen_pb2

from components import csv_examples
from pipeline.stage_names import EXAMPLE_GENS
from usecase.config import SPLITS, Data, Split
from usecase.data_files import split_pattern
from usecase.dates import DateText


def example_gen(
    data: Data, split: Split, dates: dict[str, DateText], pattern: str
) -> BaseBeamComponent:
    """Returns the node that reads rows, and splits them by a hash of each row.

    Args:
        data: What to read.
        split: The hash buckets of each split.
        dates: The CSV columns that hold dates in text.
        pattern: The files to read, wildcards in names escaped.
    """
    output = _output(split)
    if data.source == "bigquery":
        return _query(data, output)
    base, names = split_pattern(pattern)
    files: dict[str, Any] = {
        "input_base": base,
        "input_config": example_gen_pb2.Input(
            splits=[example_gen_pb2.Input.Split(name="rows", pattern=names)]
        ),
        "output_config": output,
    }
    if data.source == "tfrecord":
        return ImportExampleGen(**files)
    return _csv_with_dates(dates, files) if dates else CsvExampleGen(**files)


def _csv_with_dates(dates: dict[str, DateText], files: dict[str, Any]) -> BaseBeamComponent:
    # CsvExampleGen itself takes neither an executor nor a property for it.
    spec = executor_spec.BeamExecutorSpec(csv_examples.Executor)
    config = csv_examples.date_config(dates)
    node = FileBasedExampleGen(**files, custom_config=config, custom_executor_spec=spec)
    return node.with_id(EXAMPLE_GENS["csv"])


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
