"""The executor of an ExampleGen that reads CSV and Parquet by Arrow, in blocks of a bounded size.

Where Beam has workers of its own, they read the files; otherwise this process does, without Beam,
whose runner on one machine keeps all rows in memory.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast

from apache_beam.io import filesystem, filesystems
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from tfx.components.example_gen import base_example_gen_executor, utils, write_split
from tfx.components.util import examples_utils
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.example_files import write_splits
from components.reading_config import read_reading_config
from ingestion.columns import Kinds, Reading, kinds_of, look_through, typed_batches
from ingestion.files import open_local
from ingestion.wire import serialize
from usecase.errors import DataError

BEAM_NOTE = " [while running"  # Beam adds the step to the first argument of an error
HERE = (None, "DirectRunner")
ELSEWHERE = ("DataflowRunner", "FlinkRunner", "SparkRunner")  # workers on other machines


class Executor(base_example_gen_executor.BaseExampleGenExecutor):
    """Reads files with one header, or one schema, and splits their rows as TFX does.

    How they are written, and the types that columns shall have, is in the property
    `custom_config`, as `reading_config` makes it. Without declared types, the examples are those of
    TFX's CsvExampleGen, byte by byte.
    """

    def GetInputSourceToExamplePTransform(self) -> Any:  # noqa: N802, TFX's name
        """Returns what makes the PTransform from files to serialized tf.Examples."""
        from components.arrow_workers import ReadByArrow  # which imports this module

        return ReadByArrow

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads and splits the rows.

        Raises:
            DataError: If a file cannot be read, they do not belong together, a cell is no date in
                the format of its column, or Beam's workers could not read them.
        """
        options = PipelineOptions(self._beam_pipeline_args or [])
        runner = options.view_as(StandardOptions).runner
        if runner in HERE:
            self._do_here(output_dict, exec_properties)
            return
        self.require_workers(exec_properties, runner)
        try:
            super().Do(input_dict, output_dict, exec_properties)
        except DataError as error:
            what = error.what.partition(BEAM_NOTE)[0]
            raise DataError(what, error.expected, error.fix) from error

    def require_workers(self, exec_properties: dict[str, Any], runner: str) -> None:
        """Checks that Beam's workers can read the rows, before one is asked to.

        Args:
            exec_properties: The properties of the node.
            runner: Beam's, which is not of this process.

        Raises:
            DataError: If they cannot.
        """
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        if runner in ELSEWHERE and "://" not in base:
            raise DataError(
                f"the workers of {runner} cannot see {base}",
                expected="data under gs://",
                fix="copy them there, or remove the node's `beam`",
            )

    def more_splits(self, exec_properties: dict[str, Any]) -> Sequence[str]:
        """Returns the splits that there are beside those that rows are hashed into."""
        del exec_properties
        return ()

    def write(
        self,
        exec_properties: dict[str, Any],
        pattern: str,
        folders: Mapping[str, str],
        buckets: Mapping[str, int],
    ) -> None:
        """Reads the files of a pattern, and writes each row to its split.

        Args:
            exec_properties: The properties of the node.
            pattern: Of the files, below the node's `input_base`.
            folders: The folder of each split.
            buckets: How many hash buckets each split has that rows are hashed into.
        """
        rows = read_examples(*reading_of(exec_properties, pattern))
        write_splits(rows, folders, buckets)

    def _do_here(self, output_dict: dict[str, list[Any]], exec_properties: dict[str, Any]) -> None:
        properties = standard_component_specs
        inputs = example_gen_pb2.Input()
        proto_utils.json_to_proto(exec_properties[properties.INPUT_CONFIG_KEY], inputs)
        outputs = example_gen_pb2.Output()
        proto_utils.json_to_proto(exec_properties[properties.OUTPUT_CONFIG_KEY], outputs)
        examples = artifact_utils.get_single_instance(output_dict[properties.EXAMPLES_KEY])
        names = utils.generate_output_split_names(inputs, outputs)
        names = [*names, *self.more_splits(exec_properties)]
        examples.split_names = artifact_utils.encode_split_names(names)
        (rows,) = inputs.splits
        self.write(
            exec_properties,
            rows.pattern,
            {name: artifact_utils.get_split_uri([examples], name) for name in names},
            {split.name: split.hash_buckets for split in outputs.split_config.splits},
        )
        payload = exec_properties.get(properties.OUTPUT_DATA_FORMAT_KEY)
        if payload:
            examples_utils.set_payload_format(examples, payload)
        file_format = exec_properties.get(properties.OUTPUT_FILE_FORMAT_KEY)
        if file_format:
            examples_utils.set_file_format(examples, write_split.to_file_format_str(file_format))


def reading_of(exec_properties: dict[str, Any], pattern: str) -> tuple[list[str], Reading]:
    """Returns the files that properties name, and how they are read.

    Raises:
        DataError: If there are none.
    """
    base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
    files = sorted(fileio.glob(os.path.join(base, pattern)))
    if not files:
        raise DataError(
            f"data not found: no file matches {os.path.join(base, pattern)}",
            expected="at least one",
            fix="correct the pattern, or create the files",
        )
    config = exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY]
    return files, read_reading_config(config)


def read_examples(files: Sequence[str], reading: Reading) -> Iterator[bytes]:
    """Yields the rows of files as serialized tf.Examples, in their order.

    Raises:
        DataError: If a file cannot be read, or they do not belong together.
    """
    kinds = kinds_of(look_through(files, reading, open_anywhere), reading.dates)
    yield from examples_of(files, reading, kinds)


def examples_of(files: Sequence[str], reading: Reading, kinds: Kinds) -> Iterator[bytes]:
    """Yields the rows of files, whose columns have types that are known, as tf.Examples."""
    for columns, rows in typed_batches(files, reading, kinds, open_anywhere):
        yield from serialize(columns, rows)


def open_anywhere(path: str) -> BinaryIO:
    """Opens a file of this machine or of one that Beam knows, as it is stored."""
    if "://" not in path:
        return open_local(path)
    stored = filesystem.CompressionTypes.UNCOMPRESSED
    return cast(BinaryIO, filesystems.FileSystems.open(path, compression_type=stored))
