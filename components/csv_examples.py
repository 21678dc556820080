"""The executor of CsvExampleGen, and dates in text become seconds."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
import tensorflow as tf
from google.protobuf import json_format, struct_pb2
from tfx.components.example_gen.csv_example_gen import executor as csv_executor
from tfx.proto import example_gen_pb2
from tfx.types import standard_component_specs

from usecase.dates import DateText
from usecase.errors import DataError

BEAM_NOTE = " [while running"  # Beam adds the step to the first argument of an error


class Executor(csv_executor.Executor):
    """TFX's executor, and columns of dates become int64 seconds since 1970-01-01T00:00:00 UTC.

    Which columns, and how they write dates, is in the property `custom_config`, as `date_config`
    makes it. An empty cell becomes an empty list.
    """

    def GetInputSourceToExamplePTransform(self) -> Any:  # noqa: N802, TFX's name
        """Returns what makes the PTransform from CSV files to tf.Examples."""
        return functools.partial(_ReadWithDates, super().GetInputSourceToExamplePTransform())

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads and splits the rows.

        Raises:
            DataError: If a cell is no date in the format of its column.
        """
        try:
            super().Do(input_dict, output_dict, exec_properties)
        except DataError as error:
            what = error.what.partition(BEAM_NOTE)[0]
            raise DataError(what, error.expected, error.fix) from error


def date_config(dates: Mapping[str, DateText]) -> example_gen_pb2.CustomConfig:
    """Returns the columns of dates as a property of the node, and so as part of its cache key."""
    struct = struct_pb2.Struct()
    struct.update({"dates": {name: date._asdict() for name, date in dates.items()}})
    config = example_gen_pb2.CustomConfig()
    config.custom_config.Pack(struct)
    return config


def read_date_config(config: str) -> dict[str, DateText]:
    """Reads what `date_config` wrote, from the JSON that TFX makes of it."""
    struct = struct_pb2.Struct()
    json_format.Parse(config, example_gen_pb2.CustomConfig()).custom_config.Unpack(struct)
    return {name: DateText(**date) for name, date in struct["dates"].items()}


@beam.typehints.with_input_types(beam.Pipeline)
@beam.typehints.with_output_types(tf.train.Example)
class _ReadWithDates(beam.PTransform):
    def __init__(self, read: Any, exec_properties: dict[str, Any], pattern: str) -> None:
        super().__init__()
        self._read = read(exec_properties, pattern)
        config = exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY]
        self._dates = read_date_config(config)

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        rows = pipeline | "ReadCsv" >> self._read
        return rows | "ParseDates" >> beam.ParDo(_ParseDates(self._dates))


@beam.typehints.with_input_types(tf.train.Example)
@beam.typehints.with_output_types(tf.train.Example)
class _ParseDates(beam.DoFn):
    def __init__(self, dates: dict[str, DateText]) -> None:
        self._dates = dates

    def process(self, example: tf.train.Example) -> Iterator[tf.train.Example]:
        parsed = tf.train.Example()
        parsed.CopyFrom(example)
        features = parsed.features.feature
        for name, date in self._dates.items():
            if name in features:
                cells = [date.seconds(text, f'column "{name}"') for text in _texts(features[name])]
                seconds = tf.train.Int64List(value=[cell for cell in cells if cell is not None])
                features[name].CopyFrom(tf.train.Feature(int64_list=seconds))
        yield parsed


def _texts(feature: tf.train.Feature) -> list[str]:
    """Returns the cell's text; the reader has made a number of what looks like one."""
    if kind := feature.WhichOneof("kind"):
        values = getattr(feature, kind).value
        return [v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values]
    return []
